// "Is this run healthy, and how was it made?"
import { coalesced, copyBox, errorBox, fill, h, href, navigate, server, skeleton, experimentsCrumb } from "../dom.js";
import { subscribe } from "../live.js";
import * as api from "../api.js";
import { isCharted, isSystem, firstKeys } from "../charts/pairing.js";
import { runWithFirst, withAll } from "../runMetrics.js";
import { documents, streamsOf } from "../streams.js";
import { RunHeader } from "./runHeader.js";
import { drawMetrics, drawParams } from "./runTables.js";

const TABS = ["overview", "charts", "params", "metrics", "system", "console", "media", "artifacts", "notes"];
/** How often a run that has neither is asked whether it has printed something or logged an object by now. */
const STREAMS = 3_000;
const CHARTED = ["overview", "charts", "system"];
/** So many metrics are looked at for other definitions. */
const MANY = 1_000;

export function open(root, route, shell) {
    return new RunPage(root, route, shell);
}

class RunPage {
    constructor(root, route, shell) {
        Object.assign(this, { shell, route, id: route.path[1], defined: { usualAxis: "step" } });
        this.heading = h("div.heading");
        this.tabs = h("nav.tabs", { "aria-label": "Views of the run" });
        this.body = h("div.tab-body");
        shell.setCrumbs([["Experiments", href(["e"])], ["…"]]);
        fill(root, this.heading, this.tabs, this.body);
        fill(this.body, skeleton(8));
        this.changes = new Set();
        // What the first screen needs is fetched while the run is.
        if (this.tab === "overview") import("./runOverview.js");
        if (CHARTED.includes(this.tab)) import("../charts/panel.js");
        this.refresh = coalesced(() => this.reload(), 800);
        this.refreshStreams = coalesced(() => this.readStreams(), STREAMS);
        this.live = subscribe(["", ":metrics", ":artifacts", ":console", ":alerts"].map((part) => `run:${this.id}${part}`), (topics) => this.heard(topics));
        this.live.ready.then(() => this.start());
    }

    /** A run prints more often than it changes: lines alone are no reason to read it again. */
    heard(topics) {
        const isPrinted = topics.includes(`run:${this.id}:console`), isLogged = topics.includes(`run:${this.id}:metrics`);
        if (isPrinted && this.tab === "console") this.view?.heard();
        if (isLogged && this.tab === "media") this.view?.heard();
        if (isPrinted && !this.streams?.lines || isLogged && !this.streams?.objects.length) this.refreshStreams();
        const others = topics.filter((topic) => !topic.endsWith(":console"));
        if (!others.length) return;
        for (const topic of others) this.changes.add(topic);
        this.refresh();
    }

    async readStreams() {
        if (!this.streams || this.isClosed) return;
        this.streams = await streamsOf(this.id);
        if (!this.isClosed && this.shownTabs.join() !== this.drawn) this.drawTabs();
    }

    /** What a run has not is no tab, unless the address asks for it. */
    get shownTabs() {
        const { lines, objects } = this.streams ?? { lines: 0, objects: [] };
        const has = { console: lines > 0, media: objects.length > 0, system: this.systemKeys.length > 0 };
        return TABS.filter((tab) => tab === this.tab || (has[tab] ?? true));
    }

    get keys() {
        const tabs = Object.fromEntries(this.shownTabs.map((tab, index) =>
            [String(index + 1), { label: `Tab: ${tab}`, run: () => navigate(this.link(tab)) }]));
        const notes = { e: { label: "Edit the notes", run: () => this.tab === "notes" && this.notesKey ? this.notesKey() : navigate(this.link("notes", { edit: "1" })) } };
        return { ...this.panel?.keys, ...this.view?.keys, ...tabs, ...this.run && api.may("editor", this.run.experimentID) ? notes : {} };
    }

    /** What the machine reported, whoever asked it. */
    get systemKeys() {
        return (this.run?.metrics ?? []).map((one) => one.key).filter((key) => isSystem(key) && isCharted(key));
    }

    /** What this tab may have charts of. */
    get chartKeys() {
        const keys = this.run.metrics.map((one) => one.key);
        return this.tab === "system" ? this.systemKeys : this.tab === "overview" ? firstKeys(keys, this.defined.isHidden) : keys;
    }

    get tab() {
        return TABS.includes(this.route.path[2]) ? this.route.path[2] : "overview";
    }

