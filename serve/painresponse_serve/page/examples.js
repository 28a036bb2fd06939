/** The example patients, none of whom exists. */

import { el } from "./elements.js";

const EXAMPLES = {
  "after-trial": ["After two back operations", "A stimulation trial went well; all models answer."],
  "facet-block": ["Facet joint pain", "Asked about ablation, and about stimulation, where the model refuses."],
  "few-facts": ["Hardly anything known", "One model says what it lacks; the others know too little to speak."],
  "cancer-pain": ["Cancer pain", "Outside what any of the models has learnt: all of them refuse."],
};

/** A button for each; `choose` gets the text of the history. */
export function exampleButtons(choose) {
  return Object.entries(EXAMPLES).map(([name, [title, words]]) =>
    el("li", {}, button(name, title, words, choose)));
}

function button(name, title, words, choose) {
  const chosen = async () => choose(await text(name));
  return el("button", { type: "button", class: "example", onclick: chosen },
    el("span", { class: "strong" }, title), el("span", {}, words));
}

async function text(name) {
  return (await fetch(`/page/examples/${name}.json`)).text();
}
