// One card of a panel: its name and notes, the drawing, and what pointer and keys do on it.
import { h, fill, errorBox, iconButton } from "../dom.js";
import { compact, grouped } from "../format.js";
import { direction } from "../pages/runColumns.js";
import { halfUnit, metricOf } from "./chartState.js";
import { BANDS, LineChart } from "./lineChart.js";
import { cardMenu } from "./cardMenu.js";
import { isSystem, unitOf } from "./pairing.js";
import { summary } from "./summary.js";

const FEW = 8;
const BROKEN = "Values that are no finite number: they are crosses below the axis";

export class ChartCard {
    /** @param panel @param pair from `pairs` */
    constructor(panel, pair) {
        Object.assign(this, { panel, pair, series: [], isNear: false, isFresh: false, isLoaded: false });
        this.element = h("figure.card", { tabindex: 0, "aria-label": pair.title, data: { name: pair.name, keys: this.keys.join(" ") } });
        this.base = h("canvas", { "aria-hidden": "true" });
        this.overlay = h("canvas.overlay", { "aria-hidden": "true" });
        this.chart = new LineChart(this.base, this.overlay);
        this.note = h("div.card-note.muted");
        this.caption = h("figcaption.sr-only");
        this.state = h("div.card-state");
        this.element.addEventListener("keydown", (event) => this.key(event));
    }

    /** What is in the card while it is near the screen. A card that is far away is an empty frame. */
    mount() {
        const { panel, pair } = this;
        this.plot = h("div.plot", {}, this.base, this.overlay);
        this.pin = iconButton("tag", "Pin to the top (p)", () => panel.togglePin(this));
        this.pin.firstChild.firstChild.setAttribute("d", "M7 3h6l-.8 5 2.8 3H5l2.8-3zM10 11v6");
        const tools = panel.limit ? [] : [this.pin, iconButton("expand", "Full screen (Enter)", () => panel.toggleFull(this))];
        fill(this.element, h("header", {}, h("b.ellipsis", { title: this.keys.join("\n") }, pair.title), h("span.muted", {}, unitOf(this.keys[0])), this.note, h("div.card-tools", {}, tools,
            cardMenu(pair.title, () => this, (error) => this.fail(error, () => fill(this.state))))),
        this.plot, this.state, this.caption);
        this.listen();
    }

    setNear(isNear) {
        const isSame = isNear === this.isNear;
        this.isNear = isNear;
        if (isSame || (!isNear && this.element.contains(document.activeElement))) return;
        if (!isNear) {
            this.base.width = this.overlay.width = 0;
            this.plot = null;
            fill(this.element);
        } else if (!this.plot) {
            this.mount();
            this.draw();
        }
    }

    get keys() {
        return this.pair.keys.map((one) => one.key);
    }

    /** Whether few enough lines are to be expected for their bands to be drawn. */
    get mayHaveBands() {
        return (this.isLoaded ? this.series.length : this.keys.length * this.panel.runs.length) <= BANDS;
    }

    /** Whether the bands of its lines were not asked for. */
    get lacksBands() {
        return this.mayHaveBands && this.series.some((line) => !line.min.length && line.n.some((count) => count > 1));
    }

    /** What is x here: its program may have defined another one than for the others, where the address names none. */
    get axis() {
        const { axisOf, state } = this.panel;
        // What the machine reports has no steps of the program.
        if (metricOf(state.axis) && this.keys.every(isSystem)) return "relativeTime";
        if (!axisOf || state.isAxisAsked) return state.axis;
        const [axis, ...others] = new Set(this.keys.map((key) => isSystem(key) ? null : axisOf(key)));
        return others.length ? state.axis : axis ?? state.axis;
    }

    /** The part of x that is shown; null for all. A range is one of the axis that the toolbar names. */
    get range() {
        const { state } = this.panel;
        return this.axis === state.axis ? state.range : null;
    }

    get name() {
        return this.pair.name;
    }

