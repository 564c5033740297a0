// The maze: one picture or two, what lies over it, and the tools with which it is drawn.

import { COLOURS, Painter } from "./drawing.js";
import { element, still } from "./elements.js";
import { Turning, fieldOf } from "./fields.js";

/** @import { Cell, Edit, Field, MazeFacts, Move, Scene, Side, View } from "./protocol" */
/** @import { Live } from "./live.js" */

/** @typedef {"draw" | "cheese" | "mouse" | "set"} Tool */
/** @typedef {{ canvas: HTMLCanvasElement, field: Field, turning: Turning, caption: HTMLElement }} Pane */

/**
 * A stroke, or something that is dragged.
 *
 * @typedef {object} Gesture
 * @property {"open" | "wall" | "cheese" | "mouse"} what
 * @property {number} number
 * @property {Scene} from
 * @property {MazeFacts} maze - The maze in which it began.
 * @property {Cell[]} cells - The stroke, or the last cell alone.
 * @property {number} accepted - How many cells of the stroke were not refused.
 * @property {Pane} pane
 */

/** @type {Record<string, Move>} */
const MOVES = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
/** @type {Record<Move, Cell>} */
const STEPS = { left: [0, -1], right: [0, 1], up: [1, 0], down: [-1, 0] };
const CAPTIONS = { baseline: "baseline", steered: "steered", difference: "steered − baseline" };
const REFUSAL_MS = 6000;

export class Stage {
  /** @type {Tool} */ tool = "draw";
  /** What a click sets with the tool "set". @type {((cell: Cell) => void) | null} */ onSet = null;
  /** @type {((cell: Cell | null) => void) | null} */ onPointed = null;
  /** A map of activations that lies over the maze. @type {number[][] | null} */ heat = null;
  /** @type {import("./playback.js").Playback | null} */ playback = null;

  /** @type {Pane[]} */ #panes = [];
  /** @type {Gesture | null} */ #gesture = null;
  /** @type {Cell | null} */ #cursor = null;
  /** @type {Record<string, HTMLImageElement>} */ #sprites = {};
  /** @type {HTMLImageElement | null} */ #picture = null;
  #drawing = 0;
  #hiding = 0;
  #live;
  #view;
  #row = element("div", { class: "panes" });
  #refusal = element("div", { class: "refusal", role: "alert", hidden: true });
  #sizes = new ResizeObserver(() => this.draw());

