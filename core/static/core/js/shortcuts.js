/**
 * Keyboard shortcuts. `[data-shortcut="a"]` is clicked (or focused, when it takes typing);
 * `shortcut(key, label, handler)` registers the rest. `?` opens the sheet that lists them.
 * Never while typing, composing Chinese, holding Ctrl/Alt/Meta, or with a dialog open.
 */

import { behaviour } from "./behaviours.js";

const handlers = new Map();

/** Call `handler(event)` on `key`; `label` explains it on the sheet. The last registration wins. */
export function shortcut(key, label, handler) {
  handlers.set(key, { label, handler });
}

function isTyping(target) {
  return target.isContentEditable || target.closest("input:not([type=checkbox], [type=radio]), textarea, select");
}

function elementFor(key) {
  const found = [...document.querySelectorAll(`[data-shortcut="${CSS.escape(key)}"]`)];
  return found.find((element) => element.checkVisibility() && !element.disabled);
}

function press(element) {
  if (element.matches("input, textarea, select")) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function labelOf(element) {
  const words = element.dataset.shortcutLabel ?? element.labels?.[0]?.textContent ?? element.textContent;
  return words.trim();
}

function listed() {
  const rows = new Map([...handlers].map(([key, { label }]) => [key, label]));
  for (const element of document.querySelectorAll("[data-shortcut]")) {
    if (!rows.has(element.dataset.shortcut)) rows.set(element.dataset.shortcut, labelOf(element));
  }
  return rows;
}

function openSheet() {
  const sheet = document.getElementById("shortcuts-sheet");
  if (!sheet || sheet.open) return;
  const list = sheet.querySelector("[data-shortcuts-list]");
  list.replaceChildren();
  for (const [key, label] of listed()) {
    const term = document.createElement("dt");
    const cap = document.createElement("kbd");
    cap.textContent = key;
    term.append(cap);
    const words = document.createElement("dd");
    words.textContent = label;
    list.append(term, words);
  }
  sheet.showModal();
}

function onKey(event) {
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const known = handlers.get(event.key);
  const element = known ? null : elementFor(event.key);
  if (event.key === "?") openSheet();
  else if (known) known.handler(event);
  else if (element) press(element);
  else return;
  event.preventDefault();
}

document.addEventListener("keydown", onKey);
behaviour("[data-shortcut]", (element) => {
  if (element.dataset.shortcut.length === 1) element.setAttribute("aria-keyshortcuts", element.dataset.shortcut);
});
behaviour("[data-shortcuts-open]", (button) => button.addEventListener("click", openSheet));
