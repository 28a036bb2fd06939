/** The one place that speaks to the server. An API key is held here, in memory, and nowhere else. */

let key = "";

/** What the server complains of, in its own words. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Uses this API key from now on. */
export function useKey(words) {
  key = words;
}

/** Every bundle in service: /v1/models. */
export const models = () => ask("GET", "/v1/models");

/** What a bundle can read: /v1/catalogue. */
export const catalogue = (model) => ask("GET", `/v1/catalogue?model=${encodeURIComponent(model)}`);

/** The answer to a history, also when every model refuses to speak. */
export const score = (history) => ask("POST", "/v1/score", JSON.stringify(history));

/** A FHIR R4 bundle as a history, as the server understands it. */
export const fromFhir = (text) => ask("POST", "/v1/fhir/history", text, "application/fhir+json");

async function ask(method, path, body, kind = "application/json") {
  const headers = { ...(body && { "Content-Type": kind }), ...(key && { Authorization: `Bearer ${key}` }) };
  const options = { method, body, headers, cache: "no-store", credentials: "omit", redirect: "error" };
  const response = await fetch(path, options).catch(() => {
    throw new Refused(0, "The server does not answer. Is it running, and this machine connected?");
  });
  const told = await response.json().catch(() => null);
  if (response.ok || told?.scores) return told;
  throw new Refused(response.status, words(told) ?? `The server answers with status ${response.status}.`);
}

/** Its own words, whether they come in our shape or as a FHIR OperationOutcome. */
function words(told) {
  const issue = told?.issue?.[0];
  return told?.error?.message ?? issue?.details?.text ?? issue?.diagnostics;
}
