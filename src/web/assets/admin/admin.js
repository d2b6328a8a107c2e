// Comfort for staff. Everything works without it.
import { narrows, ticksAll } from "./lists.js";

// How a search engine may show a product, while it is typed.
for (const shown of document.querySelectorAll("[data-preview]")) {
  const field = document.getElementById(shown.dataset.preview);
  const empty = shown.textContent;
  field?.addEventListener("input", () => {
    shown.textContent = field.value.slice(0, 155) || empty;
  });
}

ticksAll();
for (const form of document.querySelectorAll("form.filters")) narrows(form, ticksAll);
