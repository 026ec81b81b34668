/** Start behaviours from data attributes, once per element, also in content that htmx brings in. */

const registered = [];
const started = new WeakMap();
let watching = false;

/** Call `start(element)` for each present and future element that matches `selector`. */
export function behaviour(selector, start) {
  registered.push({ selector, start });
  if (watching) startWithin(document);
}

/** Start every registered behaviour inside `root` (itself included). */
export function startWithin(root = document) {
  for (const { selector, start } of registered) {
    const found = [...root.querySelectorAll(selector)];
    if (root instanceof Element && root.matches(selector)) found.unshift(root);
    for (const element of found) startOnce(element, selector, start);
  }
}

function startOnce(element, selector, start) {
  const done = started.get(element) ?? new Set();
  if (done.has(selector)) return;
  done.add(selector);
  started.set(element, done);
  start(element);
}

/** Start now and after every htmx swap. */
export function watchPage() {
  watching = true;
  startWithin(document);
  document.addEventListener("htmx:load", (event) => startWithin(event.detail.elt));
}
