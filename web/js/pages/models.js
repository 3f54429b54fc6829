// "Which model do I take?": the models that were registered, what is the newest of each, and which version stands under which name.
import { coalesced, debounced, emptyBox, errorBox, fill, h, href, navigate, setQuery, skeleton } from "../dom.js";
import { grouped, plural } from "../format.js";
import { subscribe } from "../live.js";
import * as artifacts from "../artifacts.js";
import { firstModel } from "../mlflow.js";
import { styleSheet } from "../streams.js";
import { age, maker, noSuch, rowKeys, STAGES } from "../components/versions.js";
import { showWorkspaces, workspaceChoice } from "../components/workspaceChoice.js";

const LIMIT = 200;

export function open(root, route, shell) {
    if (route.path[1]) return openOne(root, route, shell);
    return new ModelsPage(root, route, shell);
}

/** A model by its name, as links of mlflow's client have it: its page is that of its collection. */
function openOne(root, route, shell) {
    const page = { update() {}, close() { page.isClosed = true; } };
    const [, name, , number] = route.path;
    shell.setCrumbs([["Models", href(["m"])], [name]]);
    const look = async () => {
        fill(root, skeleton(6));
        try {
            const model = await artifacts.model(name, route.query.get("workspace"));
            if (page.isClosed) return;
            const more = number ? [`v${number}`] : [];
            navigate(href(["e", model.experimentID, "artifacts", model.id, ...more]), { replace: true });
        } catch (error) {
            if (!page.isClosed) fill(root, noSuch("model", error, look, ["All models", href(["m"], { workspace: route.query.get("workspace") })]));
        }
    };
    look();
    return page;
}

class ModelsPage {
    constructor(root, route, shell) {
        Object.assign(this, { root, route });
        shell.setCrumbs([["Models"]]);
        this.filter = h("input.input.filter", {
            type: "search", placeholder: "Filter by name or description", "aria-label": "Filter models", spellcheck: "false", value: route.query.get("find") ?? "",
        });
        this.filter.addEventListener("input", debounced(() => {
            setQuery({ find: this.filter.value || null }, { silent: true });
            this.load();
        }, 150));
        this.count = h("span.muted.count", { role: "status" });
        this.body = h("div", {}, skeleton(6));
        this.room = workspaceChoice((workspace) => setQuery({ workspace }));
        this.bar = h("div.toolbar", { hidden: true }, this.room, this.filter, this.count);
        fill(root, h("h1.sr-only", {}, "Models"), this.bar, this.body);
        this.keys = { "/": { label: "Filter", run: () => this.filter.focus() }, ...rowKeys(this.body, "model") };
        this.refresh = coalesced(() => this.load(), 1_000);
        // The first model makes the registry, whose events can be listened to from then on.
        this.live = subscribe(["experiments"], this.refresh);
        this.live.ready.then(() => this.load());
    }

    get workspace() {
        return this.route.query.get("workspace");
    }

    async load() {
        const { workspace } = this, find = this.filter.value.trim();
        this.live.mark();
        let answer, first;
        try {
            [answer] = await Promise.all([artifacts.models({ find, workspace, limit: LIMIT }), styleSheet("artifacts")]);
            [first] = answer.models;
            // None of this name yet, which may change as well.
            if (!first && find && !this.registry) [first] = (await artifacts.models({ workspace, limit: 1 })).models;
        } catch (error) {
            if (!this.isClosed && !this.models) fill(this.body, errorBox(error, () => this.load()));
            return;
        }
        if (this.isClosed || workspace !== this.workspace || find !== this.filter.value.trim()) return;
        this.shown = answer.workspace;
        showWorkspaces(this.room, answer);
        this.models = answer.models;
        this.hasMore = answer.hasMore;
        this.registry ??= first?.experimentID;
        this.live.change([this.registry ? `experiment:${this.registry}:artifacts` : "experiments"]);
        this.draw(find);
    }

    draw(find) {
        const { models } = this;
        this.bar.hidden = !models.length && !find && this.room.hidden;
        this.filter.hidden = !models.length && !find;
        this.count.textContent = this.hasMore ? `the latest ${grouped(models.length)}; filter for others` : plural(models.length, "model");
        if (!models.length) {
            fill(this.body, find ? h("p.muted", {}, "Nothing matches.") : emptyBox("No model is registered yet. This registers one:", firstModel(this.shown)));
            return;
        }
        const at = this.body.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.id : null;
        fill(this.body, h("div.scroll-x", {}, h("table.list.versions", {}, h("thead", {}, h("tr", {},
            ["model", "latest", "in use as", "made by", "versions", "updated"].map((head, index) =>
                h("th", { scope: "col", class: [null, null, null, "wide-col", "n wide-col", "wide-col"][index] }, head)))),
        h("tbody", {}, models.map(row)))));
        if (at) this.body.querySelector(`[data-id="${at}"] a[data-row]`)?.focus();
    }

    update(route) {
        const before = this.workspace, find = route.query.get("find") ?? "";
        this.route = route;
        if (before !== this.workspace) this.registry = this.models = null;
        else if (find === this.filter.value || document.activeElement === this.filter) return;
        this.filter.value = find;
        this.load();
    }

    close() {
        this.isClosed = true;
        this.live.close();
        this.refresh.cancel();
    }
}

function row(model) {
    const last = model.latest.reduce((best, one) => !best || one.number > best.number ? one : best, null);
    const page = href(["e", model.experimentID, "artifacts", model.id]);
    const to = (number) => href(["e", model.experimentID, "artifacts", model.id, `v${number}`]);
    const uses = [
        ...model.aliases.map(({ alias, number }) => [alias, number, "alias"]),
        // What is archived is out of use.
        ...model.latest.filter(({ stage }) => STAGES[stage] && stage !== "archived").map(({ stage, number }) => [STAGES[stage], number, "stage"]),
    ];
    return h("tr", { data: { id: model.id } },
        h("td.name", { title: model.description || null }, h("a", { href: page, data: { row: "" } }, h("b", {}, model.name)),
            model.type === "model" ? null : h("span.muted", {}, ` ${model.type}`)),
        h("td", {}, last ? h("a", { href: to(last.number) }, `v${last.number}`) : h("span.muted", {}, "no version")),
        h("td.uses", {}, uses.length ? uses.map(([name, number, kind]) => [h("a.in-use", { href: to(number), title: `${kind} ${name}: version ${number}` },
            h("span.chip", { class: kind === "alias" ? "alias" : "" }, name), ` v${number}`), " "]) : h("span.muted", {}, "–")),
        h("td.maker.wide-col", {}, last ? maker(last) : null), h("td.n.wide-col", {}, grouped(model.versionCount)), h("td.wide-col", {}, age(model.updatedAt)));
}
