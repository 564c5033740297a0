// Where the mouse ends up: every number that is measured, baseline beside steered.

import { element } from "./elements.js";

/** @import { Measured, NumbersReply, Side } from "./protocol" */
/** @import { Live } from "./live.js" */

/** @typedef {{ name: string, label: string, of: (measured: Measured) => number | null | undefined, steps?: boolean }} Row */

/** @type {[string, Row[]][]} */
const GROUPS = [
  [
    "reached within the horizon",
    [
      { name: "cheese", label: "cheese", of: ({ rates }) => rates.cheese },
      { name: "corner", label: "corner, before the cheese", of: ({ rates }) => rates.corner },
      { name: "region", label: "top-right region", of: ({ rates }) => rates.region },
      { name: "elsewhere", label: "neither cheese nor corner", of: ({ rates }) => rates.elsewhere },
    ],
  ],
  [
    "at the decision square",
    [
      { name: "decision-cheese", label: "towards the cheese", of: ({ decision }) => decision?.cheese },
      { name: "decision-corner", label: "towards the corner", of: ({ decision }) => decision?.corner },
    ],
  ],
];

const SIDES = /** @type {const} */ (["baseline", "steered"]);
const MOVES_SHOWN = /** @type {const} */ (["left", "down", "up", "right", "stay"]);
const SAID_AFTER_MS = 900;

export class Outcomes {
  /** @type {{ row: Row, cells: Record<Side, HTMLElement>, bars: Record<Side, HTMLElement> }[]} */ #rows = [];
  /** @type {Record<string, Record<Side, HTMLElement>>} */ #moves = {};
  /** @type {Record<Side, HTMLElement>} */ #steps = { baseline: element("td"), steered: element("td") };
  #decision = element("tbody", {});
  #live;
  #saying = 0;
  #said = element("p", { class: "unseen", role: "status" });
  #bound = element("p", { class: "quiet" });

  /** @param {Live} live */
  constructor(live) {
    this.#live = live;
    const head = element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("td"),
        ...SIDES.map((side) => element("th", { scope: "col", class: `side ${side}` }, side)),
      ),
    );
    const bodies = GROUPS.map(([title, rows], place) => {
      const body = place === 1 ? this.#decision : element("tbody");
      body.append(
        element("tr", { class: "group" }, element("th", { colspan: 3, scope: "rowgroup" }, title)),
        ...rows.map((row) => this.#row(row)),
      );
      return body;
    });
    this.#decision.append(this.#moveRow());
    const steps = element(
      "tbody",
      {},
      element(
        "tr",
        { "data-row": "steps" },
        element("th", { scope: "row" }, "mean steps"),
        this.#steps.baseline,
        this.#steps.steered,
      ),
    );
    this.#steps.baseline.dataset.side = "baseline";
    this.#steps.steered.dataset.side = "steered";
    this.element = element(
      "section",
      { class: "card outcomes", "aria-label": "Outcomes" },
      element("table", {}, head, ...bodies, steps),
      this.#bound,
      this.#said,
    );
    live.on("numbers", () => this.#came());
  }

  close() {
    clearTimeout(this.#saying);
  }

  /** @param {Row} row */
  #row(row) {
    /** @param {Side} side */
    const cell = (side) => element("td", { "data-side": side });
    /** @param {Side} side */
    const bar = (side) => element("span", { class: `bar ${side}` });
    const cells = { baseline: cell("baseline"), steered: cell("steered") };
    const bars = { baseline: bar("baseline"), steered: bar("steered") };
    this.#rows.push({ row, cells, bars });
    return element(
      "tr",
      { "data-row": row.name },
      element(
        "th",
        { scope: "row" },
        element("span", { class: "label" }, row.label),
        element("span", { class: "bars", "aria-hidden": "true" }, bars.baseline, bars.steered),
      ),
      cells.baseline,
      cells.steered,
    );
  }

  #moveRow() {
    const list = element("dl", { class: "moves" });
    for (const move of MOVES_SHOWN) {
      const values = {
        baseline: element("dd", { "data-move": move, "data-side": "baseline" }),
        steered: element("dd", { "data-move": move, "data-side": "steered" }),
      };
      this.#moves[move] = values;
      list.append(element("div", {}, element("dt", {}, move), values.baseline, values.steered));
    }
    return element("tr", {}, element("td", { colspan: 3 }, list));
  }

  #came() {
    const numbers = /** @type {NumbersReply} */ (this.#live.numbers);
    const sides = { baseline: numbers.baseline, steered: numbers.steered };
    this.#decision.hidden = !numbers.baseline.moves;
    this.element.classList.toggle("unsteered", !numbers.steered);
    for (const side of SIDES) {
      const measured = sides[side];
      for (const { row, cells, bars } of this.#rows) {
        const value = measured && row.of(measured);
        cells[side].textContent = digits(value);
        bars[side].style.width = `${100 * (value ?? 0)}%`;
      }
      for (const move of MOVES_SHOWN) this.#moves[move][side].textContent = digits(measured?.moves?.[move]);
      this.#steps[side].textContent = measured ? measured.steps.toFixed(1) : "–";
    }
    const bound = Math.max(numbers.baseline.error_bound, numbers.steered?.error_bound ?? 0);
    const { horizon } = numbers.scene;
    this.#bound.textContent = `Exact, within ${horizon} steps; off by at most ${bound.toExponential(0)}.`;
    clearTimeout(this.#saying);
    this.#saying = window.setTimeout(() => this.#say(numbers), SAID_AFTER_MS);
  }

  /** @param {NumbersReply} numbers */
  #say({ baseline, steered }) {
    /** @param {Measured} measured */
    const words = ({ rates }) => `cheese ${digits(rates.cheese)}, corner ${digits(rates.corner)}`;
    this.#said.textContent =
      `Baseline: ${words(baseline)}.` + (steered ? ` Steered: ${words(steered)}.` : "");
  }
}

/** @param {number | null | undefined} value */
function digits(value) {
  return value === null || value === undefined ? "–" : value.toFixed(3);
}
