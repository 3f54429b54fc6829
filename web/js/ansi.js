// What a program wrote to a terminal, as parts with a look. Only colours and styles count; other sequences are dropped.

// Operating system commands, control sequences, other escapes (one with what it selects), the rest of the control characters.
const ESCAPES = new RegExp(String.raw`\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~]?)|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b-\x1f\x7f-\x9f]`, "g");
/** Where 16 colours are classes, so that they suit the theme; 256 and true colours are as the program said. */
const STEPS = [0, 95, 135, 175, 215, 255];

/** The last of what was written over one another in a line. */
function lastPart(text) {
    if (!text.includes("\r")) return text;
    return text.split("\r").findLast((part) => part.replace(ESCAPES, "").length) ?? "";
}

/** Without any sequence. @param text */
export const plain = (text) => lastPart(text).replace(ESCAPES, "");

/** @param text a line @returns {{text: string, look: object | null}[]} */
export function parts(text) {
    const line = lastPart(text), list = [];
    let look = {}, at = 0;
    const take = (end) => {
        if (end > at) list.push({ text: line.slice(at, end), look: Object.keys(look).length ? look : null });
    };
    for (const found of line.matchAll(ESCAPES)) {
        take(found.index);
        at = found.index + found[0].length;
        if (found[2] === "m" && !/[<-?]/.test(found[1])) look = changed(look, found[1]);
    }
    take(line.length);
    return list;
}

function changed(before, codes) {
    let look = { ...before };
    const numbers = codes.split(/[;:]/).map(Number);
    for (let at = 0; at < numbers.length; at += 1) {
        const code = numbers[at];
        if (code === 0) look = {};
        else if (code === 1) look.bold = true;
        else if (code === 2) look.faint = true;
        else if (code === 3) look.italic = true;
        else if (code === 4) look.underline = true;
        else if (code === 7) look.inverse = true;
        else if (code === 9) look.struck = true;
        else if (code === 22) delete look.bold, delete look.faint;
        else if (code === 23) delete look.italic;
        else if (code === 24) delete look.underline;
        else if (code === 27) delete look.inverse;
        else if (code === 29) delete look.struck;
        else if (code === 39) delete look.front;
        else if (code === 49) delete look.back;
        else if (code >= 30 && code <= 37) look.front = code - 30;
        else if (code >= 40 && code <= 47) look.back = code - 40;
        else if (code >= 90 && code <= 97) look.front = code - 82;
        else if (code >= 100 && code <= 107) look.back = code - 92;
        else if (code === 38 || code === 48) {
            const isShort = numbers[at + 1] === 5;
            if (!isShort && numbers[at + 1] !== 2) break;
            const color = isShort ? indexed(numbers[at + 2]) : exact(numbers.slice(at + 2, at + 5));
            if (color !== null) look[code === 38 ? "front" : "back"] = color;
            at += isShort ? 2 : 4;
        }
    }
    return look;
}

/** One of the 16, or an exact colour. */
function indexed(index) {
    if (!(index >= 0 && index <= 255)) return null;
    if (index < 16) return index;
    if (index >= 232) return exact([8, 8, 8].map((base) => base + 10 * (index - 232)));
    const cube = index - 16;
    return exact([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => STEPS[step]));
}

const exact = (parts) => parts.length === 3 && parts.every((part) => part >= 0 && part <= 255) ? `rgb(${parts.join(" ")})` : null;

/** Papers on which white is read better than black. */
const DARK = [0, 1, 4, 5, 8, 9, 12, 13];

/** Gives an element a look. Colours of letters suit the theme; those of a paper, and of letters on it, are as terminals have them. */
export function dress(element, look) {
    const { front, back, inverse } = look;
    const [ink, paper] = inverse ? [back, front] : [front, back];
    const hasPaper = inverse || paper !== undefined;
    const color = (value) => typeof value === "number" ? `var(--${hasPaper ? "term" : "ansi"}-${value})` : value;
    const standard = !hasPaper ? undefined : paper === undefined ? "var(--bg)" : typeof paper === "number" ? color(DARK.includes(paper) ? 15 : 0) : undefined;
    element.style.color = color(ink ?? standard) ?? "";
    if (hasPaper) element.style.backgroundColor = color(paper) ?? "var(--fg)";
    for (const name of ["bold", "faint", "italic", "underline", "struck"]) if (look[name]) element.classList.add(`ansi-${name}`);
    return element;
}
