// What is shown, what was before, and what is asked for: of requests that supersede each other the newest counts.

/**
 * @import { Edit, Hello, MazeFacts, NumbersReply, PolicyReply, Problem, Reply, Scene, ShowRequest, Sliders, Transport }
 *   from "./protocol"
 */

/**
 * A change of the scene.
 *
 * @typedef {object} Change
 * @property {string} [key] - A change replaces an older one of the same key that still waits.
 * @property {number} [gesture] - Changes of one gesture are undone together.
 * @property {Scene} [from] - The scene that is changed; the newest one unless given.
 * @property {Partial<Scene>} [patch]
 * @property {Sliders} [sliders]
 * @property {Edit} [edit]
 * @property {"undo" | "redo" | "start"} [travel] - A change that is not one to undo.
 */

/** @typedef {"hello" | "policy" | "maze" | "numbers" | "refused" | "online" | "busy" | "history" | "view"} Topic */

/** The answer to a request came too late to be wanted, or never. */
export class Superseded extends Error {}

/** A request that was refused. */
export class Refused extends Error {
  /** @param {Problem} problem */
  constructor({ about, message }) {
    super(message);
    this.about = about;
  }
}

const SUPERSEDING = ["activations", "episode"];
const MOST_UNDONE = 200;

export class Live {
  /** @type {Scene | null} */ scene = null;
  /** @type {MazeFacts | null} */ maze = null;
  /** @type {NumbersReply | null} */ numbers = null;
  /** @type {Hello | null} */ hello = null;
  /** @type {PolicyReply | null} */ policy = null;
  online = false;

  /** @type {Change[]} */ #waiting = [];
  /** @type {{ id: number, change: Change, placed: boolean } | null} */ #flying = null;
  /** @type {Scene[]} */ #past = [];
  /** @type {Scene[]} */ #future = [];
  #gestures = 0;
  #lastGesture = -1;
  #ids = 0;
  /** @type {Map<number, { kind: string, resolve: (reply: any) => void, reject: (error: Error) => void }>} */
  #asked = new Map();
  /** @type {(() => void)[]} */ #whenSettled = [];
  /** @type {Map<Topic, Set<(detail?: any) => void>>} */ #listeners = new Map();
  #transport;
  #first;

  /**
   * @param {Transport} transport
   * @param {Scene | null} first - The scene to begin with, if the page has one.
   */
  constructor(transport, first) {
    this.#transport = transport;
    this.#first = first;
  }

