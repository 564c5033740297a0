// What stands around the maze: levels, tools, what is shown, files, and help.

import { bytes } from "./bundle.js";
import { element, fill, icon, iconButton, menu, segments } from "./elements.js";
import { Refused } from "./live.js";

/** @import { FileReply, View } from "./protocol" */
/** @import { Live } from "./live.js" */
/** @import { Stage, Tool } from "./stage.js" */

/**
 * Level, size, and the maze as text.
 *
 * @param {Live} live
 * @param {HTMLDialogElement} textDialog
 */
export function levelBar(live, textDialog) {
  const level = element("input", {
    type: "number",
    min: 0,
    max: 2147483646,
    class: "level",
    "aria-label": "Level",
  });
  const problem = element("p", { class: "problem", role: "alert", hidden: true });
  const size = element("select", {
    "aria-label": "Size",
    onchange: () => live.edit({ do: "size", size: Number(size.value) }),
  });
  level.addEventListener("change", () => {
    if (level.validity.valid && level.value) live.edit({ do: "level", level: Number(level.value) });
    else level.reportValidity();
  });
  const text = iconButton("text", "Edit the maze as text", () => textDialog.showModal());
  const bar = element(
    "div",
    { class: "bar level-bar", role: "group", "aria-label": "Level" },
    iconButton("previous", "Previous level (P)", () => live.edit({ do: "previous" })),
    element("label", { class: "field inline" }, element("span", {}, "level"), level),
    iconButton("next", "Next level (N)", () => live.edit({ do: "next" })),
    iconButton("dice", "Random level (R)", () => randomLevel(live)),
    element("label", { class: "field inline" }, element("span", {}, "size"), size),
    text,
  );
  live.on("hello", () => (text.hidden = !live.can("save")));
  live.on("maze", () => {
    const { maze, hello } = live;
    if (!maze || !hello) return;
    level.value = maze.level === null ? "" : String(maze.level);
    problem.hidden = true;
    const sizes = hello.sizes.includes(maze.size) ? hello.sizes : [...hello.sizes, maze.size];
    fill(
      size,
      sizes.map((number) => [String(number), `${number} × ${number}`]),
      String(maze.size),
    );
  });
  live.on("refused", ({ problem: refusal, change }) => {
    if (change?.edit?.do !== "level") return;
    problem.textContent = refusal.message;
    problem.hidden = false;
  });
  return element("div", {}, bar, problem);
}

/** @param {Live} live */
export function randomLevel(live) {
  live.edit({ do: "random", seed: Math.floor(Math.random() * 2 ** 32) });
}

/**
 * @param {Live} live
 * @param {Stage} stage
 */
export function toolBar(live, stage) {
  const tools = segments(
    "Tool",
    /** @type {const} */ ([
      ["draw", "draw walls"],
      ["cheese", "put cheese"],
      ["mouse", "put mouse"],
    ]),
    (tool) => (stage.tool = /** @type {Tool} */ (tool)),
  );
  tools.choose("draw");
  const carve = element(
    "button",
    { type: "button", class: "button", onclick: () => live.edit({ do: "carve", corner: "top right" }) },
    icon("carve"),
    "carve to top right",
  );
  const without = element(
    "button",
    { type: "button", class: "button", onclick: () => live.edit({ do: "no_cheese" }) },
    icon("cross"),
    "no cheese",
  );
  const bar = element(
    "div",
    { class: "bar tool-bar", role: "group", "aria-label": "Draw" },
    tools.element,
    carve,
    without,
  );
  live.on("hello", () => (bar.hidden = !live.can("save")));
  live.on("maze", () => {
    without.disabled = live.maze?.cheese === null;
    carve.disabled = live.maze?.size === 25;
    carve.title = carve.disabled ? "A maze of size 25 has no path to carve: its corner is the world's" : "";
  });
  return bar;
}

/**
 * Which field is shown, and what lies over the maze.
 *
 * @param {Live} live
 * @param {View} view
 */
