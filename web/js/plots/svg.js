// Elements of a drawing.

/** @param tag @param [attributes] null leaves one out */
export function svg(tag, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
    element.append(...children.flat().filter((child) => child !== null));
    return element;
}

/** Whole and half pixels are fine enough, and short to write. */
export const px = (value) => Math.round(value * 10) / 10;
