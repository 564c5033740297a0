// What carries messages between the page and whoever answers them.

/** @import { Reply, Request, Transport, WidgetModel } from "./protocol" */

const SHORTEST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 3000;

/**
 * A WebSocket that connects again whenever it broke.
 *
 * @param {string} address
 * @returns {Transport}
 */
export function socketTransport(address) {
  /** @type {WebSocket | null} */
  let socket = null;
  let ended = false;
  let pause = SHORTEST_PAUSE_MS;
  /** @type {Parameters<Transport["start"]>[0]} */
  let on;
  let timer = 0;

  function connect() {
    if (ended) return;
    const current = new WebSocket(address);
    socket = current;
    current.onopen = () => {
      pause = SHORTEST_PAUSE_MS;
      on.opened();
    };
    current.onmessage = (event) => on.message(JSON.parse(event.data));
    current.onclose = () => {
      if (ended) return;
      on.closed();
      timer = window.setTimeout(connect, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    };
  }

  function atOnce() {
    if (socket?.readyState !== WebSocket.CLOSED || document.hidden) return;
    clearTimeout(timer);
    pause = SHORTEST_PAUSE_MS;
    connect();
  }

  return {
    start(handlers) {
      on = handlers;
      document.addEventListener("visibilitychange", atOnce);
      window.addEventListener("online", atOnce);
      connect();
    },
    send(request) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
    },
    close() {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", atOnce);
      window.removeEventListener("online", atOnce);
      socket?.close();
    },
  };
}

/**
 * The comm of a notebook's widget.
 *
 * @param {WidgetModel} model
 * @returns {Transport}
 */
export function widgetTransport(model) {
  /** @type {(reply: Reply) => void} */
  let receive;
  return {
    start({ opened, message }) {
      receive = message;
      model.on("msg:custom", receive);
      opened();
    },
    /** @param {Request} request */
    send(request) {
      model.send(request);
    },
    close() {
      model.off("msg:custom", receive);
    },
  };
}
