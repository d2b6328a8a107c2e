// Lists of the admin: they narrow down while staff type. Without this the button does the same.
const WAIT_MILLIS = 150;

/** What belongs to a list stands in elements with `data-list`, in the same order on every page. */
export function narrows(form, changed) {
  let timer;
  let asking;
  const narrow = async () => {
    asking?.abort();
    asking = new AbortController();
    const filled = [...new FormData(form)].filter(([, value]) => value.trim());
    const path = `${form.getAttribute("action")}?${new URLSearchParams(filled)}`;
    const headers = { accept: "text/html" };
    const answer = await fetch(path, { headers, signal: asking.signal }).catch(() => undefined);
    if (!answer) return;
    // Whoever is not signed in any more is led to where they can be.
    if (!answer.ok || answer.redirected) return location.assign(path);
    const text = await answer.text().catch(() => undefined);
    if (text === undefined) return;
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelectorAll("[data-list]");
    document.querySelectorAll("[data-list]").forEach((part, place) => part.replaceWith(fresh[place]));
    history.replaceState(null, "", path);
    const rows = document.querySelectorAll("table.list tbody tr").length;
    said.textContent = rows === 1 ? "1 row" : `${rows} rows`;
    changed();
  };
  const said = document.createElement("p");
  said.className = "hidden-text";
  said.setAttribute("role", "status");
  form.append(said);
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(narrow, WAIT_MILLIS);
  });
}

/** A box at the head of a column ticks all of them. */
export function ticksAll() {
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
}
