// Cards of charts for some runs: shared x, crosshair, zoom and smoothing; one request for all cards in view.
import { coalesced, debounced, fill, h, setQuery } from "../dom.js";
import { grouped } from "../format.js";
import { subscribe } from "../live.js";
import { ChartCard } from "./card.js";
import { AXES, chartState, halfUnit, limits, listed, metricOf, rangeText, toggled, yText } from "./chartState.js";
import { panelKeys } from "./panelKeys.js";
import { pairsOnce, sameList, tailsOf } from "./pairing.js";
import { readSeries } from "./seriesRead.js";
import { ChartToolbar } from "./toolbar.js";
import { ChartTip } from "./tooltip.js";

const MOST = 1_000;
/** Metrics that are looked through for the first cards, where there is room for a few only. */
const FEW_OF_MANY = 500;
const GAP = 12;
const COMFORT = 440;
const LEAST = 340;

export class ChartPanel {
    /**
     * A run may bring its `color`, a place in the list of colours; else its place among the runs counts.
     * With a `limit` only the first cards are shown, without controls. Metrics that are `isHidden` have none.
     */
    constructor(root, options) {
        Object.assign(this, { limit: 0, usualAxis: "step", ...options });
        this.cards = [];
        this.changed = new Set();
        this.loading = 0;
        this.zooms = [];
        this.at = null;
        this.tip = new ChartTip();
        this.tip.onRelease = () => this.release();
        this.host = h("div.card-sections");
        this.watcher = new IntersectionObserver((entries) => this.seen(entries), { root: document.getElementById("main"), rootMargin: "500px 0px" });
        this.sizes = new ResizeObserver(debounced(() => this.layout(), 60));
        this.loadSoon = debounced(() => this.load(), 30);
        this.refresh = coalesced(() => this.loadChanged(), 400);
        this.live = subscribe(this.topics(), (topics) => this.heard(topics));
        this.onTheme = () => this.cards.forEach((card) => card.draw());
        document.addEventListener("martlet:theme", this.onTheme);
        this.read(this.route);
        this.toolbar = this.limit ? null : new ChartToolbar(this);
        fill(root, this.toolbar?.element, this.host, this.tip.element);
        this.sizes.observe(this.host);
        this.build();
        this.keys = this.limit ? { Escape: { label: "Release the tooltip", shown: "Esc", run: () => this.release() } } : panelKeys(this);
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
        Object.assign(this, { runs, metricKeys: sameList(this.metricKeys, metricKeys) ? this.metricKeys : metricKeys });
        this.live.change(this.topics());
        for (const card of this.cards) card.learn(this.facts);
        this.toolbar?.update();
        this.build();
        const joined = runs.filter((run) => !before.has(run.id));
        for (const run of joined) this.changed.add(run.id);
        if (joined.length) this.refresh();
    }

    /** What lines say of their runs, by the id of the run. */
    get facts() {
        const tails = tailsOf(this.runs);
        return new Map(this.runs.map(({ id, name, status }) => [id, { name, tail: tails.get(id), label: [name, tails.get(id)].filter(Boolean).join(" "), isRunning: status === "running" }]));
    }

    colorOf(id) {
        const place = this.runs.findIndex((run) => run.id === id);
        return this.runs[place]?.color ?? place;
    }

    // ---- the address ----

    read({ query }) {
        this.state = chartState(query, this.usualAxis);
        if (this.limit) Object.assign(this.state, { pattern: "", pins: [], folds: new Set(), full: "", perRow: 0 });
    }

    set(changes) {
        setQuery(changes);
    }

    setAxis(axis) {
        const isSameUnit = halfUnit(axis) === halfUnit(this.state.axis);
        this.zooms = [];
        this.set({ axis: axis === this.usualAxis && !this.axisOf ? null : axis, x: null, ...isSameUnit ? {} : { smooth: null } });
    }

