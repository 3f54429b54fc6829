// What the runs of a sweep show together: parallel coordinates, importance, the best so far.
import { fill, h, href, navigate } from "../dom.js";
import { number, plural } from "../format.js";
import { axisOf } from "../plots/axes.js";
import { bars } from "../plots/bars.js";
import { BestSoFar, records } from "../plots/best.js";
import { Parallel } from "../plots/parallel.js";
import { hasDiverged, logParameters } from "../sweeps.js";
import { valueText } from "./sweepRuns.js";

/** Below it the server's estimate of importance is chance; axes and facts that fit. */
const RELIABLE = 30, LEAST_EXPLAINED = 0.1, MOST_AXES = 16, MOST_FACTS = 14;

const percent = (share) => `${number(100 * share, 2)} %`;

/** Ranges of an address; what is none is left out. */
function rangesOf(text) {
    try {
        const isEnd = (end) => ["number", "string"].includes(typeof end);
        return Object.fromEntries(Object.entries(JSON.parse(text) ?? {}).filter(([, ends]) => Array.isArray(ends) && ends.length === 2 && ends.every(isEnd)));
    } catch {
        return {};
    }
}

export class SweepCharts {
    /** @param page the page of the sweep */
    constructor(root, page) {
        this.page = page;
        const open = (id) => navigate(href(["r", id]));
        const figure = (title) => ({ title, note: h("span.muted"), host: h("div"), caption: h("figcaption.muted") });
        const [parallel, importance, best] = this.figures = ["Parameters and result", "Importance", "Best so far"].map(figure);
        Object.assign(this, { parallelFigure: parallel, importanceFigure: importance, bestFigure: best });
        this.axisButton = h("button.button", { type: "button", on: { click: () => this.turn() } }, "Over time");
        fill(root, this.figures.map((one) => (one.element = h("figure.sweep-figure", { class: one === parallel ? "wide" : "", "aria-label": one.title },
            h("div.row", {}, h("h2", {}, one.title), one.note, one === best ? [h("span.spring"), this.axisButton] : null,
                one === parallel ? [page.told, page.all] : null), one.host, one.caption))));
        this.parallel = new Parallel(parallel.host, { onSelect: (ids, isMoving) => page.choose(ids, this.parallel.ranges, isMoving), onOpen: open });
        this.best = new BestSoFar(best.host, { onOpen: open });
        this.parallel.ranges = rangesOf(page.route.query.get("select") ?? "{}");
        fill(parallel.note, "colour by rank: best ", h("span.ramp", { "aria-hidden": "true" }), " worst");
    }

    set(parameters) {
        this.parameters = parameters;
        this.drawParallel();
        this.drawImportance();
        this.drawBest();
        this.page.drawNote();
    }

    get metric() {
        return this.page.sweep.metric;
    }

    facts(run) {
        const own = this.parameters.varying.slice(0, MOST_FACTS).map((name) => [name, valueText(run.parameters[name])]);
        const result = run.goal === undefined ? "no value" : `${number(run.goal)}${hasDiverged(run) && Number.isFinite(run.goal) ? ", no number in the end" : ""}`;
        return [...this.metric ? [[this.metric.name, result]] : [], ["run", `${run.number}, ${run.state}`], ...own];
    }

    named(run) {
        return this.page.names.get(run.runID) ?? run.name;
    }

    // ---- parallel coordinates ----

    /** As many as fit: those that matter most where there are more. */
    axisNames() {
        const { varying } = this.parameters;
        if (varying.length <= MOST_AXES) return varying;
        const order = new Map((this.page.importance?.parameters ?? []).map((one, index) => [one.name, index]));
        const kept = new Set(varying.toSorted((a, b) => (order.get(a) ?? Infinity) - (order.get(b) ?? Infinity) || 0).slice(0, MOST_AXES));
        return varying.filter((name) => kept.has(name));
    }

    drawParallel() {
        const { runs, sweep } = this.page, { metric } = this, names = this.axisNames();
        const axes = names.map((name) => axisOf(name, runs.map((run) => run.parameters[name]), { isLog: this.logs().has(name) }));
        if (metric) axes.push(axisOf(`metric.${metric.name}`, runs.map((run) => run.goal), { title: metric.name, isNumeric: true, missing: "no value" }));
        this.parallelFigure.element.hidden = axes.length < 2;
        if (axes.length < 2) {
            this.parallel.set([], [], "");
            return;
        }
        const count = runs.filter((run) => Number.isFinite(run.goal)).length;
        const lines = runs.map((run, rank) => ({
            id: run.runID, name: () => this.named(run), tone: Number.isFinite(run.goal) ? 1 - rank / Math.max(1, count - 1) : null, isBest: run.runID === sweep.best?.runID,
            places: axes.map((axis) => axis.place(axis.name.startsWith("metric.") && axis.title === metric?.name ? run.goal : run.parameters[axis.name])),
            facts: () => this.facts(run),
        }));
        const text = this.summary(names, count);
        fill(this.parallelFigure.caption, text);
        this.parallel.set(axes, lines, `Parallel coordinates. ${text}`);
        this.page.chosen = this.page.table.chosen = this.parallel.ids;
    }

