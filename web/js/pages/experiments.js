// "What is being tried, and where does something happen?": all experiments, the latest activity first.
import { h, fill, coalesced, debounced, errorBox, href, iconButton, navigate, setQuery, skeleton, noRuns } from "../dom.js";
import { ago, grouped, iso, plural } from "../format.js";
import { subscribe } from "../live.js";
import * as api from "../api.js";
import { showWorkspaces, workspaceChoice } from "../components/workspaceChoice.js";

const LIMIT = 1_000;
const MOST = 10_000;
const DRAWN = 100;
/** In so many other workspaces runs are looked for. */
const MOST_ROOMS = 10;
/** What a heading sorts by; the second is the direction of the first press. */
const SORTS = {
    name: [(one) => one.name.toLowerCase(), 1], runs: [(one) => one.statistics.runs, -1],
    running: [(one) => one.statistics.running, -1], activity: [activity, -1],
};

const dialogs = () => import("../components/dialog.js");

export function open(root, route, shell) {
    return new ExperimentsPage(root, route, shell);
}

class ExperimentsPage {
    constructor(root, route, shell) {
        this.shell = shell;
        this.rows = [];
        this.cursor = -1;
        this.first = 0;
        shell.setCrumbs([["Experiments"]]);
        this.filter = h("input.input.filter", {
            type: "search", placeholder: "Filter by name or purpose", "aria-label": "Filter experiments",
            value: route.query.get("f") ?? "", spellcheck: "false",
        });
        this.filter.addEventListener("input", debounced(() => {
            setQuery({ f: this.filter.value }, { silent: true });
            this.first = 0;
            this.draw();
        }, 60));
        this.view = h("select.input", { "aria-label": "Which experiments", on: { change: () => {
            setQuery({ view: this.view.value === "active" ? null : this.view.value }, { silent: true });
            this.first = 0;
            this.load();
        } } }, ["active", "deleted", "all"].map((view) => h("option", { value: view }, view)));
        this.room = workspaceChoice((workspace) => {
            // The default one is named as well: who chose it stays there.
            this.workspace = workspace ?? "default";
            setQuery({ workspace: this.workspace }, { silent: true });
            this.first = 0;
            this.load();
        });
        this.read(route);
        this.make = h("button.button.primary", { type: "button", hidden: !this.mayMake, on: { click: () => this.create() } }, "New experiment");
        this.count = h("span.muted.count");
        this.body = h("div.list-host", {}, skeleton(8));
        fill(root, h("h1.sr-only", {}, "Experiments"),
            h("div.toolbar", {}, this.room, this.filter, this.view, this.count, this.make),
            this.body);
        this.keys = {
            "/": { label: "Filter", run: () => this.filter.focus() },
            j: { label: "Next experiment", run: () => this.move(1) },
            k: { label: "Previous experiment", run: () => this.move(-1) },
            ArrowDown: { label: "", run: () => this.move(1) },
            ArrowUp: { label: "", run: () => this.move(-1) },
            Enter: { label: "Open", run: () => this.openCursor() },
            n: { label: "New experiment", run: () => this.mayMake && this.create() },
        };
        // No key may wait for a file.
        for (const sign of ["pointermove", "keydown", "touchstart"]) addEventListener(sign, () => dialogs().catch(() => {}), { once: true, passive: true });
        this.refresh = coalesced(() => this.load(), 1_000);
        this.live = subscribe(["experiments"], () => this.refresh());
        this.live.ready.then(() => this.load());
    }

    read({ path, query }) {
        if (path[0] === "search") this.shell.search(query.get("q"));
        if (document.activeElement !== this.filter) this.filter.value = query.get("f") ?? "";
        const before = `${this.workspace}/${this.view.value}`;
        this.view.value = query.get("view") ?? "active";
        this.workspace = this.room.value = query.get("workspace") ?? "default";
        const sort = query.get("sort") ?? "-activity";
        this.sort = { by: sort.replace(/^-/, ""), turn: sort.startsWith("-") ? -1 : 1 };
        if (!SORTS[this.sort.by]) this.sort = { by: "activity", turn: -1 };
        return before !== `${this.workspace}/${this.view.value}`;
    }

