// What all browser scripts share: the browser, the pages, and people who sign in.
import { createRequire } from "node:module";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

// Where playwright-core and axe-core are installed, see .ci/browser.
const modules = createRequire(resolve(process.env.BODEGA_TEST_BROWSER ?? "target/browser", "x.js"));
export const { chromium } = modules("playwright-core");
export const axe = modules.resolve("axe-core/axe.min.js");

/** A browser of its own, which tells nobody anything. */
export function open(options = {}) {
  return chromium.launch({
    executablePath: process.env.BODEGA_TEST_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--disk-cache-dir=${mkdtempSync(join(tmpdir(), "bodega-browser-"))}`,
    ],
    ...options,
  });
}

export const CUSTOMER = "clementine.demo@example.com";
/** Somebody who has just made an account, and somebody whose cart is in trouble; of `scenesOf`. */
export const NEWCOMER = `newcomer${process.pid}@example.com`;
export const LATECOMER = `latecomer${process.pid}@example.com`;

/** Every page as [name, path, who looks, what is done on it first]; `scenes` are of `scenesOf`. */
export function pagesOf(scenes) {
  return [
    ["home", "/"],
    ["category", "/category/coffee"],
    ["search", "/search?q=tea&inStock=true"],
    ["search-nothing", "/search?q=qqqqqqqq"],
    ["product", "/product/house-espresso-marisol"],
    ["product-long", `/product/${scenes.long}`],
    ["product-sold-out", `/product/${scenes.soldOut}`],
    ["product-many-variants", `/product/${scenes.many}`],
    ["search-one", `/search?q=${scenes.many}`],
    ["search-filtered-empty", "/search?q=tea&minPrice=9000&inStock=true"],
    ["search-faulty", "/search?q=tea&minPrice=abc"],
    ["cart-visitor", "/cart"],
    ["sign-in", "/sign-in"],
    ["sign-in-refused", "/sign-in", undefined, signInRefused],
    ["sign-in-on-the-way", "/product/house-espresso-marisol", undefined, chosenByVisitor],
    ["register", "/register"],
    ["register-faulty", "/register", undefined, registeredWithFaults],
    ["forgot-password", "/forgot-password"],
    ["forgot-password-sent", "/forgot-password", undefined, askedForALink],
    ["reset-password", "/reset-password?token=x"],
    ["reset-password-expired", "/reset-password?token=x", undefined, setWithAnOldLink],
    ["terms", "/pages/terms"],
    ["not-found", "/nothing-here"],
    ["problem-foreign-form", "/sign-in", undefined, sentFromElsewhere],
    ["setup", scenes.setup],
    ["cart", "/cart", CUSTOMER],
    ["checkout", "/checkout", CUSTOMER],
    ["checkout-faulty", "/checkout", CUSTOMER, paidWithoutCard],
    ["drawer", "/product/house-espresso-marisol", CUSTOMER, putIn],
    ["cart-empty", "/cart", NEWCOMER],
    ["account-empty", "/account", NEWCOMER],
    ["orders-empty", "/account/orders", NEWCOMER],
    ["addresses-empty", "/account/addresses", NEWCOMER],
    ["addresses-faulty", "/account/addresses", NEWCOMER, savedHalfAnAddress],
    ["cart-short", "/cart", LATECOMER],
    ["account", "/account", CUSTOMER],
    ["orders", "/account/orders", CUSTOMER],
    ["order", "order", CUSTOMER],
    ["order-placed", `/orders/${scenes.paid}?placed=true`, CUSTOMER],
    ["order-declined", `/orders/${scenes.declined}`, CUSTOMER],
    ["order-to-confirm", `/orders/${scenes.asks}`, CUSTOMER],
    ["order-confirming", `/orders/${scenes.asks}/pay`, CUSTOMER],
    ["demo-bank", scenes.bankPage],
    ["order-processing", `/orders/${scenes.processing}`, CUSTOMER],
    ["order-by-bank", `/orders/${scenes.bank}`, CUSTOMER],
    ["order-cancelled", `/orders/${scenes.cancelled}`, CUSTOMER],
    ["order-refunded", `/orders/${scenes.refunded}`, CUSTOMER],
    ["addresses", "/account/addresses", CUSTOMER],
    ["profile", "/account/profile", CUSTOMER],
  ].filter(([, path]) => path);
}

async function signInRefused(page) {
  await page.fill("#email", "nobody@example.com");
  await page.fill("#password", "not a password of theirs");
  await page.click("main button[type=submit]");
  await page.waitForSelector("[role=alert]");
}

async function chosenByVisitor(page) {
  await page.click(".buy button[type=submit]");
  await page.waitForSelector("#password");
}

async function registeredWithFaults(page) {
  await page.evaluate(() => document.querySelector("main form").setAttribute("novalidate", ""));
  await page.fill("#email", "no address");
  await page.click("main button[type=submit]");
  await page.waitForSelector("[role=alert]");
}

async function askedForALink(page) {
  await page.fill("#email", "nobody@example.com");
  await page.click("main button[type=submit]");
  await page.waitForSelector("main [role=status]");
}

async function setWithAnOldLink(page) {
  await page.fill("#newPassword", "a horse of another colour");
  await page.click("main button[type=submit]");
  await page.waitForSelector("[role=alert]");
}

async function sentFromElsewhere(page) {
  await page.evaluate(() => (document.querySelector("main [name=csrf]").value = "another page's"));
  await page.fill("#email", "nobody@example.com");
  await page.fill("#password", "not a password of theirs");
  await page.click("main button[type=submit]");
  await page.waitForSelector("main code");
}

async function putIn(page) {
  await page.click(".buy button[type=submit]");
  await page.waitForSelector("dialog[open] .cart-line");
}

async function savedHalfAnAddress(page) {
  await page.evaluate(() => document.querySelector("main form.stack").setAttribute("novalidate", ""));
  await page.fill("#fullName", "Ada Example");
  await page.fill("#street", "1 Example Street");
  await page.click("main form.stack button[type=submit]");
  await page.waitForSelector("[role=alert]");
}

async function paidWithoutCard(page) {
  await page.click("aside button[type=submit]");
  await page.waitForSelector("[role=alert]");
}

/** Asks the API; throws what it refuses. */
export async function api(address, method, path, body, token) {
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(`${method} ${path}: ${JSON.stringify(said)}`), { said });
  return said.data;
}

/** What somebody of the demo asks the API with. */
export async function tokenOf(address, email) {
  const signedIn = await api(address, "POST", "/v1/auth/login", { email, password: PASSWORD });
  return signedIn.accessToken;
}

/** Things in a state that the demo does not have, made over the API. */
export async function scenesOf(address) {
  const staff = await tokenOf(address, "admin@example.com");
  const adds = (product) => api(address, "POST", "/v1/product/createproduct", product, staff);
  const own = `${process.pid}-${Date.now()}`;
  const long = await adds({
    name: `Hand-thrown stoneware breakfast bowl with a celadon glaze, a wooden lid and an unusually long name ${own}`,
    description: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft.\n\nمرحبا بالعالم",
    price: "1234567.89", stock: 0, categoryIds: [], brand: "The Corner Shop's Own Pottery Collective",
    options: [{ name: "Glaze and surface", values: ["Celadon with iron speckles", "Temmoku", "Ash"] }],
    variants: [
      { options: { "Glaze and surface": "Celadon with iron speckles" }, stock: 3 },
      { options: { "Glaze and surface": "Temmoku" }, stock: 0 },
      { options: { "Glaze and surface": "Ash" }, stock: 40, price: "9.00" },
    ],
  });
  const soldOut = await adds({
    name: `Sold out jug ${own}`, description: "It will be back.", price: "24.00", stock: 0, categoryIds: [],
  });
  const many = await adds({
    name: `Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbecher${own}`, description: "Of tin.",
    price: "18.00", stock: 0, categoryIds: [], brand: "Tinware",
    options: [{ name: "Colour", values: ["Bottle green", "Cream"] }, { name: "Size", values: ["XS", "S", "M", "L", "XL", "XXL"] }],
    variants: ["Bottle green", "Cream"].flatMap((colour) =>
      ["XS", "S", "M", "L", "XL", "XXL"].map((size, place) => ({
        options: { Colour: colour, Size: size }, stock: (place * 7 + colour.length) % 4,
      }))),
  });
  await troubled(address, many, adds, staff);
  const wanted = await adds({ name: `Jug ${own}`, description: "", price: "24.00", stock: 50, categoryIds: [] });
  const customer = await tokenOf(address, CUSTOMER);
  const [home] = await api(address, "GET", "/v1/users-address/getuseraddresses", undefined, customer);
  const buys = async (how) => {
    const items = [{ productId: wanted.id, quantity: 2 }];
    const body = { shippingAddressId: home.id, items, ...how };
    const order = await api(address, "POST", "/v1/orders", body, customer).catch((refused) => refused.said);
    return order.orderId ?? order.id;
  };
  const byCard = (token) => buys({ charge: { paymentMethodId: token } });
  const cancelled = await buys({ paymentMethod: "cash_on_delivery" });
  await api(address, "PATCH", `/v1/orders/${cancelled}/cancel`, undefined, customer);
  const refunded = await byCard("pm_card_visa");
  const part = { amount: "12.50", reason: "one of them came with a crack" };
  await api(address, "POST", `/v1/orders/${refunded}/refunds`, part, staff);
  const paid = await byCard("pm_card_visa");
  const asks = await byCard("pm_card_authenticationRequired");
  const asked = await api(address, "GET", `/v1/orders/${asks}`, undefined, customer);
  return {
    long: long.slug,
    longId: long.id,
    soldOut: soldOut.slug,
    many: many.slug,
    paid,
    // What people call that order.
    number: String((await api(address, "GET", `/v1/orders/${paid}`, undefined, staff)).number),
    declined: await byCard("pm_card_chargeDeclined"),
    asks,
    // Where the bank of the demo asks for a confirmation.
    bankPage: asked.payment.nextAction.url,
    processing: await byCard("pm_demo_processing"),
    bank: await buys({ paymentMethod: "bank_transfer" }),
    cancelled,
    refunded,
    // Where a shop without an admin waits for one, if there is such a shop.
    setup: process.env.BODEGA_TEST_SETUP,
  };
}

/** Makes an account, if there is none yet; what it asks the API with. */
async function accountOf(address, email) {
  const username = email.split("@")[0];
  await api(address, "POST", "/v1/auth/signup", { username, email, password: PASSWORD }).catch(() => {});
  return tokenOf(address, email);
}

/** Somebody new, and somebody with things in the cart that are gone, or fewer than they want. */
async function troubled(address, long, adds, staff) {
  await accountOf(address, NEWCOMER);
  const token = await accountOf(address, LATECOMER);
  const own = `${process.pid}-${Date.now()}`;
  const add = (name) => adds({ name: `${name} ${own}`, description: "", price: "12.00", stock: 6, categoryIds: [] });
  const [fewer, gone] = [await add("Plate"), await add("Saucer")];
  const puts = (product, variant, quantity) =>
    api(address, "POST", "/v1/cart/addtocart", { productId: product.id, variantId: variant.id, quantity }, token);
  await puts(fewer, fewer.variants[0], 5);
  await puts(gone, gone.variants[0], 1);
  await puts(long, long.variants.find((variant) => variant.stock > 0), 1);
  for (const [product, quantity] of [[fewer, 4], [gone, 6]]) {
    const less = { productId: product.id, variantId: product.variants[0].id, quantity, reason: "broken" };
    await api(address, "POST", "/v1/inventory/reducestock", less, staff);
  }
}

/**
 * Orders of a shop that sets money aside and waits a minute for it: one whose money is set aside,
 * and one that will have expired when the pictures of all other pages are made. Nothing, if there
 * is no such shop.
 */
export async function heldScenes(address) {
  if (!address) return undefined;
  const customer = await tokenOf(address, CUSTOMER);
  const [home] = await api(address, "GET", "/v1/users-address/getuseraddresses", undefined, customer);
  const [product] = await api(address, "GET", "/v1/product/searchproducts?query=chilli oil");
  const buys = async (paymentMethodId) => {
    const items = [{ productId: product.id, quantity: 1 }];
    const body = { shippingAddressId: home.id, items, charge: { paymentMethodId } };
    const order = await api(address, "POST", "/v1/orders", body, customer).catch((refused) => refused.said);
    return order.orderId ?? order.id;
  };
  return { authorised: await buys("pm_card_visa"), expired: await buys("pm_card_authenticationRequired") };
}

export const PASSWORD = "the corner shop of marisol";

/** Lets a context be somebody's: nobody's, unless named. */
export async function signedIn(context, email, password = PASSWORD) {
  if (context.person === email) return;
  await context.clearCookies();
  context.person = email;
  if (!email) return;
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.click("main button[type=submit] >> nth=0");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  await page.close();
}

/** The path of the newest order of whoever looks. */
export async function someOrder(page) {
  await page.goto("/account/orders");
  return page.getAttribute(".order-number", "href");
}

/**
 * Pages of the context change only when somebody clicks: neither the shop's news nor a page that
 * leads on by itself brings another while one is looked at.
 */
export async function staysPut(context) {
  await context.route("**/v1/events/**", (route) => route.abort());
  await context.route("**/orders/*/pay", async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/<meta http-equiv="refresh"[^>]*>/, "");
    await route.fulfill({ response, body });
  });
}

/**
 * How many pixels a page is too wide on a phone of 360 when every letter of it is doubled, as words
 * of other languages and long names are; and what stands out. The page is spoilt afterwards.
 */
export async function tooWideDoubled(page) {
  await page.setViewportSize({ width: 360, height: 800 });
  return page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      if (!text.parentElement.closest("script, style")) text.data = text.data.replace(/\p{L}/gu, "$&$&");
    }
    const { scrollWidth, clientWidth } = document.documentElement;
    const standsOut = (element) => {
      const { right, width } = element.getBoundingClientRect();
      const own = [...element.children].every((child) => child.getBoundingClientRect().right <= clientWidth);
      return width > 0 && right > clientWidth && own && !element.closest(".scroll, .shelves, .places");
    };
    const those = [...document.body.querySelectorAll("*")].filter(standsOut).slice(0, 3);
    return { wide: scrollWidth - clientWidth, what: those.map((element) => element.outerHTML.slice(0, 160)) };
  });
}

/** Something in the cart of whoever looks. */
export async function filledCart(page) {
  await page.goto("/cart");
  if (await page.locator("main .cart-line").count()) return;
  for (const slug of ["house-espresso-marisol", "tuna-in-olive-oil"]) {
    await page.goto(`/product/${slug}`);
    await page.click(".buy button[type=submit]");
    await page.waitForSelector("dialog[open] .cart-line");
  }
}
