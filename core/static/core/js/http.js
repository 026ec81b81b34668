/** fetch() with the CSRF token of the page. */

/** The token that the shell put on the body for htmx. */
export function csrfToken() {
  return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
}

/** Send `data` as JSON. Rejects on network trouble; the caller looks at `response.ok`. */
export function sendJson(url, data, { method = "POST", keepalive = false } = {}) {
  return fetch(url, {
    method,
    keepalive,
    credentials: "same-origin",
    redirect: "manual",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
    body: data === undefined ? undefined : JSON.stringify(data),
  });
}