    link(tab, more = {}) {
        // What the machine reported has another x and other names.
        const other = (tab === "system") === (this.tab === "system") ? {} : Object.fromEntries(["x", "y", "axis", "smooth", "m", "pin", "full"].map((name) => [name, null]));
        const query = { ...Object.fromEntries(this.route.query), edit: null, line: null, find: null, ...other, ...more };
        return href(tab === "overview" ? ["r", this.id] : ["r", this.id, tab], query);
    }

    async start() {
        try {
            const streams = streamsOf(this.id);
            this.run = await runWithFirst(this.id);
            if (CHARTED.includes(this.tab)) this.defining = this.define();
            this.experiment = await api.experiment(this.run.experimentID);
            this.streams = await streams;
        } catch (error) {
            if (this.isClosed) return;
            this.run = null;
            fill(this.body, error.status === 404 || error.status === 400 ? this.unknown(error) : errorBox(error, () => this.start()));
            return;
        }
        if (this.isClosed) return;
        this.draw();
        // What happened while the page was being read, and the metrics that did not come with the run.
        if (this.changes.size || this.run.metrics.length < this.run.metricCount) this.refresh();
    }

    unknown(error) {
        this.shell.setCrumbs([["Experiments", href(["e"])], ["no such run"]]);
        return h("div.empty", {}, h("h1", {}, "There is no such run here"),
            h("p.muted", {}, `${error.message}. It may belong to another server, or it was deleted for good.`),
            copyBox(`export MLFLOW_TRACKING_URI=${server}\npython -c 'import mlflow\nfor run in mlflow.search_runs(search_all_experiments=True).run_id: print(run)'`, "Copy the command"),
            h("div.row", {}, h("a.button", { href: href(["e"]) }, "All experiments"),
                h("button.button", { type: "button", on: { click: () => this.start() } }, "Retry")));
    }

    async reload() {
        if (!this.run) {
            if (this.isClosed === undefined) this.start();
            return;
        }
        if (!this.header) return;
        const topics = [...this.changes];
        this.changes.clear();
        const known = this.run.metrics.length;
        try {
            this.run = await withAll(await runWithFirst(this.id), this.run.metrics, this.experiment.statistics.goal?.metric);
            // The goal may follow from the names of the metrics.
            if (this.run.metrics.length !== known) this.experiment = await api.experiment(this.run.experimentID);
        } catch {
            // What is shown stays; the next event asks again.
            return;
        }
        if (this.isClosed) return;
        this.header.update();
        if (this.shownTabs.join() !== this.drawn) this.drawTabs();
        else this.countTabs();
        // The definitions may come later than the metrics.
        if (this.run.metrics.length !== known || topics.includes(`run:${this.id}`)) this.redefine();
        const { isTyping } = this;
        if (topics.includes(`run:${this.id}:artifacts`)) this.onArtifacts?.();
        if (!isTyping && (this.tab === "metrics" || this.tab === "params")) this.drawTab();
        this.onChange?.(isTyping, topics);
        if (this.panel) {
            this.panel.goal = this.experiment.statistics.goal;
            this.panel.setRuns([this.run], this.chartKeys);
        } else if (this.run.metrics.length && this.isBare && CHARTED.includes(this.tab)) this.drawTab();
    }

    get isTyping() {
        return this.body.contains(document.activeElement) && document.activeElement.matches("input,textarea");
    }

    draw() {
        this.shell.setCrumbs([experimentsCrumb(this.experiment), [this.experiment.name, href(["e", this.experiment.id])], [this.run.name || this.id]]);
        this.header = new RunHeader(this.heading, this);
        this.drawTab();
    }

