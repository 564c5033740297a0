// The page on which one draws a maze and steers a mouse live; see docs/play_protocol.md.

import { ActivationsPanel } from "./activations.js";
import { bundleTransport } from "./bundle.js";
import { helpDialog, textDialog } from "./dialogs.js";
import { element, iconButton, segments } from "./elements.js";
import { firstView, read, written } from "./link.js";
import { Live } from "./live.js";
import { Outcomes } from "./outcomes.js";
import { Playback } from "./playback.js";
import { Stage } from "./stage.js";
import { SteeringPanel } from "./steering.js";
import { levelBar, randomLevel, saveMenu, toolBar, undoButtons, viewBar } from "./toolbar.js";
import { socketTransport, widgetTransport } from "./transport.js";

/** @import { Cell, Transport, View, WidgetModel } from "./protocol" */

const LINK_PAUSE_MS = 300;
const SAID_MS = 8000;

/**
 * Build the page and begin.
 *
 * @param {HTMLElement} root
 * @param {Transport} transport
 * @param {boolean} hasAddress - Whether the address of the document is the page's own, to hold its state.
 * @returns {() => void} Ends it.
 */
function begin(root, transport, hasAddress) {
  const { scene, view } = hasAddress ? read(location.hash) : { scene: null, view: firstView() };
  const live = new Live(transport, scene);
  const stage = new Stage(live, view);
  const playback = new Playback(live, stage);
  const outcomes = new Outcomes(live);
  const text = textDialog(live);
  const help = helpDialog();
  const status = statusLine(live);
  const link = () => `${location.href.split("#")[0]}#${live.scene ? written(live.scene, view) : ""}`;

  root.classList.add("steered-play");
  root.replaceChildren(
    element(
      "header",
      { class: "head" },
      element("h1", {}, "steered-env ", element("span", {}, "play")),
      status.element,
      element(
        "div",
        { class: "head-tools" },
        ...undoButtons(live),
        saveMenu(live, {
          say: status.say,
          episode: () => ({ seed: playback.seed, likeliest: playback.likeliest }),
          link: hasAddress ? link : null,
        }),
        iconButton("help", "Help (?)", () => help.showModal()),
      ),
    ),
    element(
      "div",
      { class: "layout" },
      element(
        "div",
        { class: "left" },
        levelBar(live, text),
        stage.element,
        readout(live, stage),
        viewBar(live, view),
        playback.element,
        toolBar(live, stage),
      ),
      element("div", { class: "right" }, ...tabs(live, view, stage), outcomes.element),
    ),
    text,
    help,
  );

  const keys = shortcuts(live, playback, help);
  const listening = hasAddress ? document : root;
  listening.addEventListener("keydown", /** @type {EventListener} */ (keys));
  if (hasAddress) keepLink(live, link);
  live.on("numbers", () => {
    const { numbers } = live;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel(); // its message comes once the frame is painted
      port1.onmessage = () => root.setAttribute("data-drawn", String(numbers?.id));
      port2.postMessage(null);
    });
  });
  live.start();
  return () => {
    live.close();
    stage.close();
    playback.close();
    outcomes.close();
    listening.removeEventListener("keydown", /** @type {EventListener} */ (keys));
  };
}

/**
 * Whether the server is there, and what became of a file.
 *
 * @param {Live} live
 */
function statusLine(live) {
  const said = element("span", { role: "status" });
  let timer = 0;
  /**
   * @param {string} text
   * @param {boolean} [problem]
   */
  function say(text, problem = false) {
    said.textContent = text;
    said.classList.toggle("problem", problem);
    clearTimeout(timer);
    timer = window.setTimeout(() => (said.textContent = ""), SAID_MS);
  }
  const lamp = element("span", { class: "lamp" }, "connecting …");
  live.on("online", () => {
    lamp.textContent = live.online ? "" : "The server is gone; looking for it …";
    lamp.classList.toggle("off", !live.online);
  });
  live.on("refused", ({ problem, change }) => {
    const elsewhere = problem.about === "maze" && change?.edit;
    if (elsewhere || !["maze", "server", "message"].includes(problem.about)) return;
    say(problem.message, true);
  });
  return { element: element("p", { class: "status" }, lamp, said), say };
}

/**
 * What is known about the cell under the pointer.
 *
 * @param {Live} live
 * @param {Stage} stage
 */
