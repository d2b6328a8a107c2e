// Admin: what staff do, in a real browser, with and without a script; axe-core on every page.
// With a folder, also screenshots of every page: three widths, light and dark.
import { readFileSync } from "node:fs";
import { api, axe, heldScenes, open, scenesOf, signedIn, tokenOf, tooWideDoubled } from "./shop.mjs";

const [address, folder] = process.argv.slice(2);
if (!address) {
  console.error("usage: node admin.mjs http://127.0.0.1:PORT [FOLDER]");
  process.exit(2);
}
const ADMIN = "admin@example.com";
const held = process.env.BODEGA_TEST_HELD;
const late = await heldScenes(held);
const scenes = await scenesOf(address);
const browser = await open();

async function staff({ script = true, colour = "light", shop = address } = {}) {
  const context = await browser.newContext({
    baseURL: shop,
    colorScheme: colour,
    javaScriptEnabled: script,
  });
  context.setDefaultTimeout(15000);
  await signedIn(context, ADMIN);
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    const isPolicy = /Content Security Policy/.test(message.text());
    if (message.type() === "error" && isPolicy) wrong.push(message.text());
  });
  return { context, page, wrong };
}

function must(is, what) {
  if (!is) throw new Error(what);
}

async function says(page, words) {
  const text = await page.textContent("main");
  must(text.includes(words), `the page says "${words}": ${text.replace(/\s+/g, " ").slice(0, 600)}`);
}

/** The first order that waits to be shipped. */
async function orderToShip(page) {
  await page.goto("/admin/orders?status=TO_SHIP");
  await page.click("tbody th a");
  await page.waitForURL(/\/admin\/orders\/[0-9a-f-]{36}/);
  return new URL(page.url()).pathname;
}

