// "What is being tried, and where does something happen?": all experiments, the latest activity first.
import { h, fill, coalesced, debounced, iconButton, copyBox, emptyBox, errorBox, firstLines, skeleton } from "../dom.js";
import { href, navigate, setQuery } from "../router.js";
import { ago, grouped, iso, plural } from "../format.js";
import { subscribe } from "../live.js";
import * as api from "../api.js";

const LIMIT = 1_000;
const DRAWN = 200;

export function open(root, route, shell) {
    return new ExperimentsPage(root, route, shell);
}

class ExperimentsPage {
    constructor(root, route, shell) {
        this.shell = shell;
        this.rows = [];
        this.cursor = -1;
        shell.setCrumbs([["Experiments"]]);
        this.filter = h("input.input.filter", {
            type: "search", placeholder: "Filter by name or purpose", "aria-label": "Filter experiments",
            value: route.query.get("f") ?? "", spellcheck: "false",
        });
        this.filter.addEventListener("input", debounced(() => {
            setQuery({ f: this.filter.value }, { silent: true });
            this.draw();
        }, 60));
        this.view = h("select.input", { "aria-label": "Which experiments", on: { change: () => {
            setQuery({ view: this.view.value === "active" ? null : this.view.value }, { silent: true });
            this.load();
        } } }, ["active", "deleted", "all"].map((view) => h("option", { value: view }, view)));
        this.view.value = route.query.get("view") ?? "active";
        this.count = h("span.muted.count");
        this.body = h("div.list-host", {}, skeleton(8));
        fill(root,
            h("div.toolbar", {}, this.filter, this.view, this.count,
                h("button.button.primary", { type: "button", on: { click: () => this.create() } }, "New experiment")),
            this.body);
        this.keys = {
            "/": { label: "Filter", run: () => this.filter.focus() },
            j: { label: "Next experiment", run: () => this.move(1) },
            k: { label: "Previous experiment", run: () => this.move(-1) },
            ArrowDown: { label: "", run: () => this.move(1) },
            ArrowUp: { label: "", run: () => this.move(-1) },
            Enter: { label: "Open", run: () => this.openCursor() },
            n: { label: "New experiment", run: () => this.create() },
        };
        this.refresh = coalesced(() => this.load(), 1_000);
        this.live = subscribe(["experiments"], () => this.refresh());
        this.live.ready.then(() => this.load());
    }

    update(route) {
        this.filter.value = route.query.get("f") ?? "";
        this.draw();
    }

    close() {
        this.live.close();
        this.refresh.cancel();
    }

    async load() {
        try {
            const answer = await api.experiments({ limit: LIMIT, view: this.view.value });
            this.rows = answer.experiments.sort((a, b) => activity(b) - activity(a));
            this.hasMore = answer.hasMore;
            const topics = this.rows.slice(0, 50).map((one) => `experiment:${one.id}:runs`);
            this.live.change(["experiments", ...topics]);
            this.draw();
        } catch (error) {
            if (!this.rows.length) fill(this.body, errorBox(error, () => this.load()));
            else this.shell.fail(error);
        }
    }

    matching() {
        const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
        return this.rows.filter((one) => {
            const text = `${one.name} ${one.purpose}`.toLowerCase();
            return words.every((word) => text.includes(word));
        });
    }

    draw() {
        const shown = this.shown = this.matching();
        this.count.textContent = shown.length === this.rows.length
            ? plural(this.rows.length, "experiment") : `${grouped(shown.length)} of ${grouped(this.rows.length)}`;
        const hasRuns = this.rows.some((one) => one.statistics.runs > 0);
        fill(this.body,
            shown.length ? this.table(shown.slice(0, DRAWN)) : null,
            shown.length > DRAWN ? h("p.muted", {}, `${DRAWN} shown of ${grouped(shown.length)}; filter to see others`) : null,
            !shown.length && this.rows.length ? h("p.empty.muted", {}, "No experiment matches.") : null,
            hasRuns || this.view.value !== "active" ? null : this.firstSteps());
    }

