// The maze as text, and the list of keys.

import { element } from "./elements.js";

/** @import { Live } from "./live.js" */

/** @param {Live} live */
export function textDialog(live) {
  const text = element("textarea", {
    class: "code",
    rows: 14,
    maxlength: 2000,
    spellcheck: "false",
    "aria-label": "Maze",
  });
  const problem = element("p", { class: "problem", role: "alert", hidden: true });
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", {}, "The maze as text"),
    element(
      "p",
      { class: "quiet" },
      "# is wall, . is open, C the cheese, < or > the mouse; the first line may name level and size.",
    ),
    text,
    problem,
    element(
      "div",
      { class: "row end" },
      element("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
      element("button", { type: "submit", class: "button primary" }, "Use it"),
    ),
  );
  const dialog = element("dialog", {}, form);
  let waiting = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    waiting = true;
    live.edit({ do: "text", text: text.value });
  });
  live.on("maze", () => {
    if (waiting) dialog.close();
    waiting = false;
  });
  live.on("refused", ({ problem: refusal, change }) => {
    if (change?.edit?.do !== "text") return;
    waiting = false;
    problem.textContent = refusal.message;
    problem.hidden = false;
  });
  const open = dialog.showModal.bind(dialog);
  dialog.showModal = () => {
    text.value = live.maze?.text ?? "";
    text.rows = Math.min(text.value.split("\n").length + 1, 27);
    problem.hidden = true;
    open();
  };
  return dialog;
}

const KEYS = [
  ["← ↑ → ↓", "in the maze: move the mouse as the environment would"],
  ["Shift + arrows, Enter", "in the maze: move a cursor, use the tool there"],
  ["Delete", "in the maze: take the cheese away"],
  ["N, P, R", "next, previous, random level"],
  ["Space", "play or pause an episode"],
  ["0", "on a slider: back to zero, as a double click does"],
  ["Ctrl + Z, Ctrl + Shift + Z", "undo, redo"],
  ["?", "this list"],
];

export function helpDialog() {
  const rows = KEYS.map(([keys, text]) =>
    element("div", {}, element("dt", {}, keys), element("dd", {}, text)),
  );
  return element(
    "dialog",
    { class: "help" },
    element(
      "form",
      { method: "dialog" },
      element("h2", {}, "Draw, drag, steer"),
      element(
        "p",
        {},
        "Click or drag to open and wall cells; drag the cheese and the mouse. The arrows are the net probability of " +
          "the next move in each cell. The dashed square is the top-right region, the ring the decision square. " +
          "Orange cells are where the mouse spends its time.",
      ),
      element("dl", { class: "keys" }, ...rows),
      element("div", { class: "row end" }, element("button", { class: "button primary" }, "Close")),
    ),
  );
}
