// Cards of charts for some runs: shared x, crosshair, zoom and smoothing; one request for all cards in view.
import { h, fill, coalesced, debounced, errorBox } from "../dom.js";
import { setQuery } from "../router.js";
import { compact } from "../format.js";
import { subscribe } from "../live.js";
import * as api from "../api.js";
import { cardMenu } from "./cardMenu.js";
import { LineChart } from "./lineChart.js";
import { pairs } from "./pairing.js";
import { ChartTip } from "./tooltip.js";

const AXES = [["step", "step"], ["relativeTime", "relative time"], ["time", "wall time"]];
const MOST = 200;

export class ChartPanel {
    /**
     * @param {HTMLElement} root
     * @param {{runs: object[], metricKeys: string[], goal: object | null, route: object, onMetrics?: () => void}} options
     * A run may bring its `color`, a place in the list of colours; else its place among the runs counts.
     */
    constructor(root, options) {
        Object.assign(this, options);
        this.cards = [];
        this.changed = new Set();
        this.loading = 0;
        this.zooms = [];
        this.at = null;
        this.tip = new ChartTip();
        this.tip.onRelease = () => this.release();
        this.grid = h("div.cards");
        this.watcher = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: "400px" });
        this.sizes = new ResizeObserver(debounced(() => this.cards.forEach((card) => this.drawCard(card)), 60));
        this.sizes.observe(this.grid);
        this.loadSoon = debounced(() => this.load(), 30);
        this.refresh = coalesced(() => this.loadChanged(), 400);
        this.live = subscribe(this.topics(), (topics) => this.heard(topics));
        this.onTheme = () => this.cards.forEach((card) => this.drawCard(card));
        document.addEventListener("martlet:theme", this.onTheme);
        this.read(this.route);
        fill(root, this.toolbar(), this.grid, this.tip.element);
        this.build();
        this.keys = {
            l: { label: "Logarithmic y", run: () => this.set({ log: this.isLog ? null : "1" }) },
            a: { label: "Next x axis", run: () => this.nextAxis() },
            z: { label: "Zoom back", run: () => this.set({ x: this.zooms.pop() ?? null }) },
            Z: { label: "Zoom out", run: () => this.zoom(null) },
            Escape: { label: "Release the tooltip", shown: "Esc", run: () => this.release() },
        };
    }

    topics() {
        return this.runs.map((run) => `run:${run.id}:metrics`);
    }

    heard(topics) {
        for (const run of this.runs) if (topics.includes(`run:${run.id}:metrics`)) this.changed.add(run.id);
        this.refresh();
        this.onMetrics?.();
    }

    /** Other runs or other metrics; cards that stay keep their place, their zoom and what they show. */
    setRuns(runs, metricKeys) {
        const before = new Set(this.runs.map((run) => run.id));
        Object.assign(this, { runs, metricKeys });
        this.live.change(this.topics());
        const now = new Set(runs.map((run) => run.id));
        for (const card of this.cards) {
            const kept = card.series.filter((line) => now.has(line.run));
            if (kept.length !== card.series.length) this.show(card, kept);
        }
        this.build();
        const joined = runs.filter((run) => !before.has(run.id));
        for (const run of joined) this.changed.add(run.id);
        if (joined.length) this.refresh();
    }

    colorOf(id) {
        const place = this.runs.findIndex((run) => run.id === id);
        return this.runs[place]?.color ?? place;
    }

    read({ query }) {
        this.axis = AXES.some(([key]) => key === query.get("axis")) ? query.get("axis") : "step";
        this.half = Math.max(0, Number(query.get("smooth")) || 0);
        this.isLog = query.get("log") === "1";
        this.pattern = query.get("m") ?? "";
        const range = (query.get("x") ?? "").split("..").map(Number);
        this.range = range.length === 2 && range.every(Number.isFinite) && range[0] < range[1] ? range : null;
    }

    set(changes) {
        setQuery(changes);
    }

    nextAxis() {
        const at = AXES.findIndex(([key]) => key === this.axis);
        this.set({ axis: AXES[(at + 1) % AXES.length][0], x: null });
    }

    zoom(range) {
        if (this.range && range) this.zooms.push(this.range.join(".."));
        if (!range) this.zooms = [];
        this.set({ x: range ? range.map(Math.round).join("..") : null });
    }

    toolbar() {
        const field = (label, control) => h("label.row", {}, h("span.muted", {}, label), control);
        this.regex = h("input.input.metric-filter", { type: "search", value: this.pattern, placeholder: "metrics (regular expression)", "aria-label": "Metrics" });
        this.regex.addEventListener("input", debounced(() => this.set({ m: this.regex.value }), 150));
        this.axisField = h("select.input", { on: { change: (event) => this.set({ axis: event.target.value, x: null }) } },
            AXES.map(([key, label]) => h("option", { value: key, selected: key === this.axis }, label)));
        this.smooth = h("input.input.short", { type: "number", min: 0, value: this.half, on: { change: (event) => this.set({ smooth: event.target.value === "0" ? null : event.target.value }) } });
        this.log = h("input", { type: "checkbox", on: { change: (event) => this.set({ log: event.target.checked ? "1" : null }) } });
        this.log.checked = this.isLog;
        return h("div.toolbar", {}, this.regex, field("x", this.axisField), field("smooth ½", this.smooth), field("log y", this.log),
            h("button.button", { type: "button", on: { click: () => this.zoom(null) } }, "reset zoom"));
    }

    update(route) {
        const before = this.view;
        const shape = this.pattern;
        this.read(route);
        this.axisField.value = this.axis;
        this.smooth.value = this.half;
        this.log.checked = this.isLog;
        if (shape !== this.pattern) this.build();
        for (const card of this.cards) {
            if (before !== this.view) card.isFresh = false;
            this.drawCard(card);
        }
        this.loadSoon();
    }

    build() {
        let matches = () => true;
        try {
            const pattern = new RegExp(this.pattern, "i");
            matches = (key) => pattern.test(key);
        } catch {
            matches = (key) => key.includes(this.pattern);
        }
        const old = new Map(this.cards.map((card) => [JSON.stringify(card.pair), card]));
        const before = this.cards;
        this.cards = pairs(this.metricKeys, this.goal?.metric).filter((pair) => pair.keys.some((one) => matches(one.key)))
            .slice(0, MOST).map((pair) => old.get(JSON.stringify(pair)) ?? this.card(pair));
        if (this.cards.length && this.cards.length === before.length && this.cards.every((card, index) => card === before[index])) return;
        for (const card of before) if (!this.cards.includes(card)) this.watcher.unobserve(card.element);
        fill(this.grid, this.cards.map((card) => card.element),
            this.cards.length ? null : h("p.muted", {}, "No metric to draw."));
        this.cards.forEach((card) => this.watcher.observe(card.element));
    }

    card(pair) {
        const base = h("canvas", { "aria-hidden": "true" }), overlay = h("canvas.overlay", { "aria-hidden": "true" });
        const plot = h("div.plot", {}, base, overlay);
        const note = h("span.muted"), caption = h("figcaption.sr-only"), state = h("div");
        const menu = cardMenu(pair.name, () => card, (error) => fill(state, errorBox(error, () => fill(state))));
        const element = h("figure.card", { tabindex: 0, data: { name: pair.name, keys: pair.keys.map((one) => one.key).join(" ") } },
            h("header", {}, h("b", {}, pair.name), note, h("span.spring"), menu), plot, state, caption);
        const card = { pair, element, plot, note, caption, state, chart: new LineChart(base, overlay), series: [], isNear: false, isFresh: false, showAll: false };
        this.listen(card);
        return card;
    }

    listen(card) {
        let from = null;
        const place = (event) => event.clientX - card.plot.getBoundingClientRect().left;
        card.plot.addEventListener("pointerdown", (event) => {
            from = place(event);
            card.plot.setPointerCapture(event.pointerId);
        });
        card.plot.addEventListener("pointermove", (event) => {
            if (from !== null && Math.abs(place(event) - from) > 4) card.chart.shade(from, place(event));
            else this.hover(card, card.chart.xAt(place(event)), event);
        });
        card.plot.addEventListener("pointerup", (event) => {
            const to = place(event);
            const isDrag = from !== null && Math.abs(to - from) > 8;
            if (isDrag) this.zoom([card.chart.xAt(Math.min(from, to)), card.chart.xAt(Math.max(from, to))]);
            else if (this.tip.isFrozen) this.release();
            else {
                this.hover(card, card.chart.xAt(to), event);
                this.tip.freeze();
            }
            from = null;
        });
        card.plot.addEventListener("pointerleave", () => this.hover(card, null));
        card.plot.addEventListener("dblclick", () => {
            this.release();
            this.zoom(null);
        });
        card.element.addEventListener("keydown", (event) => this.key(card, event));
    }

    /** Arrows walk from point to point, Enter holds the tooltip there. */
    key(card, event) {
        if (event.target !== card.element) return;
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const xs = card.chart.lines?.[0]?.x;
        if (event.key === "Enter") this.tip.freeze();
        else if (step && xs?.length) {
            this.release();
            card.point = Math.max(0, Math.min((card.point ?? -1) + step, xs.length - 1));
            const box = card.plot.getBoundingClientRect();
            this.hover(card, xs[card.point], { clientX: box.left + card.chart.px(xs[card.point]), clientY: box.top + 30 });
        } else return;
        event.preventDefault();
        event.stopPropagation();
    }

    /** The crosshair on all cards, the tooltip at one of them; null takes both away unless they are held. */
    hover(own, x, event) {
        if (this.tip.isFrozen) return;
        this.at = x;
        for (const card of this.cards) {
            if (!card.isNear || !card.chart.css) continue;
            const found = card.chart.hover(x);
            if (card === own) {
                const title = found.length ? `${this.axis === "step" ? "step " : ""}${card.chart.stretch(found[0])}` : "";
                this.tip.show(x === null ? null : { title, rows: found }, event);
            }
        }
    }

    release() {
        this.tip.release();
        this.at = null;
        for (const card of this.cards) if (card.chart.css) card.chart.hover(null);
    }

    seen(entries) {
        for (const entry of entries) {
            const card = this.cards.find((one) => one.element === entry.target);
            if (card) card.isNear = entry.isIntersecting;
        }
        this.loadSoon();
    }

    /** What the answer depends on besides runs and keys: another one makes an answer on its way worthless. */
    get view() {
        return JSON.stringify([this.axis, this.half, this.range]);
    }

    request(cards, runs = this.runs.map((run) => run.id)) {
        return api.series({
            runs, keys: cards.flatMap((card) => card.pair.keys.map((one) => one.key)),
            axis: this.axis, buckets: 300, smoothingHalfLife: this.half,
            ...this.range ? { from: this.range[0], to: this.range[1] } : {},
        });
    }

    /** One request for all cards in view; when it fails, each card asks for itself, so that one cannot take the others. */
    async load() {
        const cards = this.cards.filter((card) => card.isNear && !card.isFresh);
        if (!cards.length || !this.runs.length) return;
        const { view } = this;
        for (const card of cards) card.isFresh = true;
        const take = (card, answer) => view === this.view && this.show(card, this.linesOf(card, answer.series));
        this.loading += 1;
        try {
            const answer = await this.request(cards);
            cards.forEach((card) => take(card, answer));
        } catch {
            await Promise.all(cards.map((card) => this.request([card]).then((answer) => take(card, answer),
                (error) => fill(card.state, errorBox(error, () => { card.isFresh = false; this.load(); })))));
        } finally {
            this.loading -= 1;
            if (this.changed.size) this.refresh();
        }
    }

    /** Only the runs that logged something, only for the cards in view; the others ask when they come into view. */
    async loadChanged() {
        // An older answer must not come after this one: the end of the load calls again.
        if (this.loading || !this.changed.size) return;
        const ids = [...this.changed], { view } = this;
        this.changed.clear();
        const cards = this.cards.filter((card) => card.isNear && card.isFresh);
        for (const card of this.cards) if (!cards.includes(card)) card.isFresh = false;
        this.loadSoon();
        if (!cards.length) return;
        try {
            const answer = await this.request(cards, ids);
            if (view !== this.view) return;
            for (const card of cards) {
                const others = card.series.filter((line) => !ids.includes(line.run));
                this.show(card, [...others, ...this.linesOf(card, answer.series)]);
            }
        } catch {
            for (const id of ids) this.changed.add(id);
        }
    }

    linesOf(card, series) {
        const splits = new Map(card.pair.keys.map((one) => [one.key, one.split]));
        return series.filter((one) => splits.has(one.key)).map((one) => ({
            ...one, color: this.colorOf(one.run), name: this.runs.find((run) => run.id === one.run)?.name ?? one.run,
            isTrain: splits.get(one.key) === "train", x: one.firstX.map((first, index) => (first + one.lastX[index]) / 2),
            smoothed: one.smoothed.map((value) => typeof value === "number" ? value : null),
        }));
    }

    show(card, lines) {
        fill(card.state);
        card.series = lines.sort((a, b) => a.color - b.color || Number(a.isTrain) - Number(b.isTrain));
        this.drawCard(card);
    }

    drawCard(card) {
        const { chart } = card;
        if (!card.series.length && !chart.css) return;
        chart.draw({ lines: card.series, range: this.range, axis: this.axis, isLog: this.isLog, showAll: card.showAll });
        // What was drawn anew has lost its crosshair.
        if (this.at !== null) chart.hover(this.at);
        const points = card.series.reduce((sum, line) => sum + line.count, 0);
        const dense = Math.max(1, ...card.series.map((line) => line.count / Math.max(1, line.x.length)));
        const clipped = new Set([...chart.clipped ?? []].map((index) => card.series[index].run)).size;
        fill(card.note, card.series.some((line) => line.isTrain) ? " train dashed · val solid" : "",
            dense > 1.5 ? ` · 1 mark = ${compact(Math.round(dense))} points` : "",
            this.half ? [" · ", h("span.chip", {}, `EMA ½=${this.half}`)] : "",
            clipped || card.showAll ? [" · ", h("button.link.warn", { type: "button", on: { click: () => {
                card.showAll = !card.showAll;
                this.drawCard(card);
            } } }, card.showAll ? "robust axis" : `${clipped} ${clipped === 1 ? "run" : "runs"} clipped ▲ · show all`)] : "");
        card.caption.textContent = `${card.pair.name}: ${chart.summary()}`;
        const last = card.series[0];
        Object.assign(card.element.dataset, {
            lines: card.series.length, points, clipped, low: chart.low, high: chart.high, x0: chart.x0, x1: chart.x1,
            last: last?.last.findLast((value) => value !== null) ?? "",
        });
    }

    close() {
        this.release();
        this.live.close();
        this.refresh.cancel();
        this.loadSoon.cancel();
        this.watcher.disconnect();
        this.sizes.disconnect();
        document.removeEventListener("martlet:theme", this.onTheme);
    }
}
