// The first screen of a run: the curve of the goal, then how the run was made and what came of it.
import { coalesced, h, fill } from "../dom.js";
import { grouped } from "../format.js";
import { markdown } from "../md.js";
import * as api from "../api.js";
import { firstKeys, pairs } from "../charts/pairing.js";
import { inlineEdit } from "../components/dialog.js";
import { drawSummary } from "./runSummary.js";
import { drawRunAlerts } from "./runAlerts.js";
import { made } from "./runMade.js";
import { drawRunVersions } from "./runVersions.js";
import { best, pairTable, placed, table } from "./runTables.js";

const FIRST = 12;
/** Of very many metrics those that are looked through for the first ones. */
const MANY = 500;
const CHARTS = 2;
/** How often a summary is read while a run goes on. */
const SUMMARY = 3_000;

/** @param root @param page the run page */
export function drawOverview(root, page) {
    const alerts = h("section.run-alerts", { "aria-label": "Alerts" });
    const charts = h("div"), summary = h("section.run-summary", { hidden: true }), versions = h("section", { hidden: true });
    const side = h("div.run-side", {}, sides(page, summary, versions));
    const more = h("p.all-charts");
    const may = api.may("editor", page.run.experimentID);
    const edits = ["hypothesis", "conclusion"].filter((field) => may || page.run[field]).map((field) => [field, inlineEdit({
        value: page.run[field] ?? "", placeholder: `Add a ${field}`, label: `the ${field}`, tag: "div", multiline: true, long: markdown, may,
        save: async (value) => { page.run = { ...page.run, ...await api.changeRun(page.id, { [field]: value }) }; },
    })]);
    fill(root, charts, more, h("dl.pairs", {}, edits.map(([field, edit]) => [h("dt", {}, field), h("dd", {}, edit.element)])), side);
    const summarize = coalesced(() => drawSummary(summary, page), SUMMARY);
    drawRunAlerts(alerts, page.id, root);
    drawRunVersions(versions, page.id, FIRST);
    summarize();
    page.charts(charts, CHARTS);
    const count = () => {
        const { run, chartKeys: { length } } = page;
        // Of very many metrics not all names are known at first.
        const of = run.metrics.length < run.metricCount ? "" : ` of ${grouped(length)} metrics`;
        fill(more, length > 1 ? h("a", { href: page.link("charts") }, `all charts${of}`) : null);
    };
    count();
    page.onChange = (isTyping, topics = []) => {
        count();
        for (const [field, edit] of edits) edit.set(page.run[field] ?? "");
        if (!hasSelection(summary)) summarize();
        if (topics.includes(`run:${page.id}:alerts`)) drawRunAlerts(alerts, page.id, root);
        if (topics.includes(`run:${page.id}:artifacts`)) drawRunVersions(versions, page.id, FIRST);
        if (!isTyping && !side.contains(document.activeElement) && !hasSelection(side)) fill(side, sides(page, summary, versions));
    };
}

function hasSelection(element) {
    const selection = getSelection();
    return !selection.isCollapsed && element.contains(selection.anchorNode);
}

function sides(page, summary, versions) {
    const { run } = page;
    const goal = page.experiment.statistics.goal;
    const known = new Map(run.metrics.slice(0, MANY).map((one) => [one.key, one]));
    const metrics = pairs(firstKeys([...known.keys()], page.defined.isHidden), goal?.metric).flatMap((card) => card.keys.map(({ key }) => known.get(key)))
        .sort((a, b) => Number(b.key === goal?.metric) - Number(a.key === goal?.metric));
    return [
        h("section", {}, h("h2", {}, "Metrics"), metrics.length ? table(["metric", "last", "best"], metrics.slice(0, FIRST).map((one) =>
            [h("span.value-key", { title: one.key }, one.key), placed(one.last, one.lastStep), best(one, goal)]), 2) : h("p.muted", {}, "None yet."),
        rest(page, "metrics", metrics.length, run.metricCount)),
        h("section", {}, h("h2", {}, "Parameters"), run.params.length ? pairTable(["parameter", "value"], run.params.slice(0, FIRST).map((one) => [one.key, one.value]))
            : h("p.muted", {}, "None were logged."), rest(page, "params", run.params.length)), versions, summary,
        h("section", {}, h("h2", {}, "How it was made"), made(page)),
        run.notes ? h("section.run-notes", {}, h("h2", {}, "Notes"), markdown(run.notes)) : null];
}

const rest = (page, tab, count, all = count) => Math.max(all, count) > Math.min(FIRST, count)
    ? h("p.rest", {}, h("a", { href: page.link(tab) }, `all ${grouped(all)} ${tab === "params" ? "parameters" : tab}`)) : null;
