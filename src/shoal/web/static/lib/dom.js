// Elements from plain calls. Styles go through the CSS object model, which the page's content policy allows.

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, any>} Attributes */

const SVG = "http://www.w3.org/2000/svg";

/** @param {Element} element @param {Attributes} attributes @param {Child[]} children */
function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") /** @type {HTMLElement} */ (element).style.cssText = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...kept(children));
}

/** @param {Child[]} children @returns {(Node | string)[]} */
const kept = (children) =>
  children
    .flat()
    .filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : String(c)));

/** An HTML element. @param {string} name @param {Attributes} attributes @param {...any} children @returns {HTMLElement} */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  dress(element, attributes, children);
  return element;
}

/** An SVG element. @param {string} name @param {Attributes} attributes @param {...any} children @returns {SVGElement} */
export function s(name, attributes = {}, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
  dress(element, attributes, children);
  return element;
}

/** A picture with its own coordinates, and a label for screen readers. @param {number} width @param {number} height @param {string} label @param {...any} children @returns {SVGElement} */
export const picture = (width, height, label, ...children) =>
  s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, ...children);

/** Text in a picture. @param {number} x @param {number} y @param {Child} content @param {Attributes} attributes @returns {SVGElement} */
export const text = (x, y, content, attributes = {}) =>
  s("text", { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": "middle", ...attributes }, content);

/** A letter of the chapter with its lower index. @param {number} x @param {number} y @param {string} letter @param {Child} index @param {Attributes} attributes @returns {SVGElement} */
export function letter(x, y, letter, index = "", attributes = {}) {
  const under = index === "" ? null : s("tspan", { dy: 4 }, index);
  return s(
    "text",
    { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": "middle", ...attributes, class: `mi ${attributes.class ?? ""}` },
    letter,
    under,
  );
}

/** A line in a picture. @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {Attributes} attributes @returns {SVGElement} */
export const line = (x1, y1, x2, y2, attributes = {}) =>
  s("line", { x1: x1.toFixed(1), y1: y1.toFixed(1), x2: x2.toFixed(1), y2: y2.toFixed(1), class: "axis", ...attributes });

/** Replace the children of an element. @param {Element} parent @param {...any} children */
export function put(parent, ...children) {
  parent.replaceChildren(...kept(children));
}

/** The element of a selector; it always exists. @param {string} selector @param {ParentNode} [within] @returns {HTMLElement} */
export function find(selector, within = document) {
  const found = within.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (found);
}
