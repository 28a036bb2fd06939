/** JSON, read strictly: what is wrong is told with its line, and a name given twice is wrong as well. */

const SPACE = /[ \t\r\n]*/y;
const STRING = String.raw`"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"`;
const NUMBER = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const TOKEN = new RegExp(`[{}[\\],:]|${STRING}|${NUMBER}|true|false|null`, "y");
const SIGNS = new Set(["{", "}", "[", "]", ",", ":"]);
const DEEPEST = 100;

/** A text that cannot be read; its message says where and why. */
export class Unreadable extends Error {}

/** The value a text of JSON holds. Throws Unreadable. */
export function readJson(text) {
  const cursor = { text, at: 0, start: 0 };
  checkValue(cursor, next(cursor), 0);
  if (next(cursor) !== null) fail(cursor, "there is more after the end");
  return JSON.parse(text);
}

function checkValue(cursor, token, depth) {
  if (depth > DEEPEST) fail(cursor, "it is nested too deeply");
  if (token === "{") checkObject(cursor, depth);
  else if (token === "[") checkList(cursor, depth);
  else if (token === null || SIGNS.has(token)) fail(cursor, "a value is missing here");
}

function checkObject(cursor, depth) {
  const names = new Set();
  let token = next(cursor);
  if (token === "}") return;
  for (;;) {
    checkName(cursor, token, names);
    if (next(cursor) !== ":") fail(cursor, "a colon is missing before this");
    checkValue(cursor, next(cursor), depth + 1);
    token = next(cursor);
    if (token === "}") return;
    if (token !== ",") fail(cursor, "a comma or } is missing before this");
    token = next(cursor);
  }
}

function checkName(cursor, token, names) {
  if (!token?.startsWith('"')) fail(cursor, "a name in double quotes is missing here");
  const name = JSON.parse(token);
  if (names.has(name)) fail(cursor, `"${name}" is given twice in one object`);
  names.add(name);
}

function checkList(cursor, depth) {
  let token = next(cursor);
  if (token === "]") return;
  for (;;) {
    checkValue(cursor, token, depth + 1);
    token = next(cursor);
    if (token === "]") return;
    if (token !== ",") fail(cursor, "a comma or ] is missing before this");
    token = next(cursor);
  }
}

/** The next token, or null at the end. */
function next(cursor) {
  cursor.start = SPACE.lastIndex = cursor.at;
  SPACE.exec(cursor.text);
  cursor.start = TOKEN.lastIndex = SPACE.lastIndex;
  if (cursor.start === cursor.text.length) return null;
  const found = TOKEN.exec(cursor.text);
  if (!found) fail(cursor, strange(cursor.text.slice(cursor.start, cursor.start + 9)));
  cursor.at = TOKEN.lastIndex;
  return found[0];
}

function strange(rest) {
  if (/^-?(NaN|Infinity)/.test(rest)) return "NaN and Infinity are not JSON: leave the value out, or write null";
  return rest.startsWith('"') ? "this text does not end on its line, or holds a strange sign" : "this is not JSON";
}

function fail(cursor, words) {
  const before = cursor.text.slice(0, cursor.start);
  const line = before.split("\n").length;
  const column = cursor.start - before.lastIndexOf("\n");
  const end = cursor.start >= cursor.text.length ? " The text ends too early." : "";
  throw new Unreadable(`Line ${line}, column ${column}: ${words}.${end}`);
}
