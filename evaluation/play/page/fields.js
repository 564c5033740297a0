// Which numbers a pane shows, and how arrows turn from old ones to new ones.

/** @import { Cell, Field, NumbersReply } from "./protocol" */

/** @typedef {readonly [number, number] | null} Arrow */

/**
 * @param {NumbersReply} numbers
 * @param {Field} field
 * @returns {{ arrows: Arrow[], times: number[] }}
 */
export function fieldOf(numbers, field) {
  const { baseline } = numbers;
  const steered = numbers.steered ?? baseline;
  if (field !== "difference") {
    const { arrows, time } = field === "steered" ? steered : baseline;
    return { arrows, times: time };
  }
  return {
    arrows: steered.arrows.map((arrow, place) => minus(arrow, baseline.arrows[place])),
    times: steered.time.map((time, place) => time - baseline.time[place]),
  };
}

/**
 * @param {Arrow} a
 * @param {Arrow} b
 * @returns {Arrow}
 */
function minus(a, b) {
  return a && b ? [a[0] - b[0], a[1] - b[1]] : null;
}

const TURN_MS = 160;

/** Arrows on their way from where they stood to where they belong. */
export class Turning {
  /** @type {Map<string, Arrow>} */ #from = new Map();
  /** @type {Map<string, Arrow>} */ #to = new Map();
  #began = -Infinity;

  /**
   * @param {Cell[]} cells
   * @param {Arrow[]} arrows
   * @param {boolean} atOnce
   */
  aim(cells, arrows, atOnce) {
    const now = performance.now();
    const shown = new Map(cells.map((cell) => [String(cell), this.#at(String(cell), now)]));
    this.#from = shown;
    this.#to = new Map(cells.map((cell, place) => [String(cell), arrows[place]]));
    this.#began = atOnce ? -Infinity : now;
  }

  /** Let them jump to where they belong. */
  end() {
    this.#began = -Infinity;
  }

  /** Whether they move still. */
  get moving() {
    return performance.now() - this.#began < TURN_MS;
  }

  /**
   * @param {Cell[]} cells
   * @returns {Arrow[]}
   */
  shown(cells) {
    const now = performance.now();
    return cells.map((cell) => this.#at(String(cell), now));
  }

  /**
   * @param {string} key
   * @param {number} now
   * @returns {Arrow}
   */
  #at(key, now) {
    const to = this.#to.get(key) ?? null;
    const from = this.#from.get(key) ?? null;
    const part = Math.min((now - this.#began) / TURN_MS, 1);
    if (!to || !from || part >= 1) return to;
    const eased = 1 - (1 - part) ** 3;
    return [from[0] + (to[0] - from[0]) * eased, from[1] + (to[1] - from[1]) * eased];
  }
}