    listen() {
        const { plot, panel } = this;
        let from = null;
        const place = (event) => {
            const box = plot.getBoundingClientRect();
            return { x: event.clientX - box.left, y: event.clientY - box.top };
        };
        plot.addEventListener("pointerdown", (event) => {
            if (event.button !== 0) return;
            from = { ...place(event), isY: event.shiftKey };
            plot.setPointerCapture(event.pointerId);
        });
        plot.addEventListener("pointermove", (event) => {
            const to = place(event);
            if (from && isDrag(from, to)) {
                // What they say is of the place where the drag began.
                if (panel.at !== null) panel.release();
                this.chart.shade(from.isY ? from.y : from.x, from.isY ? to.y : to.x, from.isY);
            } else panel.hover(this, this.chart.css ? this.chart.xAt(to.x) : null, event, to.y);
        });
        plot.addEventListener("pointerup", (event) => {
            const start = from, to = place(event);
            from = null;
            if (!start || !this.chart.css) return;
            if (isDrag(start, to)) this.dragged(start, to);
            else panel.click(this, this.chart.xAt(to.x), event, to.y);
        });
        plot.addEventListener("pointercancel", () => {
            from = null;
            this.chart.clear();
        });
        plot.addEventListener("pointerleave", () => panel.hover(this, null));
        plot.addEventListener("dblclick", () => panel.reset(this));
        plot.addEventListener("wheel", (event) => {
            if (!event.ctrlKey || !this.chart.css) return;
            event.preventDefault();
            const { chart } = this, share = event.deltaY > 0 ? 1.25 : 0.8, at = place(event).x;
            panel.zoom(this, [chart.left, chart.width - chart.right].map((edge) => chart.xAt(at + (edge - at) * share)));
        }, { passive: false });
    }

    dragged(start, to) {
        const { chart, panel } = this;
        chart.clear();
        if (start.isY) panel.setY(this, [chart.valueAt(Math.max(start.y, to.y)), chart.valueAt(Math.min(start.y, to.y))]);
        else panel.zoom(this, [Math.max(chart.x0, chart.xAt(Math.min(start.x, to.x))), Math.min(chart.x1, chart.xAt(Math.max(start.x, to.x)))]);
    }

