/** A ticket's pages: news of changes, fields that depend on a choice, the unit picker. */

import { behaviour, startWithin } from "../../core/js/behaviours.js";
import { say } from "./words.js";

const head = document.querySelector("[data-ticket-version]");

document.addEventListener("console:changed", ({ detail }) => {
  if (!head) return;
  const isTicket = detail.no === head.dataset.ticket;
  const isOrder = detail.no.startsWith(`${head.dataset.ticket}-`);
  if (isTicket || isOrder) document.getElementById("changed-banner").hidden = false;
});

/** `data-fill="ID" data-value="…"` puts a value into a field, where it can still be changed. */
behaviour("[data-fill]", (button) => {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.fill);
    if (!field) return;
    if (field.type === "checkbox") field.checked = Boolean(button.dataset.value);
    else field.value = button.dataset.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
  });
});

behaviour("[data-focus]", (element) => element.focus());

function chosen(form, name) {
  return form.querySelector(`input[name="${name}"]:checked`)?.value ?? "";
}

function reveal(form, need, visible) {
  const part = form.querySelector(`[data-needs="${need}"]`);
  if (part) part.hidden = !visible;
}

behaviour("[data-triage]", (form) => {
  const rules = JSON.parse(document.getElementById("outcome-rules").textContent);
  const channel = form.querySelector("#id_channel");
  const all = [...channel.options];
  const adapt = () => {
    const rule = rules[chosen(form, "outcome")] ?? { channel: false, linked: false, channels: [] };
    reveal(form, "channel", rule.channel);
    reveal(form, "linked", rule.linked);
    const kept = channel.value;
    channel.replaceChildren(...all.filter((one) => !one.value || !rule.channels.length || rule.channels.includes(one.value)));
    channel.value = [...channel.options].some((one) => one.value === kept) ? kept : "";
    if (!rule.channel) channel.value = "";
  };
  form.addEventListener("change", (event) => {
    if (event.target.name === "outcome") adapt();
  });
  adapt();
});

behaviour("[data-callback]", (form) => {
  const adapt = () => {
    reveal(form, "reached", chosen(form, "result") === "reached");
    reveal(form, "later", chosen(form, "result") === "later");
  };
  form.addEventListener("change", adapt);
  adapt();
});

behaviour("[data-dispatch]", (form) => {
  const rows = [...form.querySelectorAll("[data-unit]")];
  const filter = form.querySelector("[data-unit-filter]");
  const place = form.querySelector("[data-chosen]");
  const narrow = () => {
    const words = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.dataset.unit.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word)) && !row.querySelector("input:checked");
      if (!row.hidden) shown += 1;
    }
    form.querySelector("[data-units-none]").hidden = shown > 0;
  };
  const tell = () => {
    const lead = rows.find((row) => row.querySelector("input[name=lead]").checked);
    for (const row of rows) {
      const assist = row.querySelector("input[name=assists]");
      assist.disabled = row === lead;
      if (row === lead) assist.checked = false;
    }
    const assists = rows.filter((row) => row.querySelector("input[name=assists]").checked);
    const words = [];
    if (lead) words.push(say("lead_chosen", { unit: lead.dataset.unitName }));
    if (assists.length) words.push(say("assists_chosen", { units: assists.map((row) => row.dataset.unitName).join("、") }));
    place.textContent = words.join(" · ");
  };
  filter.addEventListener("input", narrow);
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  form.addEventListener("change", tell);
  tell();
});

startWithin(document);
