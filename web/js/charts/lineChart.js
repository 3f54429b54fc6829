// One card's drawing: axes, lines, bands, the crosshair. It draws what it is given and asks nobody.
import { compact, iso, number } from "../format.js";
import { clock, logTicks, robustLimits, stretch, tickTexts, ticks, timeTicks } from "./axis.js";
import { drawClips, drawDots, drawGap, drawLabels, drawNaNs, stripHeight } from "./marks.js";
import { metricOf } from "./chartState.js";
import { nearest, placeScale, valueScale } from "./scale.js";
import { SvgPen } from "./svgPen.js";

/**
 * @typedef {{run: string, name: string, tail: string, label: string, isRunning: boolean, key: string, color: number, split: string, isTrain: boolean, x: number[],
 *     firstX: number[], lastX: number[], mean: (number | null)[],  *     min: (number | null)[], max: (number | null)[], n: number[], nan: number[], inf: number[],
 *     smoothed: (number | null)[], count: number}} Line
 * @typedef {{lines: Line[], range: [number, number] | null, yRange: [number, number] | null, axis: string, isLog: boolean,
 *     isLogX: boolean, showAll: boolean, isHigherBetter?: boolean, best?: {run: string, key: string, x: number, y: number}[]}} View
 */

export const FONT = "11px system-ui, \"Segoe UI\", Roboto, \"DejaVu Sans\", sans-serif";
const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const DENSE = 50;
/** Room for the texts of the x axis. */
const FOOT = 22;
/** Most lines whose bands are drawn. */
export const BANDS = 8;
/** The second code of a line beside its colour: what ten colours cannot tell apart. */
const DASHES = [[], [9, 3], [9, 3, 2, 3], [2, 2], [14, 3, 3, 3]];

/** Draws on two canvases, one above the other: the lines, and the crosshair that moves. */
export class LineChart {
    constructor(base, overlay) {
        Object.assign(this, { base, overlay, lines: [], top: 10, bottom: FOOT, left: 50, right: 12 });
        // A canvas that is only stretched would distort its text.
        this.sizes = new ResizeObserver(() => {
            const box = base.parentElement;
            if (this.view && box && (box.clientWidth !== this.width || box.clientHeight !== this.height)) this.draw(this.view);
        });
        this.sizes.observe(base);
    }

    /** @param view */
    draw(view) {
        this.view = view;
        Object.assign(this, view);
        const width = this.width = this.base.parentElement.clientWidth;
        const height = this.height = this.base.parentElement.clientHeight;
        if (!width || !height) return;
        const scale = devicePixelRatio || 1;
        for (const canvas of [this.base, this.overlay]) {
            canvas.width = Math.round(width * scale);
            canvas.height = Math.round(height * scale);
            canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
        }
        const style = getComputedStyle(document.documentElement);
        const colors = new Map();
        this.css = (name) => colors.get(name) ?? colors.set(name, style.getPropertyValue(name).trim()).get(name);
        this.isDense = this.lines.length > DENSE;
        this.isOneRun = new Set(this.lines.map((line) => line.run)).size === 1;
        this.paint(this.base.getContext("2d"));
    }

    /** The same drawing for paper. @param options `top`: pixels for the title @returns {string} */
    svg(options) {
        const pen = new SvgPen(document.createElement("canvas").getContext("2d"));
        this.paint(pen);
        return pen.document(this.width, this.height, { ...options, background: this.css("--bg"), color: this.css("--fg") });
    }

    paint(pen) {
        pen.font = FONT;
        this.measure(pen);
        this.drawAxes(pen);
        this.inPlot(pen, () => {
            for (const [train, held] of this.isOneRun ? this.pairsOf() : []) drawGap(pen, this, train, held);
            for (const line of this.lines) this.drawLine(pen, line);
        });
        this.clips = drawClips(pen, this);
        drawNaNs(pen, this);
        drawLabels(pen, this);
        drawDots(pen, this);
    }

    /** Draws with what would leave the plot cut off. */
    inPlot(pen, work) {
        pen.save();
        pen.beginPath();
        pen.rect(this.left, this.top - 2, this.width - this.left - this.right, this.height - this.top - this.bottom + 4);
        pen.clip();
        work();
        pen.restore();
    }

