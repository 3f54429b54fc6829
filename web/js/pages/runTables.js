// The parameters, tags and metrics of one run as tables.
import { icon, h, fill, copyText } from "../dom.js";
import { compact, grouped, number, readable } from "../format.js";
import * as api from "../api.js";
import { isStale, summaries } from "../runMetrics.js";
import { historyURL } from "../files.js";
import { isCharted, isSystem, pairs } from "../charts/pairing.js";
import { drawSparkline } from "../charts/sparkline.js";
import { tree, treeRows } from "./paramTree.js";
import { direction } from "./runColumns.js";

const BUCKETS = 52;
/** Rows that are drawn at once: a page of thousands of elements is slow. */
const MOST = { metrics: 90, pairs: 200 };

/** A table of rows of cells; a cell that begins with a number column's name stands to the right. */
export function table(heads, rows, numeric = 0) {
    const side = (index) => numeric && index > 0 && index <= numeric ? "n" : null;
    return h("div.scroll-x", {}, h("table.list", {},
        h("thead", {}, h("tr", {}, heads.map((head, index) => h("th", { scope: "col", class: side(index) }, head)))),
        h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, index) => h("td", { class: side(index) }, cell)))))));
}

/** A value of any length: long ones wrap, and all can be copied. */
export function value(text) {
    const button = h("button.copy-value", { type: "button", title: `Copy\n${text}`, "aria-label": "Copy the value", on: { click: () => {
        copyText(text);
        button.dataset.done = "";
        setTimeout(() => delete button.dataset.done, 1_500);
    } } }, icon("copy"));
    return h("span.value", {}, h("span.value-text", {}, text), button);
}

/** @param entries */
export function pairTable(heads, entries) {
    return table(heads, entries.map(([key, text]) => [h("span.value-key", {}, key), value(text)]));
}

/** Says how many rows are left out; null where there are none. */
function left(shown, all, what) {
    return all > shown ? h("p.muted.rest", {}, `The first ${grouped(shown)} of ${grouped(all)} ${what} are shown; search for the others.`) : null;
}

/** A field that keeps the rows in which its words occur. */
export function searchable(entries, heads) {
    const folded = new Set(), host = h("div");
    let found = entries;
    const draw = () => {
        const toggle = (path) => {
            if (!folded.delete(path)) folded.add(path);
            draw();
            host.querySelector(`[data-path=${CSS.escape(path)}]`)?.focus();
        };
        const rows = treeRows(tree(found.slice(0, MOST.pairs)), { folded, isOpen: found !== entries, toggle, value });
        fill(host, found.length ? [h("div.scroll-x", {}, h("table.list.param-tree", {},
            h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows))),
        left(MOST.pairs, found.length, `${heads[0]}s`)] : h("p.muted", {}, "Nothing matches."));
    };
    draw();
    if (entries.length < 7) return host;
    const field = h("input.input", { type: "search", placeholder: `Search ${grouped(entries.length)} ${heads[0]}s`, "aria-label": `Search ${heads[0]}s` });
    field.addEventListener("input", () => {
        const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
        found = words.length ? entries.filter((entry) => words.every((word) => entry.join(" ").toLowerCase().includes(word))) : entries;
        draw();
    });
    return [h("div.toolbar", {}, field), host];
}

/** @param root @param run */
export function drawParams(root, run) {
    const entries = (list) => list.map((one) => [one.key, readable(one.key, one.value)]);
    fill(root,
        h("section", {}, run.params.length ? searchable(entries(run.params), ["parameter", "value"]) : h("p.muted", {}, "No parameters.")),
        h("section.below", {}, h("h2", {}, "Tags"), run.tags.length ? searchable(entries(run.tags), ["tag", "value"]) : h("p.muted", {}, "No tags.")));
}