    showRooms(answer) {
        this.workspace = answer.workspace;
        this.make.hidden = !this.mayMake;
        showWorkspaces(this.room, answer);
    }

    get mayMake() {
        return api.may("editor", null, this.workspace);
    }

    update(route) {
        if (this.read(route)) this.load();
        else this.draw();
    }

    close() {
        this.isClosed = true;
        this.live.close();
        this.refresh.cancel();
    }

    async load() {
        this.live.mark();
        try {
            const { view, workspace } = this;
            const rows = [];
            let answer = { hasMore: true };
            while (answer.hasMore && rows.length < MOST) {
                answer = await api.experiments({ limit: LIMIT, offset: rows.length || null, view: view.value, workspace: workspace === "default" ? null : workspace });
                if (workspace !== this.workspace) return;
                rows.push(...answer.experiments);
            }
            if (await this.goWhereRunsAre(rows, answer)) return;
            this.showRooms(answer);
            this.rows = rows.sort((a, b) => activity(b) - activity(a));
            this.isLoaded = true;
            const topics = this.rows.slice(0, 50).map((one) => `experiment:${one.id}:runs`);
            this.live.change(["experiments", ...topics]);
            this.draw();
        } catch (error) {
            if (!this.isLoaded) fill(this.body, errorBox(error, () => this.load()));
            else this.shell.fail(error);
        }
    }

    /** Who names no workspace sees another one where only that has runs. @returns whether it is being read */
    async goWhereRunsAre(rows, { workspace, workspaces = [] }) {
        const asked = this.workspace;
        if (new URLSearchParams(location.search).has("workspace") || this.view.value !== "active" || rows.some((one) => one.statistics.runs)) return false;
        for (const other of workspaces.filter((one) => one !== workspace).slice(0, MOST_ROOMS)) {
            const { experiments } = await api.experiments({ limit: LIMIT, workspace: other });
            if (this.isClosed || this.workspace !== asked) return true;
            if (!experiments.some((one) => one.statistics.runs)) continue;
            this.workspace = other;
            setQuery({ workspace: other }, { silent: true });
            await this.load();
            return true;
        }
        return false;
    }

    matching() {
        const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
        const [read] = SORTS[this.sort.by], { turn } = this.sort;
        const order = (a, b) => (read(a) < read(b) ? -turn : read(a) > read(b) ? turn : activity(b) - activity(a));
        return this.rows.filter((one) => {
            const text = `${one.name} ${one.purpose}`.toLowerCase();
            return words.every((word) => text.includes(word));
        }).sort(order);
    }

    sortBy(by) {
        const turn = this.sort.by === by ? -this.sort.turn : SORTS[by][1];
        this.sort = { by, turn };
        setQuery({ sort: by === "activity" && turn < 0 ? null : `${turn < 0 ? "-" : ""}${by}` }, { silent: true });
        this.draw();
    }

    draw() {
        if (!this.isLoaded) return;
        const shown = this.shown = this.matching();
        this.count.textContent = shown.length === this.rows.length
            ? plural(this.rows.length, "experiment") : `${grouped(shown.length)} of ${grouped(this.rows.length)}`;
        const hasRuns = this.rows.some((one) => one.statistics.runs > 0);
        const isActive = this.view.value === "active";
        if (this.first >= shown.length) this.first = 0;
        fill(this.body,
            shown.length ? this.table(shown.slice(this.first, this.first + DRAWN)) : null,
            shown.length > DRAWN ? this.pager(shown.length) : null,
            !shown.length && this.rows.length ? h("p.empty.muted", {}, "No experiment matches.") : null,
            !this.rows.length && !isActive ? h("p.empty.muted", {}, "No experiment was deleted.") : null,
            hasRuns || !isActive ? null : noRuns());
    }

    pager(total) {
        const last = Math.min(total, this.first + DRAWN);
        const button = (label, first, isOn) => h("button.button", { type: "button", disabled: !isOn, on: { click: () => {
            this.first = first;
            this.cursor = -1;
            this.draw();
        } } }, label);
        return h("div.row.pager", {}, button("Previous", this.first - DRAWN, this.first > 0),
            h("span.muted", {}, `${grouped(this.first + 1)} to ${grouped(last)} of ${grouped(total)}`),
            button("Next", last, last < total));
    }

