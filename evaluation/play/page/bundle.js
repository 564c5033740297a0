// Answers out of what a bundle holds: a few levels, each with its numbers on a grid of coefficients.

/** @import { Bundle, Numbers, PackedNumbers, Problem, Reply, Request, Scene, ShowRequest, Sliders, Transport } from "./protocol" */

/**
 * @param {Bundle} bundle
 * @returns {Transport}
 */
export function bundleTransport(bundle) {
  /** @type {(reply: Reply) => void} */
  let deliver;
  return {
    start({ opened, message }) {
      deliver = message;
      opened();
    },
    /** @param {Request} request */
    send(request) {
      queueMicrotask(() => answer(bundle, request).forEach(deliver));
    },
    close() {},
  };
}

/**
 * @param {Bundle} bundle
 * @param {Request} request
 * @returns {Reply[]}
 */
function answer(bundle, request) {
  if (request.kind === "hello") return [{ ...bundle.hello, id: request.id }];
  if (request.kind === "show") return show(bundle, /** @type {ShowRequest} */ (request));
  return [{ kind: "error", id: request.id, about: "message", message: "this page has no server" }];
}

/**
 * @param {Bundle} bundle
 * @param {ShowRequest} request
 * @returns {Reply[]}
 */
function show(bundle, request) {
  const place = placeAfter(bundle, request);
  if (typeof place !== "number") return [{ kind: "error", id: request.id, ...place }];
  const { maze, cells, baseline, grid } = bundle.mazes[place];
  const words = bundle.hello.words;
  const sliders = onGrid(bundle, request.sliders ?? slidersOf(request.scene.condition));
  /** @type {Scene} */
  const scene = { ...bundle.hello.scene, maze: maze.text, condition: conditionOf(sliders) };
  let point = 0;
  for (const word of words) {
    const values = bundle.coefficients[word];
    point = point * values.length + values.indexOf(sliders[word]);
  }
  const side = grid[point];
  const steers = words.some((word) => sliders[word] !== 0);
  /** @type {Problem | null} */
  const problem = side
    ? null
    : { about: "condition", message: `${scene.condition} does not exist in this maze` };
  /** @type {Reply} */
  const numbers = {
    kind: "numbers",
    id: request.id,
    scene,
    sliders,
    others: "",
    cells,
    baseline: unpacked(baseline),
    steered: steers && side ? unpacked(side) : null,
    problem,
    milliseconds: 0,
  };
  const had = request.have_maze && maze.text === request.scene.maze;
  return had ? [numbers] : [{ kind: "maze", id: request.id, scene, maze }, numbers];
}

/**
 * @param {Bundle} bundle
 * @param {ShowRequest} request
 * @returns {number | Problem} The place of a maze.
 */
function placeAfter(bundle, { scene, edit }) {
  const mazes = bundle.mazes.map(({ maze }) => maze);
  const here = Math.max(
    mazes.findIndex(({ text }) => text === scene.maze),
    0,
  );
  if (!edit) return here;
  const count = mazes.length;
  if (edit.do === "next") return (here + 1) % count;
  if (edit.do === "previous") return (here + count - 1) % count;
  if (edit.do === "random") return (here + 1 + (edit.seed % Math.max(count - 1, 1))) % count;
  const wanted =
    edit.do === "level"
      ? mazes.findIndex(({ level }) => level === edit.level)
      : edit.do === "size"
        ? mazes.findIndex(({ size }) => size === edit.size)
        : -1;
  if (wanted >= 0) return wanted;
  const levels = mazes.map(({ level }) => level).join(", ");
  return { about: "maze", message: `this page has no server and holds levels ${levels} as they are` };
}

/**
 * @param {Bundle} bundle
 * @param {Sliders} sliders
 * @returns {Sliders} The nearest of which there are numbers.
 */
function onGrid(bundle, sliders) {
  /** @type {Sliders} */
  const nearest = {};
  for (const word of bundle.hello.words) {
    const wanted = sliders[word] ?? 0;
    nearest[word] = bundle.coefficients[word].reduce((best, value) =>
      Math.abs(value - wanted) < Math.abs(best - wanted) ? value : best,
    );
  }
  return nearest;
}

/**
 * @param {string} condition
 * @returns {Sliders}
 */
function slidersOf(condition) {
  /** @type {Sliders} */
  const sliders = {};
  for (const [, sign, number, word] of condition.matchAll(/([+-]?)\s*(?:([\d.]+)\*)?([a-z_]+)/g))
    sliders[word] = (sign === "-" ? -1 : 1) * Number(number ?? 1);
  return sliders;
}

/**
 * @param {Sliders} sliders
 * @returns {string}
 */
function conditionOf(sliders) {
  const terms = Object.entries(sliders).filter(([, value]) => value !== 0);
  terms.sort(([, a], [, b]) => Math.sign(b) - Math.sign(a));
  const texts = terms.map(([word, value], place) => {
    const size = Math.abs(value) === 1 ? word : `${Math.abs(value)}*${word}`;
    if (place === 0) return value < 0 ? `-${size}` : size;
    return value < 0 ? `- ${size}` : `+ ${size}`;
  });
  return texts.join(" ") || "baseline";
}

/**
 * @param {PackedNumbers} packed
 * @returns {Numbers}
 */
function unpacked({ arrows, time, ...measured }) {
  const parts = Int8Array.from(bytes(arrows.int8));
  /** @type {Numbers["arrows"]} */
  const pairs = [];
  for (let place = 0; place < parts.length; place += 2)
    pairs.push(parts[place] === -128 ? null : [parts[place] * arrows.scale, parts[place + 1] * arrows.scale]);
  const times = Array.from(bytes(time.uint8), (shade) => (shade / 255) ** time.power * time.scale);
  return { ...measured, arrows: pairs, time: times };
}

/**
 * @param {string} base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytes(base64) {
  return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
}