function readout(live, stage) {
  const line = element("p", { class: "quiet readout" });
  const idle = () => {
    line.textContent = live.can("save")
      ? "Drag the cheese or the mouse; draw walls; point at a cell for its numbers."
      : "Turn the sliders; point at a cell for its numbers.";
  };
  live.on("hello", idle);
  /** @param {Cell | null} cell */
  const show = (cell) => {
    const { maze, numbers } = live;
    if (!cell || !maze) return idle();
    const place = numbers?.cells.findIndex(([row, col]) => row === cell[0] && col === cell[1]) ?? -1;
    const where = `row ${cell[0]}, column ${cell[1]}`;
    if (place < 0 || !numbers) {
      line.textContent = `${where}: wall`;
      return undefined;
    }
    /** @param {number | undefined} time */
    const digits = (time) => (time === undefined ? "" : time.toFixed(2));
    const steered = numbers.steered ? ` → ${digits(numbers.steered.time[place])}` : "";
    line.textContent = `${where}: ${digits(numbers.baseline.time[place])}${steered} steps spent here`;
    return undefined;
  };
  stage.onPointed = show;
  return line;
}

/**
 * @param {Live} live
 * @param {View} view
 * @param {Stage} stage
 */
function tabs(live, view, stage) {
  const steering = new SteeringPanel(live, view);
  const activations = new ActivationsPanel(live, view, stage);
  const choice = segments(
    "Panel",
    /** @type {const} */ ([
      ["steering", "steering"],
      ["activations", "activations"],
    ]),
    (tab) => {
      view.tab = tab;
      live.tell("view");
    },
  );
  choice.element.classList.add("tabs");
  const show = () => {
    const can = live.can("activations");
    choice.element.hidden = !can;
    choice.choose(view.tab);
    steering.placeChips(
      view.tab === "activations" ? activations.element.querySelector(".channel-tools") : null,
    );
    steering.element.hidden = can && view.tab !== "steering";
    activations.element.hidden = !can || view.tab !== "activations";
  };
  live.on("hello", show);
  live.on("view", show);
  show();
  return [choice.element, steering.element, activations.element];
}

/**
 * @param {Live} live
 * @param {Playback} playback
 * @param {HTMLDialogElement} help
 */
function shortcuts(live, playback, help) {
  /** @param {KeyboardEvent} event */
  return (event) => {
    const { target } = event;
    if (!(target instanceof Element)) return;
    const typing = target.matches("textarea, select, input:not([type=range], [type=radio], [type=checkbox])");
    const key = event.key.toLowerCase();
    if (target.closest("dialog")) return;
    if ((event.ctrlKey || event.metaKey) && !typing && (key === "z" || key === "y")) {
      event.preventDefault();
      if (key === "y" || event.shiftKey) live.redo();
      else live.undo();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const presses = target.matches("button, summary, input[type=radio], input[type=checkbox]");
    if (key === "n") live.edit({ do: "next" });
    else if (key === "p") live.edit({ do: "previous" });
    else if (key === "r") randomLevel(live);
    else if (key === "?") help.showModal();
    else if (key === " " && !presses && live.can("episode")) void playback.toggle();
    else return;
    event.preventDefault();
  };
}

/**
 * Keep the whole state in the document's address.
 *
 * @param {Live} live
 * @param {() => string} link
 */
function keepLink(live, link) {
  let timer = 0;
  const keep = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (live.scene) history.replaceState(null, "", link());
    }, LINK_PAUSE_MS);
  };
  live.on("numbers", keep);
  live.on("view", keep);
  window.addEventListener("hashchange", () => location.reload());
}

const main = document.getElementById("play");
if (main) {
  const bundle = document.getElementById("bundle")?.textContent;
  const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`;
  begin(main, bundle ? bundleTransport(JSON.parse(bundle)) : socketTransport(address), true);
}

export default {
  /** @param {{ model: WidgetModel, el: HTMLElement }} widget */
  render({ model, el }) {
    // What is pressed in here is the page's: JupyterLab looks for this attribute, other notebooks for what bubbles up.
    const root = element("div", { class: "in-notebook", "data-lm-suppress-shortcuts": "true" });
    el.append(root);
    const end = begin(root, widgetTransport(model), false);
    root.addEventListener("keydown", (event) => event.stopPropagation());
    return end;
  },
};
