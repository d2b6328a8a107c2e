// Screenshots of every page, for a person to look at: three widths, light and dark.
import { CUSTOMER, filledCart, heldScenes, open, pagesOf, scenesOf, signedIn, someOrder, staysPut } from "./shop.mjs";

const [address, folder] = process.argv.slice(2);
if (!address || !folder) {
  console.error("usage: node screenshots.mjs http://127.0.0.1:PORT FOLDER [words of paths…]");
  process.exit(2);
}
const wanted = process.argv.slice(4);
const held = process.env.BODEGA_TEST_HELD;
const late = await heldScenes(held);
const shops = [[address, pagesOf(await scenesOf(address))]];
if (late) {
  const order = (name) => [`order-${name}`, `/orders/${late[name]}`, CUSTOMER];
  shops.push([held, [order("authorised"), order("expired")]]);
}
const browser = await open();
for (const [shop, pages] of shops) for (const colour of ["light", "dark"]) {
  const context = await browser.newContext({ colorScheme: colour, baseURL: shop });
  await staysPut(context);
  const page = await context.newPage();
  for (const [name, path, as, first] of pages) {
    if (wanted.length && !wanted.some((word) => name.includes(word))) continue;
    await signedIn(context, as);
    if (as === CUSTOMER) await filledCart(page);
    const at = path === "order" ? await someOrder(page) : path;
    for (const width of [360, 768, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(at);
      await first?.(page);
      await page.evaluate(async () => {
        for (const image of document.images) image.loading = "eager";
        await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
      });
      await page.screenshot({ path: `${folder}/${name}-${width}-${colour}.png`, fullPage: true });
    }
  }
  await context.close();
}
await browser.close();
