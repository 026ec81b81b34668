/**
 * Raising a matter: the lists of regions follow one another, a phone gets one question at a time,
 * and print buttons print. Without this script every page works through the server.
 */

import { behaviour } from "../../core/js/behaviours.js";

const LISTS = ["id_district", "id_street", "id_community"];
const WIDTH_COOKIE_SECONDS = 365 * 24 * 3600;
const NARROW = "(max-width: 640px)";

async function divisionsUnder(url, code) {
  if (!code) return [];
  const answer = await fetch(`${url}?under=${encodeURIComponent(code)}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).divisions;
}

function fill(select, divisions) {
  const blank = select.options[0];
  const options = divisions.map(({ code, name }) => new Option(name, code));
  select.replaceChildren(blank, ...options);
  select.value = "";
}

function startRegions(root) {
  const url = root.dataset.divisions;
  const lists = LISTS.map((id) => document.getElementById(id));
  lists.slice(0, -1).forEach((list, index) => {
    list.addEventListener("change", async () => {
      const code = list.value;
      const [next, ...rest] = lists.slice(index + 1);
      rest.forEach((inner) => fill(inner, []));
      try {
        const divisions = await divisionsUnder(url, code);
        if (list.value === code) fill(next, divisions);
      } catch {
        fill(next, []);
      }
    });
  });
}

function cookie(name) {
  return document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Tell the server how wide the screen is; ask again when it guessed wrong. */
function startLayout(form) {
  if ("layoutFixed" in form.dataset) return;
  const width = matchMedia(NARROW).matches ? "narrow" : "wide";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `width=${width}; Path=/; Max-Age=${WIDTH_COOKIE_SECONDS}; SameSite=Lax${secure}`;
  if (form.dataset.layout !== width && cookie("width") === width) location.reload();
}

function startPrint(button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

behaviour("[data-divisions]", startRegions);
behaviour("form[data-layout]", startLayout);
behaviour("[data-print]", startPrint);
