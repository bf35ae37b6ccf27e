// Everything here is a convenience: each page works without it.

const forms = [...document.forms];

// Menus close by Escape, which gives the focus back, and by a click outside.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// After a refused form the reader starts at what went wrong.
document.querySelector(".errs")?.focus();

// A form marked data-guard warns before its changes are lost.
const changed = new Set();
for (const form of forms) {
  if ("guard" in form.dataset) form.addEventListener("input", () => changed.add(form));
  form.addEventListener("submit", () => changed.delete(form));
}
addEventListener("beforeunload", (event) => {
  if (changed.size > 0) event.preventDefault();
});

// A form is sent once; the button says that it is on its way. Coming back by history undoes that.
const sending = new Map();
for (const form of forms) {
  form.addEventListener("submit", (event) => {
    if (sending.has(form)) {
      event.preventDefault();
      return;
    }
    const button = event.submitter;
    sending.set(form, { button, label: button?.innerHTML });
    if (!button) return;
    button.setAttribute("aria-disabled", "true");
    if ("wait" in button.dataset) button.textContent = button.dataset.wait;
  });
}
addEventListener("pageshow", () => {
  for (const { button, label } of sending.values()) {
    if (!button) continue;
    button.removeAttribute("aria-disabled");
    button.innerHTML = label;
  }
  sending.clear();
});

// A new account starts in the time zone of its browser.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const select of document.querySelectorAll("select[data-preselect-zone]")) {
  if (!zone) break;
  if (![...select.options].some((option) => option.value === zone)) {
    const city = zone.split("/").at(-1).replaceAll("_", " ");
    select.add(new Option(`${city} (${zone})`, zone));
  }
  select.value = zone;
}

// The address of a new portal follows the company's name until it is typed by hand.
const slug = document.querySelector("input[data-slug-from]");
if (slug) {
  const company = document.getElementById(slug.dataset.slugFrom);
  const shown = document.querySelector("[data-slug-shown]");
  const show = () => {
    shown.textContent = slug.value || shown.dataset.slugShown;
  };
  let typed = slug.value !== "";
  slug.addEventListener("input", () => {
    typed = slug.value !== "";
    show();
  });
  company.addEventListener("input", () => {
    if (typed) return;
    slug.value = company.value
      .normalize("NFKD")
      .toLowerCase()
      .replace(/&/g, " and ")
      .replace(/[\u0300-\u036f'’]/g, "")
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 40)
      .replace(/-+$/, "");
    show();
  });
  show();
}

// A photo on its stage: arrow keys and swipes lead to its neighbors, Escape closes it, and the next one is had ready.
const stage = document.querySelector(".stage-m");
if (stage) {
  const go = (selector) => document.querySelector(selector)?.click();
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "ArrowLeft") go("a[rel=prev]");
    if (event.key === "ArrowRight") go("a[rel=next]");
    if (event.key === "Escape") go("a[data-close]");
  });

  const farEnough = 48;
  let start = null;
  stage.addEventListener("touchstart", ({ touches }) => {
    start = touches.length === 1 ? touches[0] : null;
  }, { passive: true });
  stage.addEventListener("touchend", ({ changedTouches: [end] }) => {
    if (!start || visualViewport.scale > 1) return;
    const [right, down] = [end.clientX - start.clientX, end.clientY - start.clientY];
    if (Math.abs(right) > farEnough && Math.abs(right) > 2 * Math.abs(down)) {
      go(right > 0 ? "a[rel=prev]" : "a[rel=next]");
    }
  }, { passive: true });

  addEventListener("load", () => {
    const path = document.querySelector("a[rel=next]")?.dataset.photo;
    if (!path) return;
    const next = new Image();
    next.sizes = "100vw";
    next.srcset = `${path}/640.jpg 640w,${path}/1600.jpg 1600w`;
  });
}
