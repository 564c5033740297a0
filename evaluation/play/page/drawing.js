// What a canvas of the maze shows, drawn from plain values.

/** @import { Cell, MazeFacts } from "./protocol" */

/**
 * A square of the world as pixels of a canvas.
 *
 * @typedef {{ row: number, col: number, side: number }} Square
 */

export const COLOURS = {
  baseline: "#ffffff",
  steered: "#ffb454",
  difference: "#7ee8df",
  outline: "rgba(12, 14, 18, 0.9)",
  veil: "rgba(10, 12, 16, 0.42)",
  mark: "#ffe27a",
  cursor: "#6cc7ff",
};

const WORLD = 25;
/** The least length of an arrow, as a part of a cell, that is not drawn as a dot. */
const DOT = 0.06;

export class Painter {
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Square} view
   * @param {number} pixels - Side of the canvas.
   */
  constructor(context, view, pixels) {
    this.context = context;
    this.view = view;
    this.pixels = pixels;
    this.cell = pixels / view.side;
  }

  /**
   * @param {Cell | readonly number[]} cell
   * @returns {[number, number]} The left and upper edge of a cell.
   */
  corner([row, col]) {
    const { view, cell } = this;
    return [(col - view.col) * cell, (view.row + view.side - 1 - row) * cell];
  }

  /** @param {CanvasImageSource} picture */
  picture(picture) {
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(picture, 0, 0, this.pixels, this.pixels);
  }

  /** @param {MazeFacts} maze */
  veil(maze) {
    this.context.fillStyle = COLOURS.veil;
    maze.walls.forEach((cells, row) => {
      for (let col = 0; col < cells.length; col++) if (cells[col] === ".") this.fill([row, col]);
    });
  }

  /**
   * @param {Cell | readonly number[]} cell
   * @param {number} [inset]
   */
  fill(cell, inset = 0) {
    const [left, top] = this.corner(cell);
    const size = this.cell - 2 * inset;
    this.context.fillRect(left + inset, top + inset, size, size);
  }

  /**
   * The expected time in each cell; where it is a difference, orange is more and blue is less.
   *
   * @param {Cell[]} cells
   * @param {number[]} times
   */
  times(cells, times) {
    const longest = Math.max(1, ...times.map(Math.abs));
    cells.forEach((cell, place) => {
      const share = Math.sqrt(Math.abs(times[place]) / longest);
      if (share < 0.02) return;
      const colour = times[place] < 0 ? "84, 160, 255" : "255, 122, 40";
      this.context.fillStyle = `rgba(${colour}, ${0.12 + 0.78 * share})`;
      this.fill(cell);
    });
  }

  /**
   * A map of activations: orange above 0, blue below.
   *
   * @param {number[][]} values - The top row first, over the whole world.
   */
  heat(values) {
    const { view, pixels, context } = this;
    const width = values[0].length / WORLD;
    const height = values.length / WORLD;
    context.imageSmoothingEnabled = false;
    context.drawImage(
      mapPicture(values, 0.85),
      view.col * width,
      (WORLD - view.row - view.side) * height,
      view.side * width,
      view.side * height,
      0,
      0,
      pixels,
      pixels,
    );
  }

  /**
   * @param {Cell[]} cells
   * @param {(readonly [number, number] | null)[]} arrows
   * @param {string} colour
   * @param {number} opacity
   */
  arrows(cells, arrows, colour, opacity) {
    const { context, cell: size } = this;
    const heads = new Path2D();
    const dots = new Path2D();
    cells.forEach((cell, place) => {
      const arrow = arrows[place];
      if (!arrow) return;
      const length = Math.min(Math.hypot(...arrow), 1.2);
      const [left, top] = this.corner(cell);
      const [x, y] = [left + size / 2, top + size / 2];
      if (length < DOT) dots.addPath(circle(x, y, Math.max(size * 0.05, 1)));
      else
        heads.addPath(
          needle(x, y, Math.atan2(-arrow[1], arrow[0]), size * (0.26 + 0.56 * Math.min(length, 1)), size),
        );
    });
    context.save();
    context.globalAlpha = opacity;
    context.lineJoin = "round";
    context.strokeStyle = COLOURS.outline;
    context.lineWidth = Math.max(size * 0.11, 2);
    context.stroke(heads);
    context.fillStyle = colour;
    context.fill(heads);
    context.globalAlpha = opacity * 0.75;
    context.fill(dots);
    context.restore();
  }

  /** @param {MazeFacts} maze */
  places(maze) {
    const { context, cell } = this;
    const { region, decision_square: decision } = maze;
    const [left, top] = this.corner([region.row + region.side - 1, region.col]);
    context.save();
    context.strokeStyle = COLOURS.mark;
    context.lineWidth = Math.max(cell * 0.05, 1.25);
    context.setLineDash([cell * 0.22, cell * 0.18]);
    context.globalAlpha = 0.75;
    context.strokeRect(left, top, region.side * cell, region.side * cell);
    context.setLineDash([]);
    context.globalAlpha = 1;
    if (decision) this.ring(decision, COLOURS.mark);
    context.restore();
  }

  /**
   * @param {Cell} cell
   * @param {string} colour
   */
  ring(cell, colour) {
    const { context, cell: size } = this;
    const [left, top] = this.corner(cell);
    context.strokeStyle = COLOURS.outline;
    context.lineWidth = Math.max(size * 0.16, 3);
    context.strokeRect(left + 1, top + 1, size - 2, size - 2);
    context.strokeStyle = colour;
    context.lineWidth = Math.max(size * 0.08, 1.5);
    context.strokeRect(left + 1, top + 1, size - 2, size - 2);
  }

  /**
   * @param {CanvasImageSource} picture
   * @param {readonly [number, number]} cell - May lie between cells.
   * @param {{ mirrored?: boolean, opacity?: number, glow?: string }} [how]
   */
  sprite(picture, cell, { mirrored = false, opacity = 1, glow } = {}) {
    const { context, cell: size } = this;
    const [left, top] = this.corner(cell);
    context.save();
    context.imageSmoothingEnabled = true;
    context.globalAlpha = opacity;
    context.translate(left + size / 2, top + size / 2);
    if (mirrored) context.scale(-1, 1);
    if (glow) context.drawImage(glowing(picture, size, glow), -size, -size, 2 * size, 2 * size);
    else context.drawImage(picture, -size / 2, -size / 2, size, size);
    context.restore();
  }

  /**
   * @param {(readonly number[])[]} cells - The cells of a way.
   * @param {string} colour
   * @param {number} shift - By which part of a cell it lies beside their middle, so that two can be told apart.
   */
  trail(cells, colour, shift) {
    const { context, cell: size } = this;
    context.save();
    context.beginPath();
    cells.forEach((cell, place) => {
      const [left, top] = this.corner(cell);
      const middle = size * (0.5 + shift);
      if (place === 0) context.moveTo(left + middle, top + middle);
      else context.lineTo(left + middle, top + middle);
    });
    context.lineCap = context.lineJoin = "round";
    context.globalAlpha = 0.85;
    context.strokeStyle = COLOURS.outline;
    context.lineWidth = size * 0.19;
    context.stroke();
    context.strokeStyle = colour;
    context.lineWidth = size * 0.11;
    context.stroke();
    context.restore();
  }
}

