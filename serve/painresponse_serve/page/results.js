/** An answer, told: by intervention in catalogue order, each with what it rests on or why nothing is said. */

import { said } from "./clock.js";
import { el } from "./elements.js";
import { intervalLine, percent } from "./interval.js";
import { waterfall } from "./waterfall.js";

const NAMED_MISSING = 3;

/**
 * The elements of an answer.
 * @param {object} answer of POST /v1/score
 * @param {Map<string, object>} cards by target, as /v1/models tells of them
 */
export function results(answer, cards) {
  const shared = sharedBy(answer.scores);
  const told = shared.refused ? [] : groups(answer.scores).map((one) => intervention(one, cards, shared));
  return [
    el("p", { class: "quiet" }, account(answer)),
    shared.refused && silence(answer.scores, shared.refused),
    shared.flags.length > 0 && flags(shared.flags, "To keep in mind with every answer"),
    ...told,
  ];
}

function intervention([name, scores], cards, shared) {
  return el("section", { class: "intervention" }, el("h3", {}, name),
    ...scores.map((one) => target(one, cards.get(one.target), shared)));
}

/** One reason for all: nothing is said of any intervention. */
function silence(scores, refused) {
  const asked = groups(scores).map(([name]) => name).join("; ");
  return el("article", {}, refusal(refused, "Nothing is predicted for this patient"),
    el("p", { class: "quiet" }, `Asked about: ${asked}.`));
}

/** One sentence for who only hears that something changed. */
export function announcement({ scores }) {
  const refused = scores.filter((one) => one.refused).length;
  const answers = scores.length - refused;
  return `${answers} of ${scores.length} models asked give an answer, ${refused} a reason why they give none.`;
}

/** The flags that every score carries, and the refusal that all share; said once where there are several. */
function sharedBy(scores) {
  if (scores.length < 2) return { flags: [], refused: null };
  const everywhere = ({ code }) => scores.every((one) => one.flags.some((flag) => flag.code === code));
  const [{ refused }] = scores;
  const same = ({ refused: other }) => other?.code === refused.code && other.words === refused.words;
  const all = refused && scores.every(same);
  return { flags: scores[0].flags.filter(everywhere), refused: all ? refused : null };
}

function account({ index, known_features: known, intake }) {
  const rejected = intake.rejected.map(({ words, count }) => ` ${words} (${count})`).join(";");
  return [
    `At ${said(index)}.`,
    known === undefined ? "" : `Known of what the models look at: ${percent(known)}.`,
    `${intake.kept} of ${intake.given} events were read${rejected && `; left out:${rejected}`}.`,
    intake.unmapped ? `${intake.unmapped} have codes of no influence.` : "",
  ].filter(Boolean).join(" ");
}

/** Scores by the label of their intervention, in the order in which they came. */
function groups(scores) {
  const found = new Map();
  for (const one of scores) {
    const { name } = parted(one.label);
    found.set(name, [...(found.get(name) ?? []), one]);
  }
  return [...found];
}

/** "nerve block (diagnostic): less pain, 1 month" in its three parts; a label of another form as it is. */
export function parted(label) {
  const [, name, stage, outcome] = /^(.*?) \((.*?)\): (.*)$/.exec(label) ?? [label, label, "", ""];
  return { name: sentence(name), stage: sentence(stage), outcome };
}

const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);

function target(score, card, shared) {
  const { stage, outcome } = parted(score.label);
  const own = score.flags.filter((flag) => !shared.flags.some(({ code }) => code === flag.code));
  return el("article", { "data-target": score.target },
    el("h4", {}, stage || score.label), el("p", { class: "quiet" }, outcome),
    score.refused ? refusal(score.refused) : answered(score),
    own.length > 0 && flags(own, "To keep in mind"),
    score.explanation && explained(score, card));
}

function refusal({ code, words }, heading = "No prediction") {
  return el("div", { class: "refusal" }, el("p", { class: "strong" }, heading), coded("p", { code, words }));
}

const coded = (name, { code, words }) => el(name, {}, words, " ", el("span", { class: "code" }, code));

function answered({ probability, interval, support }) {
  return el("div", {},
    el("p", { class: "probability" }, el("strong", {}, percent(probability)),
      el("span", {}, "In 9 of 10 clinics the model has not seen, ",
        `${percent(interval[0])} to ${percent(interval[1])} of such patients respond.`)),
    intervalLine(probability, interval),
    support !== undefined && el("p", {},
      `Support: such a patient was given this intervention with a probability of ${percent(support)}. `,
      el("span", { class: "quiet" }, "It tells how well the answer is grounded, and is no reason to give it.")));
}

function flags(list, heading) {
  return el("div", { class: "flags" }, el("p", { class: "strong" }, heading),
    el("ul", {}, ...list.map((flag) => coded("li", flag))));
}

function explained(score, card) {
  const { missing, notes } = score.explanation;
  const first = missing.slice(0, NAMED_MISSING).map((one) => one.words).join("; ");
  return el("div", {},
    first && el("p", {}, `Not known, and it would matter most: ${first}.`),
    el("details", {}, el("summary", {}, "What this rests on"),
      waterfall(score.explanation, score.probability),
      missing.length > NAMED_MISSING && el("p", {}, "Not known, most important first: ",
        missing.map((one) => one.words).join("; "), "."),
      ...notes.map((note) => el("p", { class: "quiet" }, note)),
      card && el("p", { class: "quiet" }, learnt(score, card))));
}

const KINDS = {
  boosted: "Boosted trees",
  logistic: "A logistic regression",
  prevalence: "The share of responders, the same for everybody",
};

function learnt({ model_kind: kind }, { episodes, responders, metrics }) {
  const [area, low, high] = metrics?.auc ?? [];
  const judged = area === undefined ? "" : ` AUC ${area.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}).`;
  return `${KINDS[kind] ?? kind}, learnt from ${episodes} episodes, of which ${responders} responded.${judged}`;
}
