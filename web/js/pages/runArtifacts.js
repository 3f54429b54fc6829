// The files of a run or of a version: a tree, and a look at the beginning of one.
import { copyBox, errorBox, fill, h, icon, setQuery } from "../dom.js";
import { bytes, grouped } from "../format.js";
import { markdown } from "../md.js";
import { delimited } from "../csv.js";
import { fileText, fileURL, files } from "../files.js";

const PREVIEW = 200_000;
const ROWS = 500;
const COLUMNS = 60;
const LARGEST_IMAGE = 20_000_000;
const PICTURE = /\.(png|jpe?g|gif|webp|svg|bmp|avif|ico)$/i;
const BINARY = /\.(pt|pth|ckpt|pkl|bin|onnx|zip|tar|gz|zst|h5|hdf5|safetensors|parquet|arrow|npy|npz|keras|pdf|joblib|npz|pb|index|so|whl|7z|xz|bz2|db|sqlite)$/i;

/** How many of a folder are listed at once. */
const LISTED = 500;

/**
 * @param root @param page that of the run or of the version
 * @param {{owner: string[], what: string, hint: Node | null}} of whose files: see files.js
 */
export async function drawArtifacts(root, page, { owner, what, hint }) {
    const tree = h("ul.tree"), preview = h("div.preview", {}, h("p.muted", {}, "Choose a file to look at it."));
    const view = { tree, preview, owner, hint, wanted: page.route.query.get("file") ?? "" };
    fill(root, h("div.files", {}, tree, preview));
    // Files that come while the page is open: the folders that are open are listed again.
    page.onArtifacts = () => refresh(view, tree, "");
    await folder(view, tree, "");
    if (view.wanted && preview.dataset.path !== view.wanted) fill(preview, h("p.muted", {}, "There is no file ", h("code", {}, view.wanted), ` in this ${what}.`));
}

async function folder(view, list, path) {
    try {
        const { entries } = await files(view.owner, path);
        list.dataset.names = namesOf(entries);
        fillList(view, list, entries);
        if (!entries.length) fill(list, !path && view.hint ? h("li", {}, h("p.muted", {}, "No files yet. This puts one here:"), view.hint) : h("li.muted", {}, "No files."));
        await Promise.all([...list.children].filter((line) => line.firstChild.matches("details") && view.wanted.startsWith(`${line.dataset.path}/`))
            .map((line) => open(view, line, line.dataset.path)));
    } catch (error) {
        fill(list, errorBox(error, () => folder(view, list, path)));
    }
}

const namesOf = (entries) => JSON.stringify(entries.map((entry) => [entry.name, entry.size]));

/** Lines of a folder, not all of very many; the one that is wanted is among them. */
function fillList(view, list, entries, known = new Map()) {
    const wanted = entries.findIndex((entry) => view.wanted === entry.path || view.wanted.startsWith(`${entry.path}/`));
    const shown = Math.max(Number(list.dataset.shown ?? LISTED), wanted + 1);
    const more = () => {
        list.dataset.shown = shown + LISTED;
        fillList(view, list, entries, new Map([...list.children].map((line) => [line.dataset.path, line])));
        list.children[shown]?.querySelector("button, summary").focus();
    };
    fill(list, entries.slice(0, shown).map((entry) => entry.isFolder ? known.get(entry.path) ?? folderLine(view, entry) : fileLine(view, entry)),
        entries.length > shown ? h("li.file-line", {}, h("button.link", { type: "button", on: { click: more } }, `${grouped(entries.length - shown)} more …`)) : null);
}

/** Lists again what has changed, and leaves folders open that are open. */
async function refresh(view, list, path) {
    try {
        const { entries } = await files(view.owner, path);
        const names = namesOf(entries);
        const known = new Map([...list.children].map((line) => [line.dataset.path, line]));
        if (names !== list.dataset.names) {
            list.dataset.names = names;
            fillList(view, list, entries, known);
        }
        for (const line of list.children) {
            const inner = line.querySelector(":scope > details[open] > ul");
            if (inner) refresh(view, inner, line.dataset.path);
        }
    } catch {
        // What is listed stays; the next event asks again.
    }
}