  start() {
    this.#transport.start({
      opened: () => this.#transport.send({ kind: "hello", id: this.#ids++ }),
      closed: () => this.#closed(),
      message: (reply) => this.#received(reply),
    });
  }

  close() {
    this.#transport.close();
  }

  /**
   * @param {Topic} topic
   * @param {(detail?: any) => void} listener
   */
  on(topic, listener) {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
  }

  /**
   * @param {Topic} topic
   * @param {unknown} [detail]
   */
  tell(topic, detail) {
    this.#listeners.get(topic)?.forEach((listener) => listener(detail));
  }

  /** Whether nothing is asked for that would change what is shown. */
  get settled() {
    return this.#flying === null && this.#waiting.length === 0;
  }

  /** @returns {Promise<void>} Fulfilled as soon as nothing is asked for that would change what is shown. */
  whenSettled() {
    return new Promise((resolve) => {
      if (this.settled) resolve();
      else this.#whenSettled.push(resolve);
    });
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** @param {string} kind */
  can(kind) {
    return this.hello?.can.includes(kind) ?? false;
  }

  /** @returns {number} A number for the changes of one gesture. */
  gesture() {
    return ++this.#gestures;
  }

  /** @param {Change} change */
  change(change) {
    const last = this.#waiting.at(-1);
    if (change.key !== undefined && last?.key === change.key) this.#waiting.pop();
    this.#waiting.push(change);
    this.#sendNext();
  }

  /** @param {Edit} edit */
  edit(edit) {
    this.change({ edit });
  }

  undo() {
    this.#travel("undo");
  }

  redo() {
    this.#travel("redo");
  }

  /** @param {"undo" | "redo"} travel */
  #travel(travel) {
    const from = travel === "undo" ? this.#past.at(-1) : this.#future.at(-1);
    if (!from) return;
    this.#waiting = [];
    this.change({ travel, from });
  }

  /**
   * Ask for something that does not change the scene.
   *
   * @param {string} kind
   * @param {Record<string, unknown>} fields
   * @returns {Promise<any>} The reply; rejected with `Superseded` or `Refused`.
   */
  ask(kind, fields) {
    if (SUPERSEDING.includes(kind)) this.#giveUp((other) => other === kind);
    const id = this.#ids++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { kind, resolve, reject });
      this.#transport.send({ kind, id, ...fields });
    });
  }

  /** @param {(kind: string) => boolean} which */
  #giveUp(which) {
    for (const [id, { kind, reject }] of this.#asked) {
      if (!which(kind)) continue;
      this.#asked.delete(id);
      reject(new Superseded());
    }
  }

  #sendNext() {
    const next = this.#waiting[0];
    const flying = this.#flying;
    const wait = flying && !(flying.placed && (next?.key === undefined || next.key !== flying.change.key));
    if (!next || !this.online || wait) return;
    this.#waiting.shift();
    const { from, patch, sliders, edit } = next;
    const base = from ?? this.scene;
    if (!base) return;
    const scene = { ...base, ...patch };
    const id = this.#ids++;
    this.#flying = { id, change: next, placed: false };
    /** @type {ShowRequest} */
    const request = { kind: "show", id, scene, have_maze: this.maze?.text === scene.maze };
    if (sliders) request.sliders = sliders;
    if (edit) request.edit = edit;
    this.#transport.send(request);
    this.tell("busy");
  }

  #closed() {
    this.online = false;
    if (this.#flying) this.#waiting.unshift(this.#flying.change);
    this.#flying = null;
    this.#giveUp(() => true);
    this.tell("online");
  }

  /** @param {Reply} reply */
  #received(reply) {
    if (reply.kind === "hello") {
      this.#welcomed(reply);
      return;
    }
    const asked = reply.id === null ? undefined : this.#asked.get(reply.id);
    if (asked && reply.id !== null) {
      this.#asked.delete(reply.id);
      if (reply.kind === "error") asked.reject(new Refused(reply));
      else if (reply.kind === "stale") asked.reject(new Superseded());
      else asked.resolve(reply);
      return;
    }
    if (reply.id !== this.#flying?.id) return;
    if (reply.kind === "maze") this.#placed(reply.scene, reply.maze);
    else if (reply.kind === "numbers") this.#counted(reply);
    else this.#failed(reply.kind === "error" ? reply : null);
    this.#sendNext();
    this.tell("busy");
    if (this.settled) this.#whenSettled.splice(0).forEach((resolve) => resolve());
  }

  /** @param {Hello} hello */
  #welcomed(hello) {
    this.hello = hello;
    this.online = true;
    this.tell("hello");
    this.tell("online");
    this.#waiting.unshift({ travel: "start", from: this.scene ?? this.#first ?? hello.scene });
    this.#sendNext();
  }

  /**
   * @param {Scene} scene
   * @param {MazeFacts} maze
   */
  #placed(scene, maze) {
    this.maze = maze;
    this.#take(scene);
    this.tell("maze");
  }

  /** @param {NumbersReply} reply */
  #counted(reply) {
    this.#take(reply.scene);
    this.numbers = reply;
    this.#flying = null;
    this.tell("numbers");
    void this.#learnPolicy();
  }

  /** @param {Problem | null} problem - Null where the answer came too late to be given. */
  #failed(problem) {
    const change = this.#flying?.change;
    this.#flying = null;
    if (!problem) return;
    this.tell("refused", { problem, change });
    if (change?.travel !== "start" || this.scene || !this.#first || !this.hello) return;
    this.#first = null;
    this.#waiting.unshift({ travel: "start", from: this.hello.scene });
  }

  /**
   * Take a scene for the page's own, and remember the one before.
   *
   * @param {Scene} scene
   */
  #take(scene) {
    const flying = this.#flying;
    const before = this.scene;
    this.scene = scene;
    if (!flying || flying.placed) return;
    flying.placed = true;
    const { travel, gesture } = flying.change;
    if (!before || travel === "start" || JSON.stringify(before) === JSON.stringify(scene)) return;
    if (travel === "undo") {
      this.#past.pop();
      this.#future.push(before);
    } else {
      if (travel === "redo") this.#future.pop();
      else this.#future = [];
      if (travel === "redo" || gesture === undefined || gesture !== this.#lastGesture)
        this.#past.push(before);
      this.#past = this.#past.slice(-MOST_UNDONE);
    }
    this.#lastGesture = travel || gesture === undefined ? -1 : gesture;
    this.tell("history");
  }

  async #learnPolicy() {
    const wanted = this.scene?.policy;
    if (!wanted || !this.can("policy") || this.policy?.policy === wanted) return;
    try {
      this.policy = await this.ask("policy", { policy: wanted });
      this.tell("policy");
    } catch {
      // it is asked again with the next numbers
    }
  }

  /**
   * Take another policy; the layer stays where the policy has it.
   *
   * @param {string} policy
   */
  async choosePolicy(policy) {
    try {
      const reply = /** @type {PolicyReply} */ (await this.ask("policy", { policy }));
      const has = reply.layers.some(({ name }) => name === this.scene?.layer);
      this.policy = reply;
      this.tell("policy");
      this.change({ patch: has ? { policy } : { policy, layer: reply.default_layer } });
    } catch (error) {
      if (error instanceof Refused)
        this.tell("refused", { problem: { about: error.about, message: error.message } });
    }
  }
}
