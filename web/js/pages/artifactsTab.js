// "Which data and models came of this, and what is the newest?": the collections of an experiment by their types.
import { coalesced, copyBox, debounced, emptyBox, errorBox, fill, h, href, server, setQuery, skeleton } from "../dom.js";
import { grouped, plural } from "../format.js";
import { subscribe } from "../live.js";
import * as artifacts from "../artifacts.js";
import { styleSheet } from "../streams.js";
import { age, chips, rowKeys, sizes, stateNote, versionLink } from "../components/versions.js";

/** Rows that are drawn at once. */
const MOST = 150;
/** What the client logs by itself: folded at first, below what people made. */
const isInner = (type) => type === "job" || type === "run_table" || type.startsWith("wandb-");
/** Types whose rows are not as they are at first: what is open is remembered while one goes to a version and back. */
const turned = new Set();

/** The lines that make a first version. @param experiment */
export const firstVersion = ({ name, workspace }) => copyBox(`export WANDB_BASE_URL=${server}
python - <<'EOF'
import wandb
with wandb.init(entity=${JSON.stringify(workspace ?? "default")}, project=${JSON.stringify(name)}) as run:
    artifact = wandb.Artifact("first-data", type="dataset")
    with artifact.new_file("hello.txt") as file:
        file.write("hello")
    run.log_artifact(artifact)
EOF`, "Copy the first lines");

class ArtifactsTab {
    constructor(root, page) {
        Object.assign(this, { root, page });
        this.filter = h("input.input.filter", {
            type: "search", placeholder: "Filter by name, type, alias or tag", "aria-label": "Filter artifacts", spellcheck: "false",
            value: page.route.query.get("find") ?? "",
        });
        this.filter.addEventListener("input", debounced(() => {
            setQuery({ find: this.filter.value }, { silent: true });
            this.draw();
        }, 60));
        this.count = h("span.muted.count", { role: "status" });
        this.body = h("div", {}, skeleton(6));
        fill(root, h("div.toolbar", { hidden: true }, this.filter, this.count), this.body);
        this.keys = { "/": { label: "Filter", run: () => this.filter.focus() }, ...rowKeys(this.body, "artifact") };
        this.refresh = coalesced(() => this.load(), 1_000);
        this.live = subscribe([`experiment:${page.experiment.id}:artifacts`], this.refresh);
        this.live.ready.then(() => this.load());
    }

    async load() {
        try {
            const [list] = await Promise.all([artifacts.collections(this.page.experiment.id), styleSheet("artifacts")]);
            this.list = list.sort((a, b) => b.updatedAt - a.updatedAt);
        } catch (error) {
            if (!this.list) fill(this.body, errorBox(error, () => this.load()));
            return;
        }
        if (this.root.isConnected) this.draw();
    }

    draw() {
        const { list } = this;
        if (!list) return;
        this.filter.parentNode.hidden = !list.length;
        if (!list.length) {
            fill(this.body, emptyBox("No artifacts yet: no data sets or models with versions. This makes one:", firstVersion(this.page.experiment)));
            return;
        }
        const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
        const found = list.filter((one) => {
            const text = [one.name, one.type, one.description, ...one.tags, ...one.latest?.aliases ?? []].join(" ").toLowerCase();
            return words.every((word) => text.includes(word));
        });
        this.count.textContent = words.length ? `${grouped(found.length)} of ${plural(list.length, "artifact")}` : plural(list.length, "artifact");
        const types = [...new Set(found.map((one) => one.type))].sort((a, b) => isInner(a) - isInner(b) || (a < b ? -1 : 1));
        let room = MOST;
        const bodies = types.map((type) => {
            const all = found.filter((one) => one.type === type);
            const isOpen = words.length > 0 || isInner(type) === turned.has(type);
            const shown = isOpen ? all.slice(0, room) : [];
            room -= shown.length;
            return h("tbody", {}, h("tr.group", {}, h("th", { colspan: 7, scope: "rowgroup" }, h("button.fold-branch", {
                type: "button", "aria-expanded": String(isOpen), data: { type }, on: { click: () => this.turn(type) },
            }, h("span.fold-mark", { "aria-hidden": "true" }, isOpen ? "▾" : "▸"), h("b", {}, type), h("span.muted", {}, ` ${grouped(all.length)}`)))),
            shown.map(row), isOpen && shown.length < all.length ? h("tr", {}, h("td.muted", { colspan: 7 }, `${grouped(all.length - shown.length)} more; filter for them.`)) : null);
        });
        fill(this.body, found.length ? h("div.scroll-x", {}, h("table.list.versions", {}, h("thead", {}, h("tr", {},
            ["artifact", "latest", "versions", "files", "size", "tags", "updated"].map((head, index) =>
                h("th", { scope: "col", class: [null, null, "n wide-col", "n wide-col", "n", "wide-col", null][index] }, head)))), bodies))
            : h("p.muted", {}, "Nothing matches."));
    }

    turn(type) {
        if (!turned.delete(type)) turned.add(type);
        this.draw();
        this.body.querySelector(`[data-type=${CSS.escape(type)}]`)?.focus();
    }

    update() {
        const text = this.page.route.query.get("find") ?? "";
        if (text === this.filter.value || document.activeElement === this.filter) return;
        this.filter.value = text;
        this.draw();
    }

    close() {
        this.live.close();
        this.refresh.cancel();
    }
}

function row(one) {
    const { latest } = one;
    return h("tr", {},
        h("td.name", { title: one.description || null }, h("a", { href: href(["e", one.experimentID, "artifacts", one.id]), data: { row: "" } }, one.name),
            one.kind === "portfolio" ? h("span.muted", { title: "Versions of other artifacts are linked into it" }, " portfolio") : null),
        h("td", {}, latest ? [h("a", { href: versionLink(latest) }, `v${latest.number}`), " ", chips(latest.aliases), stateNote(latest)] : h("span.muted", {}, "–")),
        h("td.n.wide-col", {}, grouped(one.versionCount)), latest ? sizes(latest) : [h("td.wide-col"), h("td")],
        h("td.wide-col", {}, chips(one.tags, "")), h("td", {}, age(one.updatedAt)));
}

export { ArtifactsTab as Tab };
