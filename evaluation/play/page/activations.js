// A layer's channels as heat maps, and what a click makes of them.

import { mapPicture } from "./drawing.js";
import { element, fill, segments } from "./elements.js";
import { Refused } from "./live.js";

/** @import { ActivationsReply, Cell, Chip, View } from "./protocol" */
/** @import { Live } from "./live.js" */
/** @import { Stage } from "./stage.js" */

const FEW = 12;
const MOST = 64;
const MOST_CHIPS = 16;

export class ActivationsPanel {
  /** @type {ActivationsReply | null} */ #reply = null;
  /** What the reply answers. */ #answered = "";
  #count = FEW;
  #live;
  #view;
  #stage;
  #layer = element("select", {
    onchange: () => {
      this.#view.layer = this.#layer.value;
      this.#view.channel = null;
      this.#ask();
    },
  });
  #rank = element("select", {
    onchange: () => {
      this.#view.rank = /** @type {View["rank"]} */ (this.#rank.value);
      this.#ask();
    },
  });
  #steered;
  #said = element("p", { class: "quiet", role: "status" });
  #grid = element("div", { class: "channels", role: "group", "aria-label": "Channels" });
  #more = element(
    "button",
    {
      type: "button",
      class: "button",
      onclick: () => {
        this.#count = MOST;
        this.#ask();
      },
    },
    "More channels",
  );
  #tools = element("div", { class: "channel-tools", hidden: true });
  #title = element("strong");
  #value = element("input", { type: "number", value: 5, step: 0.5, min: -1000, max: 1000, class: "short" });
  #factor = element("input", { type: "number", value: 0, step: 0.5, min: -1000, max: 1000, class: "short" });
  #setting = element("input", { type: "checkbox", onchange: () => this.#arm() });

  /**
   * @param {Live} live
   * @param {View} view
   * @param {Stage} stage
   */
  constructor(live, view, stage) {
    this.#live = live;
    this.#view = view;
    this.#stage = stage;
    this.#steered = segments(
      "With or without steering",
      /** @type {const} */ ([
        ["baseline", "baseline"],
        ["steered", "steered"],
      ]),
      (side) => {
        view.steered = side === "steered";
        this.#ask();
      },
    );
    this.#fillTools();
    this.element = element(
      "section",
      { class: "card", "aria-label": "Activations" },
      element("label", { class: "field wide" }, element("span", {}, "layer"), this.#layer),
      element(
        "div",
        { class: "row" },
        element("label", { class: "field" }, element("span", {}, "sort by"), this.#rank),
        this.#steered.element,
      ),
      this.#tools,
      this.#said,
      this.#grid,
      this.#more,
    );
    live.on("numbers", () => this.#ask());
    live.on("policy", () => this.#ask());
    live.on("view", () => this.#ask());
  }

  get #shown() {
    return this.#view.tab === "activations";
  }

  #fillTools() {
    const scale = element(
      "button",
      { type: "button", class: "button", onclick: () => this.#scale(this.#factor.valueAsNumber) },
      "Scale",
    );
    const ablate = element(
      "button",
      { type: "button", class: "button", onclick: () => this.#scale(0) },
      "Ablate",
    );
    this.#tools.append(
      element("div", { class: "row" }, this.#title),
      element(
        "div",
        { class: "row" },
        element("label", { class: "check" }, this.#setting, "a click in the maze sets it there to"),
        element("label", {}, element("span", { class: "unseen" }, "value to set"), this.#value),
      ),
      element(
        "div",
        { class: "row" },
        ablate,
        scale,
        element("label", { class: "check" }, "by", this.#factor),
      ),
    );
  }

  #ask() {
    const { scene, policy, settled } = this.#live;
    this.#lay();
    if (!this.#shown || !scene || !this.#live.can("activations") || policy?.policy !== scene.policy) return;
    const layers = policy.layers.filter(({ shape }) => shape.length === 3).map(({ name }) => name);
    if (!this.#view.layer || !layers.includes(this.#view.layer))
      this.#view.layer = layers.includes(scene.layer) ? scene.layer : layers[0];
    const { layer, rank, before, steered, channel } = this.#view;
    fill(
      this.#layer,
      layers.map((name) => [name, name]),
      layer ?? "",
    );
    fill(
      this.#rank,
      [
        ["cheese", "how well they track the cheese"],
        ["change", before ? "change since the remembered maze" : "change since a remembered maze"],
        ["none", "number"],
      ],
      rank,
    );
    this.#steered.choose(steered ? "steered" : "baseline");
    if (!settled) return;
    if (rank === "change" && !before) {
      this.#said.textContent = "Remember a maze under “steering” first, then change it.";
      return;
    }
    const request = {
      scene,
      layer,
      rank,
      before: rank === "change" ? before : null,
      steered,
      count: this.#count,
    };
    void this.#fetch(request, channel);
  }

  /**
   * @param {Record<string, unknown>} request
   * @param {number | null} channel
   */
  async #fetch(request, channel) {
    const asked = JSON.stringify([request, channel]);
    if (asked === this.#answered) return;
    this.#answered = asked;
    try {
      const reply = /** @type {ActivationsReply} */ (await this.#live.ask("activations", request));
      if (
        channel !== null &&
        channel < reply.shape[0] &&
        !reply.maps.some((map) => map.channel === channel)
      ) {
        const alone = { ...request, channels: [channel] };
        const extra = /** @type {ActivationsReply} */ (await this.#live.ask("activations", alone));
        reply.maps.push(...extra.maps);
      }
      this.#reply = reply;
      this.#said.textContent = `${reply.shape[0]} channels of ${reply.shape[1]} × ${reply.shape[2]}`;
      this.#show();
    } catch (error) {
      if (this.#answered === asked) this.#answered = "";
      if (error instanceof Refused) this.#said.textContent = error.message;
    }
  }

  #show() {
    const reply = /** @type {ActivationsReply} */ (this.#reply);
    const scores = new Map(reply.ranking.map((row) => [row.channel, row]));
    this.#more.hidden = reply.maps.length >= Math.min(reply.shape[0], MOST);
    const focused = this.#grid.querySelector(":focus")?.getAttribute("data-channel");
    this.#grid.replaceChildren(
      ...reply.maps.map(({ channel, values }) => {
        const row = scores.get(channel);
        const score = this.#view.rank === "none" || !row ? "" : (row.hits ?? row.score).toFixed(2);
        const picture = mapPicture(values);
        picture.setAttribute("aria-hidden", "true");
        return element(
          "button",
          {
            type: "button",
            class: "channel",
            "data-channel": channel,
            "aria-pressed": String(channel === this.#view.channel),
            "aria-label": `channel ${channel}${score && `, ${score}`}`,
            onclick: () => this.#pick(channel),
          },
          picture,
          element("span", {}, `${channel}`),
          element("span", { class: "quiet" }, score),
        );
      }),
    );
    if (focused)
      /** @type {HTMLElement | null} */ (this.#grid.querySelector(`[data-channel="${focused}"]`))?.focus();
    this.#lay();
  }

  /** @param {number} channel */
  #pick(channel) {
    this.#view.channel = this.#view.channel === channel ? null : channel;
    for (const button of this.#grid.children)
      button.setAttribute(
        "aria-pressed",
        String(button.getAttribute("data-channel") === String(this.#view.channel)),
      );
    this.#lay();
    this.#live.tell("view");
  }

  /** Lay the chosen channel over the maze. */
  #lay() {
    const { channel } = this.#view;
    const map = this.#reply?.maps.find((other) => other.channel === channel);
    const values = this.#shown && map ? map.values : null;
    this.#tools.hidden = !this.#shown || channel === null;
    this.#title.textContent = channel === null ? "" : `channel ${channel}`;
    if (channel === null) this.#setting.checked = false;
    this.#arm();
    if (this.#stage.heat === values) return;
    this.#stage.heat = values;
    this.#stage.draw();
  }

  #arm() {
    const armed = this.#shown && this.#setting.checked;
    if (armed) {
      this.#stage.tool = "set";
      this.#stage.onSet = (cell) => this.#set(cell);
    } else if (this.#stage.tool === "set") this.#stage.tool = "draw";
    this.#stage.element.classList.toggle("setting", armed);
  }

  /** @param {Cell} cell */
  #set(cell) {
    const { layer, channel } = this.#view;
    const value = this.#value.valueAsNumber;
    if (layer === null || channel === null || !Number.isFinite(value)) return;
    this.#addChip({ do: "set", layer, channel, cell, value });
  }

  /** @param {number} factor */
  #scale(factor) {
    const { layer, channel } = this.#view;
    if (layer === null || channel === null || !Number.isFinite(factor)) return;
    this.#addChip({ do: "scale", layer, channel, factor });
  }

  /** @param {Chip} chip */
  #addChip(chip) {
    const chips = this.#live.scene?.chips ?? [];
    const others = chips.filter((other) => !sameTarget(other, chip));
    if (others.length >= MOST_CHIPS)
      this.#said.textContent = `There are ${MOST_CHIPS} changes already: remove one.`;
    else this.#live.change({ patch: { chips: [...others, chip] } });
  }
}

/**
 * @param {Chip} a
 * @param {Chip} b
 * @returns {boolean} Whether one takes the other's place.
 */
function sameTarget(a, b) {
  const one = a.do === b.do && a.layer === b.layer && a.channel === b.channel;
  return one && (a.do !== "set" || b.do !== "set" || a.cell.join() === b.cell.join());
}
