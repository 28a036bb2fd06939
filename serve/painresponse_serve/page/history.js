/** A patient's history: read from text, summed up, and put as a question. */

import { stamp, whole } from "./clock.js";
import { Unreadable, readJson } from "./json.js";

/**
 * The history a text holds, and what was left out of a FHIR bundle.
 * Throws Unreadable, or what `fromFhir` throws.
 */
export async function understand(text, fromFhir) {
  const given = readJson(text.replace(/^\uFEFF/, ""));
  if (given?.resourceType === "Bundle") return { ...(await fromFhir(text)), fhir: true };
  checkShape(given);
  return { history: given };
}

function checkShape(given) {
  const place = given?.events?.findIndex?.((one) => typeof one?.code !== "string" || !isTime(one.time));
  if (Array.isArray(given)) fail("This is a list. Give one patient: an object with events.");
  if (given?.resourceType) fail("This is a FHIR resource, but not a Bundle. Give the Bundle that holds it.");
  if (place === undefined) fail("This is JSON, but no history: it has no list named events.");
  if (place >= 0) fail(`events[${place}] needs a code, and a time such as 2026-03-01T09:00 (or null).`);
}

function fail(words) {
  throw new Unreadable(words);
}

const isTime = (time) => time == null || (typeof time === "string" && !Number.isNaN(stamp(time)));

/** When the clinic came to know of an event: at its time, unless it says otherwise. */
function knownAt({ time, available_time: available }) {
  return [time, available].filter(Boolean).map(whole).sort().at(-1);
}

/** Whether an event happened, or became known, after an instant. */
export const isLater = (event, index) => Boolean(event.time && index && knownAt(event) > whole(index));

/** The last instant at which anything happened or became known; undefined where nothing has a time. */
export const lastKnown = (events) => events.filter((one) => one.time).map(knownAt).sort().at(-1);

/** The request for an answer to it. */
export function question(history, { index, interventions, model, withoutLater }) {
  const events = withoutLater ? history.events.filter((one) => !isLater(one, index)) : history.events;
  return { ...history, events, index, interventions, model, explain: true };
}

/** Which interventions a history asks about itself, given the targets of a bundle. */
export function askedIn(history, targets) {
  const named = targets.filter((one) => history.targets?.includes(one.name)).map((one) => one.intervention);
  return new Set([...(history.interventions ?? []), ...named]);
}
