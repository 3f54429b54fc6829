// An axis of values of one kind: where each value stands, what is written beside it. No page here.
import { logTicks, ticks, tickTexts } from "../charts/axis.js";
import { number } from "../format.js";

/** Up to so many values are written one by one; texts nearer to each other than this part of the axis cannot be read. */
const FEW = 6, CLOSE = 0.055;

/** How a value that is no number on this axis is called. */
export const label = (value) => typeof value === "string" ? value : JSON.stringify(value);

const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
    : (typeof b === "number") - (typeof a === "number") || (label(a) < label(b) ? -1 : 1);

/** Whether values that nobody called logarithmic spread evenly only on such a scale. */
function looksLogarithmic(values) {
    const sorted = [...new Set(values)].sort((a, b) => a - b);
    if (sorted.length < 3 || sorted[0] <= 0 || sorted.at(-1) / sorted[0] < 100) return false;
    const middle = sorted[sorted.length >> 1];
    return middle - sorted[0] < 0.1 * (sorted.at(-1) - sorted[0]);
}

/**
 * @typedef {{name: string, title: string, kind: "linear" | "log" | "category", extras: string[], stops: number[],
 *     place: (value: any) => number, value: (place: number) => number | string, ticks: {place: number, text: string}[]}} Axis
 * A place is 0 at the lower end and 1 at the upper one; -1, -2 … are the places below for what has none: `extras`.
 *
 * @param {any[]} values one for each line; undefined where there is none
 * @param {{title?: string, isLog?: boolean, isNumeric?: boolean, missing?: string}} options
 * @returns {Axis}
 */
export function axisOf(name, values, { title = name, isLog = false, isNumeric = false, missing = "not set" } = {}) {
    const given = values.filter((value) => value !== undefined);
    const finite = given.filter(Number.isFinite);
    const isNumbers = isNumeric || given.length > 0 && given.every((value) => typeof value === "number");
    const extras = [isNumbers && finite.length < given.length ? "NaN" : null, given.length < values.length ? missing : null].filter(Boolean);
    const below = (text) => -1 - extras.indexOf(text);
    const scale = isNumbers ? numbers(finite, isLog) : categories(given);
    return {
        name, title, extras, ...scale,
        stops: [...extras.map((_, index) => -1 - index).reverse(), ...scale.stops],
        place: (value) => value === undefined ? below(missing) : isNumbers && !Number.isFinite(value) ? below("NaN") : scale.place(value),
        value: (place) => place < 0 ? extras[Math.min(extras.length, Math.round(-place)) - 1] : scale.value(place),
    };
}

/** Without those whose texts would lie on others; the first and the last stay. */
function readable(marks) {
    const kept = [];
    marks.forEach((mark, index) => {
        const isEnd = index === 0 || index === marks.length - 1;
        if (isEnd || mark.place - kept.at(-1).place > CLOSE && marks.at(-1).place - mark.place > CLOSE) kept.push(mark);
    });
    return kept;
}

function numbers(finite, isLog) {
    let low = Math.min(...finite), high = Math.max(...finite);
    const isLogarithmic = low > 0 && (isLog || looksLogarithmic(finite));
    if (!finite.length) [low, high] = [0, 1];
    else if (low === high) [low, high] = isLogarithmic ? [low / 2, high * 2] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
    const map = isLogarithmic ? Math.log : Number, from = map(low), span = map(high) - from;
    const place = (value) => (map(value) - from) / span;
    const distinct = [...new Set(finite)].sort((a, b) => a - b);
    const inner = isLogarithmic ? logTicks(low, high, 5) : ticks(low, high, 5);
    const marks = distinct.length <= FEW ? distinct : inner;
    const texts = distinct.length <= FEW ? marks.map((mark) => number(mark)) : tickTexts(marks);
    // What the ends are is said exactly, and nothing else near them.
    const ends = distinct.length <= FEW ? [] : [low, high].map((value) => ({ place: place(value), text: number(value, 3) }));
    const between = marks.map((mark, index) => ({ place: place(mark), text: texts[index] }))
        .filter((tick) => !ends.length || tick.place > 0.09 && tick.place < 0.91);
    return {
        kind: isLogarithmic ? "log" : "linear", place, ticks: finite.length ? ends.length ? [...between, ...ends] : readable(between) : [],
        value: (where) => {
            const value = from + Math.min(1, Math.max(0, where)) * span;
            return Number((isLogarithmic ? Math.exp(value) : value).toPrecision(12));
        },
        stops: distinct.length <= FEW ? distinct.map(place) : Array.from({ length: 21 }, (_, index) => index / 20),
    };
}

function categories(given) {
    const names = [...new Map(given.map((value) => [label(value), value])).values()].sort(order).map(label);
    const place = (index) => names.length < 2 ? 0.5 : index / (names.length - 1);
    const nearest = (where) => Math.min(names.length - 1, Math.max(0, Math.round(names.length < 2 ? 0 : where * (names.length - 1))));
    const known = new Map(names.map((name, index) => [name, place(index)]));
    // So many that they would lie on each other are named here and there.
    const every = Math.ceil(names.length / 16);
    return {
        kind: "category", place: (value) => known.get(label(value)) ?? NaN, value: (where) => names[nearest(where)],
        ticks: names.map((text, index) => ({ place: place(index), text })).filter((_, index) => index % every === 0),
        stops: names.map((_, index) => place(index)),
    };
}

/** The place of an end of a range as `value` gave it; null where the axis no longer has it. */
export function placeOf(axis, end) {
    const below = axis.extras.indexOf(end);
    const place = below >= 0 ? -1 - below : typeof end === "number" || axis.kind === "category" ? axis.place(end) : NaN;
    return Number.isNaN(place) ? null : place;
}
