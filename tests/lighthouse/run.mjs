// Lighthouse on home, category, product and cart: `node run.mjs http://127.0.0.1:PORT [RUNS] [FOLDER]`.
// A phone as Lighthouse thinks of one, the median of so many runs; reports go to the folder, if one is named.
import { createRequire } from "node:module";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [address, runs = "3", folder] = process.argv.slice(2);
const modules = createRequire(resolve(process.env.BODEGA_TEST_LIGHTHOUSE ?? "target/lighthouse", "x.js"));
const load = (name) => import(pathToFileURL(modules.resolve(name)));
const { default: lighthouse } = await load("lighthouse");
const { launch } = await load("chrome-launcher");

/** A customer's cookie, and something in their cart. */
async function customer() {
  const form = async (path, fields, cookie) => {
    const page = await fetch(`${address}${path}`, { headers: { cookie: cookie ?? "" } });
    const given = page.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    const html = await page.text();
    const csrf = html.match(/name="csrf" value="([^"]*)"/)[1];
    const hidden = (name) => html.match(new RegExp(`name="${name}" value="([^"]*)"`))?.[1] ?? "";
    const action = html.match(/<form class="(?:stack|buy)" action="([^"]*)"/)[1];
    const body = new URLSearchParams({
      productId: hidden("productId"), variantId: hidden("variantId"), csrf, key: hidden("key"), ...fields,
    });
    const sent = await fetch(`${address}${action}`, {
      method: "POST", body, redirect: "manual", headers: { cookie: given, origin: address },
    });
    return sent.headers.getSetCookie()[0]?.split(";")[0] ?? given;
  };
  const person = { email: "clementine.demo@example.com", password: "the corner shop of marisol", then: "/" };
  const cookie = await form("/sign-in", person);
  await form("/product/house-espresso-marisol", { quantity: "2" }, cookie);
  return cookie;
}

const PAGES = [
  ["home", "/"],
  ["category", "/category/coffee"],
  ["product", "/product/house-espresso-marisol"],
  ["cart", "/cart", await customer()],
];
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const chrome = await launch({
  chromePath: process.env.BODEGA_TEST_CHROMIUM ?? "/usr/bin/chromium",
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
const median = (numbers) => numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
if (folder) mkdirSync(folder, { recursive: true });
console.log(`| page | ${CATEGORIES.join(" | ")} | largest paint | layout shift | blocked |\n|---|---|---|---|---|---|---|---|`);
for (const [name, path, cookie] of PAGES) {
  const all = [];
  for (let run = 0; run < Number(runs); run++) {
    const { lhr, report } = await lighthouse(`${address}${path}`, {
      port: chrome.port, output: "html", logLevel: "error", onlyCategories: CATEGORIES,
      extraHeaders: cookie && { Cookie: cookie },
    });
    if (folder) writeFileSync(join(folder, `${name}.html`), report);
    all.push(lhr);
  }
  const score = (category) => Math.round(median(all.map((one) => one.categories[category].score)) * 100);
  const figure = (audit) => median(all.map((one) => one.audits[audit].numericValue));
  console.log(
    `| ${name} | ${CATEGORIES.map(score).join(" | ")} | ${Math.round(figure("largest-contentful-paint"))} ms ` +
      `| ${figure("cumulative-layout-shift").toFixed(3)} | ${Math.round(figure("total-blocking-time"))} ms |`,
  );
  const [last] = all.slice(-1);
  for (const category of CATEGORIES) {
    for (const { id, weight } of last.categories[category].auditRefs) {
      const audit = last.audits[id];
      if (weight && audit.score !== null && audit.score < 0.9) console.log(`  ${category}: ${audit.title} (${audit.displayValue ?? audit.score})`);
    }
  }
}
chrome.kill();
