// One version of an artifact: what it is, what is in it, where it came from, what is different in it.
import { coalesced, copyText, errorBox, fill, h, href, iconButton, navigate, skeleton } from "../dom.js";
import { ago, bytes, iso, plural } from "../format.js";
import { subscribe } from "../live.js";
import * as api from "../api.js";
import * as artifacts from "../artifacts.js";
import { styleSheet } from "../streams.js";
import { confirmDialog } from "../components/dialog.js";
import { openMenu } from "../components/menu.js";
import { above, labelEdit, maker, noSuch, since, stateNote, versionLink, versionName } from "../components/versions.js";

const TABS = {
    overview: () => import("./versionOverview.js"),
    files: async () => {
        const { drawArtifacts } = await import("./runArtifacts.js");
        return { draw: (body, page) => drawArtifacts(body, page, { owner: ["versions", page.version.id], what: "version", hint: null }) };
    },
    lineage: () => import("./versionLineage.js"),
    diff: () => import("./versionDiff.js"),
};

export const open = (root, route, shell) => new VersionPage(root, route, shell);

class VersionPage {
    constructor(root, route, shell) {
        Object.assign(this, { route, shell });
        this.heading = h("div.heading");
        this.tabs = h("nav.tabs", { "aria-label": "Views of the version" });
        this.body = h("div.tab-body", {}, skeleton(8));
        shell.setCrumbs([["Experiments", href(["e"])], ["…"]]);
        fill(root, this.heading, this.tabs, this.body);
        TABS[this.tab]();
        this.refresh = coalesced(() => this.version ? this.reload() : this.load(), 1_000);
        this.live = subscribe([`experiment:${route.path[1]}:artifacts`], this.refresh);
        this.live.ready.then(() => this.load());
    }

    get tab() {
        return TABS[this.route.path[5]] ? this.route.path[5] : "overview";
    }

    get may() {
        return api.may("editor", this.version.experimentID);
    }

    get keys() {
        const tabs = Object.keys(TABS).map((tab, index) => [String(index + 1), { label: `Tab: ${tab}`, run: () => navigate(this.link(tab)) }]);
        const edit = this.version && this.may ? { e: { label: "Edit the description", run: () => this.notesKey ? this.notesKey() : navigate(this.link("overview", { edit: "1" })) } } : {};
        return { ...Object.fromEntries(tabs), ...edit, ...this.view?.keys };
    }

    /** What it is called in the collection of the address: that may be another than its own, into which it was linked. */
    get member() {
        const { version, collection } = this;
        const links = version.collectionID === collection.id ? [] : (version.links ?? []).filter((one) => one.collectionID === collection.id);
        return links.find((one) => this.route.path[4] === `v${one.number}`) ?? links[0] ?? version;
    }

    link(tab, query = {}) {
        return href([...this.route.path.slice(0, 5), ...tab === "overview" ? [] : [tab]], query);
    }

    /** The version of the address, which may also name an alias. */
    async find() {
        const [, , , id, name] = this.route.path, number = /^v(\d+)$/.exec(name)?.[1];
        const [collection, found] = await Promise.all([artifacts.collection(id), number ? artifacts.numbered(id, Number(number)) : null, styleSheet("artifacts")]);
        this.collection = collection;
        const version = found ?? (number ? null : (await artifacts.named(collection.experimentID, collection.name, name, collection.type)).version);
        if (!version) throw new api.ApiError(`${collection.name} has no version ${name}`, { status: 404 });
        if (!number) navigate(versionLink(version, this.route.path.slice(5)), { replace: true });
        return [collection, version];
    }

    async load() {
        try {
            const [collection, { id }] = await this.find();
            if (this.isClosed) return;
            const [version, experiment] = await Promise.all([artifacts.version(id), api.experiment(collection.experimentID)]);
            Object.assign(this, { collection, version, experiment });
        } catch (error) {
            if (!this.isClosed && !this.version) fill(this.body, noSuch("version", error, () => this.load(), this.collection && ["All versions", href(this.route.path.slice(0, 4))]));
            return;
        }
        if (this.isClosed) return;
        const { collection, experiment } = this;
        this.shell.setCrumbs([...above(experiment),
            [collection.name, href(["e", experiment.id, "artifacts", collection.id])], [this.route.path[4]]]);
        this.drawHeading();
        this.drawTab();
    }

