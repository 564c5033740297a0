// Small things from which the page is built: elements, icons, and menus that close by themselves.

/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes */

/**
 * Make an element. Attributes that are functions are listeners, `true` is an attribute without a value, and those that
 * are false or missing are left out.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {(Node | string | null | undefined | false)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  for (const child of children) if (child) made.append(child);
  return made;
}

const ICONS = {
  undo: "M8 5 4 9l4 4 M4 9h9a5 5 0 0 1 0 10h-3",
  redo: "m16 5 4 4-4 4 M20 9h-9a5 5 0 0 0 0 10h3",
  previous: "m14 6-6 6 6 6",
  next: "m10 6 6 6-6 6",
  dice: "M5 5h14v14H5z M9 9h.01 M15 9h.01 M12 12h.01 M9 15h.01 M15 15h.01",
  play: "M8 5v14l11-7z",
  pause: "M9 5v14 M15 5v14",
  step: "m7 6 8 6-8 6z M18 6v12",
  rewind: "m17 6-8 6 8 6z M6 6v12",
  again: "M19 12a7 7 0 1 1-2-5 M19 4v4h-4",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1 M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  save: "M12 4v11 M7 11l5 5 5-5 M5 20h14",
  text: "M6 6h12 M6 11h12 M6 16h7",
  draw: "m5 19 1-4L16 5l3 3L9 18z M14 7l3 3",
  cheese: "M3 16 14 6c4 1 6 4 7 8z M3 16l18-2v5H3z",
  mouse: "M4 17c0-5 4-9 9-9 4 0 7 3 7 9z M8 14h.01 M20 17c2 0 2-3 1-5 M10 9 8 6",
  carve: "M5 19V6h13 M14 2l4 4-4 4",
  cross: "M6 6l12 12 M18 6 6 18",
  help: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2 M12 18h.01",
  reset: "M12 5a7 7 0 1 0 .01 0 M9 9l6 6 M15 9l-6 6",
};

/**
 * @param {keyof typeof ICONS} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * A button with an icon, and a label that is read and shown when pointed at.
 *
 * @param {keyof typeof ICONS} name
 * @param {string} label
 * @param {() => void} onclick
 * @param {Attributes} [attributes]
 */
export function iconButton(name, label, onclick, attributes = {}) {
  return element(
    "button",
    { type: "button", class: "icon-button", title: label, "aria-label": label, onclick, ...attributes },
    icon(name),
  );
}

/**
 * Radio buttons as one row of segments.
 *
 * @template {string} T
 * @param {string} label
 * @param {readonly (readonly [T, string])[]} choices - Each a value and what is written on it.
 * @param {(value: T) => void} onchange
 */
export function segments(label, choices, onchange) {
  const name = `segments-${Math.random().toString(36).slice(2)}`;
  /** @type {Map<T, HTMLInputElement>} */
  const inputs = new Map();
  const row = element("div", { class: "segments", role: "radiogroup", "aria-label": label });
  for (const [value, text] of choices) {
    const input = element("input", { type: "radio", name, value, onchange: () => onchange(value) });
    inputs.set(value, input);
    row.append(element("label", { class: `segment segment-${value}` }, input, element("span", {}, text)));
  }
  return {
    element: row,
    /** @param {T} value */
    choose(value) {
      const input = inputs.get(value);
      if (input) input.checked = true;
    },
  };
}

/**
 * A menu under a button; it closes when something in it was chosen, and when one looks elsewhere.
 *
 * @param {keyof typeof ICONS} name
 * @param {string} label
 * @param {(Node | null | false)[]} children
 */
export function menu(name, label, ...children) {
  const list = element("div", { class: "menu-list" });
  const summary = element("summary", { class: "button" }, icon(name), element("span", {}, label));
  const made = element("details", { class: "menu" }, summary, list);
  for (const child of children) if (child) list.append(child);
  const close = () => made.removeAttribute("open");
  list.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("button")) close();
  });
  made.addEventListener("focusout", (event) => {
    if (!(event.relatedTarget instanceof Node && made.contains(event.relatedTarget))) setTimeout(close, 150);
  });
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    close();
    summary.focus();
  });
  return made;
}

/**
 * Fill a select.
 *
 * @param {HTMLSelectElement} select
 * @param {readonly (readonly [string, string])[]} choices - Each a value and what is written.
 * @param {string} chosen
 */
export function fill(select, choices, chosen) {
  const held = [...select.options].map((option) => option.value).join("\n");
  if (held !== choices.map(([value]) => value).join("\n"))
    select.replaceChildren(...choices.map(([value, text]) => element("option", { value }, text)));
  select.value = chosen;
}

/** @returns {boolean} Whether the reader wants things to stand still. */
export function still() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
