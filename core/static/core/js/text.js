/** Sentences for people. They come translated from the server in the `#ui-texts` JSON block. */

const block = document.getElementById("ui-texts");
const sentences = block ? JSON.parse(block.textContent) : {};

/** The sentence `key` with `{name}` replaced from `values`; the key itself when it is unknown. */
export function text(key, values = {}) {
  const sentence = sentences[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** 14:32 in the reader's own clock. */
export function clock(moment = new Date()) {
  const two = (n) => String(n).padStart(2, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())}`;
}
