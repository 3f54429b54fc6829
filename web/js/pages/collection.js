// One artifact and its versions, the newest first.
import { coalesced, emptyBox, fill, h, href, icon, iconButton, navigate, setQuery, skeleton } from "../dom.js";
import { grouped, plural } from "../format.js";
import { subscribe } from "../live.js";
import { markdown } from "../md.js";
import * as api from "../api.js";
import * as artifacts from "../artifacts.js";
import { firstModel } from "../mlflow.js";
import { styleSheet } from "../streams.js";
import { confirmDialog, inlineEdit } from "../components/dialog.js";
import { openMenu } from "../components/menu.js";
import { above, age, chips, hasModels, labelEdit, maker, noSuch, rowKeys, since, sizes, stateNote, versionLink } from "../components/versions.js";
import { firstVersion } from "./artifactsTab.js";

const PAGE = 50;

export const open = (root, route, shell) => new CollectionPage(root, route, shell);

class CollectionPage {
    constructor(root, route, shell) {
        Object.assign(this, { route, shell, id: route.path[3], list: [] });
        this.heading = h("div.heading");
        this.body = h("div.tab-body", {}, skeleton(8));
        this.picked = (route.query.get("pick") ?? "").split(",").filter(Boolean).map(Number);
        shell.setCrumbs([["Experiments", href(["e"])], ["…"]]);
        fill(root, this.heading, this.body);
        this.keys = {
            ...rowKeys(this.body, "version"), x: { label: "Choose for comparing", run: () => document.activeElement.closest("tr")?.querySelector("input")?.click() },
            c: { label: "Compare two versions", run: () => this.compare() },
        };
        this.refresh = coalesced(() => this.load(), 1_000);
        this.live = subscribe([`experiment:${route.path[1]}:artifacts`], this.refresh);
        this.live.ready.then(() => this.load());
    }

    async load() {
        try {
            const [collection, first] = await Promise.all([artifacts.collection(this.id), artifacts.versions(this.id, PAGE), styleSheet("artifacts")]);
            this.experiment ??= await api.experiment(collection.experimentID);
            // Older ones that were asked for stay.
            const rest = first.length === PAGE ? this.list.filter((one) => one.number < first.at(-1).number) : [];
            if (!rest.length) this.isWhole = first.length < PAGE;
            Object.assign(this, { collection, list: [...first, ...rest] });
        } catch (error) {
            if (!this.collection && !this.isClosed) fill(this.body, noSuch("artifact", error, () => this.load()));
            return;
        }
        if (this.isClosed) return;
        if (!this.heading.contains(document.activeElement) || !this.heading.firstChild) this.drawHeading();
        this.draw();
    }

    async change(body) {
        this.collection = { ...this.collection, ...body, ...await artifacts.changeCollection(this.id, body) };
    }

    drawHeading() {
        const { collection, experiment } = this;
        const may = api.may("editor", experiment.id);
        this.shell.setCrumbs([...above(experiment), [collection.name]]);
        const menu = iconButton("menu", "Actions of the artifact", () => openMenu(menu.getBoundingClientRect(), "Actions", [
            { label: "Delete…", run: () => this.remove() }]));
        const edit = (field, tag, more) => inlineEdit({ value: collection[field], placeholder: "Add a description", label: `the ${field}`, tag, may,
            save: (value) => this.change({ [field]: value }).then(() => field === "name" && this.drawHeading()), ...more });
        fill(this.heading, h("div.row.run-title", {}, edit("name", "h1").element, may ? menu : null),
            h("div.facts.muted", {}, h("b", {}, collection.type), collection.kind === "portfolio" && !experiment.isRegistry ? " · portfolio: versions of other artifacts are linked into it" : "",
                ` · ${plural(collection.versionCount, "version")} · made `, since(collection.createdAt), " · updated ", since(collection.updatedAt)),
            may || collection.description ? edit("description", "div", { multiline: true, long: markdown }).element : null,
            may || collection.tags.length ? h("div.tags", {}, labelEdit({ names: collection.tags, what: "tag", kind: "", may, save: (tags) => this.change({ tags }) })) : null);
    }

