// The files of a run: a tree, and a look at the beginning of one.
import { copyBox, errorBox, fill, h, icon, setQuery } from "../dom.js";
import { bytes, grouped } from "../format.js";
import { markdown } from "../md.js";
import { delimited } from "../csv.js";
import * as api from "../api.js";

const PREVIEW = 200_000;
const ROWS = 500;
const COLUMNS = 60;
const LARGEST_IMAGE = 20_000_000;
const PICTURE = /\.(png|jpe?g|gif|webp|svg|bmp|avif|ico)$/i;
const BINARY = /\.(pt|pth|ckpt|pkl|bin|onnx|zip|tar|gz|zst|h5|hdf5|safetensors|parquet|arrow|npy|npz|keras|pdf|joblib|npz|pb|index|so|whl|7z|xz|bz2|db|sqlite)$/i;

/** @param root @param page the run page */
export async function drawArtifacts(root, page) {
    const tree = h("ul.tree"), preview = h("div.preview", {}, h("p.muted", {}, "Choose a file to look at it."));
    const view = { tree, preview, page, wanted: page.route.query.get("file") ?? "" };
    fill(root, h("div.artifacts", {}, tree, preview));
    // Files that come while the page is open: the folders that are open are listed again.
    page.onArtifacts = () => refresh(view, tree, "");
    await folder(view, tree, "");
    if (view.wanted && preview.dataset.path !== view.wanted) fill(preview, h("p.muted", {}, "There is no file ", h("code", {}, view.wanted), " in this run."));
}

async function folder(view, list, path) {
    try {
        const { entries } = await api.artifacts(view.page.id, path);
        list.dataset.names = JSON.stringify(entries.map((entry) => [entry.name, entry.size]));
        const lines = entries.map((entry) => entry.isFolder ? folderLine(view, entry) : fileLine(view, entry));
        fill(list, lines, entries.length ? null : path ? h("li.muted", {}, "No files.") : h("li", {}, h("p.muted", {}, "No files yet. This puts one here:"),
            copyBox("mlflow.log_artifact(\"plot.png\")")));
        await Promise.all(entries.filter((entry) => entry.isFolder && view.wanted.startsWith(`${entry.path}/`))
            .map((entry) => open(view, lines[entries.indexOf(entry)], entry)));
    } catch (error) {
        fill(list, errorBox(error, () => folder(view, list, path)));
    }
}

/** Lists again what has changed, and leaves folders open that are open. */
async function refresh(view, list, path) {
    try {
        const { entries } = await api.artifacts(view.page.id, path);
        const names = JSON.stringify(entries.map((entry) => [entry.name, entry.size]));
        const known = new Map([...list.children].map((line) => [line.dataset.path, line]));
        if (names !== list.dataset.names) {
            list.dataset.names = names;
            fill(list, entries.map((entry) => entry.isFolder ? known.get(entry.path) ?? folderLine(view, entry) : fileLine(view, entry)));
        }
        for (const line of list.children) {
            const inner = line.querySelector(":scope > details[open] > ul");
            if (inner) refresh(view, inner, line.dataset.path);
        }
    } catch {
        // What is listed stays; the next event asks again.
    }
}

function open(view, line, entry) {
    const details = line.firstChild, inner = details.lastChild;
    details.dataset.isRead = "1";
    details.open = true;
    return folder(view, inner, entry.path);
}

function folderLine(view, entry) {
    const line = h("li", { data: { path: entry.path } });
    const toggled = (event) => event.target.open && !event.target.dataset.isRead && open(view, line, entry);
    fill(line, h("details", { on: { toggle: toggled } }, h("summary", {}, icon("folder"), entry.name), h("ul.tree")));
    return line;
}

function fileLine(view, entry) {
    const button = h("button.link.file", { type: "button", title: entry.path, on: { click: () => {
        view.wanted = entry.path;
        setQuery({ file: entry.path }, { silent: true });
        choose();
        // On a narrow screen the file stands below the tree.
        if (view.preview.getBoundingClientRect().top > innerHeight * 0.6) view.preview.scrollIntoView({ block: "start", behavior: "smooth" });
    } } }, entry.name);
    const choose = () => {
        view.tree.querySelector("[aria-current]")?.removeAttribute("aria-current");
        button.setAttribute("aria-current", "true");
        look(view.preview, view.page, entry);
    };
    if (view.preview.dataset.path === entry.path) button.setAttribute("aria-current", "true");
    else if (view.wanted === entry.path) choose();
    return h("li.file-line", { data: { path: entry.path } }, button, h("span.muted", {}, bytes(entry.size)));
}

async function look(preview, page, entry) {
    preview.dataset.path = entry.path;
    const inline = api.artifactURL(page.id, entry.path, true);
    const digest = String(entry.digest ?? "");
    fill(preview, h("div.row.preview-head", {}, h("h2", {}, entry.path), h("span.muted", {}, bytes(entry.size)),
        h("a.button", { href: api.artifactURL(page.id, entry.path), download: entry.name }, icon("down"), "download")),
    digest ? h("p.muted", {}, h("code.digest", { title: "SHA-256 of the file" }, digest)) : null);
    if (PICTURE.test(entry.name)) preview.append(picture(preview, page, entry, inline));
    else if (/\.(mp4|webm)$/i.test(entry.name)) preview.append(h("video", { src: inline, controls: true }));
    else if (/\.(wav|mp3|ogg|flac)$/i.test(entry.name)) preview.append(h("audio", { src: inline, controls: true }));
    else if (/\.html?$/i.test(entry.name)) preview.append(framed(preview, page, entry, inline));
    else if (BINARY.test(entry.name)) preview.append(h("p.muted", {}, "No preview of this kind of file."));
    else await lookAtText(preview, page, entry);
}

function picture(preview, page, entry, inline) {
    if (entry.size > LARGEST_IMAGE) return h("p.muted", {}, "Too large a picture to show here; download it.");
    const image = h("img", { src: inline, alt: entry.name });
    image.addEventListener("error", () => {
        image.remove();
        if (/\.svg$/i.test(entry.name)) lookAtText(preview, page, entry);
        else preview.append(h("p.muted", {}, "This file is not a picture that the browser can draw."));
    });
    return image;
}

/** A page of others, in a frame without scripts, forms, cookies or a way out of it; its source is a click away. */
function framed(preview, page, entry, inline) {
    const frame = h("iframe.page-frame", { src: inline, sandbox: "", title: entry.name, referrerpolicy: "no-referrer" });
    const source = h("div");
    const button = h("button.button", { type: "button", "aria-pressed": "false", on: { click: () => {
        const isSource = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(isSource));
        frame.hidden = isSource;
        fill(source);
        if (isSource) lookAtText(source, page, entry, preview);
    } } }, "Source");
    return h("div.framed", {}, h("div.row", {}, button, h("span.muted", {}, "Scripts do not run here; download the page to run them.")), frame, source);
}

async function lookAtText(preview, page, entry, owner = preview) {
    try {
        const { text, isWhole } = await api.artifactText(page.id, entry.path, PREVIEW);
        if (owner.dataset.path !== entry.path) return;
        const isTable = /\.(csv|tsv)$/i.test(entry.name);
        if (text.includes("\0")) fill(preview, [...preview.children], h("p.muted", {}, "No preview: this is not text."));
        else if (isTable) preview.append(...tableOf(text, isWhole, entry));
        else if (/\.(md|markdown)$/i.test(entry.name)) preview.append(markdown(text), part(isWhole, entry));
        else preview.append(part(isWhole, entry), h("pre", { tabindex: 0 }, readable(text, isWhole, entry.name)));
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
