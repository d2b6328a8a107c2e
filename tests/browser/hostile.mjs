// Hostile: a script in every text that somebody can write; it is shown everywhere and runs nowhere.
// Leaves the shop full of it, so it comes last.
import { api, open, signedIn, tokenOf } from "./shop.mjs";

const address = process.argv[2];
const ADMIN = "admin@example.com";
const PASSWORD = "a horse of another colour";
// Closes whatever it may stand in: an attribute, a title, a script, a comment, a style, a list of JSON.
const BREAKS = `"'></title></script></style></textarea>--><img src=x onerror="window.ran=1"><script>window.ran=1</script>`;
const evil = (what, letters = 400) => `${what} ${BREAKS}`.slice(0, letters);
const own = `${process.pid}${Date.now() % 100000}`;

const staff = await tokenOf(address, ADMIN);
const asks = (method, path, body, token = staff) => api(address, method, path, body, token);

/** Everything that holds a text of somebody's; answers the pages to look at. */
async function written() {
  const name = (what) => `${what}${own} <img src=x onerror=window.ran=1><script>window.ran=1</script>"'`;
  const category = await asks("POST", "/v1/product/createcategory", { name: name("Shelf").slice(0, 100), description: evil("About") });
  const product = await asks("POST", "/v1/product/createproduct", {
    name: name("Ware").slice(0, 200), description: `${evil("One")}\n\n${evil("Two")}`, price: "10.00", stock: 0,
    brand: name("Brand").slice(0, 80), categoryIds: [category.id], images: ["https://a.example/x.png?a=%22%3E%3Cscript%3E"],
    options: [{ name: `Size<script>window.ran=1</script>`.slice(0, 40), values: [`S"><img src=x onerror=window.ran=1>`.slice(0, 40), "M"] }],
    variants: [
      { sku: `EVIL-${own}`, options: { "Size<script>window.ran=1</script>": `S"><img src=x onerror=window.ran=1>` }, stock: 90 },
      { options: { "Size<script>window.ran=1</script>": "M" }, stock: 0 },
    ],
  });
  const email = `evil${own}@example.com`;
  const username = `<img src=x onerror=window.ran=1>${own}`.slice(0, 50);
  await api(address, "POST", "/v1/auth/signup", { username, email, password: PASSWORD });
  const { accessToken: customer } = await api(address, "POST", "/v1/auth/login", { email, password: PASSWORD });
  const home = await asks("POST", "/v1/users-address/createuseraddress", {
    fullName: evil("Ada", 100), phone: evil("1", 40), street: evil("Street", 100), city: evil("Town", 100),
    state: evil("State", 100), country: evil("Country", 100), postalCode: evil("1", 20),
  }, customer);
  await asks("POST", "/v1/cart/addtocart", { productId: product.id, variantId: product.variants[0].id, quantity: 1 }, customer);
  const items = [{ productId: product.id, variantId: product.variants[0].id, quantity: 1 }];
  const bought = { shippingAddressId: home.id, items, charge: { paymentMethodId: "pm_card_visa" } };
  const order = await asks("POST", "/v1/orders", bought, customer);
  const byBank = await asks("POST", "/v1/orders", { shippingAddressId: home.id, items, paymentMethod: "bank_transfer" }, customer);
  await asks("PATCH", `/v1/orders/${byBank.id}/status`, { status: "PAID", reference: evil("statement", 140) });
  await asks("PATCH", `/v1/orders/${order.id}/status`, { status: "SHIPPED", carrier: evil("By", 100), trackingNumber: evil("T", 100) });
  await asks("POST", `/v1/orders/${order.id}/refunds`, { amount: "1.00", reason: evil("dent", 200) });
  await asks("POST", "/v1/inventory/reducestock", {
    productId: product.id, variantId: product.variants[0].id, quantity: 1, reason: evil("lost", 200),
  });
  const key = await asks("POST", "/v1/api-keys", { name: evil("key", 100), scopes: ["orders:read"] });
  const hook = await asks("POST", "/v1/webhook-endpoints", {
    url: "https://hooks.example/a?b=%22%3E%3Cscript%3E", types: ["category.*"], description: evil("till", 200),
  });
  await asks("PATCH", `/v1/webhook-endpoints/${hook.id}`, { isActive: false });
  await asks("PATCH", "/v1/settings", { name: `Shop <img src=x onerror=window.ran=1>`, synonyms: [["<script>window.ran=1</script>", "\"><img src=x>"]] });
  const words = encodeURIComponent(BREAKS);
  return {
    email, product, category, order, byBank, key,
    shop: [
      "/", `/category/${category.slug}`, `/category/${category.slug}?brand=${words}&options=${words}&min=${words}`,
      `/product/${product.slug}`, `/search?q=${words}`, `/search?q=Ware${own}`, `/search?q=&brand=${words}`,
      `/nothing/${words}`, `/sign-in?then=${words}`, `/register?then=${words}`, `/reset-password?token=${words}`,
    ],
    customer: [
      "/cart", "/checkout", "/account", "/account/orders", "/account/addresses",
      `/account/addresses?edit=${home.id}`, "/account/profile", `/orders/${order.id}?placed=true`, `/orders/${byBank.id}`,
    ],
    admin: [
      "/admin", `/admin/orders?q=${words}`, `/admin/orders?q=${order.number}`, `/admin/orders/${order.id}`,
      `/admin/orders/${order.id}/refund`, `/admin/orders/${byBank.id}`, `/admin/products?q=${words}`, "/admin/products",
      `/admin/products/${product.id}`, `/admin/products/new?from=${product.id}`, "/admin/categories",
      `/admin/categories/${category.id}`, "/admin/stock", `/admin/stock/${product.variants[0].id}`,
      `/admin/customers?q=${words}`, `/admin/customers?q=evil${own}`, "/admin/settings", "/admin/keys", "/admin/webhooks",
      `/admin/webhooks/${hook.id}`, "/admin/letters", "/admin/system",
    ],
  };
}

