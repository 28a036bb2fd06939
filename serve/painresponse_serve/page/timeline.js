/** The history until the index: lanes by kind of event, drawn, and the same as a table. */

import { said, stamp, whole, yearsBetween } from "./clock.js";
import { el, svg } from "./elements.js";
import { isLater } from "./history.js";
import { drawn } from "./lanes.js";
import { KINDS, valueWords } from "./naming.js";

/** All there is to tell of a history. `name`: from a code to what it is called; `index` may be empty. */
export function timeline(events, index, name) {
  const told = events.map((event) => ({ event, called: name(event.code), later: isLater(event, index) }))
    .sort((one, other) => order(one.event).localeCompare(order(other.event)));
  const timed = told.filter(({ event, called }) => event.time && called.kind !== "fact");
  const facts = told.filter(({ event, called }) => called.kind === "fact" || !event.time);
  return [
    facts.length > 0 && el("p", { class: "facts" }, sentence(facts, index)),
    timed.length > 0 && drawing(timed, index),
    timed.length > 0 && el("p", { class: "quiet" },
      index && `The line is the instant of the prediction, ${said(index)}. `,
      "Pain goes from 0 below to 10 above; a bar joins a treatment to its end."),
    el("details", {}, el("summary", {}, `The history as a table (${events.length} events)`), table(told)),
  ];
}

const order = ({ time }) => (time ? whole(time) : "");

/** Facts, the last of each, in a line: male sex; birth 15 Aug 1975 (42 years). */
function sentence(facts, index) {
  const last = new Map(facts.filter(({ later }) => !later).map((one) => [one.called.name, one]));
  return [...last.values()].map(({ event, called }) => {
    const value = valueWords(event, called);
    const born = called.name === "birth" && event.time;
    const age = born && index ? ` (${yearsBetween(event.time, index)} years)` : "";
    const when = event.time && !value ? ` ${said(whole(event.time).slice(0, 10))}` : "";
    return `${born ? "born" : called.label}${value && `: ${value}`}${when}${age}`;
  }).join(" · ");
}

/** A drawing as wide as there is room, drawn anew when that changes. */
function drawing(timed, index) {
  const place = el("div", { class: "lanes" });
  const times = timed.map(({ event }) => stamp(event.time));
  const end = index ? stamp(index) : Math.max(...times);
  const words = `Timeline of ${timed.length} events${index ? `, the index at ${said(index)} marked` : ""}. `
    + "The table below tells the same.";
  const span = { index, start: Math.min(...times, end), end: Math.max(...times, end) };
  const draw = ([{ contentRect: { width } }]) => {
    const [height, ...parts] = drawn(timed, { width, ...span });
    place.replaceChildren(svg("svg", { width, height, role: "img", "aria-label": words }, ...parts));
  };
  new ResizeObserver(draw).observe(place);
  return place;
}

function table(told) {
  const heads = ["When", "Known from", "Kind", "What", "Value"];
  return el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "History as a table" },
    el("table", {},
      el("thead", {}, el("tr", {}, ...heads.map((one) => el("th", { scope: "col" }, one)))),
      el("tbody", {}, ...told.map(row))));
}

function row({ event, called, later }) {
  return el("tr", { class: later ? "later" : "" },
    el("td", {}, event.time ? said(event.time) : "no time", later && " (after the index)"),
    el("td", {}, event.available_time ? said(event.available_time) : ""),
    el("td", {}, KINDS[called.kind]),
    el("th", { scope: "row" }, called.label, called.ends && " (ended)"),
    el("td", { class: "number" }, valueWords(event, called)));
}
