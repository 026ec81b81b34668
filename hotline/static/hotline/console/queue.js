/**
 * A queue that keeps itself up to date: a hint makes the page ask for just the changed rows, which
 * are replaced, inserted where the order wants them, or taken out. j, k and Enter move and open.
 */

import { startWithin } from "../../core/js/behaviours.js";
import { shortcut } from "../../core/js/shortcuts.js";
import { say } from "./words.js";

const GATHER = 250;
const MOST = 50;
const AGAIN = 2000;

const queue = document.querySelector("[data-queue]");
const body = document.getElementById("rows");
const waiting = new Set();
let timer = null;

function rows() {
  return body ? [...body.querySelectorAll("tr[data-no]")] : [];
}

function rowOf(no) {
  return body?.querySelector(`tr[data-no="${CSS.escape(no)}"]`) ?? null;
}

/** -1, 0 or 1: marks are fixed-width texts joined by |, so that they compare as they are. */
function compare(a, b) {
  const sign = "descending" in (queue?.dataset ?? {}) ? -1 : 1;
  if (a === b) return 0;
  return a < b ? -sign : sign;
}

function hasMore() {
  return Boolean(document.querySelector("#more a"));
}

function place(row) {
  const old = rowOf(row.dataset.no);
  const focused = old?.contains(document.activeElement);
  const chosen = old?.getAttribute("aria-selected");
  old?.remove();
  const next = rows().find((other) => compare(row.dataset.marks, other.dataset.marks) < 0);
  if (!next && hasMore() && !old) return;
  body.insertBefore(row, next ?? null);
  if (!old) row.classList.add("is-new");
  if (chosen) row.setAttribute("aria-selected", chosen);
  startWithin(row);
  window.htmx?.process(row);
  if (focused) row.querySelector("[data-row-link]").focus({ preventScroll: true });
}

function takeOut(no) {
  const row = rowOf(no);
  if (!row) return;
  const focused = row.contains(document.activeElement);
  const neighbour = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  if (focused) neighbour?.querySelector("[data-row-link]")?.focus({ preventScroll: true });
}

function showEmptiness() {
  const empty = !rows().length;
  queue.querySelector("[data-queue-list]").hidden = empty;
  queue.querySelector("[data-queue-empty]").hidden = !empty;
}

async function fetchRows(nos) {
  const query = new URLSearchParams(location.search);
  query.delete("after");
  nos.forEach((no) => query.append("no", no));
  try {
    const answer = await fetch(`${queue.dataset.rowsUrl}?${query}`, { headers: { "HX-Request": "true" } });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

/** What could not be asked is asked again: the cursor has passed it, so nobody else would. */
async function refresh() {
  timer = null;
  const nos = [...waiting].slice(0, MOST);
  nos.forEach((no) => waiting.delete(no));
  const text = await fetchRows(nos);
  if (text === null) {
    nos.forEach((no) => waiting.add(no));
    timer ??= setTimeout(refresh, AGAIN);
    return;
  }
  const made = document.createElement("template");
  made.innerHTML = text;
  const found = new Map([...made.content.querySelectorAll("tr[data-no]")].map((row) => [row.dataset.no, row]));
  for (const no of nos) if (!found.has(no)) takeOut(no);
  for (const row of found.values()) place(row);
  showEmptiness();
  if (waiting.size) soon();
}

function soon() {
  timer ??= setTimeout(refresh, GATHER);
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const here = all.findIndex((row) => row.getAttribute("aria-selected") === "true" || row.contains(document.activeElement));
  const next = all[Math.max(0, Math.min(all.length - 1, here < 0 ? 0 : here + step))];
  for (const row of all) row.removeAttribute("aria-selected");
  next.setAttribute("aria-selected", "true");
  const link = next.querySelector("[data-row-link]");
  link.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

if (queue?.dataset.rowsUrl) {
  document.addEventListener("console:changed", ({ detail }) => {
    const wanted = queue.dataset.holds === "order" ? "hotline.order" : "hotline.ticket";
    if (detail.type !== wanted) return;
    waiting.add(detail.no);
    soon();
  });
}

body?.addEventListener("click", (event) => {
  if (event.target.closest("a, button") || getSelection().toString()) return;
  event.target.closest("tr[data-no]")?.querySelector("[data-row-link]")?.click();
});

for (const select of document.querySelectorAll("[data-filters] select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

shortcut("j", say("next_row"), () => move(1));
shortcut("k", say("previous_row"), () => move(-1));
shortcut("Enter", say("open_row"), (event) => {
  const link = event.target.closest("a, button, summary");
  (link ?? body?.querySelector("tr[aria-selected=true] [data-row-link]"))?.click();
});