    /** Arrows walk from point to point, space holds the tooltip there, Enter fills the screen. */
    key(event) {
        if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey) return;
        const { chart, panel } = this;
        const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
        if (event.key === " ") panel.tip.freeze();
        else if (event.key === "Enter") panel.toggleFull(this);
        else if (event.key === "p") panel.togglePin(this);
        else if (step && chart.lines.length) {
            const xs = [...new Set(chart.lines.flatMap((line) => line.x))].filter((x) => x >= chart.x0 && x <= chart.x1).sort((a, b) => a - b);
            panel.release();
            this.point = Math.max(0, Math.min((this.point ?? (step < 0 ? xs.length : -1)) + step, xs.length - 1));
            const box = this.plot.getBoundingClientRect();
            panel.hover(this, xs[this.point], { clientX: box.left + chart.px(xs[this.point]), clientY: box.top + 30 });
        } else return;
        event.preventDefault();
        event.stopPropagation();
    }

    /** What went wrong, in the place of this card alone. */
    fail(error, retry) {
        fill(this.state, errorBox(error, retry));
    }

    /** @param series of all cards */
    linesOf(series) {
        const splits = new Map(this.pair.keys.map((one) => [one.key, one.split])), { facts } = this.panel;
        // A run may have left while its series were on their way.
        return series.filter((one) => splits.has(one.key) && facts.has(one.run)).map((one) => ({
            ...one, ...facts.get(one.run), color: this.panel.colorOf(one.run),
            split: splits.get(one.key), isTrain: splits.get(one.key) === "train",
            x: one.firstX.map((first, index) => (first + one.lastX[index]) / 2),
            smoothed: one.smoothed.map((value) => typeof value === "number" ? value : null),
        }));
    }

    /** Other runs, or the same with other names. @param facts by run */
    learn(facts) {
        const kept = this.series.filter((line) => facts.has(line.run));
        const others = kept.filter((line) => Object.entries(facts.get(line.run)).some(([name, fact]) => line[name] !== fact));
        for (const line of others) Object.assign(line, facts.get(line.run));
        if (kept.length !== this.series.length || others.length) this.show(kept);
    }

    show(lines) {
        fill(this.state);
        this.isLoaded = true;
        this.series = lines.sort((a, b) => a.color - b.color || Number(a.isTrain) - Number(b.isTrain));
        this.draw();
    }

    draw() {
        if (!this.isLoaded || !this.plot) return;
        const { chart, panel } = this, { state } = panel;
        chart.draw({
            lines: this.series, range: this.range, yRange: state.ys.get(this.name) ?? null, axis: this.axis, isLog: state.isLog,
            isLogX: state.isLogX, showAll: state.whole.has(this.name), isHigherBetter: this.isHigherBetter, best: this.best(),
        });
        if (!chart.css) return;
        const clipped = new Set([...chart.dropped].map((index) => this.series[index].run)).size;
        this.describe(clipped);
        // What was drawn anew has lost its crosshair.
        if (panel.at !== null && this.axis === panel.atAxis) chart.hover(panel.at);
        const last = this.series[0]?.mean;
        Object.assign(this.element.dataset, {
            lines: this.series.length, points: this.series.reduce((sum, line) => sum + line.count, 0), clipped,
            low: chart.low, high: chart.high, x0: chart.x0, x1: chart.x1, last: last?.findLast((value) => value !== null) ?? "",
        });
    }

    get isHigherBetter() {
        const { goal } = this.panel;
        if (goal && this.keys.includes(goal.metric)) return goal.direction === "maximize";
        return direction(this.keys[0]) === "maximize";
    }

    /** The best points of the goal, where x is the step. */
    best() {
        const { goal, runs } = this.panel;
        if (!goal || this.axis !== "step" || !this.keys.includes(goal.metric) || runs.length > FEW) return [];
        const isMax = goal.direction === "maximize";
        return runs.map((run) => {
            const own = run.metrics?.find((one) => one.key === goal.metric);
            return { run: run.id, key: goal.metric, x: isMax ? own?.maxStep : own?.minStep, y: isMax ? own?.max : own?.min };
        }).filter((one) => typeof one.y === "number" && typeof one.x === "number");
    }

    /** The line below the name: what the strokes mean, and what the drawing does not show. */
    describe(clipped) {
        const { chart, panel, series } = this, { state } = panel;
        const dense = Math.max(0, ...series.map((line) => line.count)) / Math.max(1, chart.width - chart.left - chart.right);
        const total = (name) => series.reduce((sum, line) => sum + line[name].reduce((a, b) => a + b, 0), 0);
        const nan = total("nan"), inf = total("inf");
        const isWhole = state.whole.has(this.name);
        const link = (text) => h("button.link.warn", { type: "button", on: { click: () => panel.toggleWhole(this) } }, text);
        const splits = [["train", "train dashed"], ["val", "val solid"], ["test", "test dotted"]]
            .filter(([split]) => series.some((line) => line.split === split)).map(([, words]) => words);
        const parts = [
            series.length ? null : "no points here",
            this.axis === state.axis ? null : `over ${metricOf(this.axis) ?? "time"}`,
            clipped ? link(`${chart.clips} ${clipped} ${clipped === 1 ? "run" : "runs"} clipped · show all`)
                : chart.clips && !state.ys.has(this.name) && !isWhole ? link(`${chart.clips} peaks clipped · show all`) : null,
            isWhole ? link("robust axis") : null,
            state.half ? h("span.chip", {}, `EMA ½=${state.half} ${halfUnit(state.axis)}`) : null,
            splits.length > 1 && !chart.isDense ? splits.join(" · ") : null,
            chart.isDense ? `${grouped(series.length)} lines as density, point at one` : null,
            dense >= 2 ? h("span", { title: "The line is the mean of the points of a pixel" }, `1 px = ${compact(Math.round(dense))} points`) : null,
            dense >= 2 && chart.hasBands ? "band min–max" : null,
            nan ? h("span.bad", { title: BROKEN }, `× ${grouped(nan)} NaN`) : null,
            inf ? h("span.bad", { title: BROKEN }, `× ${grouped(inf)} infinite`) : null,
            state.ys.has(this.name) ? h("button.link", { type: "button", on: { click: () => panel.setY(this, null) } }, "y zoomed · reset") : null,
        ].filter(Boolean);
        fill(this.note, parts.map((part, index) => [index ? " · " : "", part]));
        const pinned = state.pins.includes(this.name);
        this.pin.setAttribute("aria-pressed", pinned);
        this.pin.title = pinned ? "Unpin (p)" : "Pin to the top (p)";
        this.caption.textContent = `${this.pair.title}: ${summary(chart)}`;
    }

    close() {
        this.chart.sizes.disconnect();
    }
}

const isDrag = (from, to) => Math.abs(from.isY ? to.y - from.y : to.x - from.x) > 6;
