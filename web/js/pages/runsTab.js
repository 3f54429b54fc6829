// "Which run is best, and is it improving?": the run table of an experiment.
import { h, fill, coalesced, debounced, emptyBox, errorBox, href, navigate, setQuery, noRuns } from "../dom.js";
import { grouped } from "../format.js";
import { subscribe } from "../live.js";
import * as api from "../api.js";
import { Grid } from "../components/grid.js";
import { FilterBar } from "../components/filterBar.js";
import { RunList, changeText } from "./runList.js";
import { Bests, Sparks, makeColumns, sameLine } from "./runCells.js";
import { tableKeys } from "./runKeys.js";
import * as columns from "./runColumns.js";

const FACTS = 500;
/** Height that charts below the table need. */
const STRIP = 330;
/** From here on columns take longer to find out than the first rows. */
const MANY = 2_000;
export const SHOWN_BY_ITSELF = 8;

/** The table that was left last, to come back to. */
let left = null;

const actions = () => import("./runActions.js");

export class RunsTab {
    /** @param root @param page the experiment page */
    constructor(root, page) {
        this.page = page;
        this.shell = page.shell;
        this.goal = page.goal;
        this.selected = new Set();
        this.sparks = new Sparks();
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
            onMenu: (index, column, place) => this.openMenu(index, column, place),
            onEdit: (index, column) => this.edit(index, column),
            isSelected: (run) => this.selected.has(run.id), onDensity: () => this.stripSoon(),
            rowClass: (run) => `${this.selected.has(run.id) ? "selected" : ""} ${run.stage === "deleted" ? "gone" : ""}`,
        });
        this.bar = new FilterBar({
            value: this.filter, onFilter: (filter) => this.change({ f: filter }),
            suggest: async () => (await actions()).suggestions(this),
        });
        this.build(root);
        this.seeSoon = debounced(() => this.see(), 90);
        this.stripSoon = debounced(() => this.drawStrip(), 200);
        this.refreshSoon = coalesced(() => this.refresh(), 1_000);
        this.live = subscribe(this.topics(), () => this.refreshSoon());
        this.onTheme = () => { this.sparks.drop(); this.grid.draw(true); };
        document.addEventListener("martlet:theme", this.onTheme);
        // Times and silence go on without a word from the server.
        this.clock = setInterval(() => { if (!document.hidden && (this.list.age() || this.list.total)) this.grid.draw(true); }, 10_000);
        this.keys = tableKeys(this);
        // Whoever comes near will soon do something: no key may wait for a file.
        for (const sign of ["pointermove", "keydown", "touchstart"]) addEventListener(sign, () => actions().catch(() => {}), { once: true, passive: true });
        this.live.ready.then(() => this.begin());
        this.takeUp();
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
                ...["CSV", "JSON"].map((one) => button(one, `All matching runs as ${one}`, () => this.act("exportRuns", one.toLowerCase())))),
            this.same, this.state, this.host, this.selection);
    }

    // ---- the address ----

    read({ query }) {
        this.filter = query.get("f") ?? "";
        this.viewName = query.get("view") ?? "active";
        this.sort = query.has("sort") ? columns.sortFrom(query.get("sort")) : columns.goalSort(this.goal);
        this.chosen = query.has("cols") ? columns.unpacked(query.get("cols")) : null;
    }

    change(changes) {
        setQuery(changes);
    }

    /** The address or the experiment changed. */
    update(route) {
        const matching = () => JSON.stringify([this.filter, this.viewName, this.goal]);
        const ordered = () => JSON.stringify([this.sort, this.chosen]);
        const before = [matching(), ordered()];
        this.goal = this.page.goal;
        this.read(route);
        this.places = null;
        this.bar.set(this.filter);
        this.view.value = this.viewName;
        if (before[0] !== matching()) this.ask({ withFacts: true });
        else if (before[1] !== ordered()) this.ask({ withFacts: false });
        else this.grid.draw(true);
        this.strip?.panel.update(route);
        this.stripSoon();
    }

    close() {
        this.isClosed = true;
        this.stripSoon.cancel();
        this.strip?.panel.close();
        if (this.list.windows.size && !this.host.hidden) {
            left = {
                key: this.key, facts: this.facts, list: this.list.kept, sparks: this.sparks, cursor: this.grid.cursor,
                top: this.grid.view.top, side: this.grid.view.left,
            };
        }
        this.live.close();
        this.refreshSoon.cancel();
        this.seeSoon.cancel();
        clearInterval(this.clock);
        this.grid.close();
        document.removeEventListener("martlet:theme", this.onTheme);
    }

    // ---- reading ----

    question() {
        return { experimentIDs: [this.page.id], filter: this.filter || undefined, view: this.viewName };
    }

    get key() {
        return JSON.stringify([this.question(), this.sort, this.chosen, this.goal]);
    }

    get columnIDs() {
        return this.chosen ?? (this.facts ? columns.defaultColumns(this.facts, this.goal) : []);
    }

    /** The table as it was left, if that was the last one. */
    takeUp() {
        if (left?.key !== this.key) return;
        const { facts, list, sparks, cursor, top, side } = left;
        this.facts = facts;
        this.factsAt = -Infinity;
        this.sparks = sparks;
        this.list.takeOver(list);
        this.totalCame(list.total);
        this.grid.cursor = cursor;
        this.grid.scroll({ top, left: side });
        this.rowsCame();
    }

    begin() {
        if (this.facts) this.refreshSoon();
        else this.ask({ withFacts: true, facts: this.page.takeFacts(this.question()) });
    }

    async readFacts() {
        this.factsAt = performance.now();
        return api.runColumns({ ...this.question(), limit: FACTS });
    }

    /** Rows and columns anew; of many runs the rows come first. */
    async ask({ withFacts, facts = null, isSamePlace = false }) {
        const turn = this.turn = (this.turn ?? 0) + 1;
        const isMany = (this.page.statistics?.runs ?? 0) > MANY || (!this.facts && this.chosen !== null);
        const first = withFacts && !isSamePlace ? 0 : this.grid.range()[0];
        this.live.mark();
        this.host.setAttribute("aria-busy", "true");
        try {
            let news = null;
            if (withFacts || !this.facts) {
                news = (facts ?? this.readFacts()).then((answer) => {
                    if (turn !== this.turn) return;
                    this.facts = answer;
                    this.areColumnsSet = false;
                    this.bar.say(null);
                });
                news.catch(() => {});
                if (this.facts) this.facts = { ...this.facts, isGuessed: true };
                else if (!isMany) await news;
            }
            if (turn !== this.turn) return;
            this.areColumnsSet = false;
            let query = this.query();
            await this.list.ask(query, first, isMany ? null : news);
            if (withFacts && !isSamePlace && turn === this.turn) this.grid.scroll({ top: 0 });
            await news;
            if (turn !== this.turn) return;
            const { fields } = query;
            query = this.query();
            // Another set of runs may vary in other parameters.
            if (!columns.covers(fields, query.fields)) await this.list.ask(query, this.grid.range()[0]);
            else if (isMany && news && this.list.windows.size) {
                this.list.query = query;
                this.totalCame(this.list.total);
            }
        } catch (error) {
            if (turn === this.turn) this.failed(error);
        } finally {
            if (turn === this.turn) this.host.removeAttribute("aria-busy");
            this.page.tellNews();
        }
    }

    query() {
        const fields = this.facts || this.chosen ? columns.fieldsFor(this.columnIDs, this.goal)
            : columns.guessedFields(this.page.statistics.metricKeys, this.goal);
        return { ...this.question(), orderBy: columns.orderBy(this.sort), fields };
    }

    failed(error) {
        if (error.name === "AbortError") return;
        const isFilter = error.status === 400 && this.filter;
        if (isFilter) this.bar.say(error.message);
        else if (this.list.windows.size) {
            this.shell.fail(error);
            return;
        }
        const again = () => { fill(this.state); this.ask({ withFacts: true }); };
        fill(this.state, isFilter ? this.emptiness("The filter makes no sense, so no run was looked for.") : errorBox(error, again));
        this.host.hidden = true;
    }

    rows() {
        return [...this.list.loaded()].slice(0, 400);
    }

    totalCame(total) {
        this.facts ??= columns.guessedFacts(this.rows());
        this.bests = new Bests(this.facts, this.list);
        if (!this.areColumnsSet) this.setColumns();
        this.grid.setTotal(total);
        const all = this.page.statistics?.runs ?? 0;
        const isAll = !this.filter && this.viewName === "active";
        this.count.textContent = `${grouped(total)} of ${grouped(isAll ? total : Math.max(total, all))}`;
        // It keeps its place while it is not known.
        this.same.style.visibility = this.facts.isGuessed ? "hidden" : "";
        if (!this.facts.isGuessed) this.same.hidden = !fill(this.same, sameLine(this.facts, this.isNarrow)).firstChild;
        this.host.hidden = total === 0;
        fill(this.state, total === 0 ? this.emptiness() : null);
    }

    emptiness(sentence = this.viewName === "deleted" && !this.filter ? "No run was deleted." : "No run matches.") {
        if (!this.filter && this.viewName === "active") return noRuns(this.page.experiment);
        return emptyBox(sentence, h("button.button", {
            type: "button", on: { click: () => this.change({ f: null, view: null }) },
        }, "Show all runs"));
    }

    setColumns() {
        this.areColumnsSet = true;
        this.grid.setColumns(makeColumns(this.columnIDs, this), this.sort);
    }

    rowsCame() {
        this.places = null;
        this.bests = new Bests(this.facts, this.list);
        this.grid.draw(true);
        this.drawPill();
        this.seeSoon();
        this.stripSoon();
    }

    /** Curves of the shown runs, where there is room below. */
    async drawStrip() {
        const room = this.page.root.getBoundingClientRect().bottom - this.host.getBoundingClientRect().top;
        const isRoomy = !this.isNarrow && !this.host.hidden && room > this.grid.naturalHeight + STRIP && this.facts?.metrics.length > 0;
        if (isRoomy || this.strip) (await import("./runStrip.js")).drawStrip(this, isRoomy);
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
        if (this.goal && await this.sparks.look(this.visible(), this.goal.metric)) this.grid.draw(true);
    }

    // ---- live ----

    async refresh() {
        if (!this.facts || (!this.list.windows.size && this.list.known !== 0)) return;
        try {
            if (this.list.known === 0 || (!this.facts.metrics.length && this.list.known < 20)) {
                // A table that says nothing yet: nobody looks at a row that could move.
                await this.page.reload();
                await this.ask({ withFacts: true, isSamePlace: true });
                return;
            }
            this.live.mark();
            await this.list.refresh(...this.grid.range());
            if (performance.now() - this.factsAt > 10_000 && !this.chosen) {
                const facts = await this.readFacts();
                const isOther = JSON.stringify(columns.defaultColumns(facts, this.goal)) !== JSON.stringify(this.columnIDs);
                if (isOther) this.list.pending = { added: 0, removed: 0, moved: 0, ...this.list.pending, columns: true };
                this.drawPill();
            }
        } catch {
            // The state of the stream says that the server is away; the next event asks again.
        }
    }

    drawPill() {
        const text = changeText(this.list.pending);
        this.pill.hidden = !text;
        if (text) this.pill.textContent = `${text} – press . to show`;
    }

    async applyPending() {
        if (this.pill.hidden) return;
        this.pill.hidden = true;
        await this.page.reload();
        await this.ask({ withFacts: true, isSamePlace: true });
    }

    // ---- sort, columns, selection, shown ----

    sortBy(id, isMore) {
        const next = columns.sortedBy(this.sort, id, isMore, this.goal);
        if (next) this.change({ sort: columns.sortText(next) });
    }

    /** Place of a run among those shown in charts, null when it is not. */
    colorOf(id) {
        this.places ??= new Map(this.page.shownIDs().map((one, index) => [one, index]));
        return this.places.get(id) ?? null;
    }

    get areAllSelected() {
        return this.selected.size > 0 && this.selected.size >= Math.min(this.list.total, 10_000);
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

    selectionChanged() {
        this.act("drawSelection");
    }

    async act(name, ...values) {
        try {
            await (await actions())[name](this, ...values);
        } catch (error) {
            this.shell.fail(error);
        }
    }

    chooseColumns() {
        if (this.facts) this.act("chooseColumns");
    }

    chooseShown(button) {
        this.act("chooseShown", button.getBoundingClientRect());
    }

    openMenu(index, column, place) {
        if (this.list.at(index)) this.act("cellMenu", index, column, place);
    }

    edit(index, column) {
        if (this.list.at(index)) this.act("editCell", index, column);
    }

    open(index) {
        const run = this.list.at(index);
        if (run) navigate(href(["r", run.id]));
    }
}
