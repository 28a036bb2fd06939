/** What an answer rests on: a table whose rows lead from the base to the answer, each with its bar. */

import { el, svg } from "./elements.js";

const LIFT = "Raised, not to fall below a narrower kind of response";

const one = (points) => points.toFixed(1);
const signed = (points) => `${points < 0 ? "−" : "+"}${one(Math.abs(points))}`;

/** The table of an explanation; `probability` is where its way ends. */
export function waterfall(explanation, probability) {
  const rows = steps(explanation, 100 * probability);
  const scale = scaleOf(rows);
  return el("table", { class: "waterfall", role: "table" },
    el("caption", {}, `From ${one(rows[0].to)} % before anything is known of the patient `,
      `to ${one(100 * probability)} %, in percentage points`),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
      head("What the model goes by"), head("Found"),
      el("td", { role: "presentation", class: "bar ends", "aria-hidden": "true" },
        el("span", {}, `${Math.round(scale.low)} %`), el("span", {}, `${Math.round(scale.high)} %`)),
      head("Points", "number"))),
    el("tbody", { role: "rowgroup" }, ...rows.map((row) => line(row, scale))));
}

/** Where each step begins and ends, in per cent; the first and the last have no beginning. */
function steps({ base, reasons, rest, lift }, end) {
  const moves = reasons.map(({ words, value, points }) => ({ words, value, points }));
  if (Math.abs(rest) >= 0.05) moves.push({ words: "All other features together", value: "", points: rest });
  if (lift > 0) moves.push({ words: LIFT, value: "", points: lift });
  let at = 100 * base;
  const placed = moves.map((move) => ({ ...move, from: at, to: (at += move.points) }));
  return [{ words: "Before anything is known", value: "", to: 100 * base }, ...placed,
    { words: "This patient", value: "", to: end }];
}

/** From a whole ten below the lowest to one above the highest. */
function scaleOf(rows) {
  const ends = rows.map((row) => row.to);
  const low = Math.max(0, Math.floor(Math.min(...ends) / 10 - 0.2) * 10);
  const high = Math.min(100, Math.ceil(Math.max(...ends) / 10 + 0.2) * 10);
  return { low, high, at: (value) => (100 * (value - low)) / (high - low) };
}

const head = (words, kind = "") => el("th", { scope: "col", role: "columnheader", class: kind }, words);

function line(row, scale) {
  const sum = row.points === undefined;
  return el("tr", { role: "row", class: sum ? "sum" : "" },
    el("th", { scope: "row", role: "rowheader" }, row.words),
    el("td", { role: "cell" }, row.value),
    el("td", { role: "presentation", class: "bar", "aria-hidden": "true" }, bar(row, scale, sum)),
    el("td", { role: "cell", class: "number" }, sum ? `${one(row.to)} %` : signed(row.points)));
}

function bar({ from, to, points }, { at }, sum) {
  const picture = svg("svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none", focusable: "false" });
  const start = sum ? at(to) - 0.4 : Math.min(at(from), at(to));
  const width = sum ? 0.8 : Math.max(Math.abs(at(to) - at(from)), 0.5);
  const kind = sum ? "mark" : points > 0 ? "raises" : "lowers";
  picture.append(svg("rect", { class: kind, x: start, y: sum ? 0 : 3, width, height: sum ? 14 : 8 }));
  return picture;
}
