// Journeys: whole purchases in a real browser, and no page that keeps anybody out (axe-core).
import { readFileSync } from "node:fs";
import {
  api, axe, CUSTOMER, filledCart, open, pagesOf, PASSWORD, scenesOf, signedIn, someOrder, staysPut,
  tokenOf, tooWideDoubled,
} from "./shop.mjs";

const address = process.argv[2];
const browser = await open();
const VISA = "4242 4242 4242 4242";
const DECLINED = "4000 0000 0000 9995";
const ASKS = "4000 0027 6000 3184";
// What a first view may weigh, as sent and without pictures; and how much a page may jump.
const FIRST_VIEW_BYTES = 60_000;
const SCRIPT_BYTES = 15_000;
const SHIFT_MAX = 0.02;
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

/** Somebody turns to a tab, or away from it: a browser without a window shows each of them. */
async function isSeen(page, is) {
  await page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange"));
  }, is ? "visible" : "hidden");
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

  async "a second thought after the back button, in the cart and in its drawer"() {
    const { context, page, wrong } = await person();
    const counts = (units) =>
      page.waitForFunction((units) => document.querySelector("[data-cart-units]").textContent === units, units);
    await putsInCart(page, "chilli-oil");
    await counts("1");
    await page.goto("/cart");
    await page.goBack();
    await page.click(".buy button[type=submit]");
    await counts("2");
    await page.fill("dialog[open] [name=quantity]", "4");
    await page.click("dialog[open] a[href='/checkout']");
    await page.waitForURL(/\/checkout$/);
    must((await page.textContent("aside.panel")).includes("4 ×"), "what was typed in the drawer came along");
    await page.goto("/cart");
    await page.fill("main [name=quantity]", "3");
    await page.click("main a[href='/checkout']");
    await page.waitForURL(/\/checkout$/);
    must((await page.textContent("aside.panel")).includes("3 ×"), "what was typed in the cart came along");
    await putsInCart(page, "red-wine-vinegar", 2);
    await counts("5");
    await page.click("dialog[open] [aria-label^='Remove Chilli']");
    await counts("2");
    must(new URL(page.url()).pathname === "/product/red-wine-vinegar", "the page stays where it was");
    await page.goto("/product/red-wine-vinegar");
    await page.locator("#quantity").evaluate((field) => field.removeAttribute("max"));
    await page.fill("#quantity", "999");
    await page.click(".buy button[type=submit]");
    await page.waitForSelector("#quantity-error");
    must(await page.evaluate(() => document.activeElement.id === "quantity"), "it is led to the field");
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
    await tabTo((at) => at.words.startsWith("Order and pay "), "the button to pay");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/orders\/.+placed=true/);
    await context.close();
  },

  async "what is suggested is chosen with the keyboard"() {
    const { context, page, wrong } = await person({ account: false });
    const box = () =>
      page.evaluate(() => {
        const input = document.querySelector("#search");
        const chosen = document.getElementById(input.getAttribute("aria-activedescendant"));
        return { open: input.ariaExpanded, chosen: chosen?.textContent, focused: document.activeElement.id };
      });
    await page.goto("/");
    await page.focus("#search");
    await page.keyboard.type("espresso");
    await page.waitForSelector(".suggestions:not([hidden]) [role=option]");
    await page.keyboard.press("ArrowDown");
    const first = await box();
    must(first.open === "true" && first.chosen && first.focused === "search", JSON.stringify(first));
    await page.keyboard.press("Escape");
    const closed = await box();
    must(closed.open === "false" && !closed.chosen, JSON.stringify(closed));
    must((await page.inputValue("#search")) === "espresso", "what was typed is still there");
    await page.keyboard.press("ArrowDown");
    must((await box()).open === "true", "the list comes back");
    // Up from nothing is the last one, down from there the first again.
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowDown");
    must((await box()).chosen === first.chosen, "it goes round");
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.pathname !== "/");
    must(!wrong.length, wrong.join("\n"));
    await context.close();
  },

  async "the cart beside a page gives the keyboard back where it was"() {
    const { context, page, wrong } = await person();
    await page.goto("/product/tuna-in-olive-oil");
    await page.focus(".buy button");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open] .cart-line");
    const at = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id);
    const inside = () => page.evaluate(() => !!document.activeElement.closest("dialog"));
    await page.focus("dialog .icon-button");
    const remove = await at();
    // Another tab changes the cart while somebody stands in this one.
    const other = await context.newPage();
    await putsInCart(other, "chilli-oil");
    await other.waitForSelector("dialog[open] .cart-line >> nth=1");
    await page.waitForSelector("dialog .cart-line >> nth=1");
    must((await at()) === remove, `the keyboard stands on ${await at()}`);
    must(await inside(), "the keyboard is in the drawer");
    await page.keyboard.press("Escape");
    must(!(await page.locator("dialog[open]").count()), "it is closed");
    must((await page.evaluate(() => document.activeElement.textContent)) === "Add to cart", "back at the button");
    must(!wrong.length, wrong.join("\n"));
    await context.close();
  },

  async "a shelf is narrowed down on a wide screen and on a phone"() {
    for (const [width, script] of [[1280, true], [360, true], [1280, false], [360, false]]) {
      const { context, page, wrong } = await person({ account: false, script });
      await page.setViewportSize({ width, height: 800 });
      await page.goto("/category/coffee");
      const all = await page.locator(".card").count();
      const value = page.locator(".facet .filter-value").first();
      // On a phone the filters wait until they are asked for.
      must((await value.isVisible()) === width > 960, `filters at ${width} px: ${await value.isVisible()}`);
      if (width < 960) await page.click(".filter-box summary");
      const count = Number(await value.locator(".count").textContent());
      must(count > 0 && count < all, `${count} of ${all}`);
      await value.click();
      await page.waitForURL("**/category/coffee?brand=*");
      must((await page.locator(".card").count()) === count, "as many as were promised");
      await page.click(".chosen a >> nth=0");
      await page.waitForURL("**/category/coffee");
      must((await page.locator(".card").count()) === all, "all of them again");
      must(!wrong.length, wrong.join("\n"));
      await context.close();
    }
  },

  async "an order is cancelled after a second thought"() {
    const { context, page } = await person();
    await putsInCart(page, "toasted-sesame-oil");
    await page.click("dialog[open] a[href='/checkout']");
    await fillsAddress(page);
    await fillsCard(page, VISA);
    await pays(page);
    await page.waitForURL(/\/orders\/.+placed=true/);
    const cancel = page.locator(".careful button");
    must(!(await cancel.isVisible()), "one touch cancels nothing");
    await page.click("text=Cancel the order…");
    await cancel.click();
    await page.waitForSelector(".tag.bad");
    must((await page.textContent("main")).includes("You cancelled the order"), "it is cancelled");
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

  async "the back button after paying buys nothing again"() {
    for (const script of [true, false]) {
      const { context, page, wrong } = await person({ script });
      await putsInCart(page, "lemon-pressed-olive-oil");
      await page.goto("/checkout");
      await fillsAddress(page);
      await fillsCard(page, VISA);
      await pays(page);
      await page.waitForURL(/\/orders\/.+placed=true/);
      await page.goBack();
      // Whether the browser kept the page or asked for it anew: whoever pays there again pays nothing.
      if (await page.locator("aside button[type=submit]").count()) {
        await fillsCard(page, VISA);
        await pays(page);
        await page.waitForURL((url) => url.pathname !== "/checkout");
      }
      await page.goto("/account/orders");
      must((await page.locator(".order-rows li").count()) === 1, "there is one order");
      must(!wrong.length, wrong.join("\n"));
      await context.close();
    }
  },

  async "the shop answers in each of many tabs"() {
    const { context, page } = await person();
    await page.goto("/");
    let tab = page;
    for (let tabs = 1; tabs < 9; tabs++) {
      await isSeen(tab, false);
      tab = await context.newPage();
      await tab.goto("/");
    }
    await putsInCart(tab, "toasted-sesame-oil", 2);
    await tab.waitForSelector("dialog[open] .cart-line");
    await isSeen(tab, false);
    await Promise.all([page.waitForRequest(/\/v1\/events\/stream/), isSeen(page, true)]);
    await page.waitForFunction(() => document.querySelector("[data-cart-units]").textContent === "2");
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

  async "a visitor finds what they chose in the cart of the account they make"() {
    for (const script of [true, false]) {
      const { context, page, wrong } = await person({ script, account: false });
      const staff = await tokenOf(address, "admin@example.com");
      const name = `Cap ${process.pid}${script ? "" : " plain"}`;
      const made = await api(address, "POST", "/v1/product/createproduct", {
        name, description: "", price: "20.00", stock: 0, categoryIds: [],
        options: [{ name: "Size", values: ["S", "M"] }],
        variants: [
          { options: { Size: "S" }, stock: 5 },
          { options: { Size: "M" }, stock: 5, price: "22.00" },
        ],
      }, staff);
      await page.goto(`/product/${made.slug}`);
      await page.click(".choice:text-is('M')");
      await page.fill("#quantity", "3");
      await page.click(".buy button[type=submit]");
      await page.waitForSelector("#password");
      await page.fill("#email", `cap${process.pid}${script}@example.com`);
      await page.click("text=Make an account");
      await page.waitForSelector("#username");
      must((await page.inputValue("#email")).startsWith("cap"), "the email need not be typed again");
      await page.fill("#username", `cap${process.pid}${script}`);
      await page.fill("#password", "a horse of another colour");
      await page.click("text=Make the account");
      if (!script) await page.click("text=Go on");
      await page.waitForURL("**/cart");
      const cart = await page.textContent("main");
      must(cart.includes(name) && cart.includes("M") && cart.includes("$66.00"), cart);
      must(!wrong.length, wrong.join("\n"));
      await context.close();
    }
  },

  async "nothing jumps while a page comes, and a first view is small"() {
    const faults = [];
    for (const [name, path, as] of [
      ["home", "/"], ["category", "/category/coffee"], ["search", "/search?q=tea"],
      ["product", "/product/house-espresso-marisol"], ["cart", "/cart", CUSTOMER], ["checkout", "/checkout", CUSTOMER],
    ]) {
      for (const width of [360, 1280]) {
        // A browser of its own, with nothing kept from before.
        const context = await browser.newContext({ baseURL: address, viewport: { width, height: 800 } });
        await signedIn(context, as);
        const page = await context.newPage();
        if (as) await filledCart(page);
        await page.addInitScript(() => {
          window.shifted = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
          }).observe({ type: "layout-shift", buffered: true });
        });
        const sizes = { all: 0, script: 0 };
        const sums = [];
        if (!as) {
          page.on("requestfinished", (request) => {
            if (request.resourceType() === "image") return;
            sums.push(request.sizes().then(({ responseBodySize }) => {
              sizes.all += responseBodySize;
              if (request.resourceType() === "script") sizes.script += responseBodySize;
            }));
          });
        }
        await page.goto(path, { waitUntil: "load" });
        await Promise.all(sums);
        if (sizes.all > FIRST_VIEW_BYTES) faults.push(`${name}: ${sizes.all} bytes without pictures`);
        if (sizes.script > SCRIPT_BYTES) faults.push(`${name}: ${sizes.script} bytes of scripts`);
        if (!as && !sizes.script) faults.push(`${name}: no script was counted`);
        // Everything that is further down comes into view too.
        await page.evaluate(async () => {
          for (let top = 0; top < document.body.scrollHeight; top += 400) {
            scrollTo(0, top);
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          }
          // What is not shown on such a screen is never loaded.
          const shown = [...document.images].filter((image) => image.offsetParent);
          await Promise.all(shown.map((image) => image.decode().catch(() => {})));
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        });
        const shifted = await page.evaluate(() => window.shifted);
        if (shifted > SHIFT_MAX) faults.push(`${name} at ${width} px: shifts by ${shifted.toFixed(4)}`);
        await context.close();
      }
    }
    must(!faults.length, `\n${faults.join("\n")}`);
  },

  async "a form outlives the session it was begun in"() {
    const { context, page, wrong } = await person();
    await page.goto("/account/profile");
    const email = await page.inputValue("#email");
    await page.goto("/account/addresses");
    await fillsAddress(page);
    await page.fill("#street", "12 \"Quoted\" Street & Co");
    // Signed out elsewhere meanwhile, as by another password.
    const other = await context.newPage();
    await other.goto("/account");
    await other.click(".account-nav button");
    await other.waitForURL((url) => url.pathname === "/");
    await other.close();
    await page.click("main form:has(#street) button[type=submit]");
    await page.waitForSelector("#password");
    await page.fill("#email", email);
    await page.fill("#password", "a horse of another colour");
    await page.click("main button[type=submit]");
    await page.waitForSelector(".address-cards");
    must((await page.textContent("main")).includes("12 \"Quoted\" Street & Co"), "what was typed is there");
    must(!wrong.length, wrong.join("\n"));
    await context.close();
  },

  async "no page keeps anybody out"() {
    // Without motion, so that a colour that is on its way is not measured.
    const context = await browser.newContext({ baseURL: address, reducedMotion: "reduce" });
    await staysPut(context);
    const page = await context.newPage();
    const source = readFileSync(axe, "utf8");
    const faults = [];
    for (const [name, path, as, first] of pagesOf(await scenesOf(address))) {
      await signedIn(context, as);
      if (as === CUSTOMER) await filledCart(page);
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.goto(path === "order" ? await someOrder(page) : path);
      await first?.(page);
      for (const [colorScheme, width] of [["light", 1280], ["dark", 360]]) {
        await page.setViewportSize({ width, height: 900 });
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
      const wider = () =>
        page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
      for (const width of [1280, 640]) {
        await page.setViewportSize({ width, height: 900 });
        if ((await wider()) > 0) faults.push(`${name}: ${await wider()} px too wide at ${width}, letters doubled`);
      }
      await page.evaluate(() => (document.documentElement.style.fontSize = ""));
      await page.setViewportSize({ width: 320, height: 700 });
      if ((await wider()) > 0) faults.push(`${name}: ${await wider()} px too wide on a screen of 320`);
      const { wide, what } = await tooWideDoubled(page);
      if (wide > 0) faults.push(`${name}: ${wide} px too wide at 360, every letter twice: ${what.join(" | ")}`);
    }
    await context.close();
    must(!faults.length, `\n${faults.join("\n")}`);
  },
};

/** A product of which one unit is left, made by staff over the API. */
async function lastUnit() {
  const body = { name: `Last one ${process.pid}`, description: "", price: "5.00", stock: 1, categoryIds: [] };
  const staff = await tokenOf(address, "admin@example.com");
  return (await api(address, "POST", "/v1/product/createproduct", body, staff)).slug;
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
