// Lines, points and bars on a plane of two directions.
import { textWidth } from "../dom.js";
import { clock, logTicks, tickTexts, ticks, timeTicks } from "../charts/axis.js";
import { colorOf, dashOf, drawn, label } from "./svg.js";
import { told } from "./figureModel.js";

const TOP = 20, FOOT = 34, RIGHT = 12;
/** Points of a line for each pixel, before only the first, the least, the greatest and the last of each are drawn. */
const DENSE = 3;
const BIG = 3, SMALL = 2, MANY = 400;

/** The least and the greatest of several lists. */
export function extent(lists) {
    let low = Infinity, high = -Infinity;
    for (const list of lists) for (const value of list) {
        if (value < low) low = value;
        if (value > high) high = value;
    }
    return low <= high ? [low, high] : [0, 1];
}

/** @param plane @param shown series with their `index` @param width of the drawing @returns {{svg, picks, height}} */
export function drawPlane(plane, shown, width) {
    const height = Math.round(Math.min(300, Math.max(190, width * 0.6)));
    const y = scaleOf(plane.y, verticalRange(plane, shown));
    const yMarks = marksOf(y, Math.max(2, (height - TOP - FOOT) / 36));
    const left = Math.min(width * 0.35, Math.max(24, ...yMarks.map(([, text]) => textWidth(text, "11px") + 8)));
    const x = scaleOf(plane.x, plane.x.range ?? horizontalRange(plane, shown));
    const px = (value) => left + (x.map(value) - x.low) / (x.high - x.low) * (width - left - RIGHT);
    const py = (value) => height - FOOT - (y.map(value) - y.low) / (y.high - y.low) * (height - TOP - FOOT);
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "figure-svg", "aria-hidden": "true" });
    const frame = { width, height, left, px, py, bottom: height - FOOT };
    drawAxes(svg, plane, frame, yMarks, marksOf(x, Math.max(2, (width - left) / 70)));
    if (plane.hasDiagonal) svg.append(drawn("path", { class: "figure-guess", d: `M${px(0)} ${py(0)}L${px(1)} ${py(1)}` }));
    const picks = [];
    const barred = shown.filter((one) => one.marks === "bars");
    barred.forEach((one, place) => drawBars(svg, one, frame, place, barred.length, y));
    for (const one of shown) {
        const points = thinned(one, frame);
        if (one.marks === "line" || one.marks === "both") svg.append(line(one, points));
        if (one.marks === "points" || one.marks === "both" || points.length === 1 && one.marks === "line") svg.append(dots(one, points));
        for (const point of points) picks.push({ ...point, series: one.index, tell: () => tellPoint(plane, one, point.at) });
    }
    return { svg, picks, height };
}

function tellPoint(plane, one, at) {
    const place = (axis, value) => `${axis.name ? `${axis.name} ` : ""}${told(value, axis)}`;
    const from = one.edges ? `${told(one.edges[at], plane.x)} … ${told(one.edges[at + 1], plane.x)}` : told(one.xs[at], plane.x);
    return [plane.series.length > 1 ? one.name : null, `${plane.x.name ? `${plane.x.name} ` : ""}${from}`, place(plane.y, one.ys[at])].filter(Boolean).join(" · ");
}

// ---- scales ----

function verticalRange(plane, shown) {
    if (plane.y.range) return plane.y.range;
    const [low, high] = extent(shown.map((one) => one.ys));
    // A bar that does not begin at zero lies about its length.
    return shown.some((one) => one.marks === "bars") && !plane.y.isLog ? [Math.min(0, low), Math.max(0, high)] : [low, high];
}

function horizontalRange(plane, shown) {
    const [low, high] = extent(shown.map((one) => one.edges ?? one.xs));
    const half = Math.max(0, ...shown.filter((one) => one.marks === "bars" && !one.edges).map(halfWidth));
    return [low - half, high + half];
}

/** Half the distance of bars that have no edges. */
function halfWidth({ xs }) {
    const sorted = Float64Array.from(xs).sort();
    let least = Infinity;
    for (let at = 1; at < sorted.length; at += 1) if (sorted[at] > sorted[at - 1]) least = Math.min(least, sorted[at] - sorted[at - 1]);
    return Number.isFinite(least) ? least / 2 : 0.5;
}

/** @param axis @param range in values */
function scaleOf(axis, [from, to]) {
    const map = axis.isLog ? Math.log10 : Number;
    let low = map(from), high = map(to);
    if (!axis.range) {
        const room = (high - low) * 0.03 || Math.abs(low) * 0.1 || 1;
        if (low !== 0 || axis.isLog) low -= room;
        if (high !== 0) high += room;
    }
    return { axis, map, low, high, from: axis.isLog ? 10 ** low : low, to: axis.isLog ? 10 ** high : high };
}