    logs() {
        const { configuration } = this.page.sweep;
        if (this.read !== configuration) [this.read, this.found] = [configuration, logParameters(configuration)];
        return this.found;
    }

    summary(names, count) {
        const { runs } = this.page, { varying, same } = this.parameters;
        const nan = runs.filter((run) => run.goal !== undefined && !Number.isFinite(run.goal)).length, none = runs.filter((run) => run.goal === undefined).length;
        const ended = runs.filter(hasDiverged).length - nan;
        const values = same.slice(0, 8).map((name) => `${name} ${valueText(runs[0].parameters[name])}`).join(", ");
        const told = !this.metric ? "" : `; ${count} with a value of ${this.metric.name}`
            + [[ended, "of them no number in the end"], [nan, "NaN or infinite"], [none, "without a value"]].map(([some, what]) => some ? `, ${some} ${what}` : "").join("");
        return [`${plural(runs.length, "run")} over ${names.join(", ") || "no parameter that differs"}${told}.`,
            names.length < varying.length ? `${varying.length - names.length} more parameters differ and stand in the table.` : "",
            values ? `Same in all: ${values}${same.length > 8 ? ", …" : ""}.` : ""].filter(Boolean).join(" ");
    }

    /** A run that is pointed at elsewhere. */
    point(id) {
        this.parallel.highlight(id);
    }

    clear() {
        this.parallel.clear();
    }

    update(route) {
        const asked = route.query.get("select") ?? "{}";
        if (asked === JSON.stringify(this.parallel.ranges)) return;
        this.parallel.select(rangesOf(asked));
    }

    // ---- importance ----

    drawImportance() {
        const { importance } = this.page, { host, note, caption, element } = this.importanceFigure;
        element.hidden = !this.metric;
        const parameters = importance?.parameters ?? [];
        fill(note, importance?.runs !== undefined ? `from ${plural(importance.runs, "run")}` : "");
        if (!importance || importance.error) {
            fill(host);
            fill(caption, importance ? importance.error.message : "Being reckoned…");
            return;
        }
        if (!parameters.length) {
            fill(host);
            fill(caption, `Nothing to tell yet: it needs runs with a value of ${this.metric.name} and different parameters.`);
            return;
        }
        const share = (value) => value === undefined ? "–" : number(Number(value.toFixed(3)), 2);
        const rows = parameters.map((one) => ({
            name: one.name, share: one.importance, text: percent(one.importance), more: [share(one.correlation), share(one.rankCorrelation)],
        }));
        // Shares of nothing say nothing.
        const isNoise = importance.explained !== undefined && importance.explained < LEAST_EXPLAINED;
        fill(host, h("div.scroll-x", {}, bars(rows, { caption: `How much each parameter matters for ${this.metric.name}`, heads: ["parameter", "importance", "correlation", "of ranks"], isVague: isNoise })));
        if (isNoise) {
            fill(caption, `Nothing can be said yet: the parameters explain ${percent(Math.max(0, importance.explained))} of the variance of the last value of ${this.metric.name}.`);
            return;
        }
        fill(caption, importance.runs < RELIABLE ? [h("b.warn", {}, `Not reliable below ${RELIABLE} runs.`), " "] : null,
            parameters[0].importance > 0 ? `${parameters[0].name} matters most for the last value of ${this.metric.name}.` : "No share can be told from these runs.",
            importance.explained === undefined ? "" : ` The parameters explain ${percent(Math.max(0, importance.explained))} of its variance.`,
            parameters.some((one) => one.correlation === undefined && this.isCategory(one.name)) ? " Categories have no correlation." : "");
    }

    isCategory(name) {
        return this.page.runs.some((run) => run.parameters[name] !== undefined && typeof run.parameters[name] !== "number");
    }

    // ---- best so far ----

    get isTime() {
        return this.page.route.query.get("over") === "time";
    }

    turn() {
        this.page.turnAxis(this.isTime ? null : "time");
        this.drawBest();
    }

    drawBest() {
        const { metric, isTime } = this, { element, caption, note } = this.bestFigure;
        const minimizes = metric?.direction !== "maximize";
        const points = this.page.runs.filter((run) => run.goal !== undefined).map((run) => ({
            id: run.runID, name: () => this.named(run), x: isTime ? run.createdAt : run.number, y: run.goal, facts: () => this.facts(run), number: run.number,
        })).sort((a, b) => a.x - b.x || a.number - b.number);
        element.hidden = !metric || !points.length;
        if (element.hidden) return;
        this.axisButton.setAttribute("aria-pressed", isTime);
        const steps = records(points, minimizes), last = steps.at(-1);
        const way = steps.length > 1 ? `${minimizes ? "fell" : "rose"} from ${number(steps[0].y)} to ${number(last.y)} in ${plural(steps.length - 1, "step")}` : `stays at ${number(last?.y)}`;
        const text = last ? `${metric.name} ${way}; the best came with run ${last.number} of ${this.page.runs.length}.` : "No run has a number yet.";
        fill(caption, text);
        fill(note, metric.name);
        this.best.set(points, { label: `Best so far. ${text}`, minimizes, isTime });
    }

    close() {
        this.parallel.close();
        this.best.close();
    }
}
