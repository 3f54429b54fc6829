// One card's drawing: lines, bands, clip marks, crosshair. It draws what it is given and asks nobody.
import { compact, duration, iso, number } from "../format.js";
import { robustLimits, ticks } from "./axis.js";

/**
 * @typedef {{name: string, key: string, color: number, isTrain: boolean, x: number[],
 *     firstX: number[], lastX: number[], mean: (number | null)[],
 *     min: (number | null)[], max: (number | null)[], n: number[], nan: number[], inf: number[],
 *     smoothed: (number | null)[]}} Line
 */

const HEIGHT = 250;
const MARGIN = { top: 10, right: 12, bottom: 22, left: 50 };

/** Draws on two canvases, one above the other: the lines, and the crosshair that moves. */
export class LineChart {
    constructor(base, overlay) {
        this.base = base;
        this.overlay = overlay;
        this.lines = [];
        // A canvas that is only stretched would distort its text.
        new ResizeObserver(() => {
            if (this.view && base.parentElement && base.parentElement.clientWidth !== this.width) this.draw(this.view);
        }).observe(base);
    }

    /** @param {{lines: Line[], range: [number, number] | null, axis: string, isLog: boolean, showAll: boolean}} view */
    draw(view) {
        this.view = view;
        Object.assign(this, view);
        const width = this.width = this.base.parentElement.clientWidth;
        if (!width) return;
        const names = new Set(this.lines.map((line) => line.name));
        this.hasLabels = names.size > 1 && names.size <= 8 && width >= 520;
        this.right = this.hasLabels ? 118 : MARGIN.right;
        const scale = devicePixelRatio || 1;
        for (const canvas of [this.base, this.overlay]) {
            canvas.width = width * scale;
            canvas.height = HEIGHT * scale;
            canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
        }
        const style = getComputedStyle(document.documentElement);
        this.css = (name) => style.getPropertyValue(name).trim();
        this.measure();
        const pen = this.base.getContext("2d");
        pen.clearRect(0, 0, width, HEIGHT);
        this.drawAxes(pen);
        pen.save();
        pen.beginPath();
        pen.rect(MARGIN.left, MARGIN.top - 2, width - MARGIN.left - this.right, HEIGHT - MARGIN.top - MARGIN.bottom + 4);
        pen.clip();
        this.lines.forEach((line, index) => this.drawLine(pen, line, this.dropped.has(index)));
        pen.restore();
        if (this.hasLabels) this.drawLabels(pen);
    }

    measure() {
        const ends = this.lines.flatMap((line) => line.x.length ? [line.firstX[0], line.lastX.at(-1)] : []);
        [this.x0, this.x1] = this.range ?? (ends.length ? [Math.min(...ends), Math.max(...ends)] : [0, 1]);
        if (this.x1 <= this.x0) this.x1 = this.x0 + 1;
        const inView = (line) => line.mean.filter((value, index) =>
            value !== null && line.x[index] >= this.x0 && line.x[index] <= this.x1);
        const limits = robustLimits(this.lines.map(inView), this.showAll);
        this.dropped = limits.dropped;
        this.low = limits.low;
        this.high = limits.high;
        const positive = this.lines.flatMap(inView).filter((value) => value > 0);
        this.useLog = this.isLog && positive.length > 0;
        if (this.useLog) {
            this.low = Math.min(...positive);
            this.high = Math.max(this.high, this.low * 1.01);
        }
        this.clipped = new Set(this.dropped);
    }

    px(x) {
        return MARGIN.left + (x - this.x0) / (this.x1 - this.x0) * (this.width - MARGIN.left - this.right);
    }

    xAt(px) {
        return this.x0 + (px - MARGIN.left) / (this.width - MARGIN.left - this.right) * (this.x1 - this.x0);
    }

    py(value) {
        const map = this.useLog ? (v) => Math.log10(Math.max(v, this.low / 10)) : (v) => v;
        const share = (map(value) - map(this.low)) / (map(this.high) - map(this.low));
        return HEIGHT - MARGIN.bottom - share * (HEIGHT - MARGIN.top - MARGIN.bottom);
    }

    drawAxes(pen) {
        pen.font = "11px system-ui, \"DejaVu Sans\", sans-serif";
        pen.fillStyle = this.css("--mut");
        pen.strokeStyle = this.css("--grid");
        pen.lineWidth = 1;
        pen.textAlign = "right";
        const marks = this.useLog
            ? ticks(Math.log10(this.low), Math.log10(this.high), 4).map((power) => 10 ** power)
            : ticks(this.low, this.high, 5);
        pen.beginPath();
        for (const mark of marks) {
            const y = Math.round(this.py(mark)) + 0.5;
            pen.moveTo(MARGIN.left, y);
            pen.lineTo(this.width - this.right, y);
            pen.fillText(compact(Number(mark.toPrecision(3))), MARGIN.left - 6, y + 4);
        }
        pen.stroke();
        pen.textAlign = "center";
        const count = Math.max(2, Math.floor((this.width - MARGIN.left - this.right) / 90));
        for (const mark of ticks(this.x0, this.x1, count)) pen.fillText(this.xText(mark), this.px(mark), HEIGHT - 6);
    }

    /** A stretch of the x axis in words. */
    stretch({ from, to }) {
        const [start, end] = [this.xText(from), this.xText(to)];
        return start === end ? start : `${start}–${end}`;
    }

    /** A place on the x axis in words. */
    xText(x) {
        if (this.axis === "time") return iso(x).slice(11, 16);
        return this.axis === "relativeTime" ? duration(x) : compact(x);
    }

