/**
 * Characters left in a text area: `<span data-counter-for="ID" data-max="2000">`.
 * Counts as the server does (code points, line ends as one), speaks only near the limit.
 */

import { behaviour } from "./behaviours.js";
import { text } from "./text.js";
import { announce } from "./toast.js";

const NEAR = 20;

function startCounter(output) {
  const area = document.getElementById(output.dataset.counterFor);
  const limit = Number(output.dataset.max);
  if (!area || !limit) return;
  // The browser's own limit counts differently and cuts pasted text off; the server's error keeps it.
  area.removeAttribute("maxlength");
  const show = () => {
    const left = limit - [...area.value].length;
    output.textContent = left < 0 ? text("count_over", { n: -left }) : text("count_left", { n: left });
    if (left === NEAR || left === -1) announce(output.textContent);
  };
  area.addEventListener("input", show);
  show();
}

behaviour("[data-counter-for]", startCounter);