    nextAxis() {
        const at = AXES.findIndex(([key]) => key === this.state.axis);
        this.setAxis(AXES[(at + 1) % AXES.length][0]);
    }

    /** Where the card has an axis of its own all others get it, too. @param card @param range */
    zoom(card, range) {
        const text = rangeText(range);
        if (!text) return;
        const { axis } = card, isOther = axis !== this.state.axis;
        this.zooms.push({ x: this.state.range?.join("..") ?? null, y: limits(this.state.ys), ...isOther ? { axis: null } : {} });
        this.set({ x: text, ...isOther ? { axis } : {} });
    }

    /** Limits of y of one card; null gives them back to the data. */
    setY(card, ends) {
        this.zooms.push({ x: this.state.range?.join("..") ?? null, y: limits(this.state.ys) });
        const ys = new Map(this.state.ys);
        if (ends) ys.set(card.name, yText(ends));
        else ys.delete(card.name);
        this.set({ y: limits(ys) });
    }

    zoomBack() {
        if (this.zooms.length) this.set(this.zooms.pop());
    }

    /** All of x, and all of y of one card or of all. */
    reset(card) {
        this.release();
        // A zoom of one card may have given all others its axis.
        const axis = this.zooms.some((one) => "axis" in one) ? { axis: null } : {};
        this.zooms = [];
        const ys = new Map(this.state.ys);
        if (card) ys.delete(card.name);
        else ys.clear();
        this.set({ x: null, y: limits(ys), ...axis });
    }

    toggleWhole(card) {
        this.set({ all: listed(toggled(this.state.whole, card.name)) });
    }

    togglePin(card) {
        this.set({ pin: listed(toggled(this.state.pins, card.name)) });
    }

    toggleFull(card) {
        this.set({ full: this.state.full === card.name ? null : card.name });
        card.element.focus({ preventScroll: true });
    }

    /** One card more or less in a row. */
    resize(by) {
        this.set({ w: String(Math.min(4, Math.max(1, (this.state.perRow || this.columns(Math.max(...[...this.sections.values()].map((cards) => cards.length)))) + by))) });
    }

    update(route) {
        const before = this.view;
        this.read(route);
        // Another stretch of x has other values at another place.
        if (before !== this.view) this.release();
        this.toolbar?.update();
        this.build();
        this.layout();
        for (const card of this.cards) {
            if (before !== this.view) card.isFresh = false;
            card.draw();
        }
        this.loadSoon();
    }

    // ---- which cards there are, and where ----

    build() {
        const { pattern, pins } = this.state;
        let matches = (key) => key.includes(pattern), isBroken = false;
        try {
            const expression = new RegExp(pattern, "i");
            matches = (key) => expression.test(key);
        } catch {
            isBroken = true;
        }
        const name = (pair) => JSON.stringify([pair.name, pair.title, pair.keys]);
        const old = new Map(this.cards.map((card) => [name(card.pair), card]));
        this.pairing = pairsOnce(this.pairing, this.metricKeys, this.goal?.metric, this.limit ? FEW_OF_MANY : Infinity, this.isHidden);
        const { hidden, list } = this.pairing;
        const found = list.filter((pair) => pair.keys.some((one) => matches(one.key)));
        this.toolbar?.counted(found, list, hidden, isBroken);
        const cards = found.slice(0, this.limit || MOST).map((pair) => {
            const card = old.get(name(pair)) ?? new ChartCard(this, pair);
            card.pair = pair;
            return card;
        });
        const sections = new Map(pins.some((pin) => cards.some((card) => card.name === pin)) ? [["pinned", []]] : []);
        for (const card of cards) {
            const section = pins.includes(card.name) ? "pinned" : this.limit ? "" : card.pair.section;
            (sections.get(section) ?? sections.set(section, []).get(section)).push(card);
        }
        this.hidden = found.length - cards.length;
        const shape = JSON.stringify([...sections].map(([section, list]) => [section, this.isFolded(section), list.map((card) => name(card.pair))]));
        if (shape === this.shape) return;
        this.shape = shape;
        for (const card of this.cards) {
            this.watcher.unobserve(card.element);
            if (!cards.includes(card)) card.close();
        }
        this.cards = cards;
        this.sections = sections;
        fill(this.host, [...sections].map(([section, list]) => this.section(section, list, sections.size > 1)),
            cards.length ? null : h("p.muted", {}, list.length ? "No metric matches." : "No metric to draw."),
            this.hidden && !this.limit ? h("p.muted", {}, `${grouped(this.hidden)} more; filter the metrics to see them.`) : null);
        this.layout();
        for (const card of cards) this.watcher.observe(card.element);
    }