    firstSteps() {
        return emptyBox("No runs yet. Paste this where you train, and the first one appears here:",
            copyBox(firstLines(), "Copy the first lines"));
    }

    table(rows) {
        return h("div.scroll-x", {}, h("table.list.experiments", {},
            h("thead", {}, h("tr", {},
                h("th", {}, "name"), h("th", {}, "purpose"), h("th", {}, "goal"),
                h("th.n", {}, "runs"), h("th.n", {}, "running"), h("th.n", {}, "last activity"), h("th", { "aria-label": "actions" }))),
            h("tbody", {}, rows.map((one, index) => this.row(one, index)))));
    }

    row(one, index) {
        const { statistics: facts } = one;
        const goal = facts.goal;
        const at = facts.lastActivityAt ?? one.createdAt;
        return h("tr", { class: index === this.cursor ? "cursor" : "", data: { id: one.id } },
            h("td.name", {}, h("a", { href: href(["e", one.id]) }, one.name)),
            h("td.purpose", { title: one.purpose }, one.purpose),
            h("td", {}, goal ? [
                h("span", {}, goal.metric), " ",
                h("span.muted", { title: goal.isInferred ? "inferred from the metric names" : "set" },
                    `${goal.direction === "maximize" ? "▲ max" : "▼ min"}${goal.isInferred ? " ≈" : ""}`)] : ""),
            h("td.n", {}, grouped(facts.runs)),
            h("td.n", {}, facts.running ? h("span.good", {}, h("span.status.running", {}, "◉"), ` ${grouped(facts.running)}`) : h("span.muted", {}, "–")),
            h("td.n.muted", { title: iso(at) }, ago(at)),
            h("td.act", {}, this.action(one)));
    }

    action(one) {
        if (one.stage === "deleted") {
            return h("button.link", { type: "button", on: { click: () => this.restore(one) } }, "restore");
        }
        return iconButton("trash", `Delete ${one.name}`, () => this.remove(one));
    }

    async remove(one) {
        const { confirmDialog } = await import("../components/dialog.js");
        const text = `“${one.name}” and its ${plural(one.statistics.runs, "run")} move to the bin. They can be restored.`;
        if (!await confirmDialog("Delete the experiment?", text, "Delete")) return;
        try {
            await api.deleteExperiment(one.id);
            this.shell.toast(`${one.name} deleted`, { action: ["Undo", () => this.restore(one)] });
            this.load();
        } catch (error) {
            this.shell.fail(error);
        }
    }

    async restore(one) {
        try {
            await api.restoreExperiment(one.id);
            this.load();
        } catch (error) {
            this.shell.fail(error);
        }
    }

    move(by) {
        if (!this.shown?.length) return;
        this.cursor = Math.max(0, Math.min(this.cursor + by, Math.min(this.shown.length, DRAWN) - 1));
        this.body.querySelectorAll("tbody tr").forEach((row, index) => {
            row.classList.toggle("cursor", index === this.cursor);
            if (index === this.cursor) row.scrollIntoView({ block: "nearest" });
        });
    }

    openCursor() {
        const one = this.shown?.[this.cursor];
        if (one) navigate(href(["e", one.id]));
    }

    async create() {
        const { formDialog } = await import("../components/dialog.js");
        formDialog("New experiment", [
            { name: "name", label: "Name", required: true },
            { name: "purpose", label: "Purpose", hint: "The question that its runs answer", multiline: true },
            { name: "metric", label: "Goal metric", hint: "For example val/acc; left empty, it is inferred" },
            { name: "direction", label: "Better is", options: [["maximize", "▲ greater"], ["minimize", "▼ smaller"]] },
        ], "Create", async ({ name, purpose, metric, direction }) => {
            const goal = metric.trim() ? { goal: { metric: metric.trim(), direction } } : {};
            const made = await api.createExperiment({ name: name.trim(), purpose: purpose.trim(), ...goal });
            navigate(href(["e", made.id]));
        });
    }
}

function activity(one) {
    return one.statistics.lastActivityAt ?? one.createdAt;
}
