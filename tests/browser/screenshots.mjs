// Screenshots of every page, for a person to look at: three widths, light and dark.
import { open, pagesOf, signedIn } from "./shop.mjs";

const [address, folder] = process.argv.slice(2);
if (!address || !folder) {
  console.error("usage: node screenshots.mjs http://127.0.0.1:PORT FOLDER [words of paths…]");
  process.exit(2);
}
const wanted = process.argv.slice(4);
const browser = await open();
for (const colour of ["light", "dark"]) {
  const context = await browser.newContext({ colorScheme: colour, baseURL: address });
  const page = await context.newPage();
  for (const [name, path, as] of pagesOf()) {
    if (wanted.length && !wanted.some((word) => name.includes(word))) continue;
    await signedIn(context, as);
    for (const width of [360, 768, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(path, { waitUntil: "networkidle" });
      await page.screenshot({ path: `${folder}/${name}-${width}-${colour}.png`, fullPage: true });
    }
  }
  await context.close();
}
await browser.close();
