// "Which run is best, and is it improving?": the run table of an experiment.
import { h, fill, coalesced, debounced, copyBox, emptyBox, errorBox, firstLines } from "../dom.js";
import { href, navigate, setQuery } from "../router.js";
import { grouped, toNumber } from "../format.js";
import { subscribe } from "../live.js";
import * as api from "../api.js";
import { Grid } from "../components/grid.js";
import { FilterBar } from "../components/filterBar.js";
import { RunList } from "./runList.js";
import { makeColumns } from "./runCells.js";
import * as columns from "./runColumns.js";

const SPARK_BUCKETS = 52;
export const SHOWN_BY_ITSELF = 8;

export class RunsTab {
    /** @param {HTMLElement} root @param {object} page the experiment page */
    constructor(root, page) {
        this.page = page;
        this.shell = page.shell;
        this.goal = page.goal;
        this.selected = new Set();
        this.sparks = new Map();
        this.themeTurn = 0;
        this.facts = null;
        this.isNarrow = matchMedia("(max-width: 640px)").matches;
        this.read(page.route);
        this.list = new RunList({
            onRows: () => this.rowsCame(), onTotal: (total) => this.totalCame(total), onError: (error) => this.failed(error),
        });
        this.grid = new Grid({
            label: "Runs", rowAt: (index) => this.list.at(index),
            onRange: (first, last) => { this.list.need(first, last); this.seeSoon(); },
            onOpen: (index) => this.open(index), onSort: (id, isMore) => this.sortBy(id, isMore),
            rowClass: (run) => `${this.selected.has(run.id) ? "selected" : ""} ${run.stage === "deleted" ? "gone" : ""}`,
        });
        this.bar = new FilterBar({
            value: this.filter, onFilter: (filter) => this.change({ f: filter }),
            suggest: () => this.suggestions(),
        });
        this.build(root);
        this.seeSoon = debounced(() => this.see(), 90);
        this.refreshSoon = coalesced(() => this.refresh(), 1_000);
        this.live = subscribe(this.topics(), () => this.refreshSoon());
        this.onTheme = () => { this.themeTurn += 1; this.grid.draw(true); };
        document.addEventListener("martlet:theme", this.onTheme);
        this.live.ready.then(() => this.ask(true));
        this.keys = this.makeKeys();
    }

    build(root) {
        this.count = h("span.muted.count", { role: "status" });
        this.view = h("select.input", { "aria-label": "Which runs", title: "Which runs", on: {
            change: () => this.change({ view: this.view.value === "active" ? null : this.view.value }),
        } }, ["active", "deleted", "all"].map((view) => h("option", { value: view }, view)));
        this.view.value = this.viewName;
        this.same = h("div.same.muted");
        this.pill = h("button.pill", { type: "button", hidden: true, on: { click: () => this.applyPending() } });
        this.selection = h("div.selection", { hidden: true });
        this.state = h("div.table-state");
        this.host = h("div.table-host", {}, this.grid.element, this.pill);
        const button = (label, title, run) => h("button.button", { type: "button", title, on: { click: run } }, label);
        fill(root,
            h("div.toolbar.runs-bar", {}, this.bar.element, this.count, this.view,
                button("columns", "Choose columns (c)", () => this.chooseColumns()),
                button("CSV", "All matching runs as CSV", () => this.export("csv")),
                button("JSON", "All matching runs as JSON", () => this.export("json"))),
            this.selection, this.same, this.state, this.host);
    }

    makeKeys() {
        const move = (by) => () => this.grid.move(by);
        const page = () => Math.max(1, this.grid.range()[1] - this.grid.range()[0] - 2);
        return {
            "/": { label: "Filter", run: () => this.bar.focus() },
            j: { label: "Next run", run: move(1) }, k: { label: "Previous run", run: move(-1) },
            ArrowDown: { label: "", run: move(1) }, ArrowUp: { label: "", run: move(-1) },
            PageDown: { label: "", run: () => this.grid.move(page()) }, PageUp: { label: "", run: () => this.grid.move(-page()) },
            Home: { label: "First run", run: () => this.grid.setCursor(0) },
            End: { label: "Last run", run: () => this.grid.setCursor(this.list.total - 1) },
            Enter: { label: "Open the run", run: () => this.open(this.grid.cursor) },
            x: { label: "Select the run", run: () => this.toggleSelected(this.grid.cursor) },
            " ": { label: "Show the run in charts, or not", run: () => this.toggleShown(this.grid.cursor) },
            c: { label: "Choose columns", run: () => this.chooseColumns() },
            ".": { label: "Show what is new", run: () => this.applyPending() },
            "#": { label: "Go to a row by its number", run: () => this.jump() },
        };
    }