export function viewBar(live, view) {
  const fields = segments(
    "Field",
    /** @type {const} */ ([
      ["baseline", "baseline"],
      ["steered", "steered"],
      ["difference", "difference"],
      ["both", "side by side"],
    ]),
    (field) => {
      view.field = field;
      live.tell("view");
    },
  );
  const checks = /** @type {const} */ (["arrows", "time"]).map((name) => {
    const input = element("input", {
      type: "checkbox",
      onchange: () => {
        view[name] = input.checked;
        live.tell("view");
      },
    });
    const label = element("label", { class: "check" }, input, name === "time" ? "time in each cell" : name);
    return { name, input, label };
  });
  const show = () => {
    fields.choose(view.field);
    for (const { name, input } of checks) input.checked = view[name];
  };
  live.on("view", show);
  show();
  return element(
    "div",
    { class: "bar view-bar", role: "group", "aria-label": "Shown" },
    fields.element,
    ...checks.map(({ label }) => label),
  );
}

const FILES = /** @type {const} */ ([
  ["png", "Figure of the fields (PNG)"],
  ["maze_png", "Picture of the maze (PNG)"],
  ["gif", "Episode (GIF)"],
  ["mp4", "Episode (mp4)"],
  ["text", "Maze as text"],
  ["python", "Program (Python)"],
  ["safetensors", "Steering (.safetensors)"],
]);

/**
 * @param {Live} live
 * @param {{ say: (text: string, problem?: boolean) => void, episode: () => { seed: number, likeliest: boolean }, link: (() => string) | null }} page
 */
export function saveMenu(live, { say, episode, link }) {
  /** @param {string} form */
  const fetchFile = (form) => live.ask("save", { scene: live.scene, as: form, ...episode() });

  /**
   * @param {string} form
   * @param {string} label
   */
  async function save(form, label) {
    say(`${label} is being made …`);
    try {
      const file = /** @type {FileReply} */ (await fetchFile(form));
      const url = URL.createObjectURL(new Blob([bytes(file.data)], { type: file.type }));
      element("a", { href: url, download: file.name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      say(`${file.name} is saved.`);
    } catch (error) {
      say(error instanceof Refused ? error.message : "It was not made: the server is gone.", true);
    }
  }

  /**
   * @param {string} what
   * @param {() => string | Promise<string>} text
   */
  async function copy(what, text) {
    try {
      await navigator.clipboard.writeText(await text());
      say(`${what} is copied.`);
    } catch (error) {
      say(error instanceof Refused ? error.message : "This browser does not let pages copy.", true);
    }
  }

  /**
   * @param {string} label
   * @param {() => void} onclick
   */
  const item = (label, onclick) => element("button", { type: "button", onclick }, label);
  const program = async () => {
    const file = /** @type {FileReply} */ (await fetchFile("python"));
    return new TextDecoder().decode(bytes(file.data));
  };
  const files = FILES.map(([form, label]) => item(label, () => void save(form, label)));
  const programItem = item("Copy program", () => void copy("The program", program));
  live.on("hello", () => [...files, programItem].forEach((button) => (button.hidden = !live.can("save"))));
  return menu(
    "save",
    "Save",
    ...files,
    item("Copy maze as text", () => void copy("The maze", () => live.maze?.text ?? "")),
    item("Copy maze as Python", () => void copy("The maze", () => live.maze?.python ?? "")),
    programItem,
    link && item("Copy link", () => void copy("The link", link)),
  );
}

/** @param {Live} live */
export function undoButtons(live) {
  const undo = iconButton("undo", "Undo (Ctrl+Z)", () => live.undo(), { disabled: true });
  const redo = iconButton("redo", "Redo (Ctrl+Shift+Z)", () => live.redo(), { disabled: true });
  live.on("history", () => {
    undo.disabled = !live.canUndo;
    redo.disabled = !live.canRedo;
  });
  return [undo, redo];
}
