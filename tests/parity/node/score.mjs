// Scores rows with a bundle: node score.mjs BUNDLE ROWS FOLDER [TARGET...]
//
// ROWS: float32, one row after the other, a missing value as NaN. Each output of the bundle becomes a file of
// its numbers in FOLDER, and outputs.json says their types and shapes. TARGET: the places, from 0, of the
// targets whose contributions are wanted.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as ort from "onnxruntime-web";

const [bundle, rows, folder, ...targets] = process.argv.slice(2);

ort.env.wasm.numThreads = 1;
// From bytes: they can be hashed before, which a path cannot.
const session = await ort.InferenceSession.create(await readFile(bundle));
const outputs = await session.run({ features: features(await readFile(rows)), explain: explain(targets) });

const shapes = {};
for (const [name, { type, dims, data }] of Object.entries(outputs)) {
  shapes[name] = { type, shape: dims };
  await writeFile(join(folder, `${name}.bin`), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
await writeFile(join(folder, "outputs.json"), JSON.stringify(shapes));

function features(bytes) {
  const width = shapeOf("features")[1];
  const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return new ort.Tensor("float32", numbers, [numbers.length / width, width]);
}

function explain(places) {
  const asked = new Uint8Array(shapeOf("explain")[0]);
  for (const place of places) asked[place] = 1;
  return new ort.Tensor("bool", asked, [asked.length]);
}

function shapeOf(input) {
  return session.inputMetadata.find(({ name }) => name === input).shape;
}