    draw() {
        const { list } = this;
        if (!list.length) {
            fill(this.body, emptyBox("No versions yet. This makes one:", hasModels(this.experiment) ? firstModel(this.experiment.workspace, this.collection.name) : firstVersion(this.experiment)));
            return;
        }
        // Where one stood before the rows were drawn anew.
        const at = this.body.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.number : null;
        const isBox = document.activeElement.matches("input");
        this.button = h("a.button", {}, "Compare");
        this.hint = h("span.muted", { role: "status" });
        this.rows = h("tbody", {}, list.map((version) => this.row(version)));
        fill(this.body, list.length > 1 ? h("div.toolbar", {}, this.button, this.hint) : null,
            h("div.scroll-x", {}, h("table.list.versions", {}, h("thead", {}, h("tr", {},
                list.length > 1 ? h("th.pick", { scope: "col" }, h("span.sr-only", {}, "compare")) : null,
                ["version", "aliases", "tags", "files", "size", "made by", "step", "age"].map((head, index) =>
                    h("th", { scope: "col", class: [null, null, "wide-col", "n wide-col", "n", "wide-col", "n wide-col", null][index] }, head)))), this.rows)),
            this.isWhole ? null : h("p.rest", {}, h("button.button", { type: "button", on: { click: (event) => this.more(event.target) } }, icon("below"), "Older versions")));
        this.drawPicked();
        if (at) this.body.querySelector(`[data-number="${at}"] ${isBox ? "input" : "a"}`)?.focus();
    }

    row(version) {
        const name = `v${version.number}`;
        return h("tr", { data: { number: version.number }, class: version.state === "deleted" ? "muted" : null },
            this.list.length > 1 ? h("td", {}, h("input", { type: "checkbox", "aria-label": `Compare ${name}`, on: { change: (event) => this.pick(version.number, event.target.checked) } })) : null,
            h("td.name", { title: version.description || null }, h("a", { href: versionLink(version), data: { row: "" } }, h("b", {}, name)), stateNote(version)),
            h("td", {}, chips(version.aliases)), h("td.wide-col", {}, chips(version.tags, "")),
            sizes(version), h("td.maker.wide-col", {}, maker(version)), h("td.n.wide-col", {}, version.step == null ? "" : grouped(version.step)), h("td", {}, age(version.createdAt)));
    }

    pick(number, isPicked) {
        // The one that was chosen first makes room for a third.
        this.picked = [...this.picked.filter((one) => one !== number), ...isPicked ? [number] : []].slice(-2);
        setQuery({ pick: this.picked.join(",") }, { silent: true });
        this.drawPicked();
    }

    get comparison() {
        const [newer, older] = [...this.picked].sort((a, b) => b - a);
        return older === undefined ? null : href(["e", this.route.path[1], "artifacts", this.id, `v${newer}`, "diff"], { to: older });
    }

    drawPicked() {
        for (const tr of this.rows.children) {
            const box = tr.querySelector("input");
            if (box) box.checked = this.picked.includes(Number(tr.dataset.number));
        }
        const { comparison } = this;
        if (comparison) this.button.href = comparison;
        else this.button.removeAttribute("href");
        this.button.toggleAttribute("aria-disabled", !comparison);
        this.hint.textContent = comparison ? this.picked.map((one) => `v${one}`).sort().join(" and ") : "Choose two versions";
    }

    compare() {
        if (this.comparison) navigate(this.comparison);
    }

    async more(button) {
        button.disabled = true;
        try {
            const first = this.list.length;
            const older = await artifacts.versions(this.id, PAGE, this.list.at(-1).number);
            this.isWhole = older.length < PAGE;
            this.list.push(...older);
            this.draw();
            this.rows.children[first]?.querySelector("a").focus();
        } catch (error) {
            button.disabled = false;
            this.shell.fail(error);
        }
    }

    async remove() {
        const { name, versionCount } = this.collection;
        if (!await confirmDialog(`Delete ${name}?`, `All of it goes, with ${plural(versionCount, "version")}, their files and their aliases. Runs stay.`, "Delete")) return;
        try {
            await artifacts.deleteCollection(this.id);
            this.shell.toast(`${name} deleted`);
            navigate(href(["e", this.experiment.id, "artifacts"]));
        } catch (error) {
            this.shell.fail(error);
        }
    }

    update(route) {
        this.route = route;
    }

    close() {
        this.isClosed = true;
        this.live.close();
        this.refresh.cancel();
    }
}
