// What pages do beyond what they do without a script. Nothing here is needed to buy.

// Somebody who has just signed in goes on by themselves with what they were about to do.
document.querySelector("[data-go-on]")?.requestSubmit();

// A form that is on its way is not sent twice. The shop would carry it out once anyhow.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  form.querySelector("button[type=submit]")?.setAttribute("aria-busy", "true");
});

// The back button brings a page as it was left: its forms may be sent again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});
