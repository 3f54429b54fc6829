// The files of a run: a tree, and a look at the beginning of one.
import { h, fill, errorBox } from "../dom.js";
import { bytes, grouped } from "../format.js";
import { markdown } from "../md.js";
import { delimited } from "../csv.js";
import * as api from "../api.js";

const PREVIEW = 200_000;
const ROWS = 500;
const COLUMNS = 60;
const LARGEST_IMAGE = 20_000_000;
const BINARY = /\.(pt|pth|ckpt|pkl|bin|onnx|zip|tar|gz|zst|h5|hdf5|safetensors|parquet|arrow|npy|npz|keras|pdf|mp4|wav|mp3|joblib)$/i;

/** @param {HTMLElement} root @param {object} page the run page */
export async function drawArtifacts(root, page) {
    const tree = h("ul.tree"), preview = h("div.preview", {}, h("p.muted", {}, "Choose a file to look at it."));
    fill(root, h("div.artifacts", {}, tree, preview));
    await folder(tree, preview, page, "");
}

async function folder(list, preview, page, path) {
    try {
        const { entries } = await api.artifacts(page.id, path);
        fill(list, entries.map((entry) => entry.isFolder ? folderLine(entry, preview, page) : fileLine(entry, preview, page, list)),
            entries.length ? null : h("li.muted", {}, path ? "No files." : "No files. mlflow.log_artifact(\"plot.png\") puts one here."));
    } catch (error) {
        fill(list, errorBox(error, () => folder(list, preview, page, path)));
    }
}

function folderLine(entry, preview, page) {
    const inner = h("ul.tree");
    const opened = (event) => event.target.open && !inner.firstChild && folder(inner, preview, page, entry.path);
    return h("li", {}, h("details", { on: { toggle: opened } }, h("summary", {}, entry.name), inner));
}

function fileLine(entry, preview, page) {
    const button = h("button.link", { type: "button", title: entry.path, on: { click: () => {
        button.closest(".artifacts").querySelector("[aria-current]")?.removeAttribute("aria-current");
        button.setAttribute("aria-current", "true");
        look(preview, page, entry);
    } } }, entry.name);
    return h("li", {}, button, h("span.muted", {}, ` ${bytes(entry.size)}`));
}

async function look(preview, page, entry) {
    preview.dataset.path = entry.path;
    const inline = api.artifactURL(page.id, entry.path, true);
    fill(preview, h("h2", {}, entry.path), h("p.muted", {}, `${bytes(entry.size)} `,
        entry.digest ? h("code.digest", {}, String(entry.digest)) : "", " ",
        h("a", { href: api.artifactURL(page.id, entry.path), download: entry.name }, "download")));
    if (/\.(png|jpe?g|gif|webp|svg)$/i.test(entry.name)) preview.append(picture(entry, inline));
    else if (BINARY.test(entry.name)) preview.append(h("p.muted", {}, "No preview of this kind of file."));
    else await lookAtText(preview, page, entry);
}

function picture(entry, inline) {
    if (entry.size > LARGEST_IMAGE) return h("p.muted", {}, "Too large a picture to show here; download it.");
    return h("img", { src: inline, alt: entry.name });
}

async function lookAtText(preview, page, entry) {
    try {
        const { text, isWhole } = await api.artifactText(page.id, entry.path, PREVIEW);
        if (preview.dataset.path !== entry.path) return;
        const isTable = /\.(csv|tsv)$/i.test(entry.name);
        if (text.includes("\0")) fill(preview, [...preview.children], h("p.muted", {}, "No preview: this is not text."));
        else if (isTable) preview.append(...tableOf(text, isWhole, entry));
        else if (/\.(md|markdown)$/i.test(entry.name)) preview.append(markdown(text), part(isWhole, entry));
        else preview.append(part(isWhole, entry), /\.html?$/i.test(entry.name) ? h("p.muted", {}, "Shown as its source: a page of others does not run here.") : "",
            h("pre", {}, readable(text, isWhole, entry.name)));
    } catch (error) {
        preview.append(errorBox(error, () => look(preview, page, entry)));
    }
}

function part(isWhole, entry) {
    return h("p", { class: isWhole ? "muted" : "banner", hidden: isWhole },
        `Only the first ${bytes(PREVIEW)} of ${bytes(entry.size)} are shown; the download has all of it.`);
}

function readable(text, isWhole, name) {
    if (!isWhole || !/\.json$/i.test(name)) return text;
    try {
        return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
        return text;
    }
}

function tableOf(text, isWhole, entry) {
    const all = delimited(text, /\.tsv$/i.test(entry.name) ? "\t" : undefined);
    // The last line of a part may be cut anywhere.
    const [head = [], ...rows] = isWhole || all.length < 2 ? all : all.slice(0, -1);
    const columns = Math.min(COLUMNS, Math.max(head.length, ...rows.slice(0, ROWS).map((row) => row.length)));
    const numeric = Array.from({ length: columns }, (_, index) =>
        rows.length > 0 && rows.slice(0, 50).every((row) => !row[index] || Number.isFinite(Number(row[index]))));
    const line = (name, row) => Array.from({ length: columns }, (_, index) =>
        h(name, { class: numeric[index] ? "n" : null, title: (row[index] ?? "").length > 40 ? row[index] : null }, row[index] ?? ""));
    const shown = rows.slice(0, ROWS);
    const parts = [
        shown.length < rows.length || !isWhole ? `the first ${grouped(shown.length)} rows` : `${grouped(rows.length)} rows`,
        head.length > columns ? `the first ${columns} of ${grouped(head.length)} columns` : `${grouped(head.length)} columns`,
        isWhole ? null : `only the first ${bytes(PREVIEW)} of ${bytes(entry.size)} were read`,
    ].filter(Boolean);
    return [h("p.muted.part", {}, parts.join(" · ")), h("div.file-table", { tabindex: 0 }, h("table.list", {},
        h("thead", {}, h("tr", {}, line("th", head))), h("tbody", {}, shown.map((row) => h("tr", {}, line("td", row))))))];
}
