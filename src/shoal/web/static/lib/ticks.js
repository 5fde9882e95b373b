// Round tick values along an axis, and their texts.
import { MINUS } from "./numbers.js";
import { decimal } from "./words.js";

/** Round values from `low` to `high`, about so many. @param {number} low @param {number} high @param {number} [about] @returns {number[]} */
export function niceTicks(low, high, about = 5) {
  const rough = (high - low) / about;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10) * power;
  const ticks = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i += 1) ticks.push(Number((i * step).toPrecision(10)));
  return ticks;
}

/** A tick in its shortest form: 12k for twelve thousand. @param {number} v */
export function tickText(v) {
  const size = Math.abs(v);
  const short =
    size >= 1e9 || (size > 0 && size < 1e-3)
      ? v.toExponential(0).replace("e+", "e")
      : size >= 1e6
        ? `${v / 1e6}M`
        : size >= 1e4
          ? `${v / 1e3}k`
          : String(v);
  return decimal(short).replaceAll("-", MINUS);
}
