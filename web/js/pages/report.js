// A report that wandb-workspaces wrote, and the list of those of an experiment: /reports/<id>, /reports?experiment=<id>.
import { emptyBox, errorBox, fill, h, href, skeleton, experimentsCrumb } from "../dom.js";
import { ago, iso, plural } from "../format.js";
import * as api from "../api.js";
import { subscribe } from "../live.js";
import { reports, savedView, styleSheet } from "../streams.js";
import { drawBlocks } from "./reportBlocks.js";
import { PanelGrid } from "./reportPanels.js";

const KINDS = ["report", "report-draft"];

export function open(root, route, shell) {
    return new ReportPage(root, route, shell);
}

class ReportPage {
    constructor(root, route, shell) {
        Object.assign(this, { root, shell, id: route.path[1], experimentID: route.query.get("experiment"), grids: [] });
        shell.setCrumbs([["Experiments", href(["e"])], ["…"]]);
        fill(root, skeleton(6));
        this.start();
    }

    async start() {
        try {
            await Promise.all([styleSheet("pages"), styleSheet("streams"), this.id ? this.read() : this.list()]);
        } catch (error) {
            if (this.isClosed || error.status === 401) return;
            this.shell.setCrumbs([["Experiments", href(["e"])], ["not found"]]);
            fill(this.root, [400, 404].includes(error.status) ? h("div.empty", {}, h("h1", {}, this.id ? "There is no such report" : "There is no such experiment"),
                h("p.muted", {}, `${error.message}. It may have been deleted, or you may not read it.`), h("a.button", { href: href(["e"]) }, "All experiments")) : errorBox(error, () => this.start()));
        }
    }

    // ---- one report ----

    async read() {
        const view = await savedView(this.id);
        // Other kinds of views are layouts of pages that are not ours.
        if (!KINDS.includes(view.kind)) throw Object.assign(new Error(`view ${this.id} is no report`), { status: 404 });
        const experiment = await api.experiment(view.experimentID);
        if (this.isClosed) return;
        this.experiment = experiment;
        this.live ??= subscribe([`experiment:${view.experimentID}:views`], () => this.changed());
        this.draw(view);
    }

    /** Somebody saved a report of this experiment; if it is this one, it is shown anew where no place is lost. */
    async changed() {
        const now = await savedView(this.id).catch(() => null);
        if (!now || this.isClosed || now.updatedAt === this.view?.updatedAt) return;
        this.draw(now);
    }

    draw(view) {
        this.view = view;
        for (const grid of this.grids) grid.close();
        this.grids = [];
        const { experiment } = this, title = view.displayName || "Untitled report", list = href(["reports"], { experiment: experiment.id });
        this.shell.setCrumbs([experimentsCrumb(experiment), [experiment.name, href(["e", experiment.id])], ["reports", list], [title]]);
        const contents = h("nav.report-contents", { "aria-label": "Contents" });
        const context = { heads: [], contents: () => contents, panels: (block) => {
            const grid = new PanelGrid(block, experiment.id);
            this.grids.push(grid);
            return grid.element;
        } };
        const blocks = drawBlocks(view.content?.blocks, context);
        fill(contents, h("ul", {}, context.heads.map(({ level, text, element }) => h("li", { style: { "--level": level - 2 } },
            h("button.link", { type: "button", on: { click: () => {
                element.scrollIntoView({ block: "start" });
                element.focus({ preventScroll: true });
            } } }, text)))));
        fill(this.root, h("article.report.md", {}, h("h1", {}, title), h("p.muted", {}, view.kind === "report-draft" ? h("b.warn", {}, "draft · ") : null, view.author ? `${view.author} · ` : "",
            "changed ", h("time", { datetime: new Date(view.updatedAt).toISOString() }, iso(view.updatedAt).slice(0, 16)), " · ", h("a", { href: href(["e", experiment.id]) }, experiment.name), " · ", h("a", { href: list }, "all reports")),
        view.description ? h("p.report-about", {}, view.description) : null, blocks.filter(Boolean).length ? blocks : h("p.muted", {}, "This report has no content yet.")));
    }

    // ---- those of an experiment ----

    async list() {
        const id = this.experimentID ?? "";
        if (!/^\d+$/.test(id)) throw Object.assign(new Error("the address names no experiment"), { status: 400 });
        const [experiment, found] = await Promise.all([api.experiment(id), reports(id)]);
        if (this.isClosed) return;
        this.live ??= subscribe([`experiment:${id}:views`], () => this.list().catch(() => {}));
        this.shell.setCrumbs([experimentsCrumb(experiment), [experiment.name, href(["e", id])], ["reports"]]);
        const row = (view) => h("tr", {}, h("td", {}, h("a", { href: href(["reports", view.id]) }, view.displayName || "Untitled report"), view.description ? h("div.muted", {}, view.description) : null),
            h("td", {}, view.author), h("td", { title: iso(view.updatedAt) }, ago(view.updatedAt)));
        fill(this.root, h("h1", {}, "Reports"), h("p.muted", {}, `${plural(found.total, "report")} of `, h("a", { href: href(["e", id]) }, experiment.name)),
            found.views.length ? h("div.scroll-x", {}, h("table.list", {}, h("thead", {}, h("tr", {}, ["report", "author", "changed"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, found.views.map(row))))
                : emptyBox("No reports yet. The package wandb-workspaces writes them."),
            found.hasMore ? h("p.muted", {}, `the ${found.views.length} that were changed last`) : null);
    }

    update() {}

    close() {
        this.isClosed = true;
        this.live?.close();
        for (const grid of this.grids) grid.close();
    }
}