  /**
   * @param {Live} live
   * @param {View} view
   */
  constructor(live, view) {
    this.#live = live;
    this.#view = view;
    this.element = element("div", { class: "stage" }, this.#row, this.#refusal);
    live.on("hello", () => void this.#loadSprites());
    live.on("maze", () => void this.#mazeCame());
    live.on("numbers", () => this.numbersCame());
    live.on("busy", () => this.#hurry());
    live.on("refused", (detail) => this.#refused(detail));
    live.on("view", () => this.arrange());
    this.arrange();
  }

  close() {
    this.#sizes.disconnect();
    cancelAnimationFrame(this.#drawing);
    clearTimeout(this.#hiding);
  }

  /** Make the panes that the view asks for. */
  arrange() {
    const { field } = this.#view;
    /** @type {Field[]} */
    const wanted = field === "both" ? ["baseline", "steered"] : [field];
    if (wanted.join() !== this.#panes.map((pane) => pane.field).join()) {
      this.#sizes.disconnect();
      this.#panes = wanted.map((side) => this.#pane(side));
      this.#row.replaceChildren(
        ...this.#panes.map(({ canvas, caption }) => element("figure", {}, canvas, caption)),
      );
      this.#row.classList.toggle("two", wanted.length === 2);
      this.numbersCame(true);
    }
    this.draw();
  }

  /**
   * @param {Field} field
   * @returns {Pane}
   */
  #pane(field) {
    const canvas = element("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "maze",
      "data-field": field,
    });
    const pane = { canvas, field, turning: new Turning(), caption: element("figcaption") };
    canvas.addEventListener("pointerdown", (event) => this.#pressed(pane, event));
    canvas.addEventListener("pointermove", (event) => this.#moved(pane, event));
    canvas.addEventListener("pointerup", (event) => this.#released(pane, event));
    canvas.addEventListener("pointercancel", () => this.#dropGesture());
    canvas.addEventListener("pointerleave", () => this.onPointed?.(null));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#moveCursor(null));
    this.#sizes.observe(canvas);
    return pane;
  }

  async #loadSprites() {
    const { sprites } = /** @type {import("./protocol").Hello} */ (this.#live.hello);
    const loaded = await Promise.all(
      Object.entries(sprites).map(async ([name, url]) => [name, await image(url)]),
    );
    this.#sprites = Object.fromEntries(loaded);
    this.draw();
  }

  async #mazeCame() {
    const maze = /** @type {MazeFacts} */ (this.#live.maze);
    const before = this.#gesture?.maze.view;
    if (before && JSON.stringify(before) !== JSON.stringify(maze.view)) this.#dropGesture();
    const picture = await image(maze.picture);
    if (this.#live.maze !== maze) return;
    this.#picture = picture;
    this.#describe(maze);
    this.draw();
  }

  /** @param {MazeFacts} maze */
  #describe(maze) {
    const [row, col] = maze.start;
    /** @param {Cell} cell */
    const place = (cell) => `row ${cell[0] - row + 1}, column ${cell[1] - col + 1}`;
    const cheese = maze.cheese ? `Cheese at ${place(maze.cheese)}.` : "No cheese.";
    const level = maze.level === null ? "Maze of no level" : `Level ${maze.level}`;
    const help = "Arrow keys move the mouse; with Shift a cursor, where Enter draws with the chosen tool.";
    for (const { canvas, field } of this.#panes)
      canvas.setAttribute(
        "aria-label",
        `${level}, ${CAPTIONS[field]}, ${maze.size} by ${maze.size} cells. Mouse at ${place(maze.mouse)}. ${cheese} ${help}`,
      );
  }

  /** @param {boolean} [atOnce] - Whether arrows jump. */
  numbersCame(atOnce = false) {
    const { numbers, maze } = this.#live;
    if (maze) this.#describe(maze);
    if (!numbers) return;
    for (const pane of this.#panes) {
      pane.turning.aim(numbers.cells, fieldOf(numbers, pane.field).arrows, atOnce || still());
      const idle = pane.field !== "baseline" && !numbers.steered;
      pane.caption.textContent =
        pane.field === "steered" && numbers.steered ? numbers.scene.condition : CAPTIONS[pane.field];
      if (idle) pane.caption.textContent += numbers.problem ? " (cannot be)" : " (nothing steers yet)";
    }
    this.draw();
  }

  /** End what turns as soon as new numbers are asked for: drawing it would take time from them. */
  #hurry() {
    if (!this.#live.settled) for (const { turning } of this.#panes) turning.end();
  }

  /** Draw soon. */
  draw() {
    if (this.#drawing) return;
    this.#drawing = requestAnimationFrame(() => {
      this.#drawing = 0;
      for (const pane of this.#panes) this.#paint(pane);
      if (this.#panes.some((pane) => pane.turning.moving)) this.draw();
    });
  }

  /** @param {Pane} pane */
  #paint(pane) {
    const { maze, numbers } = this.#live;
    const { canvas, field } = pane;
    const pixels = Math.round(canvas.clientWidth * Math.min(devicePixelRatio, 3));
    const context = canvas.getContext("2d");
    if (!maze || !this.#picture || !pixels || !context) return;
    if (canvas.width !== pixels) canvas.width = canvas.height = pixels;
    const painter = new Painter(context, maze.view, pixels);
    const { arrows, time } = this.#view;
    painter.picture(this.#picture);
    if (arrows || time || this.heat) painter.veil(maze);
    if (time && numbers && !this.heat) painter.times(numbers.cells, fieldOf(numbers, field).times);
    if (this.heat) painter.heat(this.heat);
    this.#paintStroke(painter);
    painter.places(maze);
    if (arrows && numbers && !this.playback?.active) {
      const fresh = numbers.scene.maze === maze.text;
      const shown = pane.turning.shown(numbers.cells);
      const open = shown.map((arrow, place) => {
        const [row, col] = numbers.cells[place];
        return maze.walls[row][col] === "." ? arrow : null;
      });
      painter.arrows(numbers.cells, open, COLOURS[field], fresh ? 1 : 0.45);
    }
    this.#paintAnimals(painter, pane, maze);
    if (this.#cursor) painter.ring(this.#cursor, COLOURS.cursor);
  }

  /** @param {Painter} painter */
  #paintStroke(painter) {
    const gesture = this.#gesture;
    const { wall } = this.#sprites;
    if (gesture?.what !== "open" && gesture?.what !== "wall") return;
    painter.context.fillStyle = "rgba(24, 18, 12, 0.85)";
    for (const cell of gesture.cells) {
      if (gesture.what === "wall" && wall) painter.sprite(wall, cell);
      else painter.fill(cell);
    }
  }

  /**
   * @param {Painter} painter
   * @param {Pane} pane
   * @param {MazeFacts} maze
   */
  #paintAnimals(painter, pane, maze) {
    const { mouse, cheese } = this.#sprites;
    if (!mouse || !cheese) return;
    const dragged = this.#gesture?.cells.at(-1);
    const held = this.#gesture?.what;
    const playing = this.#players(pane);
    const cheeseAt = held === "cheese" && dragged ? dragged : maze.cheese;
    if (cheeseAt && !playing.some(({ frame }) => frame.eaten))
      painter.sprite(cheese, cheeseAt, { glow: held === "cheese" ? COLOURS.mark : COLOURS.outline });
    for (const { side, frame } of playing)
      painter.trail(frame.trail, COLOURS[side], side === "steered" ? 0.07 : -0.07);
    for (const { side, frame } of playing)
      painter.sprite(mouse, frame.at, { mirrored: frame.facingRight, glow: COLOURS[side] });
    if (playing.length > 0) return;
    const mouseAt = held === "mouse" && dragged ? dragged : maze.mouse;
    painter.sprite(mouse, mouseAt, {
      mirrored: maze.facing_right,
      glow: held === "mouse" ? COLOURS.mark : COLOURS.outline,
    });
  }

  /**
   * Whom an episode shows in a pane: the mouse of its side where there are two panes, both where there is one.
   *
   * @param {Pane} pane
   */
  #players(pane) {
    /** @type {Side[]} */
    const sides = pane.field === "baseline" ? ["baseline"] : ["baseline", "steered"];
    if (this.#panes.length === 2) sides.splice(0, sides.length - 1);
    return sides.flatMap((side) => {
      const frame = this.playback?.frame(side);
      return frame ? [{ side, frame }] : [];
    });
  }

  /**
   * @param {Pane} pane
   * @param {PointerEvent} event
   * @returns {Cell | null} The cell under the pointer.
   */
  #cellAt(pane, event) {
    const view = this.#live.maze?.view;
    if (!view) return null;
    const box = pane.canvas.getBoundingClientRect();
    const col = view.col + Math.floor(((event.clientX - box.left) / box.width) * view.side);
    const row = view.row + view.side - 1 - Math.floor(((event.clientY - box.top) / box.height) * view.side);
    /** @param {number} number */
    const inside = (number) => Math.min(Math.max(number, 0), 24);
    return [inside(row), inside(col)];
  }

  /**
   * @param {Pane} pane
   * @param {PointerEvent} event
   */
  #pressed(pane, event) {
    const { maze, scene } = this.#live;
    const cell = this.#cellAt(pane, event);
    if (!cell || !maze || !scene || event.button !== 0) return;
    this.hideRefusal();
    if (this.tool === "set") {
      this.onSet?.(cell);
      return;
    }
    if (!this.#live.can("save")) return; // a bundle's mazes are as they are
    pane.canvas.setPointerCapture(event.pointerId);
    this.#gesture = {
      what: this.#whatAt(cell, maze),
      number: this.#live.gesture(),
      from: scene,
      maze,
      cells: [cell],
      accepted: 0,
      pane,
    };
    const placing = this.tool !== "draw";
    if (placing || this.#gesture.what === "open" || this.#gesture.what === "wall") this.#sendGesture();
    this.draw();
  }

  /**
   * @param {Cell} cell
   * @param {MazeFacts} maze
   * @returns {Gesture["what"]} What a press there begins.
   */
  #whatAt(cell, maze) {
    if (this.tool === "cheese" || this.tool === "mouse") return this.tool;
    if (same(cell, maze.mouse)) return "mouse";
    if (same(cell, maze.cheese)) return "cheese";
    return maze.walls[cell[0]][cell[1]] === "#" ? "open" : "wall";
  }

  /**
   * @param {Pane} pane
   * @param {PointerEvent} event
   */
  #moved(pane, event) {
    const cell = this.#cellAt(pane, event);
    this.onPointed?.(cell);
    const gesture = this.#gesture;
    if (cell && this.#live.maze && !gesture)
      pane.canvas.dataset.grab = String(
        same(cell, this.#live.maze.mouse) || same(cell, this.#live.maze.cheese),
      );
    if (!gesture || !cell || gesture.pane !== pane || same(cell, gesture.cells.at(-1))) return;
    if (gesture.what === "open" || gesture.what === "wall") {
      const last = /** @type {Cell} */ (gesture.cells.at(-1));
      for (const between of line(last, cell))
        if (!gesture.cells.some((other) => same(other, between))) gesture.cells.push(between);
      this.#sendGesture();
    } else {
      gesture.cells = [cell];
      if (gesture.maze.walls[cell[0]][cell[1]] === ".") this.#sendGesture();
    }
    this.draw();
  }

  /**
   * @param {Pane} pane
   * @param {PointerEvent} event
   */
  #released(pane, event) {
    const gesture = this.#gesture;
    if (!gesture || gesture.pane !== pane) return;
    const [cell] = gesture.cells;
    const dragged = gesture.what === "cheese" || gesture.what === "mouse";
    if (dragged && gesture.maze.walls[cell[0]][cell[1]] === "#" && this.tool === "draw") this.#sendGesture();
    if (pane.canvas.hasPointerCapture(event.pointerId)) pane.canvas.releasePointerCapture(event.pointerId);
    this.#dropGesture();
  }

  #dropGesture() {
    this.#gesture = null;
    this.draw();
  }

  #sendGesture() {
    const gesture = /** @type {Gesture} */ (this.#gesture);
    const { what, number, from, cells, maze } = gesture;
    /** @type {Edit} */
    const edit =
      what === "open" || what === "wall"
        ? { do: what, cells: [...cells] }
        : what === "cheese"
          ? { do: "cheese", cell: cells[0] }
          : { do: "mouse", cell: cells[0], facing_right: maze.facing_right };
    this.#live.change({ key: `gesture-${number}`, gesture: number, from, edit });
  }

  /** @param {{ problem: import("./protocol").Problem, change?: import("./live.js").Change }} detail */
  #refused({ problem, change }) {
    const edit = change?.edit;
    if (!edit || problem.about !== "maze" || edit.do === "text" || edit.do === "level") return;
    const gesture = this.#gesture;
    if (gesture && "cells" in edit && gesture.number === change.gesture) this.#dropGesture();
    const cell = "cells" in edit ? edit.cells.at(-1) : "cell" in edit ? edit.cell : this.#live.maze?.mouse;
    this.showRefusal(problem.message, cell ?? null);
    this.draw();
  }

  /**
   * Say what is impossible, where it was tried.
   *
   * @param {string} message
   * @param {Cell | null} cell
   */
  showRefusal(message, cell) {
    const view = this.#live.maze?.view;
    const canvas = this.#panes[0]?.canvas;
    this.#refusal.textContent = message;
    this.#refusal.hidden = false;
    if (cell && view && canvas) {
      const size = canvas.clientWidth / view.side;
      const top = (view.row + view.side - cell[0]) * size + 6;
      const middle = (cell[1] - view.col + 0.5) * size;
      const widest = this.element.clientWidth - this.#refusal.offsetWidth - 8;
      this.#refusal.style.left = `${Math.max(8, Math.min(middle - this.#refusal.offsetWidth / 2, widest))}px`;
      this.#refusal.style.top = `${Math.min(top, canvas.clientHeight - this.#refusal.offsetHeight - 8)}px`;
    }
    clearTimeout(this.#hiding);
    this.#hiding = window.setTimeout(() => this.hideRefusal(), REFUSAL_MS);
  }

  hideRefusal() {
    this.#refusal.hidden = true;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const maze = this.#live.maze;
    if (!maze || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = MOVES[event.key];
    if (move && event.shiftKey) {
      const [row, col] = this.#cursor ?? maze.mouse;
      const [up, right] = STEPS[move];
      this.#moveCursor(
        this.#cursor ? [clamp(row + up, maze.view.row), clamp(col + right, maze.view.col)] : [row, col],
      );
    } else if (move && this.#live.can("save")) {
      this.hideRefusal();
      this.#live.edit({ do: "move", move });
    } else if ((event.key === "Enter" || event.key === " ") && this.#cursor) {
      this.#useToolAtCursor(this.#cursor, maze);
    } else if (
      (event.key === "Delete" || event.key === "Backspace") &&
      maze.cheese &&
      this.#live.can("save")
    ) {
      this.#live.edit({ do: "no_cheese" });
    } else if (event.key === "Escape" && this.#cursor) {
      this.#moveCursor(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();

    /**
     * @param {number} number
     * @param {number} low
     */
    function clamp(number, low) {
      return Math.min(Math.max(number, low), low + /** @type {MazeFacts} */ (maze).view.side - 1);
    }
  }

  /** @param {Cell | null} cell */
  #moveCursor(cell) {
    this.#cursor = cell;
    this.onPointed?.(cell);
    this.draw();
  }

  /**
   * @param {Cell} cell
   * @param {MazeFacts} maze
   */
  #useToolAtCursor(cell, maze) {
    if (this.tool === "set") this.onSet?.(cell);
    else if (!this.#live.can("save")) return;
    else if (this.tool === "cheese") this.#live.edit({ do: "cheese", cell });
    else if (this.tool === "mouse") this.#live.edit({ do: "mouse", cell, facing_right: maze.facing_right });
    else this.#live.edit({ do: maze.walls[cell[0]][cell[1]] === "#" ? "open" : "wall", cells: [cell] });
  }
}

/**
 * @param {string} url
 * @returns {Promise<HTMLImageElement>}
 */
async function image(url) {
  const loaded = new Image();
  loaded.src = url;
  await loaded.decode();
  return loaded;
}

/**
 * @param {Cell | null | undefined} a
 * @param {Cell | null | undefined} b
 */
function same(a, b) {
  return Boolean(a && b && a[0] === b[0] && a[1] === b[1]);
}

/**
 * @param {Cell} from
 * @param {Cell} to
 * @returns {Cell[]} The cells between two, without the first.
 */
function line(from, to) {
  const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
  return Array.from({ length: steps }, (_, step) => {
    const part = (step + 1) / steps;
    return /** @type {Cell} */ ([
      Math.round(from[0] + (to[0] - from[0]) * part),
      Math.round(from[1] + (to[1] - from[1]) * part),
    ]);
  });
}
