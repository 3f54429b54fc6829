// The curves of the runs that are shown.
import { h, fill } from "../dom.js";
import * as api from "../api.js";
import { href } from "../router.js";
import { grouped } from "../format.js";
import { ChartPanel } from "../charts/panel.js";
import { copyBox, emptyBox, errorBox, firstLines, skeleton } from "../components/states.js";
import * as columns from "./runColumns.js";
import { SHOWN_BY_ITSELF } from "./runsTab.js";

export class ChartsTab {
    constructor(root, page) {
        this.root = root;
        this.page = page;
        this.start();
    }

    get keys() {
        return this.panel?.keys ?? {};
    }

    question() {
        const { query } = this.page.route;
        return JSON.stringify([query.get("show"), query.get("f"), query.get("sort"), query.get("view")]);
    }

    async start() {
        const asked = this.asked = this.question();
        const { query } = this.page.route;
        const ids = query.get("show") === "none" ? [] : (query.get("show") ?? "").split(",").filter(Boolean);
        const sort = query.has("sort") ? columns.sortFrom(query.get("sort")) : columns.goalSort(this.page.goal);
        fill(this.root, skeleton(6));
        try {
            const answer = await api.searchRuns({
                experimentIDs: [this.page.id], orderBy: columns.orderBy(sort), limit: ids.length || SHOWN_BY_ITSELF,
                view: query.get("view") ?? "active", wantsTotal: true,
                filter: ids.length ? `attributes.run_id IN (${ids.map((id) => `'${id}'`).join(",")})` : query.get("f") || undefined,
                fields: { params: [], metrics: null, tags: [], inputs: false },
            });
            if (this.isClosed || asked !== this.asked) return;
            const runs = ids.length ? ids.map((id) => answer.runs.find((run) => run.id === id)).filter(Boolean)
                : query.get("show") === "none" ? [] : answer.runs;
            this.draw(runs);
        } catch (error) {
            fill(this.root, errorBox(error, () => this.start()));
        }
    }

    draw(runs) {
        if (!runs.length) {
            fill(this.root, emptyBox("No runs to draw. Choose some in the table, or log a first one:",
                copyBox(firstLines(this.page.experiment.name))));
            return;
        }
        const legend = h("div.legend", {}, h("span.muted", {}, `${runs.length} shown of ${grouped(this.page.statistics.runs)}`),
            runs.map((run, index) => h("a", { href: href(["r", run.id]) },
                h("span.swatch-line", { style: { "--swatch": `var(--c${index % 10})` } }), run.name)));
        const host = h("div");
        fill(this.root, legend, host);
        const keys = [...new Set(runs.flatMap((run) => run.metrics.map((one) => one.key)))];
        this.panel?.close();
        this.panel = new ChartPanel(host, { runs, metricKeys: keys, goal: this.page.goal, route: this.page.route });
    }

    update(route) {
        if (this.asked !== this.question()) this.start();
        else this.panel?.update(route);
    }

    close() {
        this.isClosed = true;
        this.panel?.close();
    }
}
