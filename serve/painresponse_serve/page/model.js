/** Which bundle answers: its name tag, and what must be said of it wherever it speaks. */

import { byId, el } from "./elements.js";

const DIGEST = 12;

/** Offers the bundles in service; `choose` is called with the one taken. */
export function offerModels(bundles, choose) {
  const select = byId("model-choice");
  select.replaceChildren(...bundles.map(({ model }) => el("option", { value: model.name }, model.name)));
  select.onchange = () => choose(bundles.find(({ model }) => model.name === select.value));
  byId("model").hidden = false;
}

/** Shows whose answers these will be. */
export function showModel({ model, provenance }) {
  const facts = {
    Digest: el("code", { title: model.digest }, model.digest.slice(0, DIGEST)),
    Data: `${model.data}${model.synthetic ? " (simulated)" : ""}`,
    Trained: `${trained(provenance)}by painresponse ${model.software}`,
  };
  const told = Object.entries(facts).flatMap(([name, fact]) => [el("dt", {}, name), el("dd", {}, fact)]);
  byId("model-facts").replaceChildren(...told);
}

const trained = ({ trained: day }) => (day ? `${day}, ` : "");

/** Shows the notices of a model: the banner for a synthetic one, and below it what the banner does not say. */
export function showNotices({ model, notices }) {
  const banner = document.querySelector(".banner");
  banner.querySelector(".synthetic").hidden = !model.synthetic;
  const there = [...banner.children].map((one) => one.textContent);
  const others = notices.filter((notice) => !there.includes(notice));
  byId("notices").replaceChildren(...others.map((notice) => el("p", { class: "notice" }, notice)));
}
