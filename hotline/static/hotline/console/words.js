/** Sentences of the console's scripts, translated on the server in the `#console-words` block. */

const block = document.getElementById("console-words");
const sentences = block ? JSON.parse(block.textContent) : {};

/** The sentence `key` with `{name}` replaced from `values`. */
export function say(key, values = {}) {
  return (sentences[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
