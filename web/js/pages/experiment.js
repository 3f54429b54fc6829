// One experiment: its question, its goal, and the tabs below.
import { h, fill, coalesced, errorBox, href, navigate, skeleton, experimentsCrumb } from "../dom.js";
import { grouped, plural } from "../format.js";
import { subscribe } from "../live.js";
import * as api from "../api.js";
import { inlineEdit } from "../components/dialog.js";
import { quotedValue } from "../components/filterBar.js";
import { RunsTab, SHOWN_BY_ITSELF } from "./runsTab.js";

const TABS = ["runs", "charts", "sweeps", "artifacts"];
/** The experiment that was looked at last: coming back to it shows it while it is read again. */
let known = null;

export function open(root, route, shell) {
    return new ExperimentPage(root, route, shell);
}

class ExperimentPage {
    constructor(root, route, shell) {
        this.root = root;
        this.shell = shell;
        this.route = route;
        this.id = route.path[1];
        this.tab = null;
        this.tabKeys = Object.fromEntries(TABS.map((tab, index) =>
            [String(index + 1), { label: `Tab: ${tab}`, run: () => this.goTab(tab) }]));
        this.facts = h("div.facts.muted");
        this.tabs = h("nav.tabs", { "aria-label": "Views of the experiment" });
        this.body = h("div.tab-body");
        shell.setCrumbs([["Experiments", href(["e"])], ["…"]]);
        this.heading = h("div.heading");
        fill(root, this.heading, this.tabs, this.body);
        fill(this.body, skeleton(10));
        this.reloadSoon = coalesced(() => this.reload(), 1_000);
        // The topic of the table as well, so that its tab finds the stream open.
        this.live = subscribe(["experiments", `experiment:${this.id}:runs`], () => this.reloadSoon());
        if (this.tabName === "runs" && known?.id !== this.id && /^\d+$/.test(this.id)) this.readFacts();
        this.start();
    }

    /** The columns can be asked for before the experiment has answered. */
    readFacts() {
        const { query } = this.route;
        const question = { experimentIDs: [this.id], filter: query.get("f") || undefined, view: query.get("view") ?? "active" };
        this.early = { key: JSON.stringify(question), answer: api.runColumns({ ...question, limit: 500 }) };
        this.early.answer.catch(() => {});
    }

    /** What was asked for in advance, if it is what the table wants to know. */
    takeFacts(question) {
        const { key, answer } = this.early ?? {};
        this.early = null;
        return key === JSON.stringify(question) ? answer : null;
    }

    get keys() {
        return { ...this.tab?.keys, ...this.tabKeys };
    }

    async start() {
        if (known?.id === this.id) {
            this.take(known);
            await this.buildHeading();
            this.openTab();
            this.reloadSoon();
            return;
        }
        try {
            this.take(await this.read());
        } catch (error) {
            if (this.isClosed) return;
            this.shell.setCrumbs([["Experiments", href(["e"])], ["not found"]]);
            fill(this.body, errorBox(error, () => this.start()));
            return;
        }
        await this.buildHeading();
        if (!this.isClosed) this.openTab();
    }

    /** Alerts and reports: a moment after what the page is opened for is here. */
    tellNews() {
        this.news ??= setTimeout(async () => this.isClosed || (await import("./experimentNews.js")).drawNews(this), 800);
    }

    /** The experiment; the address may name it instead of its id. */
    async read() {
        try {
            return await api.experiment(this.id);
        } catch (error) {
            if (error.status !== 404) throw error;
            const { experiments } = await api.experiments({ filter: `name = ${quotedValue(this.id)}`, limit: 1 }).catch(() => ({ experiments: [] }));
            if (!experiments.length) throw error;
            navigate(href(["e", experiments[0].id, ...this.route.path.slice(2)], Object.fromEntries(this.route.query)), { replace: true });
            throw new DOMException("elsewhere", "AbortError");
        }
    }

    take(experiment) {
        known = experiment;
        this.experiment = experiment;
        this.statistics = experiment.statistics;
        this.goal = experiment.statistics.goal ?? null;
    }

    /** Reads the experiment again; a failure leaves what is there. */
    async reload() {
        try {
            this.take(await api.experiment(this.id));
        } catch {
            return;
        }
        if (!this.purpose || this.isClosed) return;
        this.purpose.set(this.experiment.purpose);
        this.drawFacts();
        this.tab?.update(this.route);
    }

    async buildHeading() {
        const { experiment } = this;
        // Only a purpose of many words or lines is Markdown.
        const markdown = experiment.purpose.length > 160 || experiment.purpose.includes("\n") ? (await import("../md.js")).markdown : null;
        this.shell.setCrumbs([experimentsCrumb(experiment), [experiment.name]]);
        this.purpose = inlineEdit({
            value: experiment.purpose, placeholder: "Which question do these runs answer? Add a purpose.",
            label: "the purpose", tag: "h1", long: markdown, may: this.may, save: (purpose) => this.change({ purpose }),
        });
        fill(this.heading, this.purpose.element, this.facts);
        this.drawFacts();
    }

