// The charts of a report: the runs that its run sets mean, and the lines that its panels ask for.
import { errorBox, fill, h, href } from "../dom.js";
import { grouped, plural } from "../format.js";
import { searchRuns } from "../api.js";
import { find } from "../streams.js";
import { markdown } from "../md.js";

const LINES = "Run History Line Plot";
/** Runs that are drawn: as many as W&B draws at most. */
const SHOWN = 10;
const COMPARED = ["<", ">", "<=", ">="];

const listOf = (value) => Array.isArray(value) ? value.filter((one) => one && typeof one === "object") : [];
const quoted = (text) => `'${String(text).replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;
const named = (name) => `"${String(name).replace(/["\\]/g, "")}"`;

/**
 * The conditions of a run set in the language of filters; `unknown` has no counterpart.
 * @returns {{filter: string, unknown: string[]}}
 */
export function conditions(filters) {
    const found = { filter: "", unknown: [] }, parts = [];
    for (const one of leaves(filters, found)) {
        if (one.disabled === true || !one.key) continue;
        const section = String(one.key.section), name = String(one.key.name).replace(/\.value$/, "");
        const part = condition(section, name, one.op === "==" ? "=" : one.op, one.value);
        if (part) parts.push(part);
        else found.unknown.push(`${section}.${name} ${one.op} ${JSON.stringify(one.value)}`);
    }
    found.filter = parts.join(" AND ");
    return found;
}

/** Conditions that must all hold; an "or" of several has no counterpart here. */
function leaves(node, found) {
    const children = listOf(node?.filters);
    if (!children.length) return node?.key ? [node] : [];
    if (node.op === "OR" && children.length > 1) {
        found.unknown.push(`one of ${plural(children.length, "condition")}`);
        return [];
    }
    return children.flatMap((child) => leaves(child, found));
}

/** @returns a text, null for what is unknown */
function condition(section, name, op, value) {
    const values = Array.isArray(value) ? value : [value];
    const member = { "=": "=", "!=": "!=", IN: "IN", NIN: "NOT IN" }[op];
    const right = op === "IN" || op === "NIN" ? `(${values.map(quoted).join(", ")})` : quoted(value);
    if (section === "config" && member) return `params.${named(name)} ${member} ${right}`;
    const isSize = COMPARED.includes(op);
    if (section === "config" && isSize && Number.isFinite(Number(value))) return `params.${named(name)} ${op} ${Number(value)}`;
    if (section === "summary" && typeof value === "number" && (isSize || op === "=" || op === "!=")) return `summary.${named(name)} ${op} ${value}`;
    if (section === "summary" && member && typeof value === "string") return `summary.${named(name)} ${member} ${right}`;
    if (section === "tags" && op === "IN") return values.map((tag) => `tags.${named(tag)} EXISTS`).join(" AND ");
    const field = { displayName: "name", name: "run_id", state: "status", username: "user" }[name];
    return section === "run" && member && field && field !== "run_id" ? `${field} ${member} ${right}` : null;
}

/** @returns {Promise<{runs, total, experiment, filter, unknown}>} */
async function runsOf(set, home) {
    const { name, entityName } = set.project ?? {};
    const experiment = name ? (await find(entityName || undefined, name)).experimentID : home;
    const { filter, unknown } = conditions(set.filters);
    const text = typeof set.search?.query === "string" ? set.search.query.trim() : "";
    const words = text ? `name ILIKE ${quoted(`%${text}%`)}` : "";
    const all = [filter, words].filter(Boolean).join(" AND ");
    const answer = await searchRuns({ experimentIDs: [experiment], filter: all, limit: SHOWN, fields: { params: [], tags: [], summary: [] }, orderBy: ["attributes.start_time DESC"] });
    // Runs that were picked by hand are the only ones, or the ones that are left out.
    const tree = new Set((Array.isArray(set.selections?.tree) ? set.selections.tree : []).map((one) => one?.value ?? one));
    if (tree.size) unknown.push(set.selections.root === 1 ? "runs that were left out by hand" : "runs that were picked by hand");
    return { runs: answer.runs, total: answer.total, experiment, filter: all, unknown };
}

