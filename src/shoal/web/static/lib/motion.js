// Motion, in one place: whether the reader wants any, something drawn over a time, and something that begins when it is seen.

const reduced = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether the reader asks for less motion. */
export const isStill = () => reduced.matches;

/**
 * Draw a part of the whole, from `from` to 1, frame by frame over so many seconds; the result stops it where it is.
 * @param {number} seconds for the whole @param {(part: number) => void} draw @param {() => void} [done] at its end, but not when it is stopped @param {number} [from]
 */
export function over(seconds, draw, done = () => {}, from = 0) {
  let frame = 0;
  let begin = NaN;
  const turn = (/** @type {number} */ now) => {
    if (Number.isNaN(begin)) begin = now - from * seconds * 1000;
    const part = Math.min((now - begin) / 1000 / seconds, 1);
    draw(part);
    if (part < 1) frame = requestAnimationFrame(turn);
    else done();
  };
  frame = requestAnimationFrame(turn);
  return () => cancelAnimationFrame(frame);
}

/** Begin when most of the element is first on the screen, unless the reader asks for less motion. @param {Element} element @param {() => void} begin */
export function whenSeen(element, begin) {
  if (isStill()) return;
  new IntersectionObserver(
    (entries, watch) => {
      if (!entries.some((e) => e.isIntersecting)) return;
      watch.disconnect();
      begin();
    },
    { threshold: 0.6 },
  ).observe(element);
}

/** Slow at both ends. @param {number} t from 0 to 1 */
export const eased = (t) => t * t * (3 - 2 * t);
