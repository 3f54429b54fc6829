// What a figure shows, apart from where it came from and from how it is drawn. No page here.
import { iso, number } from "../format.js";

/**
 * A direction of a plane: numbers, times in milliseconds, or names at the places 0, 1, 2 ….
 * @typedef {{name: string, kind: "number"|"time"|"category", names?: string[], isLog?: boolean, range?: number[]}} Axis
 * @typedef {{name: string, marks: "line"|"points"|"both"|"bars", xs: number[], ys: number[], edges?: number[]}} Series
 * @typedef {{kind: "plane", title: string, x: Axis, y: Axis, series: Series[], lost: number}} Plane
 * @typedef {{kind: "bars", title: string, x: Axis, y: Axis, labels: string[], series: {name: string, values: (number|null)[]}[], lost: number}} Bars
 * @typedef {{kind: "matrix", title: string, x: Axis, y: Axis, columns: string[], rows: string[], cells: (number|null)[][], isCounts: boolean}} Matrix
 */

const DAY = /^\d{4}-\d\d(?:-\d\d)?(?:[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)?$/;
const LEAST_BINS = 5, MOST_BINS = 60;
/** Cells between named rows and columns: a table of a few names for each row would ask for far more than it has. */
const MOST_CELLS = 1_000_000;

/** A text for what a cell of a table names. */
export const nameOf = (value) => value === null || value === undefined ? "none" : typeof value === "object" ? JSON.stringify(value) : String(value);

const isGap = (value) => value === null || value === undefined || ["NaN", "Infinity", "-Infinity", ""].includes(value);

/** How values stand along a direction. @param values of all series @param name @param [more] @returns {Axis} */
export function axisOf(values, name, more = {}) {
    const known = values.filter((value) => !isGap(value));
    if (known.every((value) => typeof value === "number" || typeof value === "boolean")) return { name, kind: "number", ...more };
    if (known.every((value) => typeof value === "string" && DAY.test(value) && Number.isFinite(timeOf(value)))) return { name, kind: "time" };
    return { name, kind: "category", names: [...new Set(known.map(nameOf))] };
}

/** A time without a zone is one of this place: so it was written. */
const timeOf = (text) => Date.parse(text.length > 10 ? text.replace(" ", "T") : `${text.slice(0, 7)}${text.slice(7) || "-01"}T00:00`);

/** Where values stand along a direction; NaN for what has no place. @param values @param axis @returns {number[]} */
export function placesOf(values, axis) {
    const names = axis.kind === "category" ? new Map(axis.names.map((one, index) => [one, index])) : null;
    return values.map((value) => isGap(value) ? NaN : names ? names.get(nameOf(value)) ?? NaN
        : axis.kind === "time" ? timeOf(value) : Number(value)).map((place) => Number.isFinite(place) && !(axis.isLog && place <= 0) ? place : NaN);
}

/** A value along a direction, as it is read. */
export const told = (place, axis) => axis.kind === "category" ? axis.names[place] ?? "" : axis.kind === "time" ? iso(place).slice(0, 19) : number(place, 6);

/** The points of a series that have a place; how many have none is counted in `lost`. @param plane @param more name, marks */
export function addSeries(plane, more, xs, ys, isSorted = false) {
    const at = placesOf(xs, plane.x), up = placesOf(ys, plane.y);
    const kept = at.map((_, index) => index).filter((index) => Number.isFinite(at[index]) && Number.isFinite(up[index]));
    plane.lost += at.length - kept.length;
    // Points of one x stay in the order in which they were written: a curve may rise there.
    if (isSorted) kept.sort((a, b) => at[a] - at[b]);
    plane.series.push({ ...more, xs: kept.map((index) => at[index]), ys: kept.map((index) => up[index]) });
}

/** How many values lie between edges of equal distance (Freedman and Diaconis, bounded). @param values finite @returns {{edges: number[], counts: number[]}} */
export function binned(values, wanted = 0) {
    const sorted = Float64Array.from(values).sort();
    const low = sorted[0] ?? 0, high = sorted.at(-1) ?? 0, span = high - low || 1;
    const quarter = (share) => sorted[Math.floor(share * (sorted.length - 1))];
    const width = 2 * (quarter(0.75) - quarter(0.25)) / Math.cbrt(sorted.length || 1);
    const count = wanted || Math.min(MOST_BINS, Math.max(LEAST_BINS, Math.ceil(span / (width || span / 10)) || 0));
    const counts = new Array(count).fill(0);
    for (const value of sorted) counts[Math.min(count - 1, Math.floor((value - low) / span * count))] += 1;
    return { edges: Array.from({ length: count + 1 }, (_, index) => low + index * span / count), counts };
}

/** The values of each name, in the order in which names come first. @param names @returns {Map<string, number[]>} places in the list */
export function groups(names) {
    const found = new Map();
    names.forEach((name, index) => found.get(name)?.push(index) ?? found.set(name, [index]));
    return found;
}

/** A table of numbers between named rows and columns. @param rows, columns, values of equal length @returns {Matrix | null} null where there are too many names */
export function matrixOf(title, x, y, rows, columns, values, isCounts) {
    const names = (list) => [...new Set(list)];
    const [left, top] = [names(rows), names(columns)];
    if (left.length * top.length > MOST_CELLS) return null;
    const row = new Map(left.map((name, index) => [name, index])), column = new Map(top.map((name, index) => [name, index]));
    const cells = left.map(() => new Array(top.length).fill(null));
    values.forEach((value, index) => {
        if (Number.isFinite(value)) cells[row.get(rows[index])][column.get(columns[index])] = (cells[row.get(rows[index])][column.get(columns[index])] ?? 0) + value;
    });
    return { kind: "matrix", title, x, y, rows: left, columns: top, cells, isCounts };
}
