/** Says in words why a passkey did not work; the account package only writes to the log. */

import { text } from "./text.js";
import { toast } from "./toast.js";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const { name } = event.detail.exception ?? {};
  toast(text(name === "NotAllowedError" ? "passkey_cancelled" : "passkey_failed"), { tone: "warn" });
});