const codes = (texts) => texts.map((text, index) => [index ? ", " : "", h("code", {}, text)]);

export class PanelGrid {
    /** @param block panel-grid @param home experiment of the report */
    constructor(block, home) {
        const { metadata = {} } = block;
        Object.assign(this, { home, sets: listOf(metadata.runSets).filter((set) => set.enabled !== false) });
        const banks = [metadata.panelBankSectionConfig, ...listOf(metadata.panelBankConfig?.sections)];
        this.panels = banks.flatMap((bank) => listOf(bank?.panels));
        this.charts = h("div.report-charts");
        this.notes = h("div.report-notes");
        this.element = h("section.report-grid", { "aria-label": "Charts" }, this.charts, this.notes);
        this.watcher = new IntersectionObserver(([entry]) => {
            if (!entry.isIntersecting) return;
            this.watcher.disconnect();
            this.read();
        }, { root: document.getElementById("main"), rootMargin: "400px 0px" });
        this.watcher.observe(this.element);
    }

    async read() {
        fill(this.notes, h("p.muted", {}, "…"));
        try {
            const found = await Promise.all(this.sets.map((set) => runsOf(set, this.home)));
            const { ChartPanel } = await import("../charts/panel.js");
            if (!this.isClosed) this.draw(found, ChartPanel);
        } catch (error) {
            if (!this.isClosed) fill(this.notes, error.status === 404 ? h("p.muted", {}, "The experiment of these charts is not here.") : errorBox(error, () => this.read()));
        }
    }

    draw(found, ChartPanel) {
        const runs = [...new Map(found.flatMap((one) => one.runs).map((run) => [run.id, run])).values()].slice(0, 2 * SHOWN);
        const wanted = new Set(this.panels.filter((one) => one.viewType === LINES).flatMap((one) => Array.isArray(one.config?.metrics) ? one.config.metrics.map(String) : []));
        const known = new Set(runs.flatMap((run) => run.metrics.map((one) => one.key)));
        const keys = [...wanted].filter((key) => known.has(key));
        if (keys.length) this.panel = new ChartPanel(this.charts, { runs, metricKeys: keys, goal: null, route: { query: new URLSearchParams() }, limit: keys.length });
        fill(this.notes, found.map((one, index) => this.told(one, this.sets[index])),
            [...wanted].filter((key) => !known.has(key)).map((key) => h("p.muted", {}, "No run here has the metric ", h("code", {}, key), ".")),
            this.panels.filter((one) => one.viewType !== LINES || !Array.isArray(one.config?.metrics) || !one.config.metrics.length).map(other));
    }

    /** Which runs these are, and where to see them all. */
    told({ runs, total, experiment, filter, unknown }, set) {
        const name = typeof set.name === "string" && set.name ? `${set.name}: ` : "";
        const link = (label, ...tab) => h("a", { href: href(["e", experiment, ...tab], { f: filter }) }, label);
        return h("p.muted", {}, `${name}${runs.length < total ? `${grouped(runs.length)} of ${plural(total, "run")}, the last started first` : plural(total, "run")} · `,
            link("run table"), " · ", link("all charts", "charts"),
            unknown.length ? [" · not applied: ", codes(unknown)] : null);
    }

    close() {
        this.isClosed = true;
        this.watcher.disconnect();
        this.panel?.close();
    }
}

/** A panel that is no chart of lines. */
function other({ viewType, config = {} }) {
    if (viewType === "Markdown Panel" && typeof config?.value === "string") return markdown(config.value);
    const of = [config?.chartTitle, ...Array.isArray(config?.metrics) ? config.metrics : [], config?.panelDefId].filter((one) => typeof one === "string" && one).join(", ");
    return h("p.muted.not-drawn", {}, "A panel of the kind ", h("code", {}, String(viewType ?? "unknown")), of ? ` (${of})` : "", " is not drawn here.");
}
