/** The page: a patient is given, a question is put, and the answer is told. */

import { said } from "./clock.js";
import { byId, el, tell } from "./elements.js";
import { exampleButtons } from "./examples.js";
import { askedIn, lastKnown, question, understand } from "./history.js";
import { Unreadable } from "./json.js";
import { offerModels, showModel, showNotices } from "./model.js";
import { naming } from "./naming.js";
import {
  asked, complain, complete, listen, offerInterventions, setIndex, showLater, tickInterventions,
} from "./question.js";
import { announcement, results } from "./results.js";
import { Refused, catalogue, fromFhir, models, score, useKey } from "./server.js";
import { timeline } from "./timeline.js";

const page = { bundle: null, name: null, text: "", history: null, turn: 0 };

const NOTHING = "Choose or paste a patient, say what is asked, and ask.";
const CHANGED = "The patient or the question has changed. Ask anew.";

/** Does some work; what goes wrong is told at its place, and a key is asked for where one is needed. */
async function doing(place, work) {
  complain(place);
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Unreadable)) throw error;
    if (error.status === 401) askForKey(error.message);
    else complain(placeOf(error.message) ?? place, error.message);
  }
}

/** The field a message of the server begins with. */
const placeOf = (words) => (/^events\b/.test(words) ? "text" : /^index\b/.exec(words)?.[0]);

function askForKey(words) {
  byId("key-form").hidden = false;
  tell("key-trouble", words);
  byId("key").focus();
}

const start = () => doing("ask", async () => {
  const { models: bundles } = await models();
  byId("key-form").hidden = true;
  offerModels(bundles, choose);
  await choose(bundles[0]);
});

const choose = (bundle) => doing("ask", async () => {
  page.bundle = bundle;
  page.name = naming(await catalogue(bundle.model.name));
  showModel(bundle);
  showNotices(bundle);
  offerInterventions(bundle.targets);
  if (page.history) tickInterventions(askedIn(page.history, bundle.targets));
  changed();
});

/** Takes another text for the history; what the form asks meanwhile stays. */
const read = () => doing("text", async () => {
  const text = byId("text").value;
  if (text === page.text) return;
  Object.assign(page, { text, history: null });
  setIndex(null);
  forget();
  if (text.trim()) {
    const understood = await understand(text, fromFhir).catch((error) => {
      page.text = null;
      throw error;
    });
    if (text !== page.text) return;
    accept(understood);
  }
  changed();
});

function accept({ history, ...told }) {
  page.history = history;
  if (history.index) setIndex(history.index);
  tickInterventions(askedIn(history, page.bundle?.targets ?? []));
  byId("text-told").replaceChildren(...summary(history.events, told));
}

function summary(events, { fhir, left_out: leftOut = [] }) {
  const times = events.map(({ time }) => time).filter(Boolean).sort();
  const until = times.length > 0 ? `, ${said(times[0])} to ${said(lastKnown(events))}` : "";
  const lost = leftOut.map(({ words, count }) => `${words} (${count})`).join("; ");
  return [
    el("p", {}, `${fhir ? "FHIR bundle, understood as " : ""}${events.length} events${until}.`),
    lost && el("p", { class: "quiet" }, `Left out: ${lost}.`),
  ].filter(Boolean);
}

/** Another patient or question: what was answered before must not stand beside it. */
function changed() {
  forget();
  showTimeline();
  for (const id of ["index", "interventions", "ask"]) complain(id);
}

function forget() {
  const answered = byId("answer").querySelector("article");
  if (answered) byId("answer").replaceChildren(el("p", { class: "quiet" }, CHANGED));
  if (!page.history) byId("text-told").replaceChildren();
  tell("announced");
  return ++page.turn;
}

function showTimeline() {
  const events = page.history?.events ?? [];
  showLater(events);
  byId("timeline").hidden = !(events.length && page.name);
  if (!byId("timeline").hidden) {
    byId("timeline-told").replaceChildren(...timeline(events, asked().index, page.name).filter(Boolean));
  }
}

const ask = () => doing("ask", async () => {
  if (!page.bundle || !complete(page.history)) return;
  const turn = forget();
  const model = page.bundle.model.name;
  const answer = await score(question(page.history, { ...asked(), model }));
  if (turn === page.turn) show(answer);
});

function show(answer) {
  const cards = new Map(page.bundle.targets.map((one) => [one.name, one]));
  byId("answer").replaceChildren(...results(answer, cards).filter(Boolean));
  tell("announced", announcement(answer));
  byId("result").focus();
}

function take(text) {
  byId("text").value = text;
  return read();
}

async function takeFile([file]) {
  if (file) await take(await file.text());
}

function listenToPatient() {
  const place = byId("patient");
  byId("examples").replaceChildren(...exampleButtons(take));
  byId("text").addEventListener("change", read);
  byId("text").addEventListener("paste", () => setTimeout(read));
  byId("clear").addEventListener("click", () => take(""));
  byId("file").addEventListener("change", async ({ target }) => {
    await takeFile(target.files);
    target.value = "";
  });
  place.addEventListener("dragover", (event) => event.preventDefault());
  place.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    takeFile(event.dataTransfer.files);
  });
}

function submitted(id, work) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    work();
  });
}

/** On paper nothing can be unfolded. */
function unfoldOnPaper() {
  const folded = () => document.querySelectorAll("details:not([open])");
  let unfolded = [];
  addEventListener("beforeprint", () => (unfolded = [...folded()]).forEach((one) => (one.open = true)));
  addEventListener("afterprint", () => unfolded.forEach((one) => (one.open = false)));
}

byId("answer").replaceChildren(el("p", { class: "quiet" }, NOTHING));
listenToPatient();
listen(changed, () => page.history?.events ?? []);
submitted("asking", ask);
submitted("key-form", () => {
  useKey(byId("key").value.trim());
  byId("key").value = "";
  start();
});
unfoldOnPaper();
start();
