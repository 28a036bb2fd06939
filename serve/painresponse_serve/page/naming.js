/** What a code is called, and of which kind it is, by the catalogue of the bundle. */

/** Kinds of events, in the order of their lanes. */
export const KINDS = {
  pain: "Pain",
  questionnaire: "Questionnaires",
  measurement: "Laboratory and signs",
  diagnosis: "Diagnoses",
  procedure: "Procedures",
  treatment: "Medicines, treatments",
  fact: "Facts",
  unknown: "Other codes, of no influence",
};

const BY_SYSTEM = [
  [/^ICD10CM/, "diagnosis"],
  [/^(CPT|HCPCS|ICD10PCS)/, "procedure"],
  [/^(RxNorm|ATC)/, "treatment"],
];

/**
 * A function from a code to {name, label, kind, unit, ends}; `ends`: it ends a treatment.
 * @param {{concepts: object[], treatments: object[], ends: string[]}} catalogue
 */
export function naming(catalogue) {
  const exact = new Map();
  const beginnings = [];
  for (const { codes, ...called } of entries(catalogue)) {
    for (const code of codes) {
      if (code.endsWith("*")) beginnings.push([code.slice(0, -1), called]);
      else if (!exact.has(code)) exact.set(code, called);
    }
  }
  const find = (code) => exact.get(code) ?? beginnings.find(([start]) => code.startsWith(start))?.[1];
  return (code) => named(code, find, catalogue.ends);
}

function named(code, find, ends) {
  const end = ends.find((one) => code.endsWith(one));
  const called = find(code) ?? (end && find(code.slice(0, -end.length)));
  return { name: code, label: code, kind: "unknown", unit: "", ...called, ends: Boolean(called && !find(code)) };
}

/** Concepts before treatments: a code that is both is called by what was done. */
function entries(catalogue) {
  const concepts = catalogue.concepts.map((one) => ({ ...one, kind: kindOf(one) }));
  const treatments = catalogue.treatments.map(({ name, label, begins }) => {
    return { name, label, kind: "treatment", unit: "", codes: begins.map((one) => one.code) };
  });
  return [...concepts, ...treatments];
}

function kindOf({ name, codes, unit }) {
  if (name === "pain") return "pain";
  const system = BY_SYSTEM.find(([pattern]) => codes.some((code) => pattern.test(code)));
  if (system) return system[1];
  if (unit === "{score}") return "questionnaire";
  return unit ? "measurement" : "fact";
}

/** A value with its unit, as people read it; a yes or no as such. */
export function valueWords(event, { unit, limits }) {
  if (event.value == null) return "";
  const yesOrNo = !unit && limits?.[0] === 0 && limits?.[1] === 1;
  if (yesOrNo && (event.value === 0 || event.value === 1)) return event.value ? "yes" : "no";
  const said = event.unit ?? unit;
  return `${event.value}${said && !said.startsWith("{") ? ` ${said}` : ""}`;
}
