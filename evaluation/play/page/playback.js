// Episodes that are played: one mouse without steering, and one with it.

import { element, fill, icon, iconButton, still } from "./elements.js";
import { Refused } from "./live.js";

/** @import { EpisodeReply, Side } from "./protocol" */
/** @import { Live } from "./live.js" */
/** @import { Stage } from "./stage.js" */

const SPEEDS = /** @type {const} */ ([
  ["2", "slow"],
  ["6", "normal"],
  ["15", "fast"],
  ["40", "very fast"],
]);

export class Playback {
  /** @type {EpisodeReply | null} */ #episode = null;
  #time = 0;
  #last = 0;
  #running = false;
  #timer = 0;
  #seed = 0;
  #wanted = 0;
  #live;
  #stage;
  #play = iconButton("play", "Play an episode", () => void this.toggle());
  #bar = element("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 1,
    value: 0,
    disabled: true,
    "aria-label": "Step of the episode",
    oninput: () => this.#seek(Number(this.#bar.value)),
  });
  #speed = element("select", { "aria-label": "Speed" });
  #how = element("select", {
    "aria-label": "How actions are chosen",
    onchange: () => void this.#again(false),
  });
  #said = element("output", { class: "quiet said" });
  #end = iconButton("cross", "End the episode", () => this.end(), { hidden: true });
  #line = element("div", { class: "playback-bar", hidden: true }, this.#bar, this.#said);

  /**
   * @param {Live} live
   * @param {Stage} stage
   */
  constructor(live, stage) {
    this.#live = live;
    this.#stage = stage;
    stage.playback = this;
    fill(this.#speed, SPEEDS, "6");
    fill(
      this.#how,
      [
        ["sampled", "sampled"],
        ["likeliest", "likeliest"],
      ],
      "sampled",
    );
    this.element = element(
      "section",
      { class: "playback", "aria-label": "Episode", hidden: true },
      this.#play,
      iconButton("step", "One step", () => void this.step()),
      iconButton("again", "Another sample", () => void this.#again(true)),
      this.#how,
      this.#speed,
      this.#end,
      this.#line,
    );
    live.on("hello", () => (this.element.hidden = !live.can("episode")));
    live.on("busy", () => {
      if (!live.settled) this.#drop();
    });
  }

  /** Whether an episode lies over the maze. */
  get active() {
    return this.#episode !== null;
  }

  get seed() {
    return this.#seed;
  }

  get likeliest() {
    return this.#how.value === "likeliest";
  }

  /** @param {Side} side */
  frame(side) {
    const episode = this.#episode?.[side];
    if (!episode) return undefined;
    const { states, outcome } = episode;
    const whole = Math.min(Math.floor(this.#time), states.length - 1);
    const part = still() ? 0 : Math.min(this.#time - whole, 1);
    const [row, col] = states[whole];
    const [nextRow, nextCol, facing] = states[Math.min(whole + 1, states.length - 1)];
    /** @type {[number, number]} */
    const at = [row + (nextRow - row) * part, col + (nextCol - col) * part];
    return {
      at,
      facingRight: Boolean(part > 0 ? facing : states[whole][2]),
      trail: [...states.slice(0, whole + 1), at],
      eaten: outcome === "cheese" && whole === states.length - 1,
    };
  }

  async toggle() {
    if (this.#running) {
      this.#pause();
      return;
    }
    if (!(await this.#ready())) return;
    if (this.#time >= this.#steps) this.#time = 0;
    this.#running = true;
    this.#last = performance.now();
    this.#timer = requestAnimationFrame((now) => this.#tick(now));
    this.#show();
  }

  async step() {
    this.#pause();
    if (await this.#ready()) this.#seek(Math.min(Math.floor(this.#time) + 1, this.#steps));
  }

  end() {
    this.#wanted++;
    this.#drop();
  }

  #drop() {
    this.#pause();
    if (!this.#episode) return;
    this.#episode = null;
    this.#time = 0;
    this.#show();
    this.#stage.draw();
  }

  close() {
    cancelAnimationFrame(this.#timer);
  }

  /** @param {boolean} another */
  async #again(another) {
    const was = this.#running || another;
    if (!this.#episode && !another) return;
    this.#pause();
    if (another) this.#seed = this.#episode || this.#time ? this.#seed + 1 : this.#seed;
    this.#episode = null;
    this.#time = 0;
    if (was) await this.toggle();
    else await this.#ready();
  }

  get #steps() {
    const { baseline, steered } = /** @type {EpisodeReply} */ (this.#episode);
    return Math.max(baseline.states.length, steered?.states.length ?? 0) - 1;
  }

  /** @returns {Promise<boolean>} Whether there is an episode to play. */
  async #ready() {
    if (this.#episode) return true;
    const wanted = ++this.#wanted;
    await this.#live.whenSettled();
    const { scene } = this.#live;
    if (!scene || wanted !== this.#wanted) return false;
    try {
      const request = { scene, likeliest: this.likeliest, seed: this.#seed };
      const episode = /** @type {EpisodeReply} */ (await this.#live.ask("episode", request));
      if (wanted !== this.#wanted || scene !== this.#live.scene) return false;
      this.#episode = episode;
      this.#stage.draw();
      this.#show();
      return true;
    } catch (error) {
      if (error instanceof Refused) this.#live.tell("refused", { problem: error });
      return false;
    }
  }

  #pause() {
    this.#running = false;
    cancelAnimationFrame(this.#timer);
    this.#show();
  }

  /** @param {number} time */
  #seek(time) {
    this.#pause();
    this.#time = time;
    this.#show();
    this.#stage.draw();
  }

  /** @param {number} now */
  #tick(now) {
    if (!this.#running || !this.#episode) return;
    const passed = (Math.max(now - this.#last, 0) / 1000) * Number(this.#speed.value);
    this.#time = Math.min(this.#time + passed, this.#steps);
    this.#last = now;
    if (this.#time >= this.#steps) this.#running = false;
    this.#show();
    this.#stage.draw();
    if (this.#running) this.#timer = requestAnimationFrame((next) => this.#tick(next));
  }

  #show() {
    const label = this.#running ? "Pause" : "Play an episode";
    if (this.#play.title !== label) {
      this.#play.replaceChildren(icon(this.#running ? "pause" : "play"));
      this.#play.title = label;
      this.#play.setAttribute("aria-label", label);
    }
    const episode = this.#episode;
    this.#bar.disabled = this.#end.hidden = this.#line.hidden = !episode;
    if (!episode) return;
    this.#bar.max = String(this.#steps);
    this.#bar.value = String(Math.floor(this.#time));
    this.#bar.style.setProperty("--high", `${(100 * this.#time) / this.#steps}%`);
    const ended = [];
    for (const side of /** @type {const} */ (["baseline", "steered"])) {
      const steps = (episode[side]?.states.length ?? 0) - 1;
      if (episode[side] && this.#time >= steps)
        ended.push(`${side}: ${episode[side].outcome} after ${steps}`);
    }
    const colours = episode.steered && ended.length === 0 ? ["white: baseline, orange: steered"] : [];
    this.#said.textContent = [`step ${Math.floor(this.#time)} of ${this.#steps}`, ...colours, ...ended].join(
      " · ",
    );
  }
}
