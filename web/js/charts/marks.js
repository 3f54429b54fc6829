// What stands on a chart besides its lines: gaps, clipped peaks, values that are no numbers, labels, best points.
import { nearest } from "./scale.js";

/** @typedef {import("./lineChart.js").LineChart} LineChart */

const APART = 16;
/** A line that ends so many pixels before the right of the plot has its name there. */
const EARLY = 24;

const shown = (line) => line.smoothed.length ? line.smoothed : line.mean;

/** Shades between the training and the validation line where there are both. @param chart */
export function drawGap(pen, chart, train, held) {
    const from = Math.max(train.x[0], held.x[0]), to = Math.min(train.x.at(-1), held.x.at(-1));
    const edge = (line) => line.x.map((x, index) => [x, shown(line)[index]])
        .filter(([x, value]) => typeof value === "number" && x >= from && x <= to);
    const upper = edge(held), lower = edge(train);
    if (upper.length < 2 || lower.length < 2) return;
    pen.fillStyle = chart.colorOf(held);
    pen.globalAlpha = 0.1;
    pen.beginPath();
    for (const [x, value] of upper) pen.lineTo(chart.px(x), chart.py(value));
    for (const [x, value] of lower.reverse()) pen.lineTo(chart.px(x), chart.py(value));
    pen.fill();
    pen.globalAlpha = 1;
}

/** Triangles where lines leave the plot, upwards or downwards. @returns those that there are */
export function drawClips(pen, chart) {
    if (chart.isDense) return chart.dropped.size ? "▲" : "";
    const taken = [[], []];
    const mark = (line, x, isDown) => {
        if (taken[Number(isDown)].some((other) => Math.abs(other - x) < APART)) return;
        taken[Number(isDown)].push(x);
        const tip = isDown ? chart.height - chart.bottom + 1 : chart.top - 1, foot = isDown ? tip - 8 : tip + 8;
        pen.fillStyle = chart.colorOf(line);
        pen.beginPath();
        pen.moveTo(x - 5, foot);
        pen.lineTo(x + 5, foot);
        pen.lineTo(x, tip);
        pen.fill();
    };
    for (const line of chart.lines) {
        const [tops, bottoms] = chart.hasBands ? [line.max, line.min] : [line.mean, line.mean];
        let wasAbove = false, wasBelow = false;
        line.x.forEach((x, index) => {
            if (x < chart.x0 || x > chart.x1) return;
            const isAbove = tops[index] !== null && tops[index] > chart.high;
            const isBelow = bottoms[index] !== null && bottoms[index] < chart.low;
            if (isAbove && !wasAbove) mark(line, chart.px(x), false);
            if (isBelow && !wasBelow) mark(line, chart.px(x), true);
            [wasAbove, wasBelow] = [isAbove, isBelow];
        });
    }
    return (taken[0].length ? "▲" : "") + (taken[1].length ? "▼" : "");
}

/** Rows of crosses below the axis, of eight pixels each; more lines than that share them. */
const ROW = 8, ROWS = 3;

const isBroken = (line, index) => line.nan[index] > 0 || line.inf[index] > 0;

/** The lines that have values in view that are no finite numbers. */
const brokenLines = ({ lines, range }) => lines.filter((line) => line.x.some((x, index) => isBroken(line, index) && (!range || (x >= range[0] && x <= range[1]))));

/** How much room the crosses need: they stand apart from the plot, where nothing can be taken for a value. */
export function stripHeight(chart) {
    const count = brokenLines(chart).length;
    return count ? 6 + ROW * (chart.isDense ? 1 : Math.min(ROWS, count)) : 0;
}

/** A cross below the axis where a value is NaN or infinite, each line in a row of its own. @param chart */
export function drawNaNs(pen, chart) {
    const rows = Array.from({ length: ROWS }, () => []);
    brokenLines(chart).forEach((line, place) => {
        const row = chart.isDense ? 0 : place % ROWS, y = chart.height - chart.bottom + 9 + ROW * row;
        pen.strokeStyle = chart.isDense ? chart.css("--bad") : chart.colorOf(line);
        pen.lineWidth = 1.5;
        pen.beginPath();
        line.x.forEach((x, index) => {
            const at = chart.px(x);
            if (!isBroken(line, index) || x < chart.x0 || x > chart.x1 || rows[row].some((other) => Math.abs(other - at) < 9)) return;
            rows[row].push(at);
            for (const side of [-1, 1]) {
                pen.moveTo(at - 2.5, y - 2.5 * side);
                pen.lineTo(at + 2.5, y + 2.5 * side);
            }
        });
        pen.stroke();
    });
}

/** A point that has no neighbour has no line; the best one of the goal has a ring. @param chart */
export function drawDots(pen, chart) {
    const inside = (x, y) => x >= chart.x0 && x <= chart.x1 && y >= chart.low && y <= chart.high;
    for (const line of chart.isDense ? [] : chart.lines) {
        const room = (chart.width - chart.left - chart.right) / Math.max(1, line.x.length);
        line.mean.forEach((value, index) => {
            if (value === null || !inside(line.x[index], value)) return;
            const isAlone = typeof line.mean[index - 1] !== "number" && typeof line.mean[index + 1] !== "number";
            if (!isAlone && (room < 24 || line.n[index] > 1)) return;
            pen.fillStyle = chart.colorOf(line);
            pen.beginPath();
            pen.arc(chart.px(line.x[index]), chart.py(value), isAlone ? 3 : 2, 0, 7);
            pen.fill();
        });
    }
    for (const { run, key, x, y } of chart.best ?? []) {
        const line = chart.lines.find((one) => one.run === run && one.key === key);
        if (!line?.x.length || !inside(x, y)) continue;
        const index = nearest(line.x, x);
        // A bucket holds the best point with others: the ring stands at its value all the same.
        pen.strokeStyle = chart.colorOf(line);
        pen.fillStyle = chart.css("--bg");
        pen.lineWidth = 2;
        pen.beginPath();
        pen.arc(chart.px(line.n[index] > 1 ? x : line.x[index]), chart.py(y), 4, 0, 7);
        pen.fill();
        pen.stroke();
    }
}

