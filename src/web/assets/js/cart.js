// The cart: its drawer, its badge, and the page that is open in another tab.
const channel = new BroadcastChannel("bodega-cart");
let drawer;

/** Shows the cart beside the page. */
export async function openDrawer() {
  const part = await fetchPart();
  if (!part) {
    location.href = "/cart";
    return;
  }
  drawer ??= made();
  show(part);
  if (!drawer.open) drawer.showModal();
  channel.postMessage("changed");
}

/** Takes over what changed elsewhere. */
export async function refreshCart() {
  if (!document.querySelector("[data-cart-link]")) return;
  const part = await fetchPart();
  if (!part) return;
  // Somebody who types is not disturbed, and what was typed stays.
  if (drawer?.open && !typedIn(drawer).length) show(part);
  const page = document.querySelector("main [data-cart]");
  if (page && !page.contains(document.activeElement) && !typedIn(page).length) {
    const fresh = await fetch("/cart", { headers: { accept: "text/html" } });
    if (!fresh.ok) return;
    const parsed = new DOMParser().parseFromString(await fresh.text(), "text/html");
    const now = parsed.querySelector("main [data-cart]");
    if (now && now.textContent !== page.textContent) page.replaceChildren(...now.childNodes);
  }
}

/** The lines in which another number is typed that has not been sent. */
function typedIn(place) {
  const forms = [...place.querySelectorAll("form[data-units]")];
  return forms.filter(({ elements: { quantity } }) => quantity.value !== quantity.defaultValue);
}

/** Sends a form as the browser would; what the shop answered, if it did. */
export function send(form) {
  const body = new URLSearchParams(new FormData(form));
  return fetch(form.action, { method: "POST", body }).catch(() => undefined);
}

/** Whether an answer led to the cart, and all is well. */
export const isInCart = (sent) => Boolean(sent?.ok) && new URL(sent.url).pathname === "/cart";

async function fetchPart() {
  const answer = await fetch("/cart/lines").catch(() => undefined);
  if (!answer?.ok) return undefined;
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const part = parsed.querySelector(".cart-part");
  if (part) badge(Number(part.dataset.unitsInAll));
  return part ? document.adoptNode(part) : undefined;
}

// Whoever stands in the drawer with the keyboard stays where they stood.
function show(part) {
  const place = drawer.querySelector("[data-cart]");
  const stops = () => [...place.querySelectorAll("a, button, input:not([type=hidden])")];
  const at = stops().indexOf(document.activeElement);
  place.replaceChildren(part);
  if (at >= 0) (stops()[at] ?? drawer.querySelector("button")).focus();
}

function badge(units) {
  const badge = document.querySelector("[data-cart-units]");
  if (!badge) return;
  badge.textContent = units;
  badge.hidden = units === 0;
  badge.nextElementSibling.textContent = units === 1 ? ", 1 item" : `, ${units} items`;
}

function made() {
  const dialog = document.createElement("dialog");
  dialog.className = "drawer";
  dialog.setAttribute("aria-labelledby", "drawer-title");
  dialog.innerHTML = `<div class="drawer-top"><h2 id="drawer-title">Your cart</h2>
    <button class="button quiet slim" type="button">Close</button></div><div data-cart aria-live="polite"></div>`;
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  return dialog;
}

// What is sent from a form of the cart is told to other tabs once it is carried out.
if (document.querySelector("main [data-cart]")) channel.postMessage("changed");

// Whoever goes to the checkout with another number typed takes it along.
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.('a[href="/checkout"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const typed = typedIn(document);
  if (!typed.length) return;
  event.preventDefault();
  for (const [place, form] of typed.entries()) {
    // The forms of one page have one key, and each sets another line.
    form.elements.key.value += `-${place}`;
    // What is refused is said by the page of the cart.
    if (!isInCart(await send(form))) return form.submit();
  }
  location.href = link.href;
});
