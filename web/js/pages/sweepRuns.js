// The runs of a sweep as a table, best first.
import { fill, h, href, icon } from "../dom.js";
import { grouped, number, toNumber } from "../format.js";
import { stateBadge } from "../components/sweeps.js";
import { label } from "../plots/axes.js";
import { hasDiverged } from "../sweeps.js";

const PAGE = 100;

/** A value of a parameter as it stands in a cell. */
export const valueText = (value) => value === undefined ? "–" : typeof value === "number" ? number(value) : label(value);

export class SweepRuns {
    /** @param {{names: Map<string, string>, onPoint: (id: string | null) => void, onShown: (ids: string[]) => void}} options */
    constructor(root, options) {
        Object.assign(this, { root, options, shown: PAGE, order: [], chosen: null });
        this.more = h("button.button", { type: "button", on: { click: () => this.showMore() } }, icon("below"), h("span"));
        this.head = h("thead");
        this.body = h("tbody");
        this.table = h("div.scroll-x", {}, h("table.list.sweep-runs", {}, h("caption.sr-only", {}, "Runs of the sweep, best first"), this.head, this.body));
        fill(root, this.table, h("p.rest", {}, this.more));
        const row = (event) => event.target.closest?.("tr")?.dataset.id ?? null;
        this.body.addEventListener("pointerover", (event) => options.onPoint(row(event)));
        this.body.addEventListener("focusin", (event) => options.onPoint(row(event)));
        // What came meanwhile is put in order once nobody points at a row any more.
        for (const type of ["pointerleave", "focusout"]) {
            this.table.addEventListener(type, () => {
                options.onPoint(null);
                setTimeout(() => this.isLate && !this.isHeld && this.draw());
            });
        }
    }

    /** @param runs best first @param {string[]} parameters */
    set(runs, parameters, metric) {
        Object.assign(this, { runs, parameters, metric });
        this.draw();
    }

    /** @param {Set<string> | null} ids null for all */
    choose(ids) {
        this.chosen = ids;
        this.shown = PAGE;
        this.draw(true);
    }

    get isHeld() {
        return this.body.matches(":hover") || this.body.contains(document.activeElement);
    }

    showMore() {
        const first = this.body.children.length;
        this.shown += 5 * PAGE;
        this.draw();
        this.body.children[first]?.querySelector("a")?.focus();
    }

    draw(isForced = false) {
        let found = this.chosen ? this.runs.filter((run) => this.chosen.has(run.runID)) : this.runs;
        const rank = new Map(this.runs.map((run, index) => [run.runID, index + 1]));
        this.isLate = this.isHeld && !isForced;
        if (this.isLate) {
            // Nothing moves below the pointer: known rows stay where they are, new ones come last.
            const place = new Map(this.order.map((id, index) => [id, index]));
            found = found.toSorted((a, b) => (place.get(a.runID) ?? Infinity) - (place.get(b.runID) ?? Infinity) || 0);
        }
        this.order = found.map((run) => run.runID);
        const rows = found.slice(0, this.shown);
        const at = this.body.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.id : null;
        fill(this.head, h("tr", {}, h("th.n", { scope: "col" }, "rank"), h("th", { scope: "col" }, "run"), h("th", { scope: "col" }, "state"),
            this.metric ? h("th.n", { scope: "col" }, this.metric) : null, this.parameters.map((name) => h("th.n", { scope: "col" }, name))));
        fill(this.body, rows.map((run) => this.row(run, rank.get(run.runID))));
        if (at) this.body.querySelector(`[data-id="${at}"] a`)?.focus({ preventScroll: true });
        this.more.hidden = rows.length === found.length;
        this.more.lastChild.textContent = `More runs: ${grouped(found.length - rows.length)}`;
        this.options.onShown(rows.map((run) => run.runID));
    }

    row(run, rank) {
        const isRanked = Number.isFinite(run.goal);
        return h("tr", { data: { id: run.runID } }, h("td.n.muted", {}, isRanked ? grouped(rank) : "–"),
            h("td.run-name", {}, h("a", { href: href(["r", run.runID]), data: { row: "" } }, this.options.names.get(run.runID) ?? run.name)),
            h("td", {}, stateBadge(run.state), run.isStopped ? h("span.warn", {}, run.state === "running" ? " stopping" : " stopped") : null),
            this.metric ? h("td.n", {}, goalCell(run)) : null,
            this.parameters.map((name) => h("td.n.ellipsis", { title: valueText(run.parameters[name]) }, valueText(run.parameters[name]))));
    }

    /** Names have come that were not known. */
    nameRows() {
        for (const tr of this.body.children) {
            const name = this.options.names.get(tr.dataset.id);
            if (name) tr.querySelector("a").textContent = name;
        }
    }
}

function goalCell(run) {
    if (run.goal === undefined) return h("span.muted", {}, "no value");
    const last = toNumber(run.value ?? run.best);
    return [hasDiverged(run) ? h("span.warn", { title: "The metric was no number in the end" }, Number.isFinite(run.goal) ? `${number(last)} in the end, best ` : "") : null,
        h("b", { class: Number.isFinite(run.goal) ? null : "warn" }, number(run.goal))];
}
