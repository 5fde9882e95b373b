// <c-eq>dW1 = {1}/{m} dZ1 X^T</c-eq>: an equation in the chapter's letters as MathML. Names such as W1 highlight related elements.
// A line that is too long for its place may break at ` // `.
import { decimal } from "./words.js";

const SYMBOLS = new Set(["X", "Y", "W1", "b1", "W2", "b2", "Z1", "A1", "Z2", "A2", "dZ2", "dW2", "db2", "dZ1", "dW1", "db1"]);
const UPRIGHT = new Set(["tanh", "max", "ln", "sum", "np", "logistic", "randn"]);

/** @param {string} source @returns {string[]} */
const tokens = (source) => source.match(/[A-Za-zŷ]+\d*|σ|∂|α|\d+(?:\.\d+)?|\^|_|\{|\}|\/(?=\{)|;;|:=|′|\S/gu) ?? [];

/** @param {string} word */
function word(word) {
  const [, letters = "", digits = ""] = word.match(/^(\D+)(\d*)$/u) ?? [];
  if (UPRIGHT.has(letters)) return `<mi mathvariant="normal">${letters}</mi><mo>&#x2061;</mo>`;
  const inside = [...letters].map((l) => `<mi>${l}</mi>`).join("") + (digits ? `<mn>${digits}</mn>` : "");
  return SYMBOLS.has(word) ? `<mrow class="sym" data-h="${word}" data-l="${word}">${inside}</mrow>` : `<mrow>${inside}</mrow>`;
}

/** @param {string} source @returns {string} */
export function mathml(source) {
  const list = tokens(source);
  let at = 0;
  /** @returns {string} */
  function group() {
    if (list[at] !== "{") return atom();
    at += 1;
    const inside = row("}");
    at += 1;
    return `<mrow>${inside}</mrow>`;
  }
  /** @returns {string} */
  function atom() {
    const t = list[at++] ?? "";
    if (/^[A-Za-zŷ]+\d*$/u.test(t)) return word(t);
    if (t === "σ" || t === "∂" || t === "α") return `<mi>${t}</mi>`;
    if (/^\d/.test(t)) return `<mn>${decimal(t)}</mn>`;
    if (t === ";;") return '<mspace width="0.9em"></mspace>';
    if (t === ";") return '<mspace width="0.3em"></mspace>';
    if (t === "′") return '<mo lspace="0" rspace="0">′</mo>';
    return "()[]".includes(t) ? `<mo stretchy="false">${t}</mo>` : `<mo>${t}</mo>`;
  }
  /** @param {string} end @returns {string} */
  function row(end) {
    let out = "";
    while (at < list.length && list[at] !== end) {
      let part = group();
      if (list[at] === "/" && list[at + 1] === "{") {
        at += 1;
        part = `<mfrac>${part}${group()}</mfrac>`;
      }
      let under = "";
      let over = "";
      while (list[at] === "_" || list[at] === "^") {
        const which = list[at++];
        if (which === "_") under = group();
        else over = list[at] === "T" ? (at++, '<mi mathvariant="normal">T</mi>') : group();
      }
      if (under && over) part = `<msubsup>${part}${under}${over}</msubsup>`;
      else if (under) part = `<msub>${part}${under}</msub>`;
      else if (over) part = `<msup>${part}${over}</msup>`;
      out += part;
    }
    return out;
  }
  return `<math><mrow>${row("")}</mrow></math>`;
}

class Equation extends HTMLElement {
  connectedCallback() {
    if (this.firstElementChild) return;
    this.innerHTML = (this.textContent ?? "").split(" // ").map(mathml).join("");
  }
}

/** An equation as an element. @param {string} source @returns {HTMLElement} */
export function eq(source) {
  const element = document.createElement("c-eq");
  element.textContent = source;
  return element;
}

export const defineEquation = () => customElements.define("c-eq", Equation);
