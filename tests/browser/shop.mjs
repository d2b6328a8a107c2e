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

/** Every page as [name, path, who looks]. */
export function pagesOf() {
  return [
    ["home", "/"],
    ["category", "/category/coffee"],
    ["search", "/search?q=tea&inStock=true"],
    ["search-nothing", "/search?q=qqqqqqqq"],
    ["product", "/product/house-espresso-marisol"],
    ["cart-visitor", "/cart"],
    ["sign-in", "/sign-in"],
    ["register", "/register"],
    ["forgot-password", "/forgot-password"],
    ["reset-password", "/reset-password?token=x"],
    ["terms", "/pages/terms"],
    ["not-found", "/nothing-here"],
    ["cart", "/cart", CUSTOMER],
    ["checkout", "/checkout", CUSTOMER],
    ["account", "/account", CUSTOMER],
    ["orders", "/account/orders", CUSTOMER],
    ["order", "order", CUSTOMER],
    ["addresses", "/account/addresses", CUSTOMER],
    ["profile", "/account/profile", CUSTOMER],
  ];
}

export const PASSWORD = "the corner shop of marisol";

/** Lets a context be somebody's: nobody's, unless named. */
export async function signedIn(context, email) {
  if (context.person === email) return;
  await context.clearCookies();
  context.person = email;
  if (!email) return;
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.fill("#email", email);
  await page.fill("#password", PASSWORD);
  await page.click("main button[type=submit]");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  await page.close();
}

/** The path of the newest order of whoever looks. */
export async function someOrder(page) {
  await page.goto("/account/orders");
  return page.getAttribute(".order-number", "href");
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
