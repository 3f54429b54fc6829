// "Is this run healthy, and how was it made?"
import { h, fill, coalesced, errorBox, skeleton } from "../dom.js";
import { href, navigate } from "../router.js";
import { ago, duration, grouped, iso, number, ordinal } from "../format.js";
import { subscribe } from "../live.js";
import { markdown } from "../md.js";
import * as api from "../api.js";
import { ChartPanel } from "../charts/panel.js";
import { inlineEdit } from "../components/dialog.js";
import { endOf, statusBadge } from "../components/status.js";
import { quoted } from "../components/filterBar.js";
import { drawMetrics, drawParams, pairTable } from "./runTables.js";

const TABS = ["overview", "charts", "params", "metrics", "artifacts", "notes"];
const FIRST = 12;

export function open(root, route, shell) {
    return new RunPage(root, route, shell);
}

class RunPage {
    constructor(root, route, shell) {
        Object.assign(this, { shell, route, id: route.path[1] });
        this.heading = h("div.heading");
        this.tabs = h("nav.tabs", { "aria-label": "Views of the run" });
        this.body = h("div.tab-body");
        shell.setCrumbs([["Experiments", href(["e"])], ["…"]]);
        fill(root, this.heading, this.tabs, this.body);
        fill(this.body, skeleton(8));
        this.refresh = coalesced(() => this.reload(), 800);
        this.live = subscribe([`run:${this.id}`, `run:${this.id}:metrics`, `run:${this.id}:artifacts`], () => this.refresh());
        this.live.ready.then(() => this.start());
    }

    get keys() {
        const tabs = Object.fromEntries(TABS.map((tab, index) =>
            [String(index + 1), { label: `Tab: ${tab}`, run: () => navigate(this.link(tab)) }]));
        const notes = this.tab === "notes" && this.notesKey ? { e: { label: "Edit the notes", run: () => this.notesKey() } } : {};
        return { ...this.panel?.keys, ...tabs, ...notes };
    }

    get tab() {
        return TABS.includes(this.route.path[2]) ? this.route.path[2] : "overview";
    }

    link(tab) {
        return href(tab === "overview" ? ["r", this.id] : ["r", this.id, tab], Object.fromEntries(this.route.query));
    }

    async start() {
        try {
            this.run = await api.run(this.id);
            this.experiment = await api.experiment(this.run.experimentID);
        } catch (error) {
            fill(this.body, errorBox(error, () => this.start()));
            return;
        }
        this.draw();
        this.findRank();
    }

    async reload() {
        if (!this.run) return;
        try {
            this.run = await api.run(this.id);
        } catch {
            return;
        }
        this.drawFacts();
        const isTyping = this.body.contains(document.activeElement) && document.activeElement.matches("input,textarea");
        if (isTyping) return;
        if (this.tab === "metrics" || this.tab === "params") this.drawTab();
        if (this.tab === "overview") fill(this.side, this.overviewSide());
        const keys = this.run.metrics.map((one) => one.key);
        if (this.panel && keys.length !== this.panelKeys) this.panel.setRuns([this.run], keys);
        else if (keys.length && !this.panelKeys && (this.tab === "charts" || this.tab === "overview")) this.drawTab();
        this.panelKeys = keys.length;
    }

    async findRank() {
        const goal = this.experiment.statistics.goal;
        const own = this.run.metrics.find((one) => one.key === goal?.metric);
        if (!own) return;
        const isMax = goal.direction === "maximize";
        const value = isMax ? own.max : own.min;
        if (typeof value !== "number") return;
        try {
            const answer = await api.searchRuns({
                experimentIDs: [this.run.experimentID], limit: 1, wantsTotal: true,
                filter: `${isMax ? "max" : "min"}(metrics.${quoted(goal.metric)}) ${isMax ? ">" : "<"} ${value}`,
                fields: { params: [], metrics: [], tags: [], inputs: false },
            });
            this.rank = `${goal.metric} ${number(value)} · ${ordinal(answer.total + 1)} of ${grouped(this.experiment.statistics.runs)}`;
            this.drawFacts();
        } catch {
            // The rank is an extra; the page stands without it.
        }
    }