    measure(pen) {
        const { lines } = this;
        this.bottom = FOOT + stripHeight(this);
        this.scaleX = placeScale(this.isLogX, this.axis === "relativeTime" ? 1_000 : 1);
        const ends = lines.filter((line) => line.x.length);
        const [first, last] = ends.length
            ? [Math.min(...ends.map((line) => line.firstX[0])), Math.max(...ends.map((line) => line.lastX.at(-1)))] : [0, 1];
        [this.x0, this.x1] = this.range ?? (last > first ? [first, last] : [first - 1, first + 1]);
        [this.t0, this.t1] = [this.scaleX.map(this.x0), this.scaleX.map(this.x1)];
        const hasBands = lines.length <= BANDS && lines.every((line) => line.min.length === line.x.length);
        const values = lines.map((line) => this.inView(line, hasBands));
        this.scaleY = valueScale(values, this.isLog);
        const limits = robustLimits(values, { ...this.scaleY, showAll: this.showAll, isHigherBetter: this.isHigherBetter });
        this.dropped = this.yRange ? new Set() : limits.dropped;
        [this.v0, this.v1] = this.yRange?.map(this.scaleY.map) ?? [limits.low, limits.high];
        if (!Number.isFinite(this.v0) || !Number.isFinite(this.v1)) [this.v0, this.v1] = [limits.low, limits.high];
        [this.low, this.high] = [this.scaleY.inverse(this.v0), this.scaleY.inverse(this.v1)];
        this.hasBands = hasBands;
        this.yMarks();
        this.left = Math.max(34, Math.ceil(Math.max(0, ...this.texts.map((text) => pen.measureText(text).width))) + 12);
        const names = new Set(lines.map((line) => line.label));
        const isNamed = names.size > 1 && names.size <= 8, isSplit = names.size === 1 && lines.length > 1 && lines.length <= 8;
        this.labels = this.width < 380 ? "" : isNamed ? "name" : isSplit ? "split" : "";
        const widest = !this.labels ? 0 : Math.max(...lines.map((line) => pen.measureText(this.labelOf(line)).width));
        this.right = this.labels ? Math.min(this.width * 0.26, 150, Math.ceil(widest) + 10) : 14;
    }

    /** The values that decide how high the plot is. */
    inView(line, hasBands) {
        const list = [];
        line.mean.forEach((value, index) => {
            if (value === null || line.x[index] < this.x0 || line.x[index] > this.x1) return;
            list.push(value);
            if (hasBands && line.n[index] > 1) list.push(line.min[index], line.max[index]);
            if (typeof line.smoothed[index] === "number") list.push(line.smoothed[index]);
        });
        // A line that only passes through the range counts where it enters and where it leaves.
        if (list.length < 10) {
            line.x.forEach((to, index) => {
                const from = line.x[index - 1], [low, high] = [line.mean[index - 1], line.mean[index]];
                if (from === undefined || low === null || high === null) return;
                for (const edge of [this.x0, this.x1]) if (from < edge && to > edge) list.push(low + (high - low) * (edge - from) / (to - from));
            });
        }
        return list;
    }

    labelOf(line) {
        return this.labels === "name" ? line.label : line.split || line.key;
    }

    yMarks() {
        const count = Math.max(2, Math.round((this.height - this.top - this.bottom) / (this.height > 500 ? 70 : 46)));
        if (!this.lines.some((line) => line.mean.some((value) => value !== null))) [this.marks, this.texts] = [[], []];
        else this.marks = this.scaleY.isLinear ? ticks(this.low, this.high, count) : logTicks(this.low, this.high, count + 2, this.scaleY.least);
        this.texts = tickTexts(this.marks);
    }

    px(x) {
        return this.left + (this.scaleX.map(x) - this.t0) / (this.t1 - this.t0) * (this.width - this.left - this.right);
    }

    xAt(px) {
        return this.scaleX.inverse(this.t0 + (px - this.left) / (this.width - this.left - this.right) * (this.t1 - this.t0));
    }

    /** Where a value stands; far away is far enough. */
    py(value) {
        const place = this.scaleY.isLinear || value > 0 || this.scaleY.least ? this.scaleY.map(value) : -Infinity;
        const share = (place - this.v0) / (this.v1 - this.v0);
        return Math.max(-2e3, Math.min(1e4, this.height - this.bottom - share * (this.height - this.top - this.bottom)));
    }

    valueAt(py) {
        return this.scaleY.inverse(this.v0 + (this.height - this.bottom - py) / (this.height - this.top - this.bottom) * (this.v1 - this.v0));
    }

