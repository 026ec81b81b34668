/**
 * Saves a form as it is filled: `<form data-autosave="/draft/url/">`.
 *
 * Each change is mirrored to sessionStorage at once and sent to the server as JSON
 * `{"fields": {name: value | [values]}}` after a pause. When the session has expired or the network
 * is down the mirror stays, and the next page with the same key puts it back into the form.
 * `data-autosave-key` names the draft (default: the path); `data-autosave-user` keeps a shared
 * computer's next person from seeing it: a mirror is shown to its own user only (one made before
 * signing in, to whoever signs in next in the same tab). After a successful submission call
 * `clear()` or answer with a page that carries `data-autosave-clear="KEY"`.
 * Passwords, files and `[data-autosave-skip]` are never stored, hidden inputs only with
 * `data-autosave-keep`.
 */

import { behaviour } from "./behaviours.js";
import { sendJson } from "./http.js";
import { clock, text } from "./text.js";
import { toast } from "./toast.js";

const PAUSE = 1200;
const RETRY = 15000;
const SKIPPED = new Set(["password", "file", "hidden", "submit", "button", "reset"]);

function storageKey(name) {
  return `draft:${name}`;
}

function inputsOf(form) {
  return [...form.elements].filter(
    (input) =>
      input.name &&
      !("autosaveSkip" in input.dataset) &&
      (!SKIPPED.has(input.type) || "autosaveKeep" in input.dataset),
  );
}

function read(form) {
  const fields = {};
  for (const input of inputsOf(form)) {
    if (input.type === "checkbox") {
      fields[input.name] ??= [];
      if (input.checked) fields[input.name].push(input.value);
    } else if (input.type === "radio") {
      if (input.checked) fields[input.name] = input.value;
    } else if (input.multiple) {
      fields[input.name] = [...input.selectedOptions].map((option) => option.value);
    } else {
      fields[input.name] = input.value;
    }
  }
  return fields;
}

function write(form, fields) {
  for (const input of inputsOf(form)) {
    const value = fields[input.name];
    if (value === undefined) continue;
    if (input.type === "checkbox") input.checked = value.includes(input.value);
    else if (input.type === "radio") input.checked = value === input.value;
    else if (input.multiple) for (const option of input.options) option.selected = value.includes(option.value);
    else input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function mirrored(key, user) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(storageKey(key)));
    return kept && (kept.user === user || kept.user === "") ? kept.fields : null;
  } catch {
    return null;
  }
}

/** Start saving `form`; returns `{flush, clear}`. */
export function startAutosave(form) {
  const key = form.dataset.autosaveKey || location.pathname;
  const user = form.dataset.autosaveUser ?? "";
  const place = document.querySelector("[data-autosave-state]");
  let timer = null;
  let submitted = false;
  let sent = JSON.stringify(read(form));
  const say = (state, words) => {
    if (!place) return;
    place.dataset.state = state;
    place.textContent = words;
  };
  const mirror = (fields) => sessionStorage.setItem(storageKey(key), JSON.stringify({ user, fields }));
  const clear = () => {
    clearTimeout(timer);
    sessionStorage.removeItem(storageKey(key));
  };
  const flush = async ({ keepalive = false } = {}) => {
    clearTimeout(timer);
    const fields = read(form);
    const now = JSON.stringify(fields);
    if (submitted || now === sent) return;
    say("saving", text("saving"));
    try {
      const answer = await sendJson(form.dataset.autosave, { fields }, { keepalive });
      if (!answer.ok) throw new Error(String(answer.status));
      sent = now;
      say("saved", text("saved", { time: clock() }));
    } catch {
      say("failed", text("saved_here", { time: clock() }));
      timer = setTimeout(flush, RETRY);
    }
  };
  const changed = () => {
    submitted = false;
    mirror(read(form));
    clearTimeout(timer);
    timer = setTimeout(flush, PAUSE);
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", () => {
    submitted = true;
    clearTimeout(timer);
  });
  restore(form, mirrored(key, user));
  addEventListener("online", () => flush());
  addEventListener("pagehide", () => flush({ keepalive: true }));
  return { flush, clear };
}

function restore(form, kept) {
  const shown = read(form);
  if (!kept || JSON.stringify({ ...shown, ...kept }) === JSON.stringify(shown)) return;
  write(form, kept);
  toast(text("restored"), { undo: () => write(form, shown) });
}

behaviour("form[data-autosave]", startAutosave);
behaviour("[data-autosave-clear]", (mark) => sessionStorage.removeItem(storageKey(mark.dataset.autosaveClear)));