    // ---- the address ----

    read({ query }) {
        this.filter = query.get("f") ?? "";
        this.viewName = query.get("view") ?? "active";
        this.sort = query.has("sort") ? columns.sortFrom(query.get("sort")) : columns.goalSort(this.goal);
        this.chosen = query.has("cols") ? columns.unpacked(query.get("cols")) : null;
        this.show = query.get("show");
    }

    change(changes) {
        setQuery(changes);
    }

    /** The address or the experiment changed. */
    update(route) {
        const before = JSON.stringify([this.filter, this.viewName, this.sort]);
        const columnsBefore = JSON.stringify(this.chosen);
        const goalBefore = JSON.stringify(this.goal);
        this.goal = this.page.goal;
        this.read(route);
        this.bar.set(this.filter);
        this.view.value = this.viewName;
        const hasOtherRuns = before !== JSON.stringify([this.filter, this.viewName, this.sort]);
        const hasOtherColumns = columnsBefore !== JSON.stringify(this.chosen) || goalBefore !== JSON.stringify(this.goal);
        if (hasOtherRuns || hasOtherColumns) this.ask(hasOtherRuns || goalBefore !== JSON.stringify(this.goal));
        else this.grid.draw(true);
    }

    close() {
        this.live.close();
        this.refreshSoon.cancel();
        this.seeSoon.cancel();
        this.grid.close();
        document.removeEventListener("martlet:theme", this.onTheme);
    }

    // ---- reading ----

    question() {
        return { experimentIDs: [this.page.id], filter: this.filter || undefined, view: this.viewName };
    }

    get columnIDs() {
        return this.chosen ?? (this.facts ? columns.defaultColumns(this.facts, this.goal) : []);
    }

    /** Everything anew: the columns that exist (when asked for), then the rows. */
    async ask(withFacts) {
        const turn = this.turn = (this.turn ?? 0) + 1;
        try {
            if (withFacts || !this.facts) {
                const facts = await api.runColumns({ ...this.question(), limit: 500 });
                if (turn !== this.turn) return;
                this.facts = facts;
                this.bar.say(null);
            }
            this.areColumnsSet = false;
            await this.list.ask({
                ...this.question(), orderBy: columns.orderBy(this.sort),
                fields: columns.fieldsFor(this.columnIDs, this.goal),
            }, withFacts ? 0 : this.grid.range()[0]);
            if (withFacts && turn === this.turn) this.grid.element.scrollTop = 0;
        } catch (error) {
            if (turn === this.turn) this.failed(error);
        }
    }

    failed(error) {
        if (error.status === 400 && this.filter) {
            this.bar.say(error.message);
            return;
        }
        if (this.list.windows.size) this.shell.fail(error);
        else fill(this.state, errorBox(error, () => { fill(this.state); this.ask(true); }));
    }

    /** What the filter box may complete: keys of the matching runs, and values of the rows that are here. */
    suggestions() {
        const values = (field) => {
            const [kind, key] = [field.split(".")[0], field.slice(field.indexOf(".") + 1)];
            const read = (run) => kind === "attributes" ? run[key] : run[kind]?.find((one) => one.key === key)?.value;
            return [...new Set(this.rows().map(read).filter((value) => typeof value === "string"))].sort();
        };
        const { params = [], metrics = [], tags = [] } = this.facts ?? {};
        return { params, metrics, tags, values };
    }

    rows() {
        return [...this.list.loaded()].slice(0, 400);
    }

