/** What may be uploaded, checked before sending. The server checks again. */

import { text } from "./text.js";

function megabytes(bytes) {
  return `${Math.round(bytes / 1048576)} MB`;
}

function accepts(file, accept) {
  const rules = accept.split(",").map((rule) => rule.trim().toLowerCase()).filter(Boolean);
  const name = file.name.toLowerCase();
  const type = file.type.toLowerCase();
  return rules.length === 0 || rules.some((rule) => {
    if (rule.startsWith(".")) return name.endsWith(rule);
    return rule.endsWith("/*") ? type.startsWith(rule.slice(0, -1)) : type === rule;
  });
}

/** Why `file` cannot be sent, in words, or an empty string. */
export function problemWith(file, { maxBytes, maxFiles, accept, count }) {
  if (count >= maxFiles) return text("upload_too_many", { n: maxFiles });
  if (file.size === 0) return text("upload_empty");
  if (file.size > maxBytes) return text("upload_too_big", { size: megabytes(maxBytes) });
  if (!accepts(file, accept)) return text("upload_bad_type", { types: accept });
  return "";
}