/** Where marks stand and what is written there. @returns {[number, string][]} */
function marksOf({ axis, from, to }, count) {
    if (axis.kind === "category") {
        const every = Math.max(1, Math.ceil(axis.names.length / count));
        return axis.names.map((name, index) => [index, name]).filter(([index]) => index % every === 0);
    }
    if (axis.kind === "time") {
        const list = timeTicks(from, to, count, -60_000 * new Date(from).getTimezoneOffset());
        return list.map((time) => [time, clock(time, list[1] - list[0] || to - from)]);
    }
    const list = axis.isLog ? logTicks(from, to, count) : ticks(from, to, count);
    return tickTexts(list).map((text, index) => [list[index], text]);
}

// ---- what is drawn ----

function drawAxes(svg, plane, { width, left, px, py, bottom }, yMarks, xMarks) {
    for (const [value, text] of yMarks) {
        svg.append(drawn("path", { class: "figure-grid", d: `M${left} ${py(value)}H${width - RIGHT}` }),
            label(text, { x: left - 5, y: py(value) + 4, "text-anchor": "end" }, Math.floor(left / 5.5)));
    }
    const room = Math.floor((width - left) / Math.max(1, xMarks.length) / 6);
    let end = -Infinity;
    for (const [value, text] of xMarks) {
        const x = px(value), half = Math.min(text.length, room) * 3;
        // At the ends a text stays on the drawing.
        const [anchor, from] = x + half > width ? ["end", x - 2 * half] : ["middle", x - half];
        svg.append(drawn("path", { class: "figure-grid", d: `M${x} ${bottom}v4` }));
        if (from < end + 4) continue;
        end = from + 2 * half;
        svg.append(label(text, { x, y: bottom + 14, "text-anchor": anchor }, Math.max(3, room)));
    }
    svg.append(drawn("path", { class: "figure-ground", d: `M${left} ${bottom}H${width - RIGHT}` }),
        label(plane.x.name, { x: width - RIGHT, y: bottom + 29, "text-anchor": "end", class: "figure-name" }, Math.floor(width / 6)),
        label(plane.y.name ? `↑ ${plane.y.name}` : "", { x: 2, y: 11, class: "figure-name" }, Math.floor(width / 6)));
}

function drawBars(svg, one, { px, py, bottom, height }, place, count, y) {
    const half = one.edges ? 0 : halfWidth(one), zero = y.axis.isLog ? bottom : Math.min(bottom, py(0));
    let d = "";
    one.xs.forEach((x, at) => {
        const from = px(one.edges?.[at] ?? x - half * 0.85), to = px(one.edges?.[at + 1] ?? x + half * 0.85);
        // Bars of several series at one place stand beside each other; those between edges lie over each other.
        const share = one.edges ? 1 : count, wide = Math.max(1, (to - from) / share - 0.6), top = py(one.ys[at]);
        d += `M${(from + (one.edges ? 0 : place * (to - from) / share) + 0.3).toFixed(2)} ${zero.toFixed(2)}h${wide.toFixed(2)}V${Math.min(height, top).toFixed(2)}h${(-wide).toFixed(2)}z`;
    });
    svg.append(drawn("path", { d, style: { fill: colorOf(one.index), opacity: one.edges && count > 1 ? "0.55" : "1" } }));
}

/** The points that are drawn, in pixels: of many in one column only those that can be told apart. */
function thinned(one, { width, px, py }) {
    const points = one.xs.map((x, at) => ({ x: px(x), y: py(one.ys[at]), at }));
    if (points.length < DENSE * width || one.marks === "bars") return points;
    if (one.marks === "points") {
        const taken = new Set();
        return points.filter(({ x, y }) => {
            const place = Math.round(x) * 4096 + Math.round(y);
            return !taken.has(place) && taken.add(place);
        });
    }
    const kept = [];
    for (let at = 0; at < points.length;) {
        let end = at, least = at, most = at;
        for (; end < points.length && Math.floor(points[end].x) === Math.floor(points[at].x); end += 1) {
            if (points[end].y < points[least].y) least = end;
            if (points[end].y > points[most].y) most = end;
        }
        kept.push(...[...new Set([at, least, most, end - 1])].sort((a, b) => a - b).map((index) => points[index]));
        at = end;
    }
    return kept;
}

const fixed = (value) => value.toFixed(2);

const line = (one, points) => drawn("path", { class: "figure-line", d: points.map(({ x, y }, index) => `${index ? "L" : "M"}${fixed(x)} ${fixed(y)}`).join(""),
    "stroke-dasharray": dashOf(one.index), style: { stroke: colorOf(one.index) } });

/** All of a series in one element: a stroke without length that ends in a circle. */
const dots = (one, points) => drawn("path", { class: "figure-dots", d: points.map(({ x, y }) => `M${fixed(x)} ${fixed(y)}h0`).join(""),
    style: { stroke: colorOf(one.index), "stroke-width": `${2 * (points.length > MANY ? SMALL : BIG)}px` } });
