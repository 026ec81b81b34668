/** Dialogs, drawers, tabs and the error summary. Focus returns to what opened them. */

import { behaviour } from "./behaviours.js";

behaviour("[data-dialog]", (opener) => {
  opener.addEventListener("click", () => document.getElementById(opener.dataset.dialog)?.showModal());
});

behaviour("[data-error-summary]", (summary) => {
  summary.focus();
  summary.addEventListener("click", (event) => {
    const id = event.target.closest("a")?.hash.slice(1);
    const field = id && document.getElementById(id);
    if (!field) return;
    event.preventDefault();
    field.scrollIntoView({ block: "center" });
    (field.matches("fieldset") ? field.querySelector("input") ?? field : field).focus();
  });
});

behaviour("[data-drawer]", (opener) => {
  const drawer = document.getElementById(opener.dataset.drawer);
  if (!drawer) return;
  const set = (open) => {
    drawer.toggleAttribute("data-open", open);
    opener.setAttribute("aria-expanded", String(open));
    (open ? drawer : opener).focus();
  };
  opener.addEventListener("click", () => set(!drawer.hasAttribute("data-open")));
  drawer.addEventListener("click", (event) => {
    if (event.target.closest("[data-drawer-close]")) set(false);
  });
  drawer.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drawer.hasAttribute("data-open")) set(false);
  });
});

behaviour("[data-tabs]", (list) => {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const choose = (chosen) => {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls"));
      if (panel) panel.hidden = !on;
    }
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const here = tabs.indexOf(document.activeElement);
    const next = tabs[(here + step + tabs.length) % tabs.length];
    choose(next);
    next.focus();
  });
  choose(tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabs[0]);
});
