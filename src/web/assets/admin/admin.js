// Comfort for staff. Everything works without it.

// How a search engine may show a product, while it is typed.
for (const shown of document.querySelectorAll("[data-preview]")) {
  const field = document.getElementById(shown.dataset.preview);
  const empty = shown.textContent;
  field?.addEventListener("input", () => {
    shown.textContent = field.value.slice(0, 155) || empty;
  });
}

// A box at the head of a column ticks all of them.
for (const table of document.querySelectorAll("table.list")) {
  const boxes = [...table.querySelectorAll("tbody .tick input")];
  const head = table.querySelector("thead th:first-child");
  if (boxes.length < 2 || !head) continue;
  const all = document.createElement("input");
  all.type = "checkbox";
  all.setAttribute("aria-label", "Tick all");
  head.replaceChildren(all);
  all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
}