    isFolded(section) {
        // What the machine did is looked at when it is asked for.
        return this.state.folds.has(section) !== (section === "system");
    }

    section(name, cards, hasHeading) {
        const isFolded = hasHeading && this.isFolded(name);
        const grid = h("div.cards", { hidden: isFolded }, cards.map((card) => card.element));
        const toggle = () => this.set({ fold: listed(toggled(this.state.folds, name)) });
        return h("section", { data: { section: name } }, hasHeading ? h("h2.fold", {}, h("button", { type: "button", "aria-expanded": String(!isFolded), on: { click: toggle } },
            h("span.fold-mark", { "aria-hidden": "true" }, isFolded ? "▸" : "▾"), name, h("span.muted", {}, ` ${grouped(cards.length)}`))) : null, grid);
    }

    /** How many cards stand in a row. */
    columns(count) {
        const width = this.host.clientWidth;
        const most = Math.max(1, Math.floor((width + GAP) / (LEAST + GAP)));
        const free = Math.max(1, Math.floor((width + GAP) / (COMFORT + GAP)));
        return Math.min(most, this.state.perRow || Math.min(free, count === 4 && free === 3 ? 2 : count));
    }

    layout() {
        const width = this.host.clientWidth;
        if (!width || this.isClosed) return;
        let widest = 0;
        const columns = this.columns(Math.max(0, ...[...this.sections.values()].map((cards) => cards.length)));
        [...this.sections.keys()].forEach((_, index) => {
            const grid = this.host.children[index].querySelector(".cards");
            grid.style.setProperty("--columns", columns);
            const room = (width - GAP * (columns - 1)) / columns;
            grid.style.setProperty("--plot", `${Math.round(Math.min(300, Math.max(200, room * 0.43)))}px`);
            widest = Math.max(widest, room);
        });
        const { full } = this.state;
        for (const card of this.cards) card.element.classList.toggle("full", card.name === full);
        if (full) widest = innerWidth;
        const size = Math.min(800, Math.max(100, 50 * Math.ceil(widest / 100)));
        if (size === this.size) return;
        this.size = size;
        for (const card of this.cards) card.isFresh = false;
        this.loadSoon();
    }

    // ---- the crosshair ----

    /** The crosshair on all cards, the tooltip at one of them; null takes both away unless they are held. */
    hover(own, x, event, y = null) {
        this.pointed = x === null && !event ? null : own;
        if (this.tip.isFrozen) return;
        this.at = x;
        this.atAxis = own.axis;
        for (const card of this.cards) {
            if (!card.isNear || !card.chart.css) continue;
            const found = card.chart.hover(card.axis === own.axis ? x : null, card === own ? y : null);
            if (card !== own) continue;
            const metric = metricOf(own.axis), word = metric ? `${metric} ` : { step: "step ", relativeStep: "step +" }[own.axis] ?? "";
            const title = found.length ? word + card.chart.stretch(found.find((one) => one.isNear) ?? found[0]) : "";
            this.tip.show(x === null ? null : { title, rows: found }, event);
        }
    }

    /** Brings the lines of one run forward on all cards; null lets them all be equal. @param run */
    highlight(run) {
        for (const card of this.cards) if (card.isNear && card.chart.css) card.chart.highlight(run);
    }

