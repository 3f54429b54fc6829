// Elements of SVG, and the colours in which series are drawn. Text is only ever a text node.

const SVG = "http://www.w3.org/2000/svg";
const COLORS = 10;
const DASHES = ["", "7 3", "2 2", "9 3 2 3"];

/** An element of SVG. `style` goes through the CSSOM: only there may a colour be a variable. */
export function drawn(tag, { style = {}, ...attributes } = {}, text) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) element.setAttribute(name, value);
    for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
}

/** @param index of a series */
export const colorOf = (index) => `var(--c${index % COLORS})`;

/** Lines after the tenth are told apart by their dashes. @param index of a series */
export const dashOf = (index) => DASHES[Math.floor(index / COLORS) % DASHES.length] || null;

/** A text as long as there is room for: its whole is its title. @param attributes @param room in characters */
export function label(text, attributes, room) {
    const isCut = text.length > room;
    const element = drawn("text", attributes, isCut ? `${text.slice(0, Math.max(1, room - 1))}…` : text);
    if (isCut) element.append(drawn("title", {}, text));
    return element;
}
