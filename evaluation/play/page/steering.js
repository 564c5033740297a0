// The steering: sliders and text for one condition, snapshots, and chips for what has no word.

import { element, fill, iconButton } from "./elements.js";

/** @import { Chip, Scene, Sliders, View } from "./protocol" */
/** @import { Live } from "./live.js" */

const MOST_SNAPSHOTS = 8;

/** One vector's slider, with its number beside it. */
class Slider {
  /**
   * @param {string} word
   * @param {{ from: number, to: number, step: number }} range
   * @param {{ moved: (gesture: number) => void, gesture: () => number, remove: (() => void) | null, exact: boolean }} on
   */
  constructor(word, range, on) {
    this.word = word;
    this.value = 0;
    const id = `slider-${word}-${Math.random().toString(36).slice(2)}`;
    let gesture = 0;
    const begin = () => (gesture = on.gesture());
    /** @param {number} value */
    const move = (value) => {
      this.set(value);
      on.moved(gesture);
    };
    this.range = element("input", {
      type: "range",
      id,
      min: range.from,
      max: range.to,
      step: range.step,
      value: 0,
      "data-word": word,
      onpointerdown: begin,
      onfocus: begin,
      oninput: () => move(Number(this.range.value)),
      onchange: begin,
      ondblclick: () => move(0),
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "0") return;
        event.preventDefault();
        begin();
        move(0);
      },
    });
    this.number = element("input", {
      type: "number",
      class: "slider-number",
      step: range.step,
      value: 0,
      "aria-label": `${word}, as a number`,
      min: on.exact ? range.from : -1000,
      max: on.exact ? range.to : 1000,
      onfocus: begin,
      onchange: () => {
        begin();
        if (this.number.value.trim() !== "" && this.number.validity.valid) move(Number(this.number.value));
        else if (this.number.validity.stepMismatch) move(Number(this.number.value));
        else this.set(this.value);
      },
    });
    this.element = element(
      "div",
      { class: "slider" },
      element("label", { for: id }, element("code", {}, word)),
      this.range,
      this.number,
      on.remove && iconButton("cross", `Remove ${word}`, on.remove, { class: "icon-button small" }),
    );
  }

  /** @param {number} value */
  set(value) {
    this.value = value;
    this.range.value = String(value);
    const text = String(Math.round(value * 1e6) / 1e6);
    if (this.number.value !== text) this.number.value = text;
    const { min, max } = this.range;
    /** @param {number} number */
    const place = (number) => ((Math.min(Math.max(number, +min), +max) - +min) / (+max - +min)) * 100;
    this.range.style.setProperty("--low", `${Math.min(place(0), place(value))}%`);
    this.range.style.setProperty("--high", `${Math.max(place(0), place(value))}%`);
  }
}