    edit(field, label, tag = "span") {
        return inlineEdit({
            value: this.run[field], placeholder: `Add ${label}`, label, tag,
            save: async (value) => { this.run = await api.changeRun(this.id, { [field]: value }); },
        }).element;
    }

    draw() {
        this.shell.setCrumbs([["Experiments", href(["e"])], [this.experiment.name, href(["e", this.experiment.id])], [this.run.name]]);
        this.facts = h("div.facts.muted");
        fill(this.heading, this.edit("name", "a name", "h1"), this.facts);
        this.drawFacts();
        this.drawTab();
    }

    drawFacts() {
        const { run } = this;
        fill(this.facts, statusBadge(run), ` · ${run.startedAt ? duration(endOf(run, Date.now()) - run.startedAt) : "not started"}`,
            run.user ? ` · ${run.user}` : "", " · ", h("span", { title: iso(run.startedAt) }, `${ago(run.startedAt ?? run.createdAt)} ago`),
            this.rank ? [" · ", h("b", {}, this.rank)] : "");
    }

    drawTab() {
        fill(this.tabs, TABS.map((tab) => h("a", { href: this.link(tab), "aria-current": tab === this.tab ? "page" : null }, tab)));
        this.tabs.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "nearest" });
        this.panel?.close();
        this.panel = null;
        fill(this.body);
        this[this.tab]();
    }

    overview() {
        const host = h("div");
        this.side = h("div.run-side", {}, this.overviewSide());
        fill(this.body, h("dl.pairs", {}, ["purpose", "hypothesis", "conclusion"].map((field) =>
            [h("dt", {}, field), h("dd", {}, this.edit(field, `a ${field}`))])), this.side, host);
        this.charts(host);
    }

    overviewSide() {
        const tag = (key) => this.run.tags.find((one) => one.key === key)?.value;
        const made = [["commit", tag("mlflow.source.git.commit")], ["source", tag("mlflow.source.name")], ["branch", tag("mlflow.source.git.branch")],
            ["run id", this.run.id], ["datasets", this.run.datasets.map((one) => `${one.name} ${one.digest}`).join(", ")]];
        return [
            h("section", {}, h("h2", {}, "How it was made"), pairTable(["what", "value"], made.filter(([, value]) => value))),
            h("section", {}, h("h2", {}, "Parameters"), pairTable(["parameter", "value"], this.run.params.slice(0, FIRST).map((one) => [one.key, one.value])),
                this.run.params.length > FIRST ? h("a", { href: this.link("params") }, `all ${grouped(this.run.params.length)} parameters`) : null),
            this.run.notes ? h("section.run-notes", {}, h("h2", {}, "Notes"), markdown(this.run.notes)) : null];
    }

    charts(host = this.body) {
        const keys = this.run.metrics.map((one) => one.key);
        this.panelKeys = keys.length;
        if (!keys.length) fill(host, h("p.muted.empty", {}, "No metrics yet. They appear here as soon as the run logs one."));
        else this.panel = new ChartPanel(host, { runs: [this.run], metricKeys: keys, goal: this.experiment.statistics.goal, route: this.route });
    }

    params() {
        drawParams(this.body, this.run);
    }

    metrics() {
        drawMetrics(this.body, this);
    }

    async artifacts() {
        const { drawArtifacts } = await import("./runArtifacts.js");
        if (this.tab === "artifacts") drawArtifacts(this.body, this);
    }

    async notes() {
        const { drawNotes } = await import("./runNotes.js");
        if (this.tab === "notes") drawNotes(this.body, this);
    }

    update(route) {
        const before = this.tab;
        this.route = route;
        if (!this.run) return;
        if (before !== this.tab) this.drawTab();
        else this.panel?.update(route);
    }

    close() {
        this.live.close();
        this.refresh.cancel();
        this.panel?.close();
    }
}