    drawAxes(pen) {
        const { width, height } = this;
        pen.fillStyle = this.css("--mut");
        pen.strokeStyle = this.css("--grid");
        pen.lineWidth = 1;
        pen.textAlign = "right";
        pen.beginPath();
        let before = Infinity;
        this.marks.forEach((mark, index) => {
            const y = Math.round(this.py(mark)) + 0.5;
            if (y < this.top - 3 || y > height - this.bottom + 3 || before - y < 12) return;
            before = y;
            pen.moveTo(this.left, y);
            pen.lineTo(width - this.right, y);
            pen.fillText(this.texts[index], this.left - 6, y + 4);
        });
        pen.stroke();
        pen.textAlign = "left";
        pen.strokeStyle = this.css("--line2");
        pen.beginPath();
        pen.moveTo(this.left, height - this.bottom + 0.5);
        pen.lineTo(width - this.right, height - this.bottom + 0.5);
        let free = 0;
        for (const [mark, text] of this.xMarks()) {
            const x = this.px(mark), wide = pen.measureText(text).width;
            const left = Math.min(Math.max(x - wide / 2, 2), width - wide - 2);
            if (x < this.left - 1 || x > width - this.right + 1 || left < free) continue;
            free = left + wide + 12;
            pen.moveTo(Math.round(x) + 0.5, height - this.bottom);
            pen.lineTo(Math.round(x) + 0.5, height - this.bottom + 4);
            pen.fillText(text, left, height - 6);
        }
        pen.stroke();
    }

    /** @returns {[number, string][]} */
    xMarks() {
        const count = Math.max(2, Math.floor((this.width - this.left - this.right) / 84));
        if (this.isLogX) {
            const unit = this.axis === "relativeTime" ? 1_000 : 1;
            const list = logTicks(this.x0 / unit, this.x1 / unit, count, 1).map((mark) => mark * unit);
            return list.map((mark) => [mark, unit > 1 ? stretch(mark) : compact(mark)]);
        }
        if (this.axis === "time") {
            const list = timeTicks(this.x0, this.x1, count, -new Date(this.x1).getTimezoneOffset() * 60_000);
            return list.map((mark) => [mark, clock(mark, list[1] - list[0] || 60_000)]);
        }
        if (this.axis === "relativeTime") return timeTicks(this.x0, this.x1, count).map((mark) => [mark, stretch(mark)]);
        const list = ticks(this.x0, this.x1, count, metricOf(this.axis) ? 0 : 1), texts = tickTexts(list);
        return list.map((mark, index) => [mark, texts[index]]);
    }

    /** A place on the x axis in words. */
    xText(x) {
        if (this.axis === "time") return iso(x).slice(0, 19);
        if (this.axis === "relativeTime") return stretch(x);
        if (metricOf(this.axis)) return number(x);
        return Math.abs(x) < 1e7 ? WHOLE.format(x) : compact(x);
    }

    /** A stretch of the x axis in words. */
    stretch({ from, to }) {
        const [start, end] = [this.xText(from), this.xText(to)];
        return start === end ? start : `${start}–${this.axis === "time" ? end.slice(11) : end}`;
    }

    colorOf(line) {
        return this.css(`--c${line.color % 10}`);
    }

    /** How a line is stroked: train thin and dashed, test dotted, and another pattern for each ten colours. */
    setStroke(pen, line) {
        const dash = DASHES[Math.floor(line.color / 10) % DASHES.length];
        pen.strokeStyle = pen.fillStyle = this.colorOf(line);
        pen.lineJoin = "bevel";
        pen.lineWidth = line.isTrain || this.isDense ? 1 : 1.5;
        pen.setLineDash(line.isTrain ? dash.length ? dash.map((part) => part / 2) : [4, 3] : line.split === "test" ? [2, 3] : dash);
    }

    drawLine(pen, line) {
        this.setStroke(pen, line);
        const hasSmooth = line.smoothed.length > 0;
        if (this.isDense) {
            pen.setLineDash([]);
            pen.strokeStyle = this.css("--acc");
            pen.globalAlpha = Math.max(0.1, Math.min(0.35, 18 / this.lines.length));
            this.stroke(pen, line, hasSmooth ? line.smoothed : line.mean);
            pen.globalAlpha = 1;
            return;
        }
        if (this.hasBands && line.n.some((count) => count > 1)) this.drawBand(pen, line);
        pen.globalAlpha = hasSmooth ? 0.28 : 1;
        this.stroke(pen, line, line.mean);
        pen.globalAlpha = 1;
        if (hasSmooth) this.stroke(pen, line, line.smoothed);
        pen.setLineDash([]);
    }

