/** The phone desk: earlier tickets as soon as the number is typed, categories while writing. */

import { behaviour, startWithin } from "../../core/js/behaviours.js";
import { csrfToken } from "../../core/js/http.js";
import "./ticket.js";

const PAUSE = 350;
const DIGITS_MIN = 7;

async function post(url, fields, target) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "HX-Request": "true", "X-CSRFToken": csrfToken() },
    body: new URLSearchParams(fields),
  });
  if (!answer.ok) return;
  target.innerHTML = await answer.text();
  startWithin(target);
}

/** Call `work` when typing rests; an answer that was overtaken by a newer question is dropped. */
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
  const look = rested(() => {
    const digits = phone.value.replace(/\D/g, "");
    if (phone.value === last || (digits.length && digits.length < DIGITS_MIN)) return;
    last = phone.value;
    post(form.dataset.lookupUrl, { caller_phone: phone.value }, document.getElementById("caller-history"));
  });
  phone.addEventListener("input", look);
  const suggest = rested(() => {
    const fields = Object.fromEntries(["title", "content", "region", "address"].map((name) => [name, form.elements[name].value]));
    if (fields.content.length + fields.title.length < 4) return;
    post(form.dataset.suggestUrl, fields, document.getElementById("suggestions"));
  });
  for (const name of ["title", "content", "address"]) form.elements[name].addEventListener("input", suggest);
});
