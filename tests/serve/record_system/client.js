/** A record system in a browser: it discovers the services, fetches what they ask for, calls, and shows the cards. */

const setup = await (await fetch("setup.json")).json();

const written = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const encoded = (value) => written(new TextEncoder().encode(JSON.stringify(value)));

/** A token for one address, signed here with the key of this record system. */
async function token(path) {
  const algorithm = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" };
  const key = await crypto.subtle.importKey("jwk", setup.key, algorithm, false, ["sign"]);
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: setup.issuer, aud: setup.audience + path, iat: now, exp: now + 300, jti: crypto.randomUUID() };
  const signed = `${encoded({ alg: "ES384", typ: "JWT", kid: setup.key.kid })}.${encoded(claims)}`;
  return `${signed}.${written(await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(signed)))}`;
}

async function asked(path, body) {
  const answer = await fetch(setup.services + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${await token(path)}` },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${(await answer.json()).error.message}`);
  return answer.json();
}

/** Every template that the record can satisfy; null where it has nothing. */
async function prefetched(service, context) {
  const found = {};
  for (const [key, template] of Object.entries(service.prefetch)) {
    const answer = await fetch(`fhir/${template.replaceAll("{{context.patientId}}", context.patientId)}`);
    const resource = answer.ok ? await answer.json() : undefined;
    if (resource) found[key] = resource.resourceType === "Bundle" && !resource.entry?.length ? null : resource;
  }
  return found;
}

function show({ uuid, summary, indicator, detail, source }, path) {
  const card = document.createElement("article");
  card.dataset.indicator = indicator;
  const told = { h2: summary, pre: detail, footer: source.label };
  for (const [name, text] of Object.entries(told)) card.append(Object.assign(document.createElement(name), { textContent: text }));
  const aside = Object.assign(document.createElement("button"), { textContent: "Put aside" });
  aside.addEventListener("click", async () => {
    const said = { card: uuid, outcome: "overridden", outcomeTimestamp: new Date().toISOString() };
    await asked(`${path}/feedback`, { feedback: [said] });
    card.remove();
  });
  card.append(aside);
  document.querySelector("#cards").append(card);
}

async function sign() {
  const { services } = await (await fetch(`${setup.services}/cds-services`)).json();
  for (const service of services.filter(({ hook }) => hook === "order-sign")) {
    const path = `/cds-services/${service.id}`;
    const prefetch = await prefetched(service, setup.context);
    const body = { hook: service.hook, hookInstance: crypto.randomUUID(), context: setup.context, prefetch };
    for (const card of (await asked(path, body)).cards) show(card, path);
  }
}

document.querySelector("#sign").addEventListener("click", () =>
  sign().catch((error) => { document.querySelector("#trouble").textContent = error.message; }));