/** Where the line of a label ends in view; null where that is outside of the plot. */
function endOf(chart, line) {
    const values = shown(line), isNumber = (value) => typeof value === "number";
    const index = values.findLastIndex((value, place) => isNumber(value) && line.x[place] <= chart.x1 && line.x[place] >= chart.x0);
    if (index < 0 || values[index] > chart.high || values[index] < chart.low) return null;
    return { line, x: chart.px(line.x[index]), from: chart.py(values[index]), isLast: index === values.findLastIndex(isNumber), isOpen: line.isRunning && index === values.length - 1 };
}

/** The lines whose labels are drawn: the validation line where a run has both. */
function labelled(chart) {
    const last = new Map();
    for (const line of chart.lines) {
        const name = chart.labelOf(line);
        if (!line.isTrain || chart.labels !== "name" || !last.has(name)) last.set(name, line);
    }
    return [...last.values()];
}

/**
 * Names where lines end, apart from each other: at the right of the plot, or in it where a line is at its end before that.
 * Only a run that goes on is led to its name: dots behind one that has ended would look like values.
 */
export function drawLabels(pen, chart) {
    if (!chart.labels) return;
    const edge = chart.width - chart.right;
    const ends = labelled(chart).map((line) => endOf(chart, line)).filter(Boolean);
    const isEarly = ({ x, isLast, isOpen }) => isLast && !isOpen && edge - x > EARLY;
    const labels = ends.filter((one) => !isEarly(one)).map((one) => ({ ...one, y: one.from + 4 })).sort((left, right) => left.y - right.y);
    // Apart from top to bottom, then back up where the lowest would leave the plot.
    let next = chart.top + 4;
    for (const label of labels) next = (label.y = Math.max(label.y, next)) + 13;
    let floor = chart.height - chart.bottom + 4;
    for (const label of labels.toReversed()) floor = (label.y = Math.min(label.y, floor)) - 13;
    pen.textAlign = "left";
    for (const { line, x, from, y, isOpen } of labels) {
        pen.strokeStyle = pen.fillStyle = chart.colorOf(line);
        if (isOpen && edge - x > 14) lead(pen, [x + 3, from], [edge + 2, y - 4]);
        pen.fillText(cut(pen, chart.labelOf(line), chart.right - 8, line.tail), edge + 5, y);
    }
    const taken = labels.map(({ y }) => ({ left: edge + 5, right: chart.width, top: y - 10, bottom: y + 3 }));
    for (const end of ends.filter(isEarly)) drawInside(pen, chart, end, taken);
}

function lead(pen, from, to) {
    pen.lineWidth = 1;
    pen.globalAlpha = 0.6;
    pen.setLineDash([1, 3]);
    pen.beginPath();
    pen.moveTo(...from);
    pen.lineTo(...to);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
}

/** A name beside the end of its line, where it hides least. @param taken boxes of other names; this one joins them */
function drawInside(pen, chart, { line, x, from }, taken) {
    const text = cut(pen, chart.labelOf(line), 142, line.tail), wide = pen.measureText(text).width;
    const low = chart.height - chart.bottom, right = chart.width - 2;
    const places = [[8, 4], [8, -7], [8, 15], [-wide / 2, -9], [-wide / 2, 18], [-wide - 8, -7], [-wide - 8, 15], [8, 28], [8, -20], [-wide / 2, -22], [-wide / 2, 31]]
        .map(([dx, dy]) => ({ left: Math.max(chart.left + 2, Math.min(x + dx, right - wide)), y: Math.max(chart.top + 9, Math.min(from + dy, low - 3)) }))
        .map(({ left, y }) => ({ left, y, right: left + wide, top: y - 10, bottom: y + 3 }));
    const hidden = (box) => chart.lines.reduce((sum, one) => sum + crossings(chart, one, box), 0)
        + 1_000 * taken.filter((other) => box.left < other.right && box.right > other.left && box.top < other.bottom && box.bottom > other.top).length;
    const box = places.map((one) => ({ one, cost: hidden(one) })).reduce((best, one) => one.cost < best.cost ? one : best).one;
    taken.push(box);
    pen.fillStyle = chart.css("--bg");
    pen.globalAlpha = 0.75;
    pen.beginPath();
    pen.rect(box.left - 1, box.top, wide + 2, box.bottom - box.top);
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillStyle = chart.colorOf(line);
    pen.fillText(text, box.left, box.y);
}

/** How many stretches of a line pass a box. */
function crossings(chart, line, box) {
    const values = shown(line);
    let count = 0, before = null;
    line.x.forEach((x, index) => {
        const place = typeof values[index] === "number" ? [chart.px(x), chart.py(values[index])] : null;
        if (place && before && place[0] >= box.left && before[0] <= box.right && Math.max(place[1], before[1]) >= box.top && Math.min(place[1], before[1]) <= box.bottom) count += 1;
        before = place;
    });
    return count;
}

/** The text in its room; what tells runs of the same name apart stays. */
function cut(pen, text, room, tail = "") {
    if (pen.measureText(text).width <= room) return text;
    const end = tail && text.endsWith(` ${tail}`) ? `… ${tail}` : "…";
    let length = text.length - (end.length - 1);
    while (length > 1 && pen.measureText(text.slice(0, length) + end).width > room) length -= 1;
    return text.slice(0, length) + end;
}