    totalCame(total) {
        if (!this.areColumnsSet) this.setColumns();
        this.grid.setTotal(total);
        this.page.totalCame?.(total);
        const all = this.page.statistics?.runs;
        const isAll = !this.filter && this.viewName === "active";
        this.count.textContent = isAll ? `${grouped(total)} of ${grouped(total)}` : `${grouped(total)} of ${grouped(Math.max(total, all ?? 0))}`;
        this.drawSame();
        const isEmpty = total === 0;
        this.host.hidden = isEmpty;
        fill(this.state, isEmpty ? this.emptiness() : null);
    }

    emptiness() {
        if (this.filter || this.viewName !== "active") {
            return emptyBox("No run matches.", h("button.button", {
                type: "button", on: { click: () => this.change({ f: null, view: null }) },
            }, "Show all runs"));
        }
        return emptyBox("No runs yet. Paste this where you train, and the first one appears here:",
            copyBox(firstLines(this.page.experiment.name), "Copy the first lines"));
    }

    setColumns() {
        this.areColumnsSet = true;
        this.grid.setColumns(makeColumns(this.columnIDs, this), this.sort);
    }

    rowsCame() {
        this.grid.draw(true);
        this.drawPill();
        this.seeSoon();
        this.page.rowsCame?.();
    }

    drawSame() {
        const same = columns.equal(this.facts);
        this.same.hidden = !same.length || this.facts.total < 2;
        const short = 3;
        const cut = (value) => value.length > 40 ? `${value.slice(0, 40)}…` : value;
        const text = (list) => list.map((one) => `${one.key}=${cut(one.only)}`).join(" · ");
        const more = same.length - short;
        const rest = h("span", { hidden: true }, ` · ${text(same.slice(short))}`);
        this.same.title = same.map((one) => `${one.key}=${one.only}`).join("\n");
        fill(this.same, `same in all ${grouped(this.facts.total)}: ${text(same.slice(0, short))}`, rest,
            more > 0 ? h("button.link", { type: "button", "aria-expanded": "false", on: { click: (event) => {
                rest.hidden = !rest.hidden;
                event.target.textContent = rest.hidden ? ` (+${more})` : " (less)";
                event.target.setAttribute("aria-expanded", String(!rest.hidden));
            } } }, ` (+${more})`) : null);
    }

    // ---- what is in view: sparklines, topics of running runs ----

    visible() {
        const [first, last] = this.grid.range();
        return Array.from({ length: Math.max(0, last - first) }, (_, index) => this.list.at(first + index)).filter(Boolean);
    }

    topics() {
        const running = this.visible().filter((run) => run.status === "running");
        return [`experiment:${this.page.id}:runs`, ...running.flatMap((run) => [`run:${run.id}`, `run:${run.id}:metrics`])];
    }

    async see() {
        this.live.change(this.topics());
        if (!this.goal) return;
        const countOf = (run) => run.metrics.find((one) => one.key === this.goal.metric)?.count ?? 0;
        const wanted = this.visible().filter((run) => countOf(run) > 1 && this.sparks.get(run.id)?.count !== countOf(run));
        if (!wanted.length) return;
        for (const run of wanted) {
            const values = this.sparks.get(run.id)?.values ?? [];
            this.sparks.set(run.id, { count: countOf(run), values });
        }
        try {
            const answer = await api.series({
                runs: wanted.map((run) => run.id), keys: [this.goal.metric], axis: "step", buckets: SPARK_BUCKETS,
            });
            for (const one of answer.series) {
                this.sparks.set(one.run, { count: this.sparks.get(one.run)?.count, values: one.mean });
            }
            this.themeTurn += 1;
            this.grid.draw(true);
        } catch {
            // A table without its small curves is still a table; the next look asks again.
            for (const run of wanted) this.sparks.delete(run.id);
        }
    }

    sparkColor() {
        return getComputedStyle(document.documentElement).getPropertyValue("--acc");
    }

    /** Whether no run that we know of is better. */
    isBest(key, better, value) {
        const fact = this.facts.metrics.find((one) => one.key === key);
        let best = toNumber(better === "minimize" ? fact?.min : fact?.max);
        for (const run of this.list.loaded()) {
            const summary = run.metrics.find((one) => one.key === key);
            const own = toNumber(better === "minimize" ? summary?.min : summary?.max);
            if (Number.isFinite(own) && !(better === "minimize" ? own >= best : own <= best)) best = own;
        }
        return toNumber(value) === best && this.facts.total > 1;
    }

