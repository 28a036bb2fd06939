/** A probability on a line from 0 to 100 %, with its interval. */

import { el, svg } from "./elements.js";

const MARKS = [0, 25, 50, 75, 100];

/** 0.4173 as 42 %; nothing is certain, and nothing impossible. */
export function percent(share) {
  if (share >= 0.995) return "over 99 %";
  return share < 0.005 ? "under 1 %" : `${Math.round(100 * share)} %`;
}

/** The line with the interval as a band and the probability as a mark; said in words for who cannot see it. */
export function intervalLine(probability, [low, high]) {
  const words = `${percent(probability)} on a line from 0 to 100 %, interval ${percent(low)} to ${percent(high)}`;
  const at = (share) => 100 * share;
  return el("div", { class: "line" },
    svg("svg", { viewBox: "0 0 100 20", preserveAspectRatio: "none", role: "img", "aria-label": words },
      svg("rect", { class: "track", x: 0, y: 8, width: 100, height: 4 }),
      svg("rect", { class: "band", x: at(low), y: 5, width: Math.max(at(high) - at(low), 0.4), height: 10 }),
      svg("rect", { class: "mark", x: at(probability) - 0.35, y: 1, width: 0.7, height: 18 })),
    el("div", { class: "scale", "aria-hidden": "true" }, ...MARKS.map((one) => el("span", {}, `${one} %`))));
}
