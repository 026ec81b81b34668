/** The phone desk: earlier tickets as soon as the number is typed, categories while writing. */

import { behaviour, startWithin } from "../../core/js/behaviours.js";
import { csrfToken } from "../../core/js/http.js";
import "./ticket.js";

const PAUSE = 350;
const DIGITS_MIN = 7;

const asked = new Map();

/** Ask and show; an answer that was overtaken by a newer question is dropped. Returns whether it was shown. */
async function post(url, fields, target) {
  const question = Symbol(url);
  asked.set(url, question);
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "HX-Request": "true", "X-CSRFToken": csrfToken() },
      body: new URLSearchParams(fields),
    });
    const words = await answer.text();
    if (!answer.ok || asked.get(url) !== question) return false;
    target.innerHTML = words;
    startWithin(target);
    return true;
  } catch {
    return false; // the connection banner already says so; typing on asks again
  }
}

/** Call `work` when typing rests. */
function rested(work) {
  let timer = null;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, PAUSE);
  };
}

behaviour("[data-phone-desk]", (form) => {
  const phone = form.querySelector("#id_caller_phone");
  let last = phone.value;
  const look = rested(async () => {
    const digits = phone.value.replace(/\D/g, "");
    if (phone.value === last || (digits.length && digits.length < DIGITS_MIN)) return;
    const given = phone.value;
    last = given;
    const shown = await post(form.dataset.lookupUrl, { caller_phone: given }, document.getElementById("caller-history"));
    if (!shown && last === given) last = null;
  });
  phone.addEventListener("input", look);
  document.addEventListener("console:online", look);
  const suggest = rested(() => {
    const fields = Object.fromEntries(["title", "content", "region", "address"].map((name) => [name, form.elements[name].value]));
    if (fields.content.length + fields.title.length < 4) return;
    post(form.dataset.suggestUrl, fields, document.getElementById("suggestions"));
  });
  for (const name of ["title", "content", "address"]) form.elements[name].addEventListener("input", suggest);
});
