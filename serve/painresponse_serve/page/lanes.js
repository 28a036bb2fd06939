/** The drawing of a history: an axis of time, lanes by kind of event, and the index as a line across. */

import { said, stamp } from "./clock.js";
import { svg } from "./elements.js";
import { KINDS, valueWords } from "./naming.js";

const NARROW = 560;
const NAMES = 230;
const AXIS = 30;
const LABEL = 17;
const LETTER = 7.6;
const HEIGHTS = { pain: 64, heading: 24, row: 20 };
const BY_NAME = new Set(["diagnosis", "procedure", "treatment"]);
const STEPS = [1, 3, 6, 12, 24, 60, 120, 240];
const MONTH = 30.4375 * 86_400_000;

/**
 * The height of the drawing, then its parts.
 * @param {object[]} timed events and what they are called, in the order of time
 * @param {{width: number, start: number, end: number, index: string}} frame
 */
export function drawn(timed, { width, start, end, index }) {
  const narrow = width < NARROW;
  const [left, right] = [narrow ? 8 : NAMES, width - 8];
  const at = (time) => left + ((right - left) * (time - start)) / Math.max(end - start, 1);
  const place = { narrow, left, right, at, end: index ? stamp(index) : end };
  const rows = stacked(lanes(timed), narrow);
  const height = rows.at(-1).bottom + 8;
  return [height, ...ticks(start, end, place, height), ...rows.flatMap((row) => drawRow(row, place)),
    ...(index ? mark(index, place, height) : [])];
}

/** A row for each kind of event; where things have a name of their own, one for each of them. */
function lanes(timed) {
  return Object.entries(KINDS).flatMap(([kind, words]) => {
    const events = timed.filter(({ called }) => called.kind === kind);
    if (!events.length) return [];
    if (!BY_NAME.has(kind)) return [{ kind, words, events, title: true }];
    return [{ kind, words, events: [], title: true }, ...byName(kind, events)];
  });
}

function byName(kind, events) {
  const called = (words) => events.filter((one) => one.called.label === words);
  const labels = new Set(events.map((one) => one.called.label));
  return [...labels].map((words) => ({ kind, words, events: called(words) }));
}

/** Each row with its top and bottom; narrow ones have their words above. */
function stacked(rows, narrow) {
  let y = AXIS;
  return rows.map((row) => {
    const above = narrow && row.events.length ? LABEL : 0;
    const size = row.kind === "pain" ? HEIGHTS.pain : row.title ? HEIGHTS.heading : HEIGHTS.row;
    const top = y + above;
    y = top + size;
    return { ...row, above, top, bottom: y };
  });
}

function drawRow(row, place) {
  const room = row.above ? place.right : place.left;
  const rules = row.title ? [level("rule", 0, place.right + 8, row.top - row.above)] : [];
  return [...rules, label(row, room / LETTER), ...(row.kind === "pain" ? pains(row, place) : dots(row, place))];
}

/** The words of a row, cut where there is no room for more letters. */
function label({ words, title, above, top, kind }, letters) {
  const baseline = above ? top - 3 : top + (kind === "pain" ? 20 : 15);
  const short = words.length < letters ? words : `${words.slice(0, letters - 2)}…`;
  return svg("text", { class: title ? "kind" : "name", x: 0, y: baseline }, short, svg("title", {}, words));
}

const level = (kind, x1, x2, y) => svg("line", { class: kind, x1, x2, y1: y, y2: y });

/** A dot for each event; a treatment that ends is joined to its end. */
function dots({ kind, events, top, bottom }, place) {
  const y = (top + bottom) / 2;
  const spans = kind === "treatment" ? courses(events) : [];
  const begun = events.filter(({ called }) => !called.ends);
  return [
    ...spans.map(([from, to]) => level("course", place.at(from), place.at(to), y)),
    ...begun.map((one) => dot(one, place.at(stamp(one.event.time)), y)),
  ];
}

/** From the beginning of a treatment to its next end; one that does not end has none. */
function courses(events) {
  const ends = events.filter(({ called }) => called.ends).map(({ event }) => stamp(event.time));
  return events.filter(({ called }) => !called.ends).map(({ event }) => stamp(event.time))
    .map((from) => [from, ends.find((to) => to >= from)]).filter(([, to]) => to !== undefined);
}

function dot({ event, called, later }, x, y) {
  const value = valueWords(event, called);
  return svg("circle", { class: later ? "dot later" : "dot", cx: x, cy: y, r: 4 },
    svg("title", {}, `${called.label}${value && ` ${value}`}, ${said(event.time)}`));
}

/** Pain from 0 below to 10 above, its values joined. */
function pains({ events, top, bottom }, place) {
  const y = (value) => bottom - 8 - ((bottom - top - 16) * value) / 10;
  const points = events.filter(({ event }) => Number.isFinite(event.value))
    .map((one) => [one, place.at(stamp(one.event.time)), y(one.event.value)]);
  const known = points.filter(([one]) => !one.later).map(([, ...point]) => point.join(",")).join(" ");
  const guides = [0, 10].map((value) => level("guide", place.left, place.right, y(value)));
  const joined = svg("polyline", { class: "course thin", points: known });
  return [...guides, joined, ...points.map((one) => dot(...one))];
}

/** Marks of months or years, so far apart that their words have room. */
function ticks(start, end, { left, right, at }, height) {
  const room = (right - left) / ((end - start) / MONTH || 1);
  const step = STEPS.find((months) => months * room >= 74) ?? STEPS.at(-1);
  return firsts(start, end, step).filter((time) => at(time) < right - 30).flatMap((time) => {
    const x = at(time);
    const words = new Date(time).toISOString().slice(0, step % 12 ? 7 : 4);
    return [svg("line", { class: "guide", x1: x, x2: x, y1: 18, y2: height }),
      svg("text", { class: "tick", x: Math.max(x, 16), y: 12, "text-anchor": "middle" }, words)];
  });
}

/** The first days of every so many months. */
function firsts(start, end, step) {
  const found = [];
  for (let month = Math.ceil(monthOf(start) / step) * step; ; month += step) {
    const time = Date.UTC(Math.floor(month / 12), month % 12, 1);
    if (time > end) return found;
    if (time >= start) found.push(time);
  }
}

const monthOf = (time) => new Date(time).getUTCFullYear() * 12 + new Date(time).getUTCMonth();

function mark(index, { at }, height) {
  const x = at(stamp(index));
  const line = svg("line", { class: "index", x1: x, x2: x, y1: 16, y2: height });
  line.append(svg("title", {}, `Index, ${said(index)}`));
  return [line, svg("path", { class: "index", d: `M${x - 5},16 h10 l-5,7 z` })];
}
