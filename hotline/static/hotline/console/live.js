/**
 * The line to the server: hints arrive by socket, truth is fetched. Other modules listen to the
 * document's events `console:changed` ({no, kind, version}), `console:presence` and `console:online`.
 */

import { announce } from "../../core/js/toast.js";
import { openSocket } from "../../core/js/socket.js";
import { say } from "./words.js";

const QUIET_MIN = 2000;
const QUIET_SPREAD = 3000;
const COUNTS_EVERY = 1000;
const SPEAK_EVERY = 5000;
const SEEN_MAX = 500;

const cursor = JSON.parse(document.getElementById("console-cursor")?.textContent ?? "0");
const watched = document.querySelector("[data-ticket-version]")?.dataset.ticket ?? "";
const seen = new Set();
const names = new Map();
let fresh = 0;
let speaking = null;
let counting = null;
let wake = null;
let caughtUp = false;

function show(id, visible) {
  const banner = document.getElementById(id);
  if (banner) banner.hidden = !visible;
}

function fire(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

/** Wait for a random while, so that 200 consoles do not ask in the same instant; cut short by `wake`. */
function pause() {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, QUIET_MIN + Math.random() * QUIET_SPREAD);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

async function catchUp(after) {
  if (caughtUp) await pause();
  let position = after;
  for (let more = true; more; ) {
    const query = new URLSearchParams({ after: position });
    if (watched) query.append("watch", watched);
    const answer = await fetch(`/console/events/?${query}`, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.status === 403) show("login-banner", true);
    if (!answer.ok) throw new Error(String(answer.status));
    const page = await answer.json();
    page.events.forEach(take);
    position = page.cursor;
    more = page.more;
  }
  caughtUp = true;
  return position;
}

function take(hint) {
  if (seen.has(hint.position)) return;
  seen.add(hint.position);
  if (seen.size > SEEN_MAX) seen.delete(seen.values().next().value);
  fire("console:changed", { no: hint.subject_no, kind: hint.kind, version: hint.version, type: hint.subject_type });
  refreshCounts();
  if (hint.kind === "hotline.ticket.registered" || hint.kind === "hotline.order.issued") speakOfNew();
}

function speakOfNew() {
  fresh += 1;
  speaking ??= setTimeout(() => {
    announce(say("new_tickets", { n: fresh }));
    fresh = 0;
    speaking = null;
  }, SPEAK_EVERY);
}

/** At most once a second, however many hints arrive. */
function refreshCounts() {
  counting ??= setTimeout(async () => {
    try {
      await fetchCounts();
    } catch {
      // The connection banner already says so; the next hint tries again.
    } finally {
      counting = null;
    }
  }, COUNTS_EVERY);
}

async function fetchCounts() {
  const list = document.querySelector("[data-counts-url]");
  if (!list) return;
  const answer = await fetch(list.dataset.countsUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { counts } = await answer.json();
  for (const place of list.querySelectorAll("[data-count]")) {
    const words = counts[place.dataset.count] ?? "";
    place.hidden = !words;
    place.querySelector("[data-count-words]").textContent = words;
    if (place.dataset.count === "overdue") place.classList.toggle("count--red", Boolean(words));
  }
}

async function nameAll(ids) {
  const unknown = ids.filter((id) => !names.has(id));
  if (unknown.length) {
    const query = new URLSearchParams(unknown.map((id) => ["id", id]));
    const answer = await fetch(`/console/colleagues/?${query}`, { headers: { Accept: "application/json" } });
    if (answer.ok) for (const [id, name] of Object.entries((await answer.json()).names)) names.set(Number(id), name);
  }
  return ids.map((id) => names.get(id)).filter(Boolean);
}

async function showWatchers({ ticket_no: no, people }) {
  const places = document.querySelectorAll(`[data-watchers="${CSS.escape(no)}"]`);
  if (!places.length) return;
  const me = Number(document.querySelector("[data-me]")?.dataset.me);
  const others = await nameAll(people.filter((id) => id !== me));
  for (const place of places) {
    place.hidden = !others.length;
    place.querySelector("[data-watcher-names]").textContent = others.join("、");
  }
}

function onHint(message) {
  if (message.type === "hint") take(message);
  if (message.type === "presence") showWatchers(message).catch(() => {}); // names come with the next one
}

let offlineTimer = null;
function onState(state) {
  clearTimeout(offlineTimer);
  if (state === "online") {
    show("offline-banner", false);
    caughtUp = false;
    wake?.();
    if (watched) line.send({ type: "watch", ticket_no: watched });
    fire("console:online");
  } else if (state === "offline") {
    offlineTimer = setTimeout(() => show("offline-banner", true), 1500);
    checkSession();
  }
}

/** A refused socket does not say why; the events address does. */
async function checkSession() {
  try {
    const answer = await fetch(`/console/events/?after=${cursor}`, { headers: { Accept: "application/json" } });
    show("login-banner", answer.status === 401 || answer.status === 403);
  } catch {
    // No network: the offline banner is the right one.
  }
}

const line = openSocket({ url: "/ws/console/", cursor, catchUp, onHint, onState });
