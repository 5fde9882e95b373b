// "Save picture": a drawing as an SVG file of its own, with its styles inside and its fonts by name.
import { iconButton } from "./controls.js";
import { find, h, put, s } from "./dom.js";
import { exhibits } from "./exhibit.js";
import { tr } from "./words.js";

const INHERITED = [
  ...["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin"],
  ...["paint-order", "font-family", "font-size", "font-style", "font-weight", "font-variant-numeric", "text-anchor"],
];
const MARGIN = 8; // letters and marks at the edge may go beyond a drawing's own frame
const DRAWING = ".stage .plane, .stage svg[viewBox]";

/** What is drawn at an element: a plane with its colours, or a drawing by itself; not an icon, nor a key of a curve. @param {Element | null} element */
function drawingOf(element) {
  const found = element?.closest(DRAWING);
  const drawing = found?.closest(".plane") ?? found;
  if (!drawing || drawing.closest("button") || svgOf(drawing).viewBox.baseVal.height < 12) return null;
  return drawing.checkVisibility() ? drawing : null;
}

/** @param {Element} drawing */
const svgOf = (drawing) => /** @type {SVGSVGElement} */ (drawing.matches("svg") ? drawing : drawing.querySelector("svg"));

/** @param {Element} drawing */
const nameOf = (drawing) => svgOf(drawing).getAttribute("aria-label") || tr("drawing");

/** The drawings of an exhibit. @param {Element} section */
const drawingsIn = (section) => [...new Set([...section.querySelectorAll(DRAWING)].map(drawingOf))].filter((d) => d !== null);

/** The drawing as the text of a file. @param {Element} drawing */
export function standalone(drawing) {
  const svg = svgOf(drawing);
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  dress(svg, copy, null);
  const { width, height } = svg.viewBox.baseVal;
  const frame = { x: -MARGIN, y: -MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  for (const { name } of [...copy.attributes]) if (name !== "style") copy.removeAttribute(name);
  copy.setAttribute("viewBox", Object.values(frame).join(" "));
  copy.setAttribute("width", String(frame.width));
  copy.setAttribute("height", String(frame.height));
  const paper = s("rect", { ...frame, fill: getComputedStyle(document.body).backgroundColor, stroke: "none" });
  copy.prepend(s("title", {}, nameOf(drawing)), paper, ...coloured(drawing, svg));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

/** Give a copy the styles that its original has on the page, where they are not those of its parent. @param {Element} original @param {Element} copy @param {CSSStyleDeclaration | null} above */
function dress(original, copy, above) {
  const style = getComputedStyle(original);
  for (const { name } of [...copy.attributes])
    if (INHERITED.includes(name) || name === "class" || name === "style" || name === "role" || name === "tabindex" || /^(data|aria)-/.test(name)) copy.removeAttribute(name);
  const own = /** @type {SVGElement} */ (copy).style;
  for (const property of INHERITED) {
    const value = style.getPropertyValue(property);
    if (value !== above?.getPropertyValue(property)) own.setProperty(property, value);
  }
  if (style.opacity !== "1") own.setProperty("opacity", style.opacity);
  if (style.display === "none" || style.visibility === "hidden") own.setProperty("display", "none");
  [...original.children].forEach((child, i) => {
    const same = copy.children[i];
    if (same) dress(child, same, style);
  });
}

/** The colours under a plane, which a canvas has. @param {Element} drawing @param {SVGSVGElement} svg */
function coloured(drawing, svg) {
  const frame = svg.getBoundingClientRect();
  const scale = svg.viewBox.baseVal.width / frame.width;
  return [...drawing.querySelectorAll("canvas")].map((canvas) => {
    const box = canvas.getBoundingClientRect();
    const [x, y, width, height] = [box.left - frame.left, box.top - frame.top, box.width, box.height].map((v) => (v * scale).toFixed(2));
    return s("image", { x, y, width, height, href: canvas.toDataURL(), preserveAspectRatio: "none" });
  });
}

/** @param {Element} drawing */
function save(drawing) {
  const slide = drawing.closest("section")?.id ?? "";
  const words = nameOf(drawing).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
  const link = /** @type {HTMLAnchorElement} */ (h("a", { download: `${slide}-${words.slice(0, 60)}.svg` }));
  link.href = URL.createObjectURL(new Blob([standalone(drawing)], { type: "image/svg+xml" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** For keys and fingers: a list among the notes. @param {Element} section */
function listed(section) {
  const list = h("ul", {});
  const fold = /** @type {HTMLDetailsElement} */ (h("details", { class: "note pictures" }, h("summary", {}, tr("Save a picture")), list));
  fold.addEventListener("toggle", () => {
    const drawings = fold.open ? drawingsIn(section) : [];
    const numbered = (/** @type {Element} */ d) => {
      const alike = drawings.filter((other) => nameOf(other) === nameOf(d));
      return alike.length > 1 ? `${nameOf(d)} (${alike.indexOf(d) + 1})` : nameOf(d);
    };
    // Drawings are made again when their numbers change, so that the list has their places.
    put(list, ...drawings.map((d, i) => h("li", {}, h("button", { type: "button", class: "small", onclick: () => saveAt(i) }, numbered(d)))));
  });
  const saveAt = (/** @type {number} */ i) => {
    const drawing = drawingsIn(section)[i];
    if (drawing) save(drawing);
  };
  find("aside", section).append(fold);
}

export function startSaving() {
  for (const { section } of exhibits.values()) listed(section);
  // For the mouse: a button at the corner of the drawing under it.
  /** @type {Element | null} */ let under = null;
  const button = iconButton("save", tr("save picture"), () => under?.isConnected && save(under), { class: "icon save-picture", tabindex: -1, hidden: true });
  document.body.append(button);
  document.addEventListener("pointerover", (e) => {
    if (e.pointerType !== "mouse" || (e.target instanceof Element && button.contains(e.target))) return;
    under = drawingOf(e.target instanceof Element ? e.target : null);
    button.hidden = !under;
    if (!under) return;
    const box = under.getBoundingClientRect();
    button.style.left = `${box.right + scrollX}px`;
    button.style.top = `${box.top + scrollY}px`;
  });
}
