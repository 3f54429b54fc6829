// What is different between two versions: files with their sizes, and metadata.
import { emptyBox, errorBox, fill, h, setQuery, skeleton } from "../dom.js";
import { bytes, grouped, plural } from "../format.js";
import * as artifacts from "../artifacts.js";
import { formDialog } from "../components/dialog.js";
import { flat, text, versionLink, versionName } from "../components/versions.js";

/** Rows that are drawn, and versions that are offered. */
const MOST = 250, OFFERED = 50;
const SIGNS = { changed: ["~", "warn"], added: ["+", "good"], removed: ["−", "bad"] };

/** @param root @param page that of the version */
export async function draw(root, page) {
    const { version } = page;
    const wanted = page.route.query.get("to") ?? "";
    const list = (await artifacts.versions(version.collectionID, OFFERED)).filter((one) => one.id !== version.id);
    // The one before it, where no other is asked for.
    const other = /^[0-9a-f]{32}$/.test(wanted) ? await artifacts.version(wanted)
        : wanted ? list.find((one) => one.number === Number(wanted)) ?? await artifacts.numbered(version.collectionID, Number(wanted))
            : list.find((one) => one.number < version.number && one.state === "committed") ?? list.find((one) => one.state === "committed");
    if (wanted && !other) throw new Error(`${version.collection} has no version v${wanted}`);
    const isOwn = other && other.collectionID === version.collectionID;
    const known = isOwn && !list.some((one) => one.id === other.id) ? [...list, other] : list;
    const choice = h("select.input", { "aria-label": "Compare with", on: { change: () => {
        if (choice.value) setQuery({ to: choice.value }, { push: true });
        else askOther(page, () => { choice.value = value; });
    } } }, known.map((one) => h("option", { value: one.number }, `v${one.number}${one.aliases.length ? ` (${one.aliases.join(", ")})` : ""}`)),
    other && !isOwn ? h("option", { value: other.id }, versionName(other)) : null, h("option", { value: "" }, "another artifact…"));
    const value = choice.value = other ? isOwn ? other.number : other.id : "";
    const body = h("div", {}, skeleton(4));
    fill(root, h("div.toolbar", {}, h("label.row", {}, "compared with", choice), other ? h("a", { href: versionLink(other) }, versionName(other)) : null), body);
    if (!other) fill(body, emptyBox("There is no other version to compare with yet."));
    else await compare(body, page, other);
    return { update: () => page.drawTab() };
}

function askOther(page, giveUp) {
    const dialog = formDialog("Compare with another artifact", [{ name: "name", label: "Name and version", required: true, hint: "As in other-data:v3 or other-data:latest, of this experiment" }], "Compare", async ({ name }) => {
        const [, collection, alias] = /^(.*?)(?::([^:]*))?$/.exec(name.trim());
        const { version } = await artifacts.named(page.experiment.id, collection, alias || "latest");
        if (!version) throw new Error(`There is no ${collection}:${alias || "latest"} in this experiment`);
        setQuery({ to: version.id }, { push: true });
    });
    dialog.addEventListener("close", giveUp);
}

async function compare(host, page, other) {
    const { version } = page;
    let files;
    try {
        files = await artifacts.difference(version.id, other.id);
    } catch (error) {
        fill(host, errorBox(error, () => compare(host, page, other)));
        return;
    }
    const { added, removed, changed } = files;
    const change = version.size - other.size;
    const count = (list, kind, noun) => list.length ? [h("b", { class: SIGNS[kind][1] }, `${SIGNS[kind][0]}${grouped(list.length)}`), ` ${noun}, `] : null;
    const rows = [
        ...changed.map((one) => ["changed", one.path, one.otherSize, one.size]),
        ...added.map((one) => ["added", one.path, null, one.size]), ...removed.map((one) => ["removed", one.path, one.size, null])];
    fill(host, h("section", {}, h("h2", {}, "Files"), h("p.facts", {}, count(changed, "changed", "changed"), count(added, "added", "added"), count(removed, "removed", "removed"),
        `${plural(files.unchanged, "file")} the same · ${bytes(other.size)} → ${bytes(version.size)}`, change ? ` (${signed(change)})` : ""),
    files.isCut ? h("p.banner", {}, "There are more differences than the server tells at once: this is a part of them.") : null,
    rows.length ? grid(["file", "before", "after", "change"], rows.slice(0, MOST).map(([kind, path, before, after]) => line(kind, fileName(page, other, kind, path),
        [bytes(before), bytes(after), kind === "changed" ? before === after ? "same size" : signed(after - before) : signed((after ?? 0) - (before ?? 0))], true)))
        : h("p.muted", {}, "No file differs."), rows.length > MOST ? h("p.muted.rest", {}, `The first ${grouped(MOST)} of ${grouped(rows.length)} are shown.`) : null),
    metadata(version, other));
}

const signed = (size) => size < 0 ? `−${bytes(-size)}` : `+${bytes(size)}`;

const fileName = (page, other, kind, path) => h("a", { href: versionLink(kind === "removed" ? other : page.version, ["files"], { file: path }) }, path);

const grid = (heads, rows) => h("div.scroll-x", {}, h("table.list.versions", {}, h("thead", {}, h("tr", {}, heads.map((head, index) =>
    h("th", { scope: "col", class: heads.length > 3 && index ? "n" : null }, head)))), h("tbody", {}, rows)));

const line = (kind, name, cells, isNumeric) => h("tr", {}, h("td.name", {}, h("b.sign", { class: SIGNS[kind][1], role: "img", "aria-label": kind, title: kind }, SIGNS[kind][0]), name),
    cells.map((cell) => h("td", { class: isNumeric ? "n" : "value-cell" }, cell)));

function metadata(version, other) {
    const before = new Map(flat(other.metadata)), after = new Map(flat(version.metadata));
    const rows = [...new Set([...after.keys(), ...before.keys()])].map((key) => {
        const kind = !before.has(key) ? "added" : !after.has(key) ? "removed" : "changed";
        return [kind, key, before.has(key) ? text(before.get(key)) : "–", after.has(key) ? text(after.get(key)) : "–"];
    }).filter(([kind, key]) => kind !== "changed" || JSON.stringify(before.get(key)) !== JSON.stringify(after.get(key)));
    return h("section.below", {}, h("h2", {}, "Metadata"), rows.length
        ? grid(["key", "before", "after"], rows.slice(0, MOST).map(([kind, key, ...cells]) => line(kind, h("span", {}, key), cells, false)))
        : h("p.muted", {}, after.size ? "All of it is the same." : "Neither has any."));
}