    get may() {
        return api.may("editor", this.id);
    }

    drawFacts() {
        const { goal, statistics, experiment, may } = this;
        const link = (label, run) => [" · ", h("button.link", { type: "button", on: { click: run } }, label)];
        const goalText = goal
            ? [h("b", {}, `${goal.metric} ${goal.direction === "maximize" ? "▲ max" : "▼ min"}`), goal.isInferred ? " ≈" : ""]
            : "none yet";
        fill(this.facts,
            !may ? ["goal ", goalText] : h("button.inline-text", {
                type: "button", title: goal?.isInferred ? "Inferred from the metric names; press to set it" : "Change the goal",
                on: { click: () => this.editGoal() },
            }, "goal ", goalText),
            ` · ${plural(statistics.runs, "run")}`,
            statistics.running ? [" · ", h("span.good", {}, `${grouped(statistics.running)} running`)] : null,
            experiment.stage === "deleted" ? [" · ", h("span.warn", {}, "in the bin"), may ? link("restore", () =>
                api.restoreExperiment(this.id).then(() => this.reload(), this.shell.fail)) : null] : null,
            h("span.nowrap", {}, may ? link("rename", () => this.rename()) : null,
                api.who().isLoginRequired && api.may("admin") ? link("who may see this", () => this.editRoles()) : null));
    }

    async change(body) {
        this.take(await api.changeExperiment(this.id, body));
        await this.buildHeading();
        this.tab?.update(this.route);
    }

    async rename() {
        const { formDialog } = await import("../components/dialog.js");
        formDialog("Rename the experiment", [{ name: "name", label: "Name", value: this.experiment.name, required: true }],
            "Rename", ({ name }) => this.change({ name: name.trim() }));
    }

    async editRoles() {
        try {
            await (await import("./settings.js")).editRoles(this.experiment, this.shell);
        } catch (error) {
            this.shell.fail(error);
        }
    }

    async editGoal() {
        const { formDialog } = await import("../components/dialog.js");
        const goal = this.goal;
        formDialog("Goal", [
            { name: "metric", label: "Metric", value: goal?.isInferred ? "" : goal?.metric ?? "",
                hint: goal?.isInferred ? `Left empty, it is inferred: ${goal.metric}` : "Left empty, it is inferred",
                list: this.statistics.metricKeys.slice(0, 200) },
            { name: "direction", label: "Better is", value: goal?.direction ?? "maximize",
                options: [["maximize", "▲ greater"], ["minimize", "▼ smaller"]] },
        ], "Set", ({ metric, direction }) =>
            this.change({ goal: metric.trim() ? { metric: metric.trim(), direction } : null }));
    }

    // ---- tabs ----

    get tabName() {
        return TABS.includes(this.route.path[2]) ? this.route.path[2] : "runs";
    }

    goTab(tab) {
        const query = Object.fromEntries(this.route.query);
        navigate(this.tabLink(tab, query));
    }

    tabLink(tab, query = Object.fromEntries(this.route.query)) {
        return href(tab === "runs" ? ["e", this.id] : ["e", this.id, tab], query);
    }

    drawTabs() {
        fill(this.tabs, TABS.map((tab) => h("a", {
            href: this.tabLink(tab), "aria-current": tab === this.tabName ? "page" : null,
        }, tab)));
    }

    async openTab() {
        this.drawTabs();
        this.tab?.close();
        this.tab = null;
        const name = this.openName = this.tabName;
        fill(this.body);
        this.body.className = `tab-body ${name}`;
        if (name === "runs") {
            this.tab = new RunsTab(this.body, this);
            if (this.tab.facts) this.tellNews();
            return;
        }
        const { Tab } = await import(`./${name}Tab.js`);
        if (this.openName === name && !this.tab && this.root.isConnected) this.tab = new Tab(this.body, this);
        this.tellNews();
    }

    update(route) {
        this.route = route;
        if (!this.experiment) return;
        if (this.tabName !== this.openName) {
            this.openTab();
            return;
        }
        this.drawTabs();
        this.tab?.update(route);
    }

    /** Runs whose curves are drawn, at the places of their colours; a place that one left stays empty: "". */
    shownIDs() {
        const show = this.route.query.get("show");
        if (show === "none") return [];
        if (show) return [...new Set(show.split(","))];
        const rows = this.tab?.list ? Array.from({ length: SHOWN_BY_ITSELF }, (_, index) => this.tab.list.at(index)) : [];
        return rows.filter(Boolean).map((run) => run.id);
    }

    close() {
        this.isClosed = true;
        this.tab?.close();
        this.live.close();
        this.reloadSoon.cancel();
    }
}