    /** Holds the tooltip, or lets it go. */
    click(card, x, event, y) {
        if (this.tip.isFrozen) {
            this.release();
            return;
        }
        this.hover(card, x, event, y);
        this.tip.freeze();
    }

    release() {
        this.tip.release();
        this.at = null;
        for (const card of this.cards) if (card.chart.css) card.chart.hover(null);
    }

    seen(entries) {
        for (const entry of entries) {
            const card = this.cards.find((one) => one.element === entry.target);
            // What fills the screen is outside of the scrolled page.
            card?.setNear(entry.isIntersecting || card.name === this.state.full);
        }
        this.loadSoon();
    }

    // ---- data ----

    /** What the answer depends on besides runs and keys: another one makes an answer on its way worthless. */
    get view() {
        const { axis, half, range, isLogX } = this.state;
        return JSON.stringify([axis, half, range, isLogX, this.size]);
    }

    request(cards, runs = this.runs.map((run) => run.id)) {
        const keys = cards.map((card) => card.keys);
        const series = runs.length * keys.flat().length;
        const most = series > 300 ? 100 : series > 100 ? 200 : 800;
        const hasBands = cards.some((card) => card.mayHaveBands), buckets = Math.min(this.size, most);
        const byAxis = [...new Set(cards.map((card) => card.axis))].map((axis) => cards.filter((card) => card.axis === axis));
        return Promise.all(byAxis.map((some) => readSeries(runs, some.map((card) => card.keys), { ...this.state, axis: some[0].axis, range: some[0].range }, buckets, hasBands)))
            .then((answers) => answers.flat());
    }

    /** Cards that are looked at: those in view, or the one that fills the screen. */
    wanted() {
        const full = this.cards.find((card) => card.name === this.state.full);
        return full ? [full] : this.cards.filter((card) => card.isNear);
    }

    /** One request for all cards in view; when it fails, each card asks for itself, so that one cannot take the others. */
    async load() {
        if (!this.size) return;
        const cards = this.wanted().filter((card) => !card.isFresh);
        if (!cards.length || !this.runs.length) return;
        const { view } = this;
        for (const card of cards) card.isFresh = true;
        const take = (card, series) => !this.isClosed && view === this.view && card.show(card.linesOf(series));
        this.loading += 1;
        try {
            const series = await this.request(cards);
            let since = performance.now();
            for (const card of cards) {
                take(card, series);
                // Many cards are drawn one after the other, so that the page goes on answering.
                if (performance.now() - since < 30) continue;
                await new Promise((resolve) => { setTimeout(resolve); });
                since = performance.now();
            }
            // Only now it is known that few of the runs have these metrics.
            const bare = cards.filter((card) => card.isFresh && card.lacksBands);
            if (bare.length && view === this.view) await this.request(bare).then((banded) => bare.forEach((card) => take(card, banded)));
        } catch {
            await Promise.all(cards.map((card) => this.request([card]).then((series) => take(card, series), (error) =>
                view === this.view && card.fail(error, () => {
                    card.isFresh = false;
                    this.load();
                }))));
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
        const cards = this.wanted().filter((card) => card.isFresh);
        for (const card of this.cards) if (!cards.includes(card)) card.isFresh = false;
        this.loadSoon();
        if (!cards.length) return;
        try {
            const series = await this.request(cards, ids);
            if (view !== this.view || this.isClosed) return;
            for (const card of cards) {
                const others = card.series.filter((line) => !ids.includes(line.run));
                card.show([...others, ...card.linesOf(series)]);
            }
        } catch {
            for (const id of ids) this.changed.add(id);
        }
    }

    close() {
        this.isClosed = true;
        this.release();
        this.live.close();
        this.refresh.cancel();
        this.loadSoon.cancel();
        this.watcher.disconnect();
        this.sizes.disconnect();
        for (const card of this.cards) card.close();
        document.removeEventListener("martlet:theme", this.onTheme);
    }
}