const journeys = {
  async "a product with options is made"(person) {
    const { page, script } = person;
    const name = `Apron ${process.pid}${script ? "" : " plain"}`;
    await page.goto("/admin/products");
    await page.click("text=New product");
    await page.fill("#name", name);
    await page.fill("#description", "Of heavy linen.");
    await page.fill("#price", "34.50");
    if (script) must((await page.textContent("[data-preview=name]")) === name, "the preview follows");
    await page.fill("#option-0-name", "Size");
    await page.fill("#option-0-values", "S, L");
    await page.click("text=Make a variant of every combination");
    await page.fill("[name=row-0-stock]", "4");
    await page.fill("[name=row-1-price]", "39");
    await page.fill("[name=row-1-stock]", "0");
    await page.click("text=Add the product");
    await page.waitForURL(/done=added/);
    await says(page, "It is added.");
    await page.fill("#price", "not a price");
    await page.click("button[value=save]:not(.hidden-text)");
    await page.waitForSelector("#price-error");
    must((await page.inputValue("#price")) === "not a price", "what was typed is still there");
    await page.fill("#price", "30");
    await page.click("button[value=save]:not(.hidden-text)");
    await page.waitForURL(/done=saved/);
    await page.click("text=See it in the shop");
    await says(page, name);
  },

  async "half an order is refunded after a look, and it is shipped"({ page }) {
    const path = await orderToShip(page);
    await page.fill("#carrier", "Parcel Post");
    await page.fill("#trackingNumber", "T-1");
    await page.click("text=Ship it");
    await page.waitForURL(/done=shipped/);
    await says(page, "Parcel Post, T-1");
    await page.click("text=Refund…");
    await page.fill("#amount", "1.00");
    await page.fill("#reason", "a dent");
    await page.click("text=Show what will happen");
    await says(page, "Nothing goes back on the shelf.");
    await page.click("text=Refund $1.00");
    await page.waitForURL(/done=refunded/);
    await says(page, "Gone back");
    await page.click("text=It has arrived");
    await page.waitForURL(/done=delivered/);
    must(new URL(page.url()).pathname === path, "it is the same order");
  },

  async "stock is adjusted with a reason"({ page }) {
    await page.goto("/admin/stock");
    await page.click("tbody th a");
    const available = async () => Number(await page.textContent(".tiles .tile-figure"));
    const before = await available();
    await page.fill("#delta", "7");
    await page.fill("#reason", "found behind the shelf");
    await page.click("text=Adjust the stock");
    await page.waitForURL(/done=adjusted/);
    must((await available()) === before + 7, "seven more are there");
    await says(page, "found behind the shelf");
  },

  async "several products change their price after a look"({ page }) {
    await page.goto("/admin/products?q=tea");
    const boxes = page.locator("[name=products]");
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    await page.fill("#percent", "10");
    await page.click("button[value=preview]:not(.hidden-text)");
    await says(page, "Nothing is changed yet.");
    await page.click("text=Set the new prices");
    await page.waitForURL(/done=changed/);
    must(new URL(page.url()).searchParams.get("q") === "tea", "it is the list they came from");
  },

  async "a letter is read, and sent again from the page of its order"({ page }) {
    await page.goto(`/admin/orders/${scenes.paid}`);
    // Letters follow what happens; the page is asked again until the first is there.
    for (let turn = 0; turn < 50 && !(await page.locator("[aria-labelledby=letters] li").count()); turn++) {
      await page.waitForTimeout(200);
      await page.reload();
    }
    await page.click("[aria-labelledby=letters] li a:text-is('Order confirmation')");
    await page.waitForURL(/\/admin\/letters\//);
    // Nothing runs in the frame, so what is in it is asked for beside it.
    const frame = await page.getAttribute("iframe", "src");
    must(page.frames().some((one) => one.url().endsWith(frame)), "the letter is seen in its frame");
    must((await (await page.request.get(frame)).text()).includes("Jug"), "it tells what was bought");
    await page.click("text=Send it again");
    await page.waitForURL(/done=resent/);
    await page.goto(`/admin/orders/${scenes.paid}`);
    await page.click("[aria-labelledby=letters] li button >> nth=0");
    await page.waitForURL(/\/admin\/orders\/.*done=resent/);
  },

  async "a kind of letter is looked at and tried"({ page }) {
    await page.goto("/admin/letters");
    await page.click(".kinds a:text-is('Order shipped')");
    await page.fill("#to", "nobody");
    await page.evaluate(() => document.querySelector("main form").setAttribute("novalidate", ""));
    await page.click("text=Send a test letter");
    await page.waitForSelector("#to-error");
    await page.fill("#to", "somebody@example.com");
    await page.click("text=Send a test letter");
    await page.waitForURL(/done=tried/);
    await says(page, "The letter was taken over.");
  },

  async "a list narrows down while it is typed what is looked for"({ page, script }) {
    for (const [list, words] of [["products", "espresso"], ["customers", "clementine"], ["orders", scenes.number]]) {
      await page.goto(`/admin/${list}`);
      const rows = page.locator("table.list tbody tr");
      const all = await rows.count();
      await page.locator("#q").pressSequentially(words);
      if (!script) await page.click(".filters button");
      await page.waitForURL((url) => url.searchParams.get("q") === words);
      await page.waitForFunction((before) => document.querySelectorAll("table.list tbody tr").length < before, all);
      must((await page.textContent("table.list tbody")).toLowerCase().includes(words.toLowerCase()), `${list}: what was meant is there`);
      must((await page.inputValue("#q")) === words, "what was typed is still there");
      if (script) must(await page.evaluate(() => document.activeElement.id === "q"), "typing goes on");
      await page.fill("#q", "qqqqqqqq");
      if (!script) await page.click(".filters button");
      await page.waitForSelector(".empty");
      must(!(await rows.count()), `${list}: nothing is like that`);
    }
  },

  async "several orders are shipped at once"({ page }) {
    await page.goto("/admin/orders?status=TO_SHIP");
    await page.locator("[name=orders]").first().check();
    await page.click("text=Ship the ticked orders");
    await page.waitForURL(/done=all-shipped/);
    await says(page, "They are all on their way.");
  },
};

/** Every page as [name, path, what is done on it first]; those of one thing are found by the links to it. */
async function pages(page) {
  const first = async (list, link) => {
    await page.goto(list);
    return page.getAttribute(link, "href");
  };
  const order = await first("/admin/orders?status=DELIVERED", "tbody th a");
  const toShip = await first("/admin/orders?status=PENDING", "tbody th a");
  const product = await first("/admin/products?q=espresso", "tbody th a");
  const ticked = (act) => async () => {
    await page.locator("[name=products]").nth(0).check();
    await page.locator("[name=products]").nth(1).check();
    await page.fill("#percent", "-12.5");
    await page.click(`button[value=${act}]:not(.hidden-text)`);
    await page.waitForURL("**/products/bulk");
  };
  const previewed = async () => {
    await page.fill("#amount", "1.00");
    await page.click("text=Show what will happen");
    await page.waitForSelector("#preview");
  };
  const faulty = async () => {
    await page.fill("#name", "");
    await page.fill("#price", "a lot");
    await page.evaluate(() => document.querySelector("main form").setAttribute("novalidate", ""));
    await page.click("text=Add the product");
    await page.waitForSelector("[role=alert]");
  };
  return [
    ["overview", "/admin"],
    ["orders", "/admin/orders"],
    ["orders-none", "/admin/orders?q=nobody"],
    ["order", order],
    ["order-pending", toShip],
    ["order-to-ship", `/admin/orders/${scenes.paid}`],
    ["order-declined", `/admin/orders/${scenes.declined}`],
    ["order-by-bank", `/admin/orders/${scenes.bank}`],
    ["order-refunded", `/admin/orders/${scenes.refunded}`],
    ["refund", `${order}/refund`],
    ["refund-preview", `/admin/orders/${scenes.paid}/refund`, previewed],
    ["products", "/admin/products"],
    ["products-none", "/admin/products?q=qqqqqqqq"],
    ["prices", "/admin/products?q=tea", ticked("preview")],
    ["product", product],
    ["product-long", `/admin/products/${scenes.longId}`],
    ["product-new", "/admin/products/new"],
    ["product-faulty", "/admin/products/new", faulty],
    ["categories", "/admin/categories"],
    ["category", await first("/admin/categories", ".tree a")],
    ["stock", "/admin/stock"],
    ["stock-low", "/admin/stock?only=low"],
    ["stock-item", await first("/admin/stock", "tbody th a")],
    ["customers", "/admin/customers"],
    ["customer", await first("/admin/customers?q=clementine", "tbody th a")],
    ["settings", "/admin/settings"],
    ["letters", "/admin/letters"],
    ["letters-none", "/admin/letters?state=DEAD"],
    ["letter", await first("/admin/letters", "tbody th a")],
    ["letter-kind", "/admin/letters/kinds/order_confirmation"],
    ["keys", "/admin/keys"],
    ["webhooks", "/admin/webhooks"],
    ["webhook", await first("/admin/webhooks", "tbody th a")],
    ["system", "/admin/system"],
  ];
}

/** A webhook that is switched off: it is looked at, and nobody is called. */
async function quietWebhook() {
  const token = await tokenOf(address, ADMIN);
  const path = "/v1/webhook-endpoints";
  if ((await api(address, "GET", path, undefined, token)).length) return;
  const body = { url: "https://hooks.example/told", types: ["category.*"], description: "The till" };
  const { id } = await api(address, "POST", path, body, token);
  await api(address, "PATCH", `${path}/${id}`, { isActive: false }, token);
}

async function shutsNobodyOut(page, name, path, first) {
  await page.goto(path);
  await first?.();
  await page.evaluate(readFileSync(axe, "utf8"));
  const { violations } = await page.evaluate(() =>
    // A letter is a document of its own, made for mailboxes; its frame runs no script.
    window.axe.run({ exclude: ["iframe"] }, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }),
  );
  const said = violations.flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.html}`));
  must(!violations.length, `${name}\n${said.join("\n")}`);
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  must(wide <= 0, `${name} is ${wide} px too wide`);
}

/** Also with words twice as long, on a phone. */
async function hasRoom(page, name) {
  const { wide, what } = await tooWideDoubled(page);
  must(wide <= 0, `${name} is ${wide} px too wide\n${what.join("\n")}`);
}

let failed = 0;
async function trying(name, what) {
  try {
    await what();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.message}`);
  }
}

for (const script of [true, false]) {
  for (const [name, journey] of Object.entries(journeys)) {
    await trying(`${name}${script ? "" : ", without a script"}`, async () => {
      const { context, page, wrong } = await staff({ script });
      await journey({ page, script });
      must(!wrong.length, wrong.join("\n"));
      await context.close();
    });
  }
}

await quietWebhook();
const shops = [address];
if (late) shops.push(held);
for (const shop of shops) for (const colour of ["light", "dark"]) {
  const { context, page } = await staff({ colour, shop });
  const order = (name) => [`order-${name}`, `/admin/orders/${late[name]}`];
  const all = shop === address ? await pages(page) : [order("authorised"), order("expired")];
  for (const [name, path, first] of all) {
    for (const width of folder ? [360, 768, 1440] : [colour === "light" ? 320 : 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await trying(`${name} at ${width}, ${colour}`, () => shutsNobodyOut(page, name, path, first));
      if (!folder) continue;
      await page.screenshot({ path: `${folder}/${name}-${width}-${colour}.png`, fullPage: true });
    }
    if (!folder && colour === "light") await trying(`${name} with every letter twice`, () => hasRoom(page, name));
  }
  await context.close();
}
await browser.close();
process.exit(failed ? 1 : 0);
