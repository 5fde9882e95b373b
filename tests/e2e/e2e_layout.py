"""What is wrong with the layout of a part of the page: texts on texts, texts cut off, parts that are wider than their place."""

from e2e_watched import Watched

FAULTS = r"""
([selector, wide]) => {
  const part = document.querySelector(selector);
  const faults = [];
  const seen = [];
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  const clips = (style) => [style.overflowX, style.overflowY].some((o) => o === "hidden" || o === "clip");
  const scrolls = (style) => [style.overflowX, style.overflowY].some((o) => o === "auto" || o === "scroll");
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const words = node.textContent.trim();
    const parent = node.parentElement;
    if (!words || parent.closest("title, option, script, style, .skip, annotation")) continue;
    if (!parent.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) {
      if (r.width < 1 || r.height < 1) continue;
      let inScroller = false;
      let hidden = false;
      let right = r.right;
      for (let e = parent; e && e !== document.body; e = e.parentElement) {
        const style = getComputedStyle(e);
        if (style.clipPath !== "none") { hidden = true; break; }
        if (e instanceof SVGElement && !(e instanceof SVGSVGElement)) continue;
        const box = e.getBoundingClientRect();
        if (scrolls(style)) {
          if (r.right <= box.left + 1 || r.left >= box.right - 1 || r.bottom <= box.top || r.top >= box.bottom) hidden = true;
          inScroller = true;
          break;
        }
        const shortened = style.textOverflow === "ellipsis" && e.title; // the whole of it is shown on hover
        if (shortened) right = Math.min(right, box.right);
        else if (clips(style) && (r.right > box.right + 2 || r.left < box.left - 2))
          faults.push(`cut: "${words.slice(0, 40)}" in .${e.className}`);
      }
      if (hidden) continue;
      if (!inScroller && (r.right > innerWidth + 1 || r.left < -1)) faults.push(`off the screen: "${words.slice(0, 40)}"`);
      // A rectangle is as high as its font's line; the letters themselves take about three fifths of it.
      const inset = 0.22 * r.height;
      seen.push({ node, parent, words, left: r.left, right, top: r.top + inset, bottom: r.bottom - inset });
    }
  }
  for (let i = 0; i < seen.length; i += 1)
    for (let j = i + 1; j < seen.length; j += 1) {
      const [a, b] = [seen[i], seen[j]];
      if (a.node === b.node || a.parent.closest("math") && a.parent.closest("math") === b.parent.closest("math")) continue;
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 2 && down > 2) faults.push(`"${a.words.slice(0, 30)}" lies on "${b.words.slice(0, 30)}"`);
    }
  for (const e of wide ? part.querySelectorAll("*") : []) {
    if (e.scrollWidth > e.clientWidth + 2 && scrolls(getComputedStyle(e)) && e.checkVisibility() && !e.closest("details.columns"))
      faults.push(`needs scrolling sideways: .${e.className} (${e.scrollWidth} in ${e.clientWidth})`);
  }
  return [...new Set(faults)];
}
"""

WIDTHS = {390: 844, 768: 1024, 1024: 768, 1280: 720, 1366: 768, 1440: 900, 1920: 1080}  # every width with the height of its screens


def alternating():
    """Every width with a theme, light and dark by turns: a theme has colours of its own, no sizes, and each test takes its time."""
    return [(width, ("light", "dark")[k % 2]) for k, width in enumerate(WIDTHS)]


def on_screen(browser, address, width, theme="light", **more):
    """A watched page on a screen of this width."""
    return Watched(browser, address, viewport={"width": width, "height": WIDTHS[width]}, color_scheme=theme, **more)


def layout_faults(page, selector, wide):
    """The faults of one part; on a `wide` screen nothing in it may need scrolling sideways."""
    return page.evaluate(FAULTS, [selector, wide])


PROJECTED = r"""
([selector, least]) => {
  const part = document.querySelector(selector);
  const faults = [];
  const zoomed = (e) => e.currentCSSZoom ?? 1;
  const drawn = (e) => {
    const svg = e.closest("svg");
    if (!svg) return zoomed(e);
    const [box, size] = [svg.getBoundingClientRect(), svg.viewBox.baseVal];
    return Math.min(box.width / size.width, box.height / size.height);
  };
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const words = walker.currentNode.textContent.trim();
    const parent = walker.currentNode.parentElement;
    if (!words || parent.closest("title, option, script, style, annotation")) continue;
    if (!parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    for (const r of range.getClientRects()) {
      if (r.width < 1) continue;
      const inset = 0.2 * r.height; // a rectangle is as high as its font's line
      if (r.top + inset < 0 || r.bottom - inset > innerHeight || r.left < -1 || r.right > innerWidth + 1)
        faults.push(`off the screen: "${words.slice(0, 40)}" at ${[r.left, r.top, r.right, r.bottom].map(Math.round)}`);
    }
    const size = parseFloat(getComputedStyle(parent).fontSize) * drawn(parent);
    if (size < least - 0.05) faults.push(`${size.toFixed(1)} px: "${words.slice(0, 40)}" in ${parent.outerHTML.split(">")[0]}`);
  }
  for (const picture of part.querySelectorAll("svg:is([role=img], [role=group]), canvas")) {
    if (!picture.checkVisibility({ visibilityProperty: true })) continue;
    const r = picture.getBoundingClientRect();
    const name = picture.getAttribute("aria-label");
    const inside = r.left >= -1 && r.top >= -1 && r.right <= innerWidth + 1 && r.bottom <= innerHeight + 1;
    if (!inside) faults.push(`off the screen: the picture "${name}"`);
    if (r.width < 8 || r.height < 4) faults.push(`nothing left of the picture "${name}"`);
  }
  for (const mark of part.querySelectorAll("td svg")) {
    if (!mark.checkVisibility()) continue;
    const drawn = getComputedStyle(mark).overflow === "visible" ? [...mark.children] : [mark];
    const edge = mark.closest("td").getBoundingClientRect().right + 1;
    if (drawn.some((e) => e.getBoundingClientRect().right > edge)) faults.push(`a mark lies on "${mark.closest("tr").textContent}"`);
  }
  const { scrollWidth, scrollHeight } = document.documentElement;
  if (scrollWidth > innerWidth || scrollHeight > innerHeight + 1) faults.push("the page can be scrolled");
  return [...new Set(faults)];
}
"""


def lecture_faults(page, selector, least=18.0):
    """What an audience could not see of one part on this screen: off it, overlapping, or with type below `least` pixels."""
    return layout_faults(page, selector, wide=True) + page.evaluate(PROJECTED, [selector, least])
