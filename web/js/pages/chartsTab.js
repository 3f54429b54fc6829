// The curves of the runs that are shown. Runs that start later join while they match.
import { coalesced, copyBox, emptyBox, errorBox, fill, h, href, setQuery, skeleton } from "../dom.js";
import { firstLines } from "../firstRun.js";
import * as api from "../api.js";
import { subscribe } from "../live.js";
import { grouped } from "../format.js";
import { ChartPanel } from "../charts/panel.js";
import { tailsOf } from "../charts/pairing.js";
import { swatch } from "../charts/tooltip.js";
import * as columns from "./runColumns.js";
import { SHOWN_BY_ITSELF } from "./runsTab.js";

const MOST = 50;
const FIELDS = { params: [], metrics: null, tags: [], summary: [], inputs: false };
const NEWEST = ["attributes.start_time DESC"];

class ChartsTab {
    constructor(root, page) {
        this.root = root;
        this.page = page;
        this.runs = [];
        this.follow = coalesced(() => this.join(), 1_000);
        this.live = subscribe([`experiment:${page.id}:runs`], () => this.follow());
        fill(root, skeleton(6));
        this.live.ready.then(() => this.start());
    }

    get keys() {
        return this.panel?.keys ?? {};
    }

    get query() {
        return this.page.route.query;
    }

    /** Ids that the address names; null where the table chooses. */
    get named() {
        const show = this.query.get("show");
        return show === "none" ? [] : show ? [...new Set(show.split(",").filter(Boolean))] : null;
    }

    question() {
        return JSON.stringify(["show", "f", "sort", "view"].map((key) => this.query.get(key)));
    }

    search(body) {
        return api.searchRuns({
            experimentIDs: [this.page.id], view: this.query.get("view") ?? "active", wantsTotal: true,
            filter: this.query.get("f") || undefined, orderBy: NEWEST, fields: FIELDS, ...body,
        });
    }

    async byID(ids) {
        if (!ids.length) return [];
        const filter = `attributes.run_id IN (${ids.map((id) => `'${id}'`).join(",")})`;
        const { runs } = await this.search({ filter, limit: ids.length, wantsTotal: false });
        return ids.map((id) => runs.find((run) => run.id === id)).filter(Boolean);
    }

    async start() {
        const asked = this.asked = this.question();
        const sort = this.query.has("sort") ? columns.sortFrom(this.query.get("sort")) : columns.goalSort(this.page.goal);
        const { named } = this;
        try {
            const answer = await this.search({ orderBy: columns.orderBy(sort), limit: named ? 1 : SHOWN_BY_ITSELF });
            const runs = named ? await this.byID(named.slice(0, MOST)) : answer.runs;
            if (this.isClosed || asked !== this.asked) return;
            this.since = answer.now;
            this.total = answer.total;
            this.runs = [];
            this.draw(runs);
        } catch (error) {
            if (!this.isClosed && asked === this.asked) fill(this.root, errorBox(error, () => this.start()));
        }
    }

    /** Reads the shown runs again, and those that began since: they join, nobody is pushed out but the deleted. */
    async join() {
        if (this.since === undefined || this.isClosed) return;
        const asked = this.asked;
        try {
            const [shown, newest] = await Promise.all([
                this.byID(this.runs.map((run) => run.id)),
                this.named ? null : this.search({ limit: SHOWN_BY_ITSELF }),
                this.named || !this.query.get("f") ? null : this.watch(),
            ]);
            if (this.isClosed || asked !== this.asked) return;
            const known = new Set(shown.map((run) => run.id));
            const room = this.runs.length < SHOWN_BY_ITSELF;
            const late = (newest?.runs ?? []).filter((run) => !known.has(run.id) && (room || run.createdAt >= this.since));
            this.total = newest?.total ?? this.total;
            this.draw([...shown, ...late.reverse()].slice(0, MOST));
        } catch {
            // What is drawn stays; the next event asks again.
        }
    }

    /** A run that has just begun may match only once it has its parameters: its own changes count as well. */
    async watch() {
        const { runs } = await this.search({ filter: undefined, limit: SHOWN_BY_ITSELF, wantsTotal: false });
        const begun = runs.filter((run) => run.createdAt >= this.since && run.status === "running");
        this.live.change([`experiment:${this.page.id}:runs`, ...begun.map((run) => `run:${run.id}`)]);
    }

    /** A run keeps its colour while it is shown; a new one takes the first that is free. */
    color(runs) {
        const kept = new Map(this.runs.map((run) => [run.id, run.color]));
        const taken = new Set(runs.map((run) => kept.get(run.id)).filter((color) => color !== undefined));
        let next = 0;
        for (const run of runs) {
            run.color = kept.get(run.id);
            if (run.color !== undefined) continue;
            while (taken.has(next)) next += 1;
            run.color = next;
            taken.add(next);
        }
    }

    draw(runs) {
        this.color(runs);
        this.runs = runs;
        if (!runs.length) {
            this.panel?.close();
            this.panel = null;
            fill(this.root, this.emptiness());
            return;
        }
        const keys = [...new Set(runs.flatMap((run) => run.metrics.map((one) => one.key)))];
        if (this.panel && this.legend?.isConnected) this.panel.setRuns(runs, keys);
        else this.build(runs, keys);
        const tails = tailsOf(runs);
        fill(this.legend, h("span.muted", {}, `${runs.length} shown of ${grouped(Math.max(this.total, runs.length))}`),
            runs.map((run) => h("a", { href: href(["r", run.id]), title: run.name, data: { run: run.id }, on: {
                pointerenter: () => this.panel?.highlight(run.id), pointerleave: () => this.panel?.highlight(null),
                focus: () => this.panel?.highlight(run.id), blur: () => this.panel?.highlight(null),
            } },
                swatch(run.color), run.name, h("span.muted", {}, tails.get(run.id)))));
    }

    emptiness() {
        if (!this.page.statistics.runs) {
            return emptyBox("No runs yet. Paste this where you train, and the first one appears here:",
                copyBox(firstLines(this.page.experiment.name), "Copy the first lines"));
        }
        return emptyBox("No run is shown. Choose some in the table, or take the first of all:", h("button.button", {
            type: "button", on: { click: () => setQuery({ show: null, f: null, view: null }) },
        }, "Show the first runs"));
    }

    build(runs, keys) {
        this.legend = h("div.legend");
        const host = h("div");
        fill(this.root, this.legend, host);
        this.panel?.close();
        this.panel = new ChartPanel(host, {
            runs, metricKeys: keys, goal: this.page.goal, route: this.page.route, onMetrics: () => this.follow(),
        });
    }

    update(route) {
        if (this.asked !== this.question()) this.start();
        else this.panel?.update(route);
    }

    close() {
        this.isClosed = true;
        this.live.close();
        this.follow.cancel();
        this.panel?.close();
    }
}

export { ChartsTab as Tab };
