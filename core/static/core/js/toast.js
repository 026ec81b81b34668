/** Toasts say what changed and offer undo. They wait while the pointer or the focus is on them. */

import { text } from "./text.js";

const SECONDS = 8;

/**
 * Show `message`. `tone`: info, success, warn, error. `undo`: a function, adds an undo button.
 * Errors and toasts with undo stay longer. Returns a function that closes the toast.
 */
export function toast(message, { tone = "info", undo = null, seconds = null, onClose = null } = {}) {
  const region = document.getElementById("toasts");
  if (!region) return () => {};
  const box = document.createElement("div");
  box.className = "toast";
  box.dataset.tone = tone;
  box.setAttribute("role", tone === "error" ? "alert" : "status");
  const words = document.createElement("p");
  words.className = "toast__text";
  box.append(words);
  let closed = false;
  const close = (undone = false) => {
    if (closed) return;
    closed = true;
    box.remove();
    if (!undone && onClose) onClose();
  };
  if (undo) {
    box.append(button(text("undo"), () => {
      close(true);
      undo();
    }));
  }
  box.append(button(text("dismiss"), () => close()));
  region.append(box);
  words.textContent = message;
  expire(box, close, seconds ?? (undo || tone === "error" ? SECONDS * 1.5 : SECONDS));
  return close;
}

/** Speak `message` to a screen reader without showing it. */
export function announce(message) {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  requestAnimationFrame(() => {
    live.textContent = message;
  });
}

/** Toasts named by the server in an HX-Trigger header, and a sentence for each failed request. */
export function watchServerToasts() {
  document.addEventListener("toast", (event) => {
    const { text: words, tone, undo_url: undoUrl } = event.detail;
    toast(words, { tone, undo: undoUrl ? () => postUndo(undoUrl) : null });
  });
  document.addEventListener("htmx:responseError", () => toast(text("request_failed"), { tone: "error" }));
  document.addEventListener("htmx:sendError", () => toast(text("network_failed"), { tone: "error" }));
}

function postUndo(url) {
  window.htmx?.ajax("POST", url, { swap: "none" });
}

function button(label, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button button--small button--quiet";
  made.textContent = label;
  made.addEventListener("click", press);
  return made;
}

function expire(box, close, seconds) {
  let timer = null;
  const stop = () => clearTimeout(timer);
  const start = () => {
    stop();
    timer = setTimeout(() => close(), seconds * 1000);
  };
  for (const name of ["pointerenter", "focusin"]) box.addEventListener(name, stop);
  for (const name of ["pointerleave", "focusout"]) box.addEventListener(name, start);
  start();
}