/** The summaries of all metrics, each with its shape. @param root @param page the run page */
export function drawMetrics(root, page) {
    const { run } = page;
    if (!run.metrics.length) {
        fill(root, h("p.muted.empty", {}, "No metrics yet. They appear here as soon as the run logs one."));
        return;
    }
    const goal = page.experiment.statistics.goal;
    const canvases = new Map();
    const known = new Map(run.metrics.map((one) => [one.key, one]));
    // The goal and the pairs first, as on the charts.
    const keys = pairs([...known.keys()], goal?.metric).flatMap((card) => card.keys.map(({ key }) => key));
    const open = page.openMetrics ??= new Set();
    const host = h("div");
    const field = h("input.input", { type: "search", value: page.metricWords ?? "", placeholder: `Search ${grouped(keys.length)} metrics`, "aria-label": "Search metrics" });
    const draw = () => {
        page.metricWords = field.value;
        const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
        const found = keys.filter((key) => words.every((word) => key.toLowerCase().includes(word)));
        canvases.clear();
        const charted = found.filter(isCharted), own = charted.filter((key) => !isSystem(key));
        const part = (list) => list.length ? [table(["metric", "last", "best", "min", "max", "mean", "last step", "points", "NaN", "shape", "every point"],
            list.slice(0, MOST.metrics).map((key) => metricRow(known.get(key), goal, run.id, canvases)), 8), left(MOST.metrics, list.length, "metrics")] : null;
        // Folded at first, and counted as where they have charts: what the machine reported, what clients count for themselves.
        const folded = (name, list) => {
            const isOpen = open.has(name) || !own.length || Boolean(words.length);
            const fold = h("button", { type: "button", "aria-expanded": String(isOpen), on: { click: () => {
                if (!open.delete(name)) open.add(name);
                draw();
            } } }, h("span.fold-mark", { "aria-hidden": "true" }, isOpen ? "▾" : "▸"), name, h("span.muted", {}, ` ${grouped(list.length)}`));
            return list.length ? h("section", {}, h("h2.fold", {}, fold), isOpen ? part(list) : null) : null;
        };
        fill(host, part(own), folded("System", charted.filter(isSystem)), folded("Internal", found.filter((key) => !isCharted(key))),
            found.length ? null : h("p.muted", {}, "Nothing matches."));
        drawSparks(page, canvases);
        fillIn(page, [...canvases.keys()].filter((key) => isStale(known.get(key))), known, draw);
    };
    field.addEventListener("input", draw);
    fill(root, keys.length < 7 ? null : h("div.toolbar", {}, field), host);
    draw();
}

/** Reads what is known of metrics that are shown by their names only. */
async function fillIn(page, keys, known, draw) {
    if (!keys.length) return;
    const found = await summaries(page.run, keys).catch(() => []);
    for (const one of found) Object.assign(known.get(one.key), one, { isOld: false });
    if (found.length && page.tab === "metrics") draw();
}

/** A value and the step at which it was logged. */
export function placed(value_, step) {
    if (value_ === null || value_ === undefined) return h("span.muted", {}, "–");
    return [h("span", { class: typeof value_ === "number" ? null : "bad" }, number(value_)),
        step === null || step === undefined ? null : h("span.muted", {}, ` @${compact(step)}`)];
}

/** The better end of a metric, where it is known which one that is. */
export function best(one, goal) {
    const better = one.key === goal?.metric ? goal.direction : direction(one.key);
    if (better === null) return h("span.muted", {}, "–");
    return better === "minimize" ? [placed(one.min, one.minStep), " ▼"] : [placed(one.max, one.maxStep), " ▲"];
}

function metricRow(one, goal, id, canvases) {
    const canvas = h("canvas", { width: 104, height: 20, "aria-hidden": "true" });
    canvases.set(one.key, canvas);
    if (one.count === undefined) return [h("span.value-key", {}, one.key), h("span.muted", {}, "…"), "", "", "", "", "", "", "", h("span.spark", {}, canvas), ""];
    const isBroken = one.last !== null && typeof one.last !== "number";
    return [
        h("span.value-key", {}, one.key === goal?.metric ? h("b", { title: "the goal of the experiment" }, one.key) : one.key),
        h("span", { class: isBroken ? "bad" : null }, number(one.last)), best(one, goal), placed(one.min, one.minStep), placed(one.max, one.maxStep),
        number(one.mean), compact(one.lastStep ?? 0), grouped(one.count),
        h("span", { class: one.nanCount ? "bad" : "muted" }, grouped(one.nanCount)), h("span.spark", {}, canvas),
        ["csv", "json"].map((format) => [h("a", { href: historyURL(id, one.key, format), download: "" }, format.toUpperCase()), " "]),
    ];
}

async function drawSparks(page, canvases) {
    const color = getComputedStyle(document.documentElement).getPropertyValue("--acc");
    const keys = [...canvases.keys()].slice(0, MOST.metrics);
    const known = page.sparks ??= new Map();
    const counts = new Map(page.run.metrics.map((one) => [one.key, one.count]));
    for (const key of keys) if (known.has(key)) drawSparkline(canvases.get(key), known.get(key).values, color);
    const wanted = keys.filter((key) => counts.get(key) !== undefined && known.get(key)?.count !== counts.get(key));
    if (!wanted.length) return;
    try {
        const answer = await api.series({ runs: [page.id], keys: wanted, axis: "step", buckets: BUCKETS });
        for (const one of answer.series) {
            known.set(one.key, { count: counts.get(one.key), values: one.mean });
            if (canvases.has(one.key)) drawSparkline(canvases.get(one.key), one.mean, color);
        }
    } catch {
        // Without its small curves a table is still a table.
    }
}