    // ---- live ----

    async refresh() {
        if (!this.list.windows.size) return;
        if (this.list.known === 0) {
            await this.page.reload();
            await this.ask(true);
            return;
        }
        try {
            await this.list.refresh(...this.grid.range());
        } catch {
            // The state of the stream says that the server is away; the next event asks again.
        }
    }

    drawPill() {
        const change = this.list.pending;
        const parts = change ? [
            change.added ? `${grouped(change.added)} new` : null, change.removed ? `${grouped(change.removed)} gone` : null,
            change.moved ? `${grouped(change.moved)} moved` : null,
        ].filter(Boolean) : [];
        this.pill.hidden = !parts.length;
        if (parts.length) this.pill.textContent = `${parts.join(" · ")} – press . to show`;
    }

    async applyPending() {
        if (this.pill.hidden) return;
        this.pill.hidden = true;
        await this.page.reload();
        const facts = await api.runColumns({ ...this.question(), limit: 500 }).catch(() => this.facts);
        this.facts = facts;
        await this.list.apply(this.grid.range()[0]);
    }

    // ---- sort, columns, selection, shown ----

    sortBy(id, isMore) {
        const name = columns.columnName(id);
        const downFirst = name.kind === "m" && (id.startsWith("m.best:") && this.goal?.metric === name.key
            ? this.goal.direction : columns.direction(name.key) ?? "maximize") === "maximize" || id === "a:created";
        const own = this.sort.find((key) => key.id === id);
        const next = own ? { id, descending: !own.descending } : { id, descending: downFirst };
        const rest = isMore ? this.sort.filter((key) => key.id !== id) : [];
        this.change({ sort: columns.sortText(isMore ? [...rest, next] : [next]) });
    }

    async chooseColumns() {
        if (!this.facts) return;
        const { chooseColumns } = await import("../components/columnChooser.js");
        chooseColumns({
            facts: this.facts, chosen: this.columnIDs, isDefault: !this.chosen,
            onChange: (ids) => this.change({ cols: ids ? columns.packed(ids) : null }),
        });
    }

    /** Place of a run among those shown in charts, null when it is not. */
    colorOf(id) {
        const place = this.page.shownIDs().indexOf(id);
        return place < 0 ? null : place;
    }

    toggleShown(index) {
        const run = this.list.at(index);
        if (!run) return;
        const shown = this.page.shownIDs();
        const next = shown.includes(run.id) ? shown.filter((id) => id !== run.id) : [...shown, run.id];
        this.change({ show: next.length ? next.join(",") : "none" });
    }

    toggleSelected(index) {
        const run = this.list.at(index);
        if (run) this.select(index, !this.selected.has(run.id), false);
    }

    select(index, isOn, isRange) {
        const from = isRange && this.lastSelected !== undefined ? this.lastSelected : index;
        for (let at = Math.min(from, index); at <= Math.max(from, index); at += 1) {
            const run = this.list.at(at);
            if (run) this.selected[isOn ? "add" : "delete"](run.id);
        }
        this.lastSelected = index;
        this.selectionChanged();
    }

    async selectAll(isOn) {
        const actions = await import("./runActions.js");
        this.selected = new Set(isOn ? await actions.allIDs(this).catch((error) => { this.shell.fail(error); return []; }) : []);
        this.selectionChanged();
    }

    async selectionChanged() {
        const actions = await import("./runActions.js");
        actions.drawSelection(this);
        this.grid.draw(true);
    }

    async export(format) {
        const actions = await import("./runActions.js");
        await actions.exportRuns(this, format);
    }

    async jump() {
        const { formDialog } = await import("../components/dialog.js");
        formDialog("Go to a row", [{ name: "row", label: `Row, 1 to ${grouped(this.list.total)}`, required: true }], "Go",
            async ({ row }) => this.grid.scrollTo(Number(row) - 1));
    }

    open(index) {
        const run = this.list.at(index);
        if (run) navigate(href(["r", run.id]));
    }
}
