// What pages do beyond what they do without a script. Nothing here is needed to buy.
import { isInCart, openDrawer, refreshCart, send } from "./cart.js";
import { suggest } from "./suggest.js";

// Somebody who has just signed in goes on by themselves with what they were about to do.
document.querySelector("[data-go-on]")?.requestSubmit();

for (const form of document.querySelectorAll("[data-suggest]")) suggest(form);

// A row of places that is longer than the screen begins where somebody is.
const places = document.querySelector(".shelves, .places");
const here = places?.querySelector("[aria-current]");
if (here) {
  const [whole, part] = [places.getBoundingClientRect(), here.getBoundingClientRect()];
  places.scrollLeft += part.left + part.width / 2 - whole.left - whole.width / 2;
}

// A form that is on its way is not sent twice. The shop would carry it out once anyhow.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = form.querySelector("button[type=submit]");
  button?.setAttribute("aria-busy", "true");
  if (form.matches(".buy") && typeof HTMLDialogElement === "function") {
    event.preventDefault();
    await putInCart(form, button);
  } else if (form.closest(".drawer")) {
    event.preventDefault();
    // Whatever else the shop has to say is said by its page.
    if (isInCart(await send(form))) await openDrawer();
    else form.submit();
  }
});

async function putInCart(form, button) {
  let sent = await send(form);
  // Signed in meanwhile in another tab: the page as it is now proves the same form.
  if (sent?.status === 403 && (await renew(form))) sent = await send(form);
  if (isInCart(sent)) {
    // The next click puts in more: it is another form.
    form.elements.key.value = newKey();
    delete form.dataset.sent;
    button?.removeAttribute("aria-busy");
    await openDrawer();
  } else {
    // Whatever the shop has to say is said by its page.
    form.submit();
  }
}

// The quantity that was typed goes along to another choice of the same product.
const quantity = document.querySelector(".buy [name=quantity]");
const carried = /^#quantity=(\d{1,3})$/.exec(location.hash)?.[1];
if (quantity && carried) quantity.value = Math.max(1, Math.min(carried, quantity.max));
for (const choice of document.querySelectorAll("a.choice")) {
  choice.addEventListener("click", () => {
    if (quantity.value !== "1") choice.hash = `quantity=${Number(quantity.value)}`;
  });
}

const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

/** Takes over what proves a form from its page as it is now. */
async function renew(form) {
  const fresh = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => undefined);
  if (!fresh?.ok) return false;
  const page = new DOMParser().parseFromString(await fresh.text(), "text/html");
  const now = page.querySelector(".buy")?.elements.csrf.value;
  if (!now || now === form.elements.csrf.value) return false;
  form.elements.csrf.value = now;
  return true;
}

// Whoever is told no stands where it is to be mended.
document.querySelector("main [aria-invalid=true]")?.focus();

// The back button brings a page as it was left: its forms may be sent again.
addEventListener("pageshow", (event) => {
  const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  const buy = document.querySelector(".buy");
  if (buy && (event.persisted || isBack)) buy.elements.key.value = newKey();
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
  follow();
  catchUp();
});

// What another tab or device does to the cart is seen here too.
new BroadcastChannel("bodega-cart").addEventListener("message", () => refreshCart());
const stock = document.querySelector("[data-stock]");
const isSignedIn = Boolean(document.querySelector('.top a[href="/account"]'));
/** Units of a line of a cart, as the shop has it. */
const UNITS_MAX = 999;
let events;
follow();

// A browser has but six connections for all its tabs: one that nobody looks at holds none.
addEventListener("pagehide", unfollow);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    follow();
    catchUp();
  } else {
    unfollow();
  }
});

function unfollow() {
  events?.close();
  events = undefined;
}

/** Takes over what happened while nobody looked. */
async function catchUp() {
  refreshCart();
  const order = document.querySelector(".order-line");
  if (!stock && !order) return;
  const fresh = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => undefined);
  if (!fresh?.ok) return;
  const now = new DOMParser().parseFromString(await fresh.text(), "text/html");
  const told = now.querySelector("[data-stock]");
  if (stock && told?.dataset.stock === stock.dataset.stock) showStock(Number(told.dataset.units));
  if (order && now.querySelector(".order-line")?.textContent !== order.textContent) {
    location.replace(location.pathname);
  }
}

function follow() {
  if (events || !(stock || isSignedIn) || document.visibilityState !== "visible") return;
  const asked = new URLSearchParams({ types: "cart.*,order.*,stock.changed" });
  if (stock) asked.set("products", stock.dataset.product);
  events = new EventSource(`/v1/events/stream?${asked}`);
  const hear = (types, done) => {
    for (const type of types) {
      events.addEventListener(type, (event) => done(JSON.parse(event.data).data));
    }
  };
  hear(["cart.item_changed", "cart.cleared", "cart.bought"], () => refreshCart());
  hear(["stock.changed"], (data) => {
    if (data.variantId === stock?.dataset.stock) showStock(data.available);
  });
  // An order is told to whoever looks at it: its page is asked for anew.
  hear(["order.paid", "order.cancelled", "order.shipped", "order.delivered"], (data) => {
    if (location.pathname === `/orders/${data.orderId}`) location.replace(location.pathname);
  });
}

/** What is left, in the words the shop uses; the button says it too. */
function showStock(units) {
  const [level, words] =
    units === 0 ? ["none", "Sold out"] : units <= 5 ? ["few", `Only ${units} left`] : ["many", "In stock"];
  if (stock.textContent === words) return;
  stock.className = `stock ${level}`;
  stock.textContent = words;
  const form = document.querySelector(".buy");
  const button = form.querySelector("button[type=submit]");
  button.textContent = units === 0 ? "Sold out" : "Add to cart";
  const quantity = form.elements.quantity;
  for (const control of [button, quantity]) control.disabled = units === 0;
  quantity.max = Math.min(units, UNITS_MAX);
}
