// What stands on a chart besides its lines: gaps, clipped peaks, values that are no numbers, labels, best points.
import { nearest } from "./scale.js";

/** @typedef {import("./lineChart.js").LineChart} LineChart */

const APART = 16;

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

/** A cross on the axis where a value is NaN or infinite, and a bar where more of them follow. @param chart */
export function drawNaNs(pen, chart) {
    const taken = [];
    const y = chart.height - chart.bottom - 5;
    for (const line of chart.lines) {
        pen.strokeStyle = chart.isDense ? chart.css("--bad") : chart.colorOf(line);
        pen.lineWidth = 2;
        let before = null;
        line.x.forEach((x, index) => {
            const at = chart.px(x), isBroken = line.nan[index] > 0 || line.inf[index] > 0;
            if (!isBroken || x < chart.x0 || x > chart.x1) {
                before = null;
                return;
            }
            pen.beginPath();
            if (before !== null) {
                pen.moveTo(before, y + 4);
                pen.lineTo(at, y + 4);
            } else if (!taken.some((other) => Math.abs(other - at) < 9)) {
                taken.push(at);
                for (const side of [-1, 1]) {
                    pen.moveTo(at - 3, y - 3 * side);
                    pen.lineTo(at + 3, y + 3 * side);
                }
            }
            pen.stroke();
            before = at;
        });
    }
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

/** Names at the right, apart from each other; a line that has not come that far is led to its name. */
export function drawLabels(pen, chart) {
    if (!chart.labels) return;
    const last = new Map();
    for (const line of chart.lines) {
        const name = chart.labelOf(line);
        if (!line.isTrain || chart.labels !== "name" || !last.has(name)) last.set(name, line);
    }
    const labels = [];
    for (const line of last.values()) {
        const values = shown(line);
        const index = values.findLastIndex((value, place) => typeof value === "number" && line.x[place] <= chart.x1 && line.x[place] >= chart.x0);
        if (index < 0 || values[index] > chart.high || values[index] < chart.low) continue;
        const y = chart.py(values[index]);
        labels.push({ line, x: chart.px(line.x[index]), from: y, y: y + 4 });
    }
    labels.sort((left, right) => left.y - right.y);
    // Apart from top to bottom, then back up where the lowest would leave the plot.
    let next = chart.top + 4;
    for (const label of labels) next = (label.y = Math.max(label.y, next)) + 13;
    let floor = chart.height - chart.bottom + 4;
    for (const label of labels.toReversed()) floor = (label.y = Math.min(label.y, floor)) - 13;
    const edge = chart.width - chart.right;
    pen.textAlign = "left";
    for (const { line, x, from, y } of labels) {
        pen.strokeStyle = pen.fillStyle = chart.colorOf(line);
        if (edge - x > 14) {
            pen.lineWidth = 1;
            pen.globalAlpha = 0.6;
            pen.setLineDash([1, 3]);
            pen.beginPath();
            pen.moveTo(x + 3, from);
            pen.lineTo(edge + 2, y - 4);
            pen.stroke();
            pen.setLineDash([]);
            pen.globalAlpha = 1;
        }
        pen.fillText(cut(pen, chart.labelOf(line), chart.right - 8), edge + 5, y);
    }
}

function cut(pen, text, room) {
    if (pen.measureText(text).width <= room) return text;
    let length = text.length;
    while (length > 1 && pen.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
    return `${text.slice(0, length)}…`;
}