function open(view, line, path) {
    const details = line.firstChild, inner = details.lastChild;
    details.dataset.isRead = "1";
    details.open = true;
    return folder(view, inner, path);
}

function folderLine(view, entry) {
    const line = h("li", { data: { path: entry.path } });
    const toggled = (event) => event.target.open && !event.target.dataset.isRead && open(view, line, entry.path);
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
        look(view.preview, view.owner, entry);
    };
    if (view.preview.dataset.path === entry.path) button.setAttribute("aria-current", "true");
    else if (view.wanted === entry.path) choose();
    return h("li.file-line", { data: { path: entry.path } }, button, h("span.muted", {}, bytes(entry.size)));
}

async function look(preview, owner, entry) {
    preview.dataset.path = entry.path;
    const inline = fileURL(owner, entry.path, true), { reference } = entry;
    const digest = String(entry.digest ?? "");
    fill(preview, h("div.row.preview-head", {}, h("h2", {}, entry.path), h("span.muted", {}, bytes(entry.size)),
        reference ? null : h("a.button", { href: fileURL(owner, entry.path), download: entry.name }, icon("down"), "download")),
    digest ? h("p.muted", {}, h("code.digest", { title: "SHA-256 of the file" }, digest)) : null);
    if (reference) preview.append(h("p", {}, "A reference: its bytes are kept elsewhere."), copyBox(reference, "Copy the address"));
    else if (PICTURE.test(entry.name)) preview.append(picture(preview, owner, entry, inline));
    else if (/\.(mp4|webm)$/i.test(entry.name)) preview.append(h("video", { src: inline, controls: true }));
    else if (/\.(wav|mp3|ogg|flac)$/i.test(entry.name)) preview.append(h("audio", { src: inline, controls: true }));
    else if (/\.html?$/i.test(entry.name)) preview.append(framed(preview, owner, entry, inline));
    else if (BINARY.test(entry.name)) preview.append(h("p.muted", {}, "No preview of this kind of file."));
    else await lookAtText(preview, owner, entry);
}

function picture(preview, owner, entry, inline) {
    if (entry.size > LARGEST_IMAGE) return h("p.muted", {}, "Too large a picture to show here; download it.");
    const image = h("img", { src: inline, alt: entry.name });
    image.addEventListener("error", () => {
        image.remove();
        if (/\.svg$/i.test(entry.name)) lookAtText(preview, owner, entry);
        else preview.append(h("p.muted", {}, "This file is not a picture that the browser can draw."));
    });
    return image;
}

/** A page of others, in a frame without scripts, forms, cookies or a way out of it; its source is a click away. */
function framed(preview, owner, entry, inline) {
    const frame = h("iframe.page-frame", { src: inline, sandbox: "", title: entry.name, referrerpolicy: "no-referrer" });
    const source = h("div");
    const button = h("button.button", { type: "button", "aria-pressed": "false", on: { click: () => {
        const isSource = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(isSource));
        frame.hidden = isSource;
        fill(source);
        if (isSource) lookAtText(source, owner, entry, preview);
    } } }, "Source");
    return h("div.framed", {}, h("div.row", {}, button, h("span.muted", {}, "Scripts do not run here; download the page to run them.")), frame, source);
}

async function lookAtText(preview, owner, entry, holder = preview) {
    try {
        const { text, isWhole } = await fileText(owner, entry.path, PREVIEW);
        if (holder.dataset.path !== entry.path) return;
        const isTable = /\.(csv|tsv)$/i.test(entry.name);
        if (text.includes("\0")) fill(preview, [...preview.children], h("p.muted", {}, "No preview: this is not text."));
        else if (isTable) preview.append(...tableOf(text, isWhole, entry));
        else if (/\.(md|markdown)$/i.test(entry.name)) preview.append(markdown(text), part(isWhole, entry));
        else preview.append(part(isWhole, entry), h("pre", { tabindex: 0 }, readable(text, isWhole, entry.name)));
    } catch (error) {
        preview.append(errorBox(error, () => look(preview, owner, entry)));
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