    drawLine(pen, line, isDropped) {
        const color = this.css(`--c${line.color % 10}`);
        pen.strokeStyle = pen.fillStyle = color;
        pen.lineJoin = "bevel";
        const hasSmooth = line.smoothed.length > 0;
        if (this.lines.length <= 8 && line.n.some((count) => count > 1)) this.drawBand(pen, line);
        pen.setLineDash(line.isTrain ? [4, 3] : []);
        pen.lineWidth = line.isTrain ? 1 : 1.5;
        pen.globalAlpha = hasSmooth ? 0.28 : 1;
        this.stroke(pen, line, line.mean);
        pen.globalAlpha = 1;
        if (hasSmooth) this.stroke(pen, line, line.smoothed);
        pen.setLineDash([]);
        this.drawMarks(pen, line, isDropped);
    }

    stroke(pen, line, values) {
        pen.beginPath();
        let isDown = false;
        values.forEach((value, index) => {
            if (value === null || typeof value !== "number") {
                isDown = false;
                return;
            }
            const x = this.px(line.x[index]), y = Math.max(-1e4, this.py(value));
            if (isDown) pen.lineTo(x, y);
            else pen.moveTo(x, y);
            isDown = true;
        });
        pen.stroke();
    }

    drawBand(pen, line) {
        const solid = line.x.map((_, index) => index).filter((index) => line.min[index] !== null);
        pen.globalAlpha = 0.18;
        pen.beginPath();
        for (const index of solid) pen.lineTo(this.px(line.x[index]), Math.max(-1e4, this.py(line.max[index])));
        for (const index of solid.reverse()) pen.lineTo(this.px(line.x[index]), this.py(line.min[index]));
        pen.fill();
        pen.globalAlpha = 1;
    }

    drawMarks(pen, line) {
        let wasAbove = false;
        line.max.forEach((value, index) => {
            const x = this.px(line.x[index]);
            const isAbove = value !== null && value > this.high;
            if (isAbove && !wasAbove) {
                pen.beginPath();
                pen.moveTo(x - 5, MARGIN.top + 7);
                pen.lineTo(x + 5, MARGIN.top + 7);
                pen.lineTo(x, MARGIN.top - 1);
                pen.fill();
            }
            wasAbove = isAbove;
            if (line.nan[index] || line.inf[index]) {
                const y = HEIGHT - MARGIN.bottom;
                pen.fillRect(x - 1, y - 5, 2, 5);
            }
        });
    }

    drawLabels(pen) {
        pen.textAlign = "left";
        const last = new Map();
        for (const line of this.lines) if (!line.isTrain || !last.has(line.name)) last.set(line.name, line);
        const labels = [];
        for (const line of last.values()) {
            const value = line.mean.findLast((one) => one !== null);
            if (value !== undefined && value <= this.high) labels.push({ line, y: this.py(value) + 4 });
        }
        labels.sort((left, right) => left.y - right.y);
        // Apart from top to bottom, then back up where the lowest would leave the plot.
        let next = MARGIN.top + 4;
        for (const label of labels) next = (label.y = Math.max(label.y, next)) + 13;
        let floor = HEIGHT - MARGIN.bottom + 4;
        for (const label of labels.toReversed()) floor = (label.y = Math.min(label.y, floor)) - 13;
        for (const { line, y } of labels) {
            pen.fillStyle = this.css(`--c${line.color % 10}`);
            pen.fillText(line.name.length > 16 ? `${line.name.slice(0, 15)}…` : line.name, this.width - this.right + 6, y, 108);
        }
    }

    /** The crosshair at x; null takes it away. @returns {{line: Line, value: number, at: number, n: number}[]} */
    hover(x) {
        const pen = this.overlay.getContext("2d");
        pen.clearRect(0, 0, this.width ?? 0, HEIGHT);
        if (x === null || x < this.x0 || x > this.x1) return [];
        pen.strokeStyle = this.css("--cross");
        pen.beginPath();
        pen.moveTo(Math.round(this.px(x)) + 0.5, MARGIN.top);
        pen.lineTo(Math.round(this.px(x)) + 0.5, HEIGHT - MARGIN.bottom);
        pen.stroke();
        return this.lines.map((line) => {
            const index = nearest(line.x, x);
            return { line, value: line.mean[index], smooth: line.smoothed[index], at: line.x[index], n: line.n[index],
                from: line.firstX[index], to: line.lastX[index] };
        }).filter((one) => one.at !== undefined).sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity));
    }

    /** Shades what a drag has marked. */
    shade(from, to) {
        const pen = this.overlay.getContext("2d");
        pen.clearRect(0, 0, this.width, HEIGHT);
        pen.fillStyle = this.css("--acc");
        pen.globalAlpha = 0.15;
        pen.fillRect(Math.min(from, to), MARGIN.top, Math.abs(to - from), HEIGHT - MARGIN.top - MARGIN.bottom);
        pen.globalAlpha = 1;
    }

    /** What the lines do, in one sentence each, for those who do not see them. */
    summary() {
        return this.lines.slice(0, 12).map((line) => {
            const values = line.mean.filter((value) => value !== null);
            if (!values.length) return `${line.name} ${line.key}: no numbers`;
            return `${line.name} ${line.key}: from ${number(values[0])} to ${number(values.at(-1))}, `
                + `between ${number(Math.min(...values))} and ${number(Math.max(...values))}`;
        }).join("; ");
    }
}

function nearest(list, x) {
    let low = 0, high = list.length - 1;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (list[middle] < x) low = middle + 1;
        else high = middle;
    }
    return low > 0 && x - list[low - 1] < list[low] - x ? low - 1 : low;
}