/** @type {WeakMap<CanvasImageSource, Map<string, HTMLCanvasElement>>} */
const glows = new WeakMap();
const MOST_GLOWS = 16;

/**
 * A picture in its glow, drawn once: to blur it for every frame takes longer than all else that a frame shows.
 *
 * @param {CanvasImageSource} picture
 * @param {number} size
 * @param {string} glow
 * @returns {HTMLCanvasElement} Twice as wide as the picture, which is in its middle.
 */
function glowing(picture, size, glow) {
  const key = `${size} ${glow}`;
  let drawn = glows.get(picture);
  if (!drawn || drawn.size > MOST_GLOWS) glows.set(picture, (drawn = new Map()));
  const known = drawn.get(key);
  if (known) return known;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(2 * size);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(canvas.width / (2 * size), canvas.height / (2 * size));
  context.shadowColor = glow;
  context.shadowBlur = size * 0.35;
  context.drawImage(picture, size / 2, size / 2, size, size);
  drawn.set(key, canvas);
  return canvas;
}

/**
 * @param {number[][]} values
 * @param {number} most - The opacity of the largest.
 * @returns {HTMLCanvasElement} A pixel for each value: orange above 0, blue below.
 */
export function mapPicture(values, most = 1) {
  const canvas = document.createElement("canvas");
  canvas.width = values[0].length;
  canvas.height = values.length;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(canvas.width, canvas.height);
  const largest = Math.max(1e-9, ...values.flat().map(Math.abs));
  values.flat().forEach((value, place) => {
    const colour = value < 0 ? [70, 150, 255] : [255, 140, 40];
    image.data.set([...colour, Math.round((255 * most * Math.abs(value)) / largest)], 4 * place);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @returns {Path2D}
 */
function circle(x, y, radius) {
  const path = new Path2D();
  path.arc(x, y, radius, 0, 2 * Math.PI);
  return path;
}

/**
 * An arrow as one closed shape, which stays legible when it is a few pixels long.
 *
 * @param {number} x
 * @param {number} y
 * @param {number} angle
 * @param {number} length
 * @param {number} cell
 * @returns {Path2D}
 */
function needle(x, y, angle, length, cell) {
  const half = length / 2;
  const head = Math.min(length * 0.6, cell * 0.36);
  const wide = Math.min(head * 0.66, cell * 0.22);
  const thin = Math.max(cell * 0.045, 0.9);
  const path = new Path2D();
  const shape = [
    [half, 0],
    [half - head, wide],
    [half - head * 0.8, thin],
    [-half, thin],
    [-half, -thin],
    [half - head * 0.8, -thin],
    [half - head, -wide],
  ];
  shape.forEach(([along, across], place) => {
    const px = x + along * Math.cos(angle) - across * Math.sin(angle);
    const py = y + along * Math.sin(angle) + across * Math.cos(angle);
    if (place === 0) path.moveTo(px, py);
    else path.lineTo(px, py);
  });
  path.closePath();
  return path;
}