export class SteeringPanel {
  /** @type {Slider[]} */ #sliders = [];
  #live;
  #view;
  #rows = element("div", { class: "sliders" });
  #condition = element("textarea", {
    rows: 1,
    spellcheck: "false",
    autocapitalize: "off",
    maxlength: 1000,
    class: "code",
  });
  #others = element("p", { class: "quiet", hidden: true });
  #problem = element("p", { class: "problem", role: "alert", hidden: true });
  #chips = element("ul", { class: "chips", "aria-label": "Changed activations", hidden: true });
  #policy = element("select", { onchange: () => void this.#live.choosePolicy(this.#policy.value) });
  #layer = element("select", { onchange: () => this.#live.change({ patch: { layer: this.#layer.value } }) });
  #before = element("span", { class: "quiet" });
  #name = element("input", {
    type: "text",
    value: "mine",
    maxlength: 40,
    spellcheck: "false",
    class: "code name",
  });
  #add = element(
    "button",
    { type: "button", class: "button", onclick: () => this.#addSnapshot() },
    "Add vector",
  );

  /**
   * @param {Live} live
   * @param {View} view
   */
  constructor(live, view) {
    this.#live = live;
    this.#view = view;
    this.#condition.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#readCondition();
    });
    this.#condition.addEventListener("change", () => this.#readCondition());
    this.#condition.addEventListener("input", () => this.#fit());
    this.#choosers = element(
      "div",
      { class: "choosers" },
      element("label", { class: "field" }, element("span", {}, "policy"), this.#policy),
      element("label", { class: "field wide" }, element("span", {}, "layer"), this.#layer),
    );
    this.#snapshots = this.#makeSnapshots();
    this.element = element(
      "section",
      { class: "card", "aria-label": "Steering" },
      this.#choosers,
      this.#rows,
      element("label", { class: "field condition" }, element("span", {}, "condition"), this.#condition),
      this.#others,
      this.#problem,
      this.#chips,
      this.#snapshots,
    );
    live.on("hello", () => this.#began());
    live.on("policy", () => this.#fillLayers());
    live.on("numbers", () => this.#came());
    live.on("refused", ({ problem }) => {
      if (!["maze", "server", "message"].includes(problem.about)) this.#say(problem.message);
      this.#choose();
    });
    live.on("view", () => this.#showBefore());
  }

  #choosers;
  #snapshots;

  /**
   * Show the chips in this panel, or after something in another one.
   *
   * @param {Element | null} elsewhere
   */
  placeChips(elsewhere) {
    (elsewhere ?? this.#problem).after(this.#chips);
  }

  #makeSnapshots() {
    return element(
      "details",
      { class: "snapshots" },
      element("summary", {}, "A vector of your own: this maze minus that one"),
      element(
        "div",
        { class: "row" },
        element(
          "button",
          { type: "button", class: "button", onclick: () => this.#remember() },
          "Remember this maze",
        ),
        this.#before,
      ),
      element(
        "div",
        { class: "row" },
        element("label", { class: "field" }, element("span", {}, "name"), this.#name),
        this.#add,
      ),
    );
  }

  #began() {
    const hello = /** @type {import("./protocol").Hello} */ (this.#live.hello);
    this.#choosers.hidden = !this.#live.can("policy");
    this.#snapshots.hidden = !this.#live.can("save");
    this.#condition.readOnly = !this.#live.can("save");
    fill(
      this.#policy,
      hello.policies.map((name) => [name, name]),
      this.#live.scene?.policy ?? hello.scene.policy,
    );
    this.#makeSliders(this.#live.scene ?? hello.scene);
    this.#showBefore();
  }

  /** @param {Scene} scene */
  #makeSliders(scene) {
    const hello = /** @type {import("./protocol").Hello} */ (this.#live.hello);
    const own = scene.vectors.map(({ name }) => name);
    const words = [...hello.words, ...hello.given, ...own];
    if (words.join() === this.#sliders.map(({ word }) => word).join()) return;
    this.#sliders = words.map(
      (word) =>
        new Slider(word, hello.sliders, {
          moved: (gesture) => this.#moved(gesture),
          gesture: () => this.#live.gesture(),
          remove: own.includes(word) ? () => this.#removeSnapshot(word) : null,
          exact: !this.#live.can("save"),
        }),
    );
    this.#rows.replaceChildren(...this.#sliders.map((slider) => slider.element));
  }

  /** @param {number} gesture */
  #moved(gesture) {
    const sliders = Object.fromEntries(this.#sliders.map(({ word, value }) => [word, value]));
    this.#live.change({ key: "sliders", gesture, sliders });
  }

  #readCondition() {
    const condition = this.#condition.value.trim() || "baseline";
    if (condition !== this.#live.scene?.condition) this.#live.change({ patch: { condition } });
  }

  #came() {
    const numbers = /** @type {import("./protocol").NumbersReply} */ (this.#live.numbers);
    const { scene, sliders, others, problem } = numbers;
    if (!this.#live.settled) return;
    this.#makeSliders(scene);
    if (sliders) this.#place(sliders);
    if (this.#condition !== this.#root().activeElement || !problem) this.#condition.value = scene.condition;
    this.#fit();
    this.#others.hidden = !others;
    this.#others.textContent = `besides the sliders: ${others}`;
    this.#say(problem?.message ?? "");
    this.#showChips(scene.chips);
    this.#choose();
    this.#showBefore();
  }

  #root() {
    return /** @type {Document | ShadowRoot} */ (this.element.getRootNode());
  }

  /** @param {Sliders} sliders */
  #place(sliders) {
    for (const slider of this.#sliders) slider.set(sliders[slider.word] ?? 0);
  }

  /** The condition's box is as high as its text. */
  #fit() {
    this.#condition.style.height = "auto";
    this.#condition.style.height = `${this.#condition.scrollHeight + 2}px`;
  }

  /** @param {string} problem */
  #say(problem) {
    this.#problem.textContent = problem;
    this.#problem.hidden = !problem;
    this.#condition.setAttribute("aria-invalid", String(Boolean(problem)));
  }

  /** @param {Chip[]} chips */
  #showChips(chips) {
    this.#chips.hidden = chips.length === 0;
    const items = chips.map((chip, place) => {
      const text = chipText(chip);
      const remove = () =>
        this.#live.change({ patch: { chips: chips.filter((_, other) => other !== place) } });
      return element(
        "li",
        { class: "chip", title: chip.layer },
        text,
        iconButton("cross", `Remove: ${text}`, remove, { class: "icon-button small" }),
      );
    });
    this.#chips.replaceChildren(...items);
  }

  /** Let the choosers stand where the scene does. */
  #choose() {
    const { scene, policy } = this.#live;
    if (!scene) return;
    this.#policy.value = scene.policy;
    if (policy?.policy === scene.policy) this.#fillLayers();
    else fill(this.#layer, [[scene.layer, scene.layer]], scene.layer);
  }

  #fillLayers() {
    const { scene, policy } = this.#live;
    if (!scene || !policy || policy.policy !== scene.policy) return;
    fill(
      this.#layer,
      policy.layers.map(({ name }) => [name, name]),
      scene.layer,
    );
  }

  #remember() {
    this.#view.before = this.#live.scene?.maze ?? null;
    this.#live.tell("view");
  }

  #showBefore() {
    const { before } = this.#view;
    const first = before?.split("\n", 1)[0] ?? "";
    this.#before.textContent = before
      ? `remembered: ${first.includes("=") ? first : "a maze"}. Now change the maze, then add.`
      : "as the one that is subtracted";
    const { scene } = this.#live;
    const name = this.#name.value;
    if (scene?.vectors.some((vector) => vector.name === name))
      this.#name.value = name.replace(/\d*$/, (number) => String(Number(number || 1) + 1));
    this.#add.disabled = !before || before === scene?.maze || (scene?.vectors.length ?? 0) >= MOST_SNAPSHOTS;
  }

  #addSnapshot() {
    const { scene } = this.#live;
    const { before } = this.#view;
    const name = this.#name.value.trim();
    if (!scene || !before || !name) return;
    const vectors = [...scene.vectors, { name, this: scene.maze, that: before }];
    const sliders = Object.fromEntries(this.#sliders.map(({ word, value }) => [word, value]));
    this.#live.change({ patch: { vectors }, sliders: { ...sliders, [name]: 1 } });
  }

  /** @param {string} name */
  #removeSnapshot(name) {
    const { scene } = this.#live;
    if (!scene) return;
    const vectors = scene.vectors.filter((vector) => vector.name !== name);
    const kept = this.#sliders.filter(({ word }) => word !== name);
    const sliders = Object.fromEntries(kept.map(({ word, value }) => [word, value]));
    const condition = this.#live.numbers?.others || "baseline";
    this.#live.change({ patch: { vectors, condition }, sliders });
  }
}

/**
 * @param {Chip} chip
 * @returns {string} The change in a few words.
 */
function chipText(chip) {
  const layer = chip.layer.replace(/^embedder\./, "");
  if (chip.do === "set")
    return `channel ${chip.channel} at ${chip.cell.join(", ")} = ${chip.value} · ${layer}`;
  return chip.factor === 0
    ? `channel ${chip.channel} ablated · ${layer}`
    : `channel ${chip.channel} × ${chip.factor} · ${layer}`;
}
