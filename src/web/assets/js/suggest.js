// Suggestions below a search box, with the keyboard as well (the combobox pattern of ARIA).
const WAIT_MILLIS = 120;

/** Lets a search form suggest what a half-typed text may become. */
export function suggest(form) {
  const input = form.querySelector("input[type=search]");
  const list = document.createElement("div");
  list.className = "suggestions";
  list.id = `${input.id}-suggestions`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  list.hidden = true;
  form.append(list);
  const wanted = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id };
  for (const [name, value] of Object.entries(wanted)) input.setAttribute(name, value);
  const show = (is) => {
    list.hidden = !is;
    input.setAttribute("aria-expanded", String(is));
    if (is) return;
    input.removeAttribute("aria-activedescendant");
    for (const one of list.children) one.setAttribute("aria-selected", "false");
  };
  show(false);

  let timer;
  let asked = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const text = input.value.trim();
      const number = ++asked;
      if (!text) return show(false);
      const answer = await fetch(`/v1/product/suggest?query=${encodeURIComponent(text)}`);
      if (!answer.ok || number !== asked) return;
      const { data } = await answer.json();
      list.replaceChildren(...data.map((entry, place) => option(entry, `${list.id}-${place}`)));
      show(data.length > 0 && document.activeElement === input);
    }, WAIT_MILLIS);
  });
  input.addEventListener("keydown", (event) => {
    const options = [...list.children];
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      return show(false);
    }
    if (!options.length) return;
    if (list.hidden && event.key === "ArrowDown") {
      event.preventDefault();
      return show(true);
    }
    if (list.hidden) return;
    const at = options.findIndex((one) => one.ariaSelected === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const next = (at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length;
      options.forEach((one, place) => one.setAttribute("aria-selected", String(place === next)));
      options[next].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[next].id);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      options[at].click();
    }
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) show(false);
  });
}

function option(entry, id) {
  const paths = {
    product: () => `/product/${entry.slug}`,
    category: () => `/category/${entry.slug}`,
    query: () => `/search?q=${encodeURIComponent(entry.text)}`,
  };
  const link = document.createElement("a");
  link.id = id;
  link.href = paths[entry.kind]();
  link.tabIndex = -1;
  link.setAttribute("role", "option");
  link.setAttribute("aria-selected", "false");
  if (entry.image) {
    const image = document.createElement("img");
    Object.assign(image, { src: entry.image, alt: "", width: 40, height: 40 });
    link.append(image);
  }
  const words = document.createElement("span");
  words.textContent = entry.name ?? entry.text;
  link.append(words);
  if (entry.kind === "category") {
    const kind = document.createElement("span");
    kind.className = "amount";
    kind.textContent = "Shelf";
    link.append(kind);
  }
  return link;
}
