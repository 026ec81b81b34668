/**
 * `<time data-countdown datetime="2026-11-22T14:32:00+08:00">`: seconds left, shown every second,
 * spoken at 10 seconds only. Fires `countdown:end` (bubbling) once at zero.
 */

import { behaviour } from "./behaviours.js";
import { text } from "./text.js";
import { announce } from "./toast.js";

const SPEAK_AT = 10;

/** Start one countdown; returns a function that stops it. Stops itself when the element goes away. */
export function startCountdown(element) {
  const end = Date.parse(element.dateTime || element.getAttribute("datetime"));
  let spoken = false;
  let timer = null;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (!element.isConnected || Number.isNaN(end)) return stop();
    element.textContent = left ? text("seconds_left", { n: left }) : text("time_up");
    if (left <= SPEAK_AT && left > 0 && !spoken) {
      spoken = true;
      announce(element.textContent);
    }
    if (left === 0) {
      stop();
      element.dispatchEvent(new CustomEvent("countdown:end", { bubbles: true }));
    }
  };
  const stop = () => clearInterval(timer);
  timer = setInterval(tick, 1000);
  tick();
  return stop;
}

behaviour("[data-countdown]", startCountdown);
