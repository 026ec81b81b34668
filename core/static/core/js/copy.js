/** Copy buttons: `data-copy="text"` or `data-copy-from="ID of an element"`. */

import { behaviour } from "./behaviours.js";
import { text } from "./text.js";
import { toast } from "./toast.js";

function startCopy(button) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copyFrom ?? "");
    const words = button.dataset.copy ?? source?.value ?? source?.textContent.trim() ?? "";
    const done = await copied(words);
    toast(text(done ? "copied" : "copy_failed"), { tone: done ? "success" : "warn" });
  });
}

async function copied(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return copiedBySelection(words);
  }
}

/** For pages without TLS, where the clipboard interface does not exist. */
function copiedBySelection(words) {
  const area = document.createElement("textarea");
  area.className = "visually-hidden";
  area.value = words;
  document.body.append(area);
  area.focus();
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

behaviour("[data-copy], [data-copy-from]", startCopy);