    table(rows) {
        const sorted = (label, by, className = "") => {
            const isOn = this.sort.by === by;
            return h("th", { class: className, "aria-sort": isOn ? (this.sort.turn < 0 ? "descending" : "ascending") : null },
                h("button", { type: "button", on: { click: () => this.sortBy(by) } }, label,
                    h("span.arrow", { "aria-hidden": "true" }, isOn ? (this.sort.turn < 0 ? " ▾" : " ▴") : "")));
        };
        return h("div.scroll-x", {}, h("table.list.experiments", {},
            h("thead", {}, h("tr", {},
                sorted("name", "name"), h("th", {}, "purpose"), h("th", {}, "goal"), sorted("runs", "runs", "n"),
                sorted("running", "running", "n"), sorted("last activity", "activity", "n"), h("th", {}, h("span.sr-only", {}, "actions")))),
            h("tbody", {}, rows.map((one, index) => this.row(one, index)))));
    }

    row(one, index) {
        const { statistics: facts } = one;
        const goal = facts.goal;
        const at = facts.lastActivityAt ?? one.createdAt;
        return h("tr", { class: index === this.cursor ? "cursor" : "", data: { id: one.id } },
            h("td.name", {}, h("a", { href: href(["e", one.id]), title: one.name }, one.name)),
            h("td.purpose", { title: one.purpose }, one.purpose),
            h("td", {}, goal ? [
                h("span", {}, goal.metric), " ",
                h("span.muted", { title: goal.isInferred ? "inferred from the metric names" : "set" },
                    `${goal.direction === "maximize" ? "▲ max" : "▼ min"}${goal.isInferred ? " ≈" : ""}`)] : ""),
            h("td.n", { class: facts.runs ? "" : "muted" }, grouped(facts.runs)),
            h("td.n", {}, facts.running ? h("span.good", {}, h("span.status.running", {}, "◉"), ` ${grouped(facts.running)}`) : h("span.muted", {}, "–")),
            h("td.n.muted", { title: iso(at) }, since(at)),
            h("td.act", {}, this.action(one)));
    }

    action(one) {
        if (!api.may("editor", one.id)) return null;
        if (one.stage === "deleted") {
            return h("button.link", { type: "button", on: { click: () => this.restore(one) } }, "restore");
        }
        return iconButton("trash", `Delete ${one.name}`, () => this.remove(one));
    }

    async remove(one) {
        const { confirmDialog } = await dialogs();
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
        this.cursor = Math.max(0, Math.min(this.cursor + by, Math.min(this.shown.length - this.first, DRAWN) - 1));
        this.body.querySelectorAll("tbody tr").forEach((row, index) => {
            row.classList.toggle("cursor", index === this.cursor);
            if (index === this.cursor) row.scrollIntoView({ block: "nearest" });
        });
    }

    openCursor() {
        const one = this.shown?.[this.first + this.cursor];
        if (one) navigate(href(["e", one.id]));
    }

    async create() {
        const { formDialog } = await dialogs();
        formDialog("New experiment", [
            { name: "name", label: "Name", required: true },
            { name: "purpose", label: "Purpose", hint: "The question that its runs answer", multiline: true },
            { name: "metric", label: "Goal metric", hint: "For example val/acc; left empty, it is inferred" },
            { name: "direction", label: "Better is", options: [["maximize", "▲ greater"], ["minimize", "▼ smaller"]] },
        ], "Create", async ({ name, purpose, metric, direction }) => {
            const goal = metric.trim() ? { goal: { metric: metric.trim(), direction } } : {};
            const made = await api.createExperiment({ name: name.trim(), purpose: purpose.trim(), ...goal }, this.workspace);
            navigate(href(["e", made.id]));
        });
    }
}

function since(at) {
    const text = ago(at);
    return text === "now" || text.includes("-") ? text : `${text} ago`;
}

function activity(one) {
    return one.statistics.lastActivityAt ?? one.createdAt;
}
