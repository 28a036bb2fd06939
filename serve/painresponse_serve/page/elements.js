/** Elements from a name, their attributes and children; text is always text, never markup. */

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Attributes that are false or null are left out, functions listen (`onclick`). */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** An SVG element. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** The element of this id. */
export const byId = (id) => document.getElementById(id);

/** Puts words where a trouble or a message is told; none empties it. */
export function tell(id, words = "") {
  byId(id).textContent = words;
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}