const found = [];

/** Looks for anything that came alive. */
async function look(page, where) {
  const alive = await page.evaluate(() => {
    const words = [];
    if (window.ran) words.push("a script ran");
    if (document.querySelector('img[src="x"]')) words.push("a picture was made of a text");
    for (const script of document.scripts) {
      if (/window\.ran/.test(script.text) && script.type !== "application/ld+json") words.push("a script was made of a text");
      if (script.type === "application/ld+json") JSON.parse(script.text);
    }
    return words;
  });
  for (const words of alive) found.push(`${where}: ${words}`);
}

async function visit(browser, who, paths, password) {
  const context = await browser.newContext({ baseURL: address });
  context.setDefaultTimeout(15000);
  // Nothing is asked of anybody else, whatever address a text holds.
  await context.route((url) => url.hostname !== "127.0.0.1", (route) => route.abort());
  if (password) await signedIn(context, who, password);
  else if (who) await signedIn(context, who);
  const page = await context.newPage();
  let at = "";
  page.on("dialog", (dialog) => (found.push(`${at}: asks "${dialog.message()}"`), dialog.dismiss()));
  page.on("pageerror", (error) => found.push(`${at}: ${error}`));
  page.on("console", (message) => {
    // A policy that had to step in means that a text came alive.
    if (message.type() === "error" && /Content Security Policy/.test(message.text())) found.push(`${at}: ${message.text()}`);
  });
  for (const path of paths) {
    at = path;
    await page.goto(path);
    await look(page, path);
  }
  return { context, page, at: (words) => (at = words) };
}

const made = await written();
const browser = await open();
const visitor = await visit(browser, undefined, made.shop);
// What is suggested while somebody types.
visitor.at("suggestions");
await visitor.page.goto("/");
await visitor.page.fill("#search", `Ware${own}`);
await visitor.page.waitForSelector(".suggestions a");
await look(visitor.page, "suggestions");
const customer = await visit(browser, made.email, made.customer, PASSWORD);
const admin = await visit(browser, ADMIN, made.admin);
// Every letter about the order, in its frame.
await admin.page.goto(`/admin/orders/${made.order.id}`);
for (let turn = 0; turn < 50 && (await admin.page.locator("[aria-labelledby=letters] li").count()) < 3; turn++) {
  await admin.page.waitForTimeout(200);
  await admin.page.reload();
}
const letters = await admin.page.locator("[aria-labelledby=letters] li a").evaluateAll((links) => links.map((link) => link.pathname));
if (letters.length < 3) found.push(`only ${letters.length} letters were written about the order`);
let told = 0;
for (const path of letters) {
  admin.at(path);
  await admin.page.goto(path);
  await look(admin.page, path);
  // Nothing may run in the frame of a letter, so that it cannot be asked either.
  const frame = await admin.page.getAttribute("iframe", "src");
  const letter = await (await admin.page.request.get(frame)).text();
  if (letter.includes("&lt;img")) told += 1;
  if (/<script|<img src=x/i.test(letter)) found.push(`${path}: a text came alive in the letter`);
}
if (!told) found.push("no letter has the text in it");
// What a form shows again when something is wrong with it.
const again = async ({ page, at }, path, fields, button) => {
  at(`${path}, sent`);
  await page.goto(path);
  await page.evaluate(() => document.querySelectorAll("main form").forEach((form) => form.setAttribute("novalidate", "")));
  for (const field of fields) await page.fill(field, evil("again"));
  await Promise.all([page.waitForNavigation(), page.click(button)]);
  await look(page, `${path}, sent`);
};
await again(visitor, "/sign-in", ["#email"], "main button:text-is('Sign in')");
await again(visitor, "/register", ["#username", "#email", "#phoneNumber"], "text=Make the account");
await again(customer, "/account/addresses", ["#fullName", "#phone", "#street"], "text=Save the address");
await again(customer, "/account/profile", ["#username", "#email"], "button:text-is('Save')");
await again(admin, "/admin/products/new", ["#name", "#description", "#price", "#option-0-name"], "text=Add the product");
await again(admin, "/admin/settings", ["#name", "#publicUrl", "#taxPercent", "#synonyms"], "button:text-is('Save')");
await again(admin, "/admin/webhooks", ["#url", "#description"], "text=Add it");
await again(admin, "/admin/letters/kinds/welcome", ["#to"], "text=Send a test letter");
await again(admin, `/admin/orders/${made.order.id}/refund`, ["#amount", "#reason"], "text=Show what will happen");
await browser.close();
const looked = made.shop.length + made.customer.length + made.admin.length + letters.length;
console.log(found.length ? `FAILED  hostile texts:\n${found.join("\n")}` : `ok      no text came alive on ${looked} pages and 9 forms`);
process.exit(found.length ? 1 : 0);
