/**
 * A socket that only hints; the truth is fetched. After every (re)connection, and for every hint,
 * `catchUp(cursor)` is awaited and must return the new cursor, so that nothing is lost while the
 * line was down. Catch-ups never overlap: hints that arrive meanwhile ask for one more round.
 */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30000;
const SILENCE = 45000;

/** Full jitter: between half and all of a doubling wait, at most 30 s. */
export function waitBefore(attempt, random = Math.random) {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
  return longest / 2 + (random() * longest) / 2;
}

function absolute(url) {
  const address = new URL(url, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  return address.href;
}

/**
 * Keep a socket to `url` open. `onState` hears "connecting", "online" or "offline" and the
 * `[data-connection]` element shows it. `onHint(message)` is optional and sees each message; only a
 * hint (`type: "hint"`), or word that hints may have been lost (`"behind"`), asks for a catch-up.
 * A `ping` is sent in silence; an unanswered one counts as a broken line.
 * Returns `{close, cursor, refresh, send}`; `send` drops the message while the line is down, so say
 * it again when `onState` hears "online".
 */
export function openSocket({ url, cursor = "", catchUp, onHint = null, onState = null }) {
  let socket = null;
  let attempt = 0;
  let timer = null;
  let watchdog = null;
  let closed = false;
  let running = false;
  let again = false;

  const tell = (state) => {
    for (const place of document.querySelectorAll("[data-connection]")) place.dataset.connection = state;
    onState?.(state);
  };

  const refresh = async () => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        cursor = (await catchUp(cursor)) ?? cursor;
      } while (again && !closed);
    } catch {
      socket?.close();
    } finally {
      running = false;
    }
  };

  const listen = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      if (socket?.readyState !== WebSocket.OPEN) return;
      socket.send(JSON.stringify({ type: "ping" }));
      watchdog = setTimeout(() => socket?.close(), SILENCE / 3);
    }, SILENCE);
  };

  const connect = () => {
    clearTimeout(timer);
    if (closed) return;
    tell(attempt ? "offline" : "connecting");
    socket = new WebSocket(absolute(url));
    socket.addEventListener("open", () => {
      attempt = 0;
      tell("online");
      listen();
      refresh();
    });
    socket.addEventListener("message", (event) => {
      listen();
      const message = JSON.parse(event.data);
      if (message.type === "pong") return;
      onHint?.(message);
      if (message.type === "hint" || message.type === "behind") refresh();
    });
    socket.addEventListener("close", () => {
      clearTimeout(watchdog);
      if (closed) return;
      tell("offline");
      timer = setTimeout(connect, waitBefore(attempt));
      attempt += 1;
    });
  };

  const wake = () => {
    if (closed || socket?.readyState === WebSocket.OPEN || socket?.readyState === WebSocket.CONNECTING) return;
    attempt = 1;
    connect();
  };

  addEventListener("online", wake);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") wake();
  });
  connect();

  return {
    refresh,
    cursor: () => cursor,
    send(message) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    close() {
      closed = true;
      clearTimeout(timer);
      clearTimeout(watchdog);
      removeEventListener("online", wake);
      socket?.close();
    },
  };
}
