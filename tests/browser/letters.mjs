// Pictures and texts of every letter with every set of made-up facts, for a person to look at.
import { mkdirSync, writeFileSync } from "node:fs";
import { PASSWORD, open } from "./shop.mjs";

const [address, folder] = process.argv.slice(2);
if (!address || !folder) {
  console.error("usage: node letters.mjs http://127.0.0.1:PORT FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

async function asked(path, token, body) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const method = body ? "POST" : "GET";
  const answer = await fetch(address + path, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).data;
}

const OWNER = "admin@example.com";
const { accessToken } = await asked("/v1/auth/login", null, { email: OWNER, password: PASSWORD });
const letters = [];
for (const { name } of await asked("/v1/mail-templates", accessToken)) {
  const shown = await asked(`/v1/mail-templates/${name}`, accessToken);
  shown.letters.forEach((letter, number) => letters.push([`${name}-${number + 1}`, letter]));
}
const browser = await open();
for (const colorScheme of ["light", "dark"]) {
  const page = await browser.newPage({ colorScheme });
  for (const [name, letter] of letters) {
    if (letter.unwritable) throw new Error(`${name}: ${letter.unwritable}`);
    writeFileSync(`${folder}/${name}.txt`, `Subject: ${letter.subject}\n\n${letter.text}`);
    for (const width of [600, 360]) {
      await page.setViewportSize({ width, height: 400 });
      await page.setContent(letter.html);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      if (overflow > 0) throw new Error(`${name} is ${overflow} px too wide for ${width}`);
      await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.close();
}
await browser.close();
console.log(`${letters.length} letters in ${folder}`);