    async reload() {
        const before = JSON.stringify(this.version);
        try {
            this.version = await artifacts.version(this.version.id);
        } catch {
            // What is shown stays; the next event asks again.
            return;
        }
        this.lineage = null;
        if (this.isClosed) return;
        if (JSON.stringify(this.version) !== before && !this.heading.contains(document.activeElement)) this.drawHeading();
        this.onArtifacts?.();
        this.onChange?.();
    }

    /** Read once for all tabs that need it. */
    readLineage() {
        this.lineage ??= artifacts.lineage(this.version.id);
        this.lineage.catch(() => { this.lineage = null; });
        return this.lineage;
    }

    async change(body) {
        this.version = { ...this.version, ...body, ...await artifacts.changeVersion(this.version.id, body) };
        this.onArtifacts?.();
    }

    drawHeading() {
        const { version, may, member } = this;
        const isForeign = member !== version;
        const copy = (text, what) => copyText(text).then(() => this.shell.toast(`${what} copied`));
        const menu = iconButton("menu", "Actions of the version", () => openMenu(menu.getBoundingClientRect(), "Actions", [
            { label: "Copy its whole name", run: () => copy(this.wholeName(`v${member.number}`), "Name") }, { label: "Copy its id", run: () => copy(version.id, "Id") },
            may && version.state !== "deleted" ? { label: "Delete…", run: () => this.remove() } : null].filter(Boolean)));
        const labels = (names, field, what, more) => may || names.length ? h("span.row", {}, h("span.muted", {}, field),
            labelEdit({ names, what, may, save: (names) => this.change({ [field]: names }), ...more })) : null;
        fill(this.heading, h("div.row.run-title", {}, h("h1", {}, versionName(member)), menu),
            h("div.facts.muted", {}, h("b", {}, version.type), stateNote(version), ` · ${bytes(version.size)} · ${plural(version.fileCount, "file")} · `, since(version.createdAt),
                version.runID ? [" by ", maker(version)] : null,
                version.expiresAt ? h("span.warn", { title: iso(version.expiresAt) }, ` · ${version.expiresAt > Date.now() ? `expires in ${ago(Date.now(), version.expiresAt)}` : "expired"}`) : null),
            isForeign ? h("div.facts.muted", {}, "linked from ", h("a", { href: versionLink(version) }, versionName(version))) : null,
            h("div.tags.version-labels", {}, labels(member.aliases, "aliases", "alias", isForeign ? { may: false } : { fixed: ["latest"] }), labels(version.tags, "tags", "tag", { kind: "" })),
            version.state === "pending" ? h("div.banner", { role: "status" }, "A program is still writing this version: files may be missing.") : null,
            version.state === "deleted" ? h("div.banner", { role: "status" }, "This version was deleted. What it was is kept; its files may be gone.") : null);
    }

    /** As W&B's client is told it. @param alias or vN */
    wholeName(alias) {
        const { experiment, member } = this;
        return `${experiment.workspace ?? "default"}/${experiment.name}/${member.collection}:${alias}`;
    }

    async drawTab() {
        const { tab } = this;
        fill(this.tabs, Object.keys(TABS).map((one) => h("a", { href: this.link(one), "aria-current": one === tab ? "page" : null }, one,
            one === "files" ? h("span.tab-count", {}, ` ${this.version.fileCount}`) : null)));
        this.view = this.onArtifacts = this.onChange = this.notesKey = null;
        const body = h("div.tab-part", {}, skeleton(4));
        fill(this.body, body);
        try {
            const { draw } = await TABS[tab]();
            if (body.isConnected) this.view = await draw(body, this);
        } catch (error) {
            if (body.isConnected) fill(body, errorBox(error, () => this.drawTab()));
        }
    }

    async remove() {
        const { version } = this, name = versionName(version), others = version.aliases.filter((one) => one !== "latest");
        if (!await confirmDialog(`Delete ${name}?`, `Its ${plural(version.fileCount, "file")} (${bytes(version.size)}) go with it`
            + `${others.length ? `, and nothing is ${others.join(", ")} any more` : ""}. Runs stay.`, "Delete")) return;
        try {
            await artifacts.deleteVersion(version.id);
            this.shell.toast(`${name} deleted`);
            navigate(href(["e", this.experiment.id, "artifacts", this.collection.id]));
        } catch (error) {
            this.shell.fail(error);
        }
    }

    update(route) {
        const before = this.tab;
        this.route = route;
        if (!this.version) return;
        if (before !== this.tab || !this.view?.update) this.drawTab();
        else this.view.update(route);
    }

    close() {
        this.isClosed = true;
        this.live.close();
        this.refresh.cancel();
        this.view?.close?.();
    }
}
