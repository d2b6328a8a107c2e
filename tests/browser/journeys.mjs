// Journeys: whole purchases in a real browser, and no page that keeps anybody out (axe-core).
import { readFileSync } from "node:fs";
import { axe, CUSTOMER, filledCart, open, pagesOf, PASSWORD, signedIn, someOrder } from "./shop.mjs";

const address = process.argv[2];
const browser = await open();
const VISA = "4242 4242 4242 4242";
const DECLINED = "4000 0000 0000 9995";
const ASKS = "4000 0027 6000 3184";
let people = 0;

/** A browser of its own for one person; with `script: false` nothing runs in it. */
async function person({ script = true, account = true } = {}) {
  const context = await browser.newContext({ baseURL: address, javaScriptEnabled: script });
  context.setDefaultTimeout(15000);
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security Policy/.test(message.text())) wrong.push(message.text());
  });
  if (account) {
    const name = `shopper${process.pid}${people++}`;
    await page.goto("/register");
    await page.fill("#username", name);
    await page.fill("#email", `${name}@example.com`);
    await page.fill("#password", "a horse of another colour");
    await page.click("main button[type=submit]");
    await page.waitForURL((url) => url.pathname !== "/register");
  }
  return { context, page, wrong };
}

async function putsInCart(page, slug, units = 1) {
  await page.goto(`/product/${slug}`);
  await page.fill("#quantity", String(units));
  await page.click(".buy button[type=submit]");
}

async function fillsAddress(page) {
  const lines = {
    fullName: "Ada Example", phone: "555 0100", street: "1 Example Street", city: "Exampletown",
    state: "EX", country: "Exampland", postalCode: "00100",
  };
  for (const [name, value] of Object.entries(lines)) await page.fill(`#${name}`, value);
}

async function fillsCard(page, number) {
  await page.fill("#cardNumber", number);
  await page.fill("#cardExpiry", "12/40");
  await page.fill("#cardCode", "123");
}

async function pays(page) {
  await page.click("aside button[type=submit]");
}

function must(is, what) {
  if (!is) throw new Error(what);
}

