// A link that holds the whole state: the scene, and how one looks at it.

/** @import { Scene, View } from "./protocol" */

/** @returns {View} */
export function firstView() {
  return {
    field: "steered",
    arrows: true,
    time: false,
    tab: "steering",
    layer: null,
    rank: "cheese",
    steered: false,
    channel: null,
    before: null,
  };
}

/**
 * @param {Scene} scene
 * @param {View} view
 * @returns {string} What stands behind the # of a link.
 */
export function written(scene, view) {
  const utf8 = new TextEncoder().encode(JSON.stringify({ scene, view }));
  const base64 = btoa(Array.from(utf8, (byte) => String.fromCharCode(byte)).join(""));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * @param {string} hash
 * @returns {{ scene: Scene | null, view: View }} What a link holds; a view to begin with where it holds none.
 */
export function read(hash) {
  try {
    const text = atob(hash.replace(/^#/, "").replaceAll("-", "+").replaceAll("_", "/"));
    const utf8 = Uint8Array.from(text, (sign) => sign.charCodeAt(0));
    const held = JSON.parse(new TextDecoder().decode(utf8));
    const scene = held.scene && typeof held.scene === "object" ? held.scene : null;
    return { scene, view: { ...firstView(), ...held.view } };
  } catch {
    return { scene: null, view: firstView() };
  }
}