    drawTabs() {
        this.drawn = this.shownTabs.join();
        fill(this.tabs, this.shownTabs.map((tab) => h("a", { href: this.link(tab), "aria-current": tab === this.tab ? "page" : null }, tab, h("span.tab-count"))),
            this.route.query.get("jupyter") ? h("a", { href: this.link(this.tab, { jupyter: null }), target: "_blank" }, "open in a tab ↗") : null);
        this.countTabs();
        this.tabs.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "nearest" });
    }

    drawTab() {
        this.drawTabs();
        this.panel?.close();
        this.view?.close();
        this.panel = this.view = this.onArtifacts = this.onChange = this.notesKey = null;
        this.body.className = "tab-body";
        fill(this.body);
        this[this.tab]();
    }

    countTabs() {
        const counts = { metrics: this.run.metricCount, params: this.run.params.length, media: this.streams?.objects.length };
        this.shownTabs.forEach((tab, index) => fill(this.tabs.children[index].lastChild, counts[tab] ? ` ${counts[tab]}` : ""));
    }

    /** Over time: a step of the program says nothing of the machine. */
    system() {
        return this.charts(this.body, 0, { usualAxis: "relativeTime" });
    }

    /** What the program defined (`define_metric` of wandb 0.31.0): x of all its metrics or of some, and which have no chart. */
    async define() {
        // Only that client has names of its own for runs.
        const answer = this.run.foreignID ? await documents(this.id).catch(() => null) : {};
        if (!answer) this.defining = null;
        const list = answer?.config?._wandb?.value?.m;
        if (Array.isArray(list)) this.defined = (await import("../charts/metricAxis.js")).definitions(list, this.run.metrics.map((one) => one.key));
    }

    async redefine() {
        const told = () => JSON.stringify([this.defined.usualAxis,
            this.run.metrics.slice(0, MANY).map(({ key }) => [this.defined.axisOf?.(key), this.defined.isHidden?.(key)])]);
        const before = told();
        await (this.defining = this.define());
        const { panel } = this, isSame = told() === before;
        if (this.isClosed) return;
        // They may be of metrics that are still to come.
        if (panel && this.tab !== "system") Object.assign(panel, this.defined);
        if (isSame) return;
        this.onChange?.(this.isTyping);
        if (!panel || this.tab === "system") return;
        panel.metricKeys = this.chartKeys;
        // What is drawn stays until it is here by its new x.
        for (const card of panel.cards) Object.assign(card, { isFresh: false, isLoaded: false });
        panel.update(this.route);
    }

    async charts(host = this.body, limit = 0, given = null) {
        const { tab } = this;
        this.isBare = !this.run.metrics.length;
        if (this.isBare) {
            fill(host, h("div.empty", {}, h("p", {}, "No metrics yet. They appear here as soon as the run logs one:"),
                copyBox(`mlflow.log_metric("val/loss", loss, step=step)`)));
            return;
        }
        const [{ ChartPanel }] = await Promise.all([import("../charts/panel.js"), given ?? (this.defining ??= this.define())]);
        // Another tab may have been drawn meanwhile, or this one anew.
        if (this.isClosed || !host.isConnected || this.panel || this.tab !== tab) return;
        this.panel = new ChartPanel(host, { runs: [this.run], metricKeys: this.chartKeys, goal: this.experiment.statistics.goal, route: this.route, limit, ...given ?? this.defined });
    }

    async overview() {
        const [{ drawOverview }] = await Promise.all([import("./runOverview.js"), this.defining ??= this.define()]);
        if (this.tab === "overview" && !this.isClosed) drawOverview(this.body, this);
    }

    params() {
        drawParams(this.body, this.run);
    }

    metrics() {
        // A search among the first of them would say that the others are not there.
        if (this.run.metrics.length < this.run.metricCount) fill(this.body, skeleton(8));
        else drawMetrics(this.body, this);
    }

    async console() {
        const { openConsole } = await import("./runConsole.js");
        await this.open("console", openConsole);
    }

    async media() {
        const { openMedia } = await import("./runMedia.js");
        await this.open("media", openMedia);
    }

    /** Fills the body with a view that closes with its tab. */
    async open(tab, make) {
        const isHere = () => this.tab === tab && !this.view && !this.isClosed;
        const view = isHere() ? await make(this.body, this, isHere) : null;
        if (view) this.view = view;
    }

    async artifacts() {
        const [{ drawArtifacts }, { drawRunVersions }] = await Promise.all([import("./runArtifacts.js"), import("./runVersions.js")]);
        if (this.tab !== "artifacts") return;
        const versions = h("div.run-versions", { hidden: true }), files = h("div");
        const showVersions = () => drawRunVersions(versions, this.id, 100).then(() => versions.hidden || versions.isConnected || files.before(versions));
        fill(this.body, files);
        showVersions();
        drawArtifacts(files, this, { owner: ["runs", this.id], what: "run", hint: copyBox("mlflow.log_artifact(\"plot.png\")") });
        const { onArtifacts } = this;
        this.onArtifacts = () => {
            showVersions();
            onArtifacts();
        };
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
        else {
            this.panel?.update(route);
            this.view?.update(route);
        }
    }

    close() {
        this.isClosed = true;
        this.live.close();
        this.refresh.cancel();
        this.refreshStreams.cancel();
        this.header?.close();
        this.panel?.close();
        this.view?.close();
    }
}
