// What the page and its server say to each other: docs/play_protocol.md, as types.

/** Row and column in the 25×25 world; row 0 is the bottom row. */
export type Cell = [number, number];
export type Side = "baseline" | "steered";
export type Field = Side | "difference";

export interface Snapshot {
  name: string;
  this: string;
  that: string;
}

export type Chip =
  | { do: "set"; layer: string; channel: number; cell: Cell; value: number }
  | { do: "scale"; layer: string; channel: number; factor: number };

export interface Scene {
  maze: string;
  policy: string;
  layer: string;
  condition: string;
  vectors: Snapshot[];
  chips: Chip[];
  horizon: number;
}

export type Move = "left" | "right" | "up" | "down";

export type Edit =
  | { do: "open" | "wall"; cells: Cell[] }
  | { do: "cheese"; cell: Cell }
  | { do: "mouse"; cell: Cell; facing_right: boolean }
  | { do: "move"; move: Move }
  | { do: "carve"; corner: string }
  | { do: "level"; level: number }
  | { do: "random"; seed: number; size?: number }
  | { do: "size"; size: number }
  | { do: "text"; text: string }
  | { do: "next" | "previous" | "no_cheese" };

export type Sliders = Record<string, number>;

export interface Hello {
  kind: "hello";
  id: number;
  version: string;
  can: string[];
  scene: Scene;
  policies: string[];
  words: string[];
  given: string[];
  sliders: { from: number; to: number; step: number };
  sizes: number[];
  sprites: { mouse: string; cheese: string; wall: string };
}

export interface Layer {
  name: string;
  shape: number[];
}

export interface PolicyReply {
  kind: "policy";
  id: number;
  policy: string;
  layers: Layer[];
  default_layer: string;
}

export interface MazeFacts {
  text: string;
  python: string;
  level: number | null;
  size: number;
  walls: string[];
  view: { row: number; col: number; side: number };
  mouse: Cell;
  facing_right: boolean;
  cheese: Cell | null;
  start: Cell;
  corner: Cell;
  region: { row: number; col: number; side: number };
  decision_square: Cell | null;
  cheese_can_be_reached: boolean;
  picture: string;
}

export interface MazeReply {
  kind: "maze";
  id: number;
  scene: Scene;
  maze: MazeFacts;
}

export interface Measured {
  rates: Record<"cheese" | "corner" | "region" | "elsewhere", number | null>;
  decision: { cheese: number | null; corner: number | null } | null;
  moves: Record<Move | "stay", number> | null;
  steps: number;
  error_bound: number;
}

/** The numbers of one condition: an arrow and a time for each of the cells. */
export interface Numbers extends Measured {
  arrows: (Cell | null)[];
  time: number[];
}

export interface PackedNumbers extends Measured {
  arrows: { int8: string; scale: number };
  time: { uint8: string; scale: number; power: number };
}

export interface Problem {
  about: string;
  message: string;
}

export interface NumbersReply {
  kind: "numbers";
  id: number;
  scene: Scene;
  sliders: Sliders | null;
  others: string;
  cells: Cell[];
  baseline: Numbers;
  steered: Numbers | null;
  problem: Problem | null;
  milliseconds: number;
}

export interface ActivationsReply {
  kind: "activations";
  id: number;
  layer: string;
  shape: number[];
  ranking: { channel: number; score: number; hits?: number }[];
  maps: { channel: number; values: number[][] }[];
}

export interface Episode {
  states: [number, number, number][];
  outcome: string;
}

export interface EpisodeReply {
  kind: "episode";
  id: number;
  baseline: Episode;
  steered: Episode | null;
  problem: Problem | null;
}

export interface FileReply {
  kind: "file";
  id: number;
  name: string;
  type: string;
  data: string;
}

export interface ErrorReply extends Problem {
  kind: "error";
  id: number | null;
}

export type Reply =
  | Hello
  | PolicyReply
  | MazeReply
  | NumbersReply
  | ActivationsReply
  | EpisodeReply
  | FileReply
  | ErrorReply
  | { kind: "stale"; id: number };

export interface Request {
  kind: string;
  id: number;
  [field: string]: unknown;
}

export interface ShowRequest extends Request {
  scene: Scene;
  have_maze?: boolean;
  sliders?: Sliders;
  edit?: Edit;
}

/** What carries messages: a WebSocket, a notebook's comm, or the data of a bundle. */
export interface Transport {
  /** Connects; calls `opened` and `closed` each time it happens. */
  start(on: { opened: () => void; closed: () => void; message: (reply: Reply) => void }): void;
  send(request: Request): void;
  close(): void;
}

export interface Bundle {
  hello: Hello;
  coefficients: Record<string, number[]>;
  mazes: { maze: MazeFacts; cells: Cell[]; baseline: PackedNumbers; grid: (PackedNumbers | null)[] }[];
}

/** How the page looks at a scene; a link holds it beside the scene. */
export interface View {
  field: Field | "both";
  arrows: boolean;
  time: boolean;
  tab: "steering" | "activations";
  layer: string | null;
  rank: "cheese" | "change" | "none";
  steered: boolean;
  channel: number | null;
  before: string | null;
}

/** The model that anywidget gives to a widget's front end. */
export interface WidgetModel {
  send(message: unknown): void;
  on(event: "msg:custom", callback: (message: Reply) => void): void;
  off(event: "msg:custom", callback: (message: Reply) => void): void;
}
