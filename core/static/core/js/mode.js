/**
 * Elder mode and theme, switched in place so that nothing typed is lost, remembered in a cookie.
 * Without script the links (`?mode=elder`) do the same through the server.
 */

import { behaviour } from "./behaviours.js";

const YEAR = 365 * 24 * 3600;

function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
}

function startModeSwitch(link) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const mode = link.dataset.modeSwitch;
    document.documentElement.dataset.mode = mode;
    remember("mode", mode);
    swapLabel(link, mode === "elder" ? "standard" : "elder");
  });
}

function swapLabel(link, nextMode) {
  const words = link.querySelector(".tool__text") ?? link;
  const shown = words.textContent;
  words.textContent = link.dataset.otherText;
  link.dataset.otherText = shown;
  link.dataset.modeSwitch = nextMode;
  link.setAttribute("href", `?mode=${nextMode}`);
}

function startThemeSwitch(button) {
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    remember("theme", next);
  });
}

function isDark() {
  const theme = document.documentElement.dataset.theme;
  if (theme !== "auto") return theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

behaviour("[data-mode-switch]", startModeSwitch);
behaviour("[data-theme-switch]", startThemeSwitch);
