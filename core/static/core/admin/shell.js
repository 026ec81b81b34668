/** The menu on narrow screens, the theme switch, and names for widgets that come without one. */

import "../js/mode.js";

function startMenu(button) {
  const side = document.getElementById(button.getAttribute("aria-controls"));
  const show = (open) => {
    side.classList.toggle("side--open", open);
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    show(open);
    if (open) side.querySelector("a").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !side.classList.contains("side--open")) return;
    show(false);
    button.focus();
  });
}

/** A box that scrolls sideways can be scrolled by keyboard and has a name. */
function nameScrollers() {
  for (const box of document.querySelectorAll(".overflow-x-auto")) {
    if (box.scrollWidth <= box.clientWidth) continue;
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", document.querySelector("h1")?.textContent ?? "");
  }
}

/** Django's search-as-you-type select hides the labelled one and names its own box by its content. */
function nameSelects() {
  for (const box of document.querySelectorAll(".select2-selection")) {
    const select = box.closest(".select2-container")?.previousElementSibling;
    const label = select?.labels?.[0];
    if (!label) continue;
    label.id ||= `${select.id}_label`;
    const shown = box.querySelector(".select2-selection__rendered")?.id ?? "";
    box.setAttribute("aria-labelledby", `${label.id} ${shown}`.trim());
    box.querySelector(".select2-selection__rendered")?.setAttribute("aria-labelledby", label.id);
  }
}

for (const button of document.querySelectorAll("[data-menu]")) startMenu(button);
nameScrollers();
nameSelects();
/* Django starts its selects when its own scripts have run, which may be after this one. */
new MutationObserver(nameSelects).observe(document.getElementById("content") ?? document.body, {
  childList: true,
  subtree: true,
});
addEventListener("resize", nameScrollers);