const journeys = {
  async "somebody makes an account and buys"() {
    const { context, page, wrong } = await person();
    await putsInCart(page, "tuna-in-olive-oil", 2);
    await page.waitForSelector("dialog[open] .cart-line");
    must((await page.textContent("[data-cart-units]")) === "2", "the badge counts");
    await page.click("dialog[open] a[href='/checkout']");
    await fillsAddress(page);
    await fillsCard(page, VISA);
    await pays(page);
    await page.waitForURL(/\/orders\/.+placed=true/);
    must((await page.textContent("h1")) === "Thank you", "thanks are said");
    must((await page.textContent(".order-line")).includes("Paid"), "it is paid");
    // The back button brings the checkout again; the cart is empty, so it leads there.
    await page.goBack();
    await page.goto("/checkout");
    must(new URL(page.url()).pathname === "/cart", "nothing is left to be bought twice");
    must(!wrong.length, wrong.join("\n"));
    await context.close();
  },

  async "a declined card loses nothing and charges nothing"() {
    const { context, page, wrong } = await person();
    await putsInCart(page, "white-tuna-belly");
    await page.click("dialog[open] a[href='/checkout']");
    await fillsAddress(page);
    await fillsCard(page, DECLINED);
    await pays(page);
    await page.waitForSelector("[role=alert]");
    must((await page.textContent("[role=alert]")).includes("Nothing was charged"), "it is said");
    must((await page.inputValue("#fullName")) === "Ada Example", "the address is there again");
    must((await page.inputValue("#cardNumber")) === "", "the card is not");
    await fillsCard(page, VISA);
    await pays(page);
    await page.waitForURL(/\/orders\/.+placed=true/);
    must(!wrong.length, wrong.join("\n"));
    await context.close();
  },

  async "the bank asks, and the customer confirms"() {
    const { context, page, wrong } = await person();
    await putsInCart(page, "chilli-oil");
    await page.click("dialog[open] a[href='/checkout']");
    await fillsAddress(page);
    await fillsCard(page, ASKS);
    await pays(page);
    await page.waitForURL(/\/demo\/3ds\//);
    await page.click("button[value=complete]");
    await page.click("a[href^='/orders/']");
    await page.waitForSelector(".order-line");
    must((await page.textContent(".order-line")).includes("Paid"), "it is paid");
    must(!wrong.length, wrong.join("\n"));
    await context.close();
  },

  async "somebody without any script buys, and is asked to sign in on the way"() {
    const { context, page } = await person({ script: false, account: false });
    await putsInCart(page, "red-wine-vinegar");
    must((await page.textContent("h1")) === "Sign in", "signing in is asked");
    await page.fill("#email", CUSTOMER);
    await page.fill("#password", PASSWORD);
    await page.click("main button[type=submit]");
    await page.click("text=Go on");
    await page.waitForURL("**/cart");
    must((await page.textContent("main")).includes("Red Wine Vinegar"), "it is in the cart");
    await page.click("a[href='/checkout']");
    await fillsCard(page, VISA);
    await pays(page);
    await page.waitForURL(/\/orders\/.+placed=true/);
    must((await page.textContent("h1")) === "Thank you", "thanks are said");
    await context.close();
  },

  async "somebody buys with the keyboard alone"() {
    const { context, page } = await person();
    const focused = () =>
      page.evaluate(() => {
        const at = document.activeElement;
        const shown = getComputedStyle(at);
        return {
          words: at.textContent.trim(), id: at.id, name: at.name ?? "", value: at.value ?? "",
          visible: shown.outlineStyle !== "none" && parseFloat(shown.outlineWidth) >= 2,
        };
      });
    const tabTo = async (wanted, what) => {
      for (let step = 0; step < 120; step++) {
        await page.keyboard.press("Tab");
        const at = await focused();
        must(at.visible, `the focus is not seen on ${JSON.stringify(at)}`);
        if (wanted(at)) return;
      }
      throw new Error(`the keyboard does not reach ${what}`);
    };
    await page.goto("/product/crunchy-peanut-butter");
    await page.keyboard.press("Tab");
    must((await focused()).words === "Skip to the content", "the first stop leads to the content");
    await page.keyboard.press("Enter");
    await tabTo((at) => at.words === "Add to cart", "the cart's button");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open] .cart-line");
    await tabTo((at) => at.words === "Go to the checkout", "the way to the checkout");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/checkout");
    const typed = {
      fullName: "Ada Example", phone: "1", street: "S 1", postalCode: "1", city: "C", state: "S",
      country: "C", cardNumber: VISA, cardExpiry: "12/40", cardCode: "123",
    };
    for (const [id, value] of Object.entries(typed)) {
      await tabTo((at) => at.id === id, id);
      await page.keyboard.type(value);
    }
    await tabTo((at) => at.words.startsWith("Pay "), "the button to pay");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/orders\/.+placed=true/);
    await context.close();
  },

  async "the last unit is sold once to two browsers"() {
    const slug = await lastUnit();
    const two = [await person(), await person()];
    for (const { page } of two) {
      await putsInCart(page, slug);
      await page.click("dialog[open] a[href='/checkout']");
      await fillsAddress(page);
      await fillsCard(page, VISA);
    }
    await Promise.all(two.map(({ page }) => pays(page)));
    await Promise.all(two.map(({ page }) => page.waitForSelector(".thanks, [role=alert], .field-error, main [data-cart]")));
    const thanked = await Promise.all(two.map(({ page }) => page.locator(".thanks").count()));
    must(thanked[0] + thanked[1] === 1, `sold ${thanked[0] + thanked[1]} times`);
    await two[0].page.goto(`/product/${slug}`);
    must((await two[0].page.textContent(".stock")) === "Sold out", "it is shown as sold out");
    for (const { context } of two) await context.close();
  },

  async "one cart is the same in two tabs"() {
    const { context, page } = await person();
    await page.goto("/cart");
    const other = await context.newPage();
    await putsInCart(other, "toasted-sesame-oil", 3);
    await other.waitForSelector("dialog[open] .cart-line");
    await page.waitForFunction(() => document.querySelector("main").textContent.includes("Toasted Sesame Oil"));
    must((await page.textContent("[data-cart-units]")) === "3", "the badge follows");
    await context.close();
  },

  async "a double click buys once"() {
    const { context, page } = await person();
    await putsInCart(page, "lemon-pressed-olive-oil");
    await page.click("dialog[open] a[href='/checkout']");
    await fillsAddress(page);
    await fillsCard(page, VISA);
    await page.dblclick("aside button[type=submit]");
    await page.waitForURL(/\/orders\/.+placed=true/);
    await page.goto("/account/orders");
    must((await page.locator(".order-rows li").count()) === 1, "there is one order");
    await context.close();
  },

  async "no page keeps anybody out"() {
    // Without motion, so that a colour that is on its way is not measured.
    const context = await browser.newContext({ baseURL: address, reducedMotion: "reduce" });
    const page = await context.newPage();
    const source = readFileSync(axe, "utf8");
    const faults = [];
    for (const [name, path, as] of pagesOf()) {
      await signedIn(context, as);
      if (as) await filledCart(page);
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.goto(path === "order" ? await someOrder(page) : path);
      for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await page.evaluate(async (text) => {
        (0, eval)(text);
        return window.axe.run(document, {
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        });
      }, source).catch((error) => ({ violations: [{ id: String(error), nodes: [] }] }));
      for (const { id, nodes } of violations) {
        const where = nodes.map((node) => node.html.slice(0, 120)).join(" | ");
        faults.push(`${name}, ${colorScheme}: ${id} ${where}`);
      }
      }
      await page.setViewportSize({ width: 320, height: 700 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > 320) faults.push(`${name}: is ${wide} px wide on a screen of 320`);
    }
    await context.close();
    must(!faults.length, `\n${faults.join("\n")}`);
  },
};

/** A product of which one unit is left, made by staff over the API. */
async function lastUnit() {
  const post = async (path, body, token) => {
    const answer = await fetch(`${address}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    return (await answer.json()).data;
  };
  const { accessToken } = await post("/v1/auth/login", { email: "admin@example.com", password: PASSWORD });
  const body = { name: `Last one ${process.pid}`, description: "", price: "5.00", stock: 1, categoryIds: [] };
  return (await post("/v1/product/createproduct", body, accessToken)).slug;
}

const wanted = process.argv.slice(3);
const failed = [];
for (const [name, walk] of Object.entries(journeys)) {
  if (wanted.length && !wanted.some((word) => name.includes(word))) continue;
  const began = Date.now();
  try {
    await walk();
    console.log(`ok      ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed.push(name);
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}
await browser.close();
console.log(failed.length ? `${failed.length} journeys failed` : "all journeys ended well");
process.exit(failed.length ? 1 : 0);
