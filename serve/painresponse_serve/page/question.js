/** The question: at which instant, and about which interventions. */

import { lastKnown, isLater } from "./history.js";
import { minuteAfter, now, whole } from "./clock.js";
import { byId, el, tell } from "./elements.js";
import { parted } from "./results.js";

const boxes = () => [...byId("intervention-choices").querySelectorAll("input")];

/** What the form asks. */
export function asked() {
  return {
    index: byId("index").value,
    interventions: boxes().filter((box) => box.checked).map((box) => box.value),
    withoutLater: !byId("later").hidden && byId("later-out").checked,
  };
}

/** A box for each intervention of a bundle, in its order; what was ticked stays so. */
export function offerInterventions(targets) {
  const { interventions } = asked();
  const labels = new Map(targets.map((one) => [one.intervention, parted(one.label).name]));
  byId("intervention-choices").replaceChildren(...[...labels].map(([name, label]) => box(name, label)));
  tickInterventions(new Set(interventions));
}

function box(name, label) {
  const id = `ask-${name}`;
  const input = el("input", { type: "checkbox", id, value: name });
  return el("p", { class: "choice" }, input, el("label", { for: id }, label));
}

/** Ticks these and no others. */
export function tickInterventions(names) {
  for (const one of boxes()) one.checked = names.has(one.value);
  showEvery();
}

function showEvery() {
  const ticked = boxes().filter((one) => one.checked).length;
  byId("every").checked = ticked > 0 && ticked === boxes().length;
  byId("every").indeterminate = ticked > 0 && ticked < boxes().length;
}

/** Puts the instant a history names into the field; an empty field where it names none. */
export function setIndex(time) {
  byId("index").value = time ? whole(time).replace(/:00$/, "") : "";
  byId("later-out").checked = false;
}

/** Says how many events lie after the instant, and offers to leave them out. */
export function showLater(events) {
  const count = events.filter((one) => isLater(one, byId("index").value)).length;
  byId("later").hidden = count === 0;
  byId("later").querySelector("label").textContent = count === 1
    ? "Leave out the event after it; with it nothing is predicted"
    : `Leave out the ${count} events after it; with them nothing is predicted`;
}

/** Listens to the form: `changed` is called whenever another question is asked; `events` gives the history's. */
export function listen(changed, events) {
  const moved = (time) => {
    byId("index").value = time;
    changed();
  };
  byId("index-now").addEventListener("click", () => moved(now()));
  byId("index-last").addEventListener("click", () => {
    const last = lastKnown(events());
    if (last) moved(minuteAfter(last));
  });
  for (const id of ["index", "later-out"]) byId(id).addEventListener("input", changed);
  byId("every").addEventListener("change", ({ target }) => {
    tickInterventions(new Set(target.checked ? boxes().map((one) => one.value) : []));
    changed();
  });
  byId("intervention-choices").addEventListener("change", () => {
    showEvery();
    changed();
  });
}

/** Says at its place what the question lacks; whether it can be asked. */
export function complete(history) {
  const lacks = {
    text: !history && "Choose an example, or give a history.",
    index: !byId("index").value && "Say at which instant the prediction is asked.",
    interventions: asked().interventions.length === 0 && "Tick the interventions that are asked about.",
  };
  for (const [id, words] of Object.entries(lacks)) complain(id, words || "");
  const first = Object.keys(lacks).find((id) => lacks[id]);
  if (first) (first === "interventions" ? byId("every") : byId(first)).focus();
  return !first;
}

/** Tells a trouble beside the field it is about; none takes it back. */
export function complain(id, words = "") {
  tell(`${id}-trouble`, words);
  if (byId(id).matches("input, textarea")) byId(id).setAttribute("aria-invalid", Boolean(words));
}