    stroke(pen, line, values) {
        pen.beginPath();
        let isDown = false;
        values.forEach((value, index) => {
            if (typeof value !== "number") {
                isDown = false;
                return;
            }
            const x = this.px(line.x[index]), y = this.py(value);
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
        // At least a pixel high: a lone spike must not be thinner than what can be seen.
        for (const index of solid) pen.lineTo(this.px(line.x[index]), this.py(line.max[index]) - 0.5);
        for (const index of solid.reverse()) pen.lineTo(this.px(line.x[index]), this.py(line.min[index]) + 0.5);
        pen.fill();
        pen.globalAlpha = 1;
    }

    /** The training and the validation line of each run. @returns {[Line, Line][]} */
    pairsOf(runs = null) {
        const found = new Map();
        for (const line of this.lines) {
            if (!line.x.length || (runs && !runs.has(line.run))) continue;
            const pair = found.get(line.run) ?? found.set(line.run, []).get(line.run);
            if (line.split === "train") pair[0] ??= line;
            else if (line.split === "val" || (line.split === "test" && !pair[1])) pair[1] = line;
        }
        return [...found.values()].filter(([train, held]) => train && held);
    }

    clear() {
        const pen = this.overlay.getContext("2d");
        pen.clearRect(0, 0, this.width ?? 0, this.height ?? 0);
        return pen;
    }

    /** The crosshair at x; null takes it away. With a y in pixels the line nearest to it comes forward. */
    hover(x, y = null) {
        const pen = this.clear();
        if (x === null || x < this.x0 || x > this.x1) return [];
        const reach = Math.abs(this.xAt(this.left + 12) - this.xAt(this.left));
        const found = this.lines.filter((line) => line.x.length).map((line) => {
            const index = nearest(line.x, x);
            return { line, index, value: line.mean[index], smooth: line.smoothed[index], at: line.x[index], n: line.n[index],
                low: line.min[index], high: line.max[index], nan: line.nan[index], inf: line.inf[index], from: line.firstX[index], to: line.lastX[index] };
        }).filter(({ line, at }) => Math.abs(at - x) <= reach || (x >= line.x[0] && x <= line.x.at(-1)));
        const far = ({ value, smooth }) => value === null ? Infinity : Math.abs(this.py(typeof smooth === "number" ? smooth : value) - y);
        const near = y === null || this.lines.length < 2 ? null : found.reduce((best, one) => far(one) < far(best) ? one : best, found[0]);
        if (near && far(near) < 28) this.raise(pen, near);
        pen.strokeStyle = this.css("--cross");
        pen.lineWidth = 1;
        pen.beginPath();
        pen.moveTo(Math.round(this.px(x)) + 0.5, this.top);
        pen.lineTo(Math.round(this.px(x)) + 0.5, this.height - this.bottom);
        pen.stroke();
        for (const one of found.length <= 12 ? found : near ? [near] : []) this.dot(pen, one);
        return found.sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity));
    }

    dot(pen, { line, at, value }) {
        if (value === null || value > this.high || value < this.low) return;
        pen.fillStyle = this.colorOf(line);
        pen.beginPath();
        pen.arc(this.px(at), this.py(value), 3, 0, 7);
        pen.fill();
    }

    /** Brings the lines of one run forward; null takes that away. */
    highlight(run) {
        const pen = this.clear();
        this.lines.filter((line) => line.run === run).forEach((line, index) => this.raise(pen, { line }, index > 0));
    }

    /** Brings one line forward and lets the others fade. */
    raise(pen, near, isSecond = false) {
        near.isNear = true;
        this.inPlot(pen, () => {
            pen.fillStyle = this.css("--bg");
            pen.globalAlpha = 0.6;
            if (this.lines.length > 2 && !isSecond) pen.fillRect(this.left, this.top - 2, this.width - this.left - this.right, this.height - this.top - this.bottom + 4);
            pen.globalAlpha = 1;
            for (const [train, held] of this.isOneRun || isSecond ? [] : this.pairsOf(new Set([near.line.run]))) drawGap(pen, this, train, held);
            this.setStroke(pen, near.line);
            pen.lineWidth = 2.5;
            this.stroke(pen, near.line, near.line.smoothed.length ? near.line.smoothed : near.line.mean);
            pen.setLineDash([]);
        });
    }

    /** Shades what a drag has marked, in pixels: a stretch of x, or of y. */
    shade(from, to, isY = false) {
        const pen = this.clear();
        pen.fillStyle = this.css("--acc");
        pen.globalAlpha = 0.15;
        if (isY) pen.fillRect(this.left, Math.min(from, to), this.width - this.left - this.right, Math.abs(to - from));
        else pen.fillRect(Math.min(from, to), this.top, Math.abs(to - from), this.height - this.top - this.bottom);
        pen.globalAlpha = 1;
    }
}
