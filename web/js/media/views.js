// One value that a run logged, as something to look at. What comes from the run is text, a picture, or a page in a locked frame.
import { errorBox, fill, h, icon, isTyping } from "../dom.js";
import { bytes, grouped, number, plural } from "../format.js";
import { openDialog } from "../components/dialog.js";
import { json, send } from "../api.js";
import { fileText, fileURL, files } from "../files.js";
import { objectValues } from "../streams.js";
import { fullWidth, hasOverlays, histogramOf, kindOf, members, ownerOf, pythonJSON } from "./values.js";
import { bars } from "./histogram.js";
import { tableView } from "./tableView.js";

/** Pictures of one step that are shown before one asks for the others. */
const PICTURES = 24;
const LARGEST_TABLE = 30_000_000;
const LONGEST_TEXT = 20_000;
/** Tables that were read, and pieces of such as have many: going back and forth over steps must not read them anew. */
const KEPT = 6, PIECES = 400;
/** Files that are read at a time. */
const AT_ONCE = 6;
/** Rows that are looked at for media. */
const SAMPLE = 50;
const tables = new Map(), pieces = new Map();
/** What W&B's client writes for media where a table stands among the files of its run (wandb 0.31.0, `Table.bind_to_run`). */
const WORDS = new Set(["Image", "Audio", "Video", "Html", "Object3D", "Molecule", "Plotly", "Bokeh"]);

const address = (run, path, isInline) => fileURL(ownerOf(run), path, isInline);

/** @param value as the run logged it @param run id @param [chart] that its table is drawn as @param [key] that it was logged under */
export function view(value, run, chart, key) {
    const kind = kindOf(value);
    if (kind === "text") return textView(value);
    if (kind === "histogram") {
        const histogram = histogramOf(value);
        return histogram ? bars(histogram) : textView(value);
    }
    const list = Array.isArray(value) ? value.flatMap(members) : members(value);
    if (kind === "image") return pictures(list, run, key);
    if (kind === "table") return table(value, run, chart, key);
    const make = { audio, video, page: framed, file, chart: plotly }[kind];
    return h("div.media-list", {}, list.slice(0, PICTURES).map((one) => h("figure", {}, make(one.value, run),
        one.caption ? h("figcaption", {}, one.caption) : null)), list.length > PICTURES ? h("p.muted", {}, `${grouped(list.length - PICTURES)} more`) : null);
}

function textView(value) {
    const text = typeof value === "string" ? value : typeof value === "number" ? number(value, 8) : JSON.stringify(value, null, Array.isArray(value) && JSON.stringify(value).length < 80 ? 0 : 2);
    return h("pre.media-text", { tabindex: 0 }, text.slice(0, LONGEST_TEXT), text.length > LONGEST_TEXT ? h("span.muted", {}, ` … ${grouped(text.length - LONGEST_TEXT)} more characters`) : null);
}

const missing = (path) => h("p.muted.media-missing", { data: { missing: path } }, "The file ", h("code", {}, path), " is not here. It may still be on its way.");

// ---- pictures ----

/** Masks and boxes over pictures that share a legend; only runs that have some load what draws them. */
function overlays(list, run, key) {
    if (!list.some(({ value }) => hasOverlays(value))) return { over: (image) => image, notes: () => null, legend: null };
    const group = import("./overlay.js").then(({ Group }) => new Group(run, key, missing));
    const legend = h("div.overlay-legend");
    group.then((one) => one.showLegend(legend));
    const notes = new Map();
    return {
        legend,
        notes: ({ value }) => {
            if (!notes.has(value)) notes.set(value, hasOverlays(value) ? h("div") : null);
            return notes.get(value);
        },
        over(image, one) {
            if (!hasOverlays(one.value)) return image;
            const place = h("span.overlaid", {}, image);
            group.then((all) => all.add(place, image, one.value, this.notes(one)));
            return place;
        },
    };
}

function pictures(list, run, key) {
    const host = h("div.pictures", { class: list.length === 1 ? "single" : null });
    const shown = (count) => {
        const some = list.slice(0, count), layers = overlays(some, run, key);
        fill(host, some.map((one, index) => picture(one, run, () => enlarge(list, index, run, key), layers)),
            list.length > count ? h("button.button", { type: "button", on: { click: () => shown(list.length) } }, `${grouped(list.length - count)} more pictures`) : null, layers.legend);
    };
    shown(PICTURES);
    return host;
}

function image({ value, caption }, run, onMissing) {
    const picture = h("img", { src: address(run, value.path, true), alt: caption || value.path, loading: "lazy", decoding: "async",
        // The place is kept while the picture is on its way.
        width: value.width || null, height: value.height || null, class: value.width && value.width < 128 ? "pixels" : null });
    picture.addEventListener("error", () => onMissing(missing(value.path)));
    return picture;
}

/** As large as the dialog has room for, and with sharp edges where a pixel becomes larger than two. */
function fitted(picture) {
    picture.addEventListener("load", () => {
        // What lies over a picture sets the width of both.
        if (!picture.closest(".overlaid")) picture.style.setProperty("width", fullWidth({ width: picture.naturalWidth, height: picture.naturalHeight }));
    });
    new ResizeObserver(() => picture.classList.toggle("pixels", picture.clientWidth > 2 * picture.naturalWidth)).observe(picture);
    return picture;
}

function picture(one, run, enlarge, layers, name = one.caption || one.value.path) {
    const figure = h("figure.picture");
    const button = h("button", { type: "button", title: "See it in full size", "aria-label": `See ${name || one.value.path} in full size`, on: { click: enlarge } });
    const shown = image(one, run, (note) => button.replaceWith(note));
    button.append(layers ? layers.over(shown, one) : shown);
    return fill(figure, button, one.caption ? h("figcaption", {}, one.caption) : null, layers?.notes(one));
}

/** In full size; arrows go to the others of the step. */
function enlarge(list, start, run, key) {
    let at = start;
    const host = h("div.full-picture", { tabindex: -1 });
    const show = (by) => {
        at = (at + by + list.length) % list.length;
        const one = list[at], { width, height, path } = one.value;
        const place = h("div.full-place", {}), layers = overlays([one], run, key);
        place.append(layers.over(fitted(image(one, run, (note) => fill(place, note))), one));
        fill(host, place, h("div.row", {},
            list.length > 1 ? [h("button.button", { type: "button", on: { click: () => show(-1) } }, "‹ previous"), h("button.button", { type: "button", on: { click: () => show(1) } }, "next ›"),
                h("span.muted", {}, `${at + 1} of ${list.length}`)] : null,
            h("span", {}, one.caption), width && height ? h("span.muted", {}, `${width} × ${height}`) : null, h("span.spring"),
            h("a.button", { href: address(run, path), download: "" }, icon("down"), "download")), layers.notes(one), layers.legend);
        // What had the focus is gone; keys go on.
        host.focus();
    };
    show(0);
    const dialog = openDialog("Picture", () => host, { wide: true });
    dialog.classList.add("picture-dialog");
    dialog.addEventListener("keydown", (event) => {
        if (isTyping(event)) return;
        if (event.key === "ArrowLeft") show(-1);
        if (event.key === "ArrowRight") show(1);
        if (event.key === "o") toggleOverlays();
    });
}

/** All overlays on or off. */
export const toggleOverlays = () => document.dispatchEvent(new CustomEvent("martlet:overlays"));

// ---- other kinds ----

function sound(tag, value, run) {
    const player = h(tag, { src: address(run, value.path, true), controls: true, preload: "metadata" });
    const host = h("div", {}, player);
    player.addEventListener("error", () => fill(host, missing(value.path), file(value, run)));
    return host;
}

const audio = (value, run) => sound("audio", value, run);

/** A moving picture of the kind GIF is a picture. */
const video = (value, run) => /\.gif$/i.test(value.path) ? picture({ value, caption: "" }, run, () => enlarge([{ value, caption: "" }], 0, run)) : sound("video", value, run);

/** Without scripts, forms, cookies or a way out of it. */
function framed(value, run) {
    return h("div.framed", {}, h("iframe.page-frame.media-frame", { src: address(run, value.path, true), sandbox: "", title: value.path, loading: "lazy", referrerpolicy: "no-referrer" }),
        h("p.muted", {}, "Scripts do not run here. ", h("a", { href: address(run, value.path), download: "" }, "Download the page")));
}

function file(value, run) {
    const path = value.path ?? "";
    return h("p", {}, h("a", { href: address(run, path), download: "" }, path.split("/").at(-1) || path), value.size ? h("span.muted", {}, ` ${bytes(value.size)}`) : null,
        h("span.muted", {}, ` ${value._type ?? ""}`));
}

async function tableFile(path, run) {
    const { text, size, isWhole } = await fileText(ownerOf(run), path, LARGEST_TABLE);
    if (!isWhole) return { size };
    const { columns, data } = pythonJSON(text);
    if (!Array.isArray(columns) || !Array.isArray(data)) throw new Error("This file is no table.");
    return { columns, data: data.filter(Array.isArray), run };
}

/** The id of the version that W&B's client names by an id of its own, or by that of the server in hexadecimal digits. */
async function versionNamed(scheme, name) {
    if (scheme === "wandb-artifact") return String.fromCharCode(...(name.match(/../g) ?? []).map((pair) => parseInt(pair, 16))).split(":")[1];
    const body = { query: "query ($name: ID!) { clientIDMapping(clientID: $name) { serverID } }", variables: { name } };
    const { data } = await (await send("POST", new URL("graphql", document.baseURI).href, { body })).json();
    return data?.clientIDMapping ? atob(data.clientIDMapping.serverID).split(":")[1] : undefined;
}

/** Where the file of a table stands with its media, of the artifact that names it; null where that is not here. */
async function inVersion(link) {
    const [, scheme, name, path] = /^(wandb-(?:client-)?artifact):\/\/([^/:]+)[^/]*\/(.+)$/.exec(link ?? "") ?? [];
    const version = path && await versionNamed(scheme, name);
    // Its files are here once it is committed. That one may not read it is no reason to leave the page.
    const isHere = version && (await json("GET", ["versions", version], { isLogin: true })).state === "committed";
    return isHere ? { path, owner: ["versions", version] } : null;
}

/** The same table with its media instead of words for them; null where they are not here. */
async function mediaTable({ artifact_path: link }) {
    try {
        const place = await inVersion(link);
        return place && await tableFile(place.path, place.owner);
    } catch {
        // A table with words is still a table.
        return null;
    }
}

function keep(kept, most, id, read) {
    kept.set(id, read);
    while (kept.size > most) kept.delete(kept.keys().next().value);
    return read;
}

async function readTable(value, run, key) {
    const id = `${run} ${value.path}`;
    if (tables.has(id)) return tables.get(id);
    const isWhole = !value.previous_increments_paths?.length;
    const own = isWhole ? await tableFile(value.path, run) : await joined(value, run, key);
    const hasWords = isWhole && own.data?.slice(0, SAMPLE).some((row) => row.some((cell) => WORDS.has(cell)));
    const found = hasWords ? await mediaTable(value) : null;
    // What is still on its way is asked for again.
    const isFinal = own.data && !own.missing && (isWhole ? !hasWords || found : own.run !== run);
    return !isFinal ? own : keep(tables, KEPT, id, found?.data ? found : own);
}

/**
 * A table that is logged piece by piece (wandb 0.31.0, `log_mode="INCREMENTAL"`): its artifact has the files of all of
 * them. Before that is here, each is among the files of the run, where an earlier value of the key says.
 */
async function joined(value, run, key) {
    const links = value.previous_increments_paths, place = await inVersion(value.artifact_path).catch(() => null);
    const paths = place ? await pathsInVersion(place.owner, [...links, value.artifact_path]) : [...await pathsInRun(run, key, links), value.path];
    const read = (path) => {
        // The same file is in the artifacts of all later pieces.
        const id = `${run} ${path}`;
        return pieces.get(id) ?? tableFile(path, place?.owner ?? run).then((one) => one.data ? keep(pieces, PIECES, id, one) : null, () => null);
    };
    const parts = [];
    while (parts.length < paths.length) parts.push(...await Promise.all(paths.slice(parts.length, parts.length + AT_ONCE).map((path) => path && read(path))));
    const here = parts.filter(Boolean), gaps = parts.length - here.length;
    if (!here.length) return tableFile(value.path, run);
    const data = here.flatMap((one) => one.data), rows = value.nrows - data.length;
    const missing = gaps ? `${gaps} of ${plural(parts.length, "piece")} of this table ${gaps > 1 ? "are" : "is"} not here${rows > 0 ? `: ${plural(rows, "row")} missing` : ""}.` : "";
    return { columns: here.at(-1).columns, data, missing, run: place?.owner ?? run };
}

async function pathsInVersion(owner, links) {
    const there = new Set((await files(owner)).entries.map((entry) => entry.path));
    return links.map((link) => link.split("/").slice(3).join("/")).map((path) => there.has(path) ? path : null);
}

async function pathsInRun(run, key, links) {
    const known = new Map();
    for (let from = 0, isMore = true; isMore;) {
        const { values, hasMore } = await objectValues(run, key, from, 1_000);
        isMore = hasMore && values.length > 0;
        for (const { step, value } of values) {
            known.set(value?.artifact_path, value?.path);
            from = step + 1;
        }
    }
    return links.map((link) => known.get(link));
}

/** Only runs with charts load what draws them. */
const charts = () => import("./chartView.js");

function plotly(value, run) {
    const host = h("div");
    host.ready = charts().then(({ plotlyView }) => {
        const drawing = plotlyView(value, run, { file, missing });
        fill(host, drawing);
        return drawing.ready;
    });
    return host;
}

/** A medium in a cell of a table: a small picture, or a link to the file and what plays or shows it. */
function inCell(value, run) {
    const kind = kindOf(value), name = value.path.split("/").at(-1), caption = typeof value.caption === "string" ? value.caption : "";
    // No layers and no caption: there is no room.
    if (kind === "image" || /\.gif$/i.test(value.path)) return picture({ value, caption: "" }, run, () => enlarge([{ value, caption }], 0, run), null, caption);
    const make = { audio, video, page: framed }[kind];
    const open = () => openDialog(name, () => [make(value, run), caption ? h("p.muted", {}, caption) : null], { wide: true });
    return [make ? [h("button.link", { type: "button", title: "Open it", "aria-label": `Open ${name}`, on: { click: open } }, kind === "page" ? icon("expand") : "▶"), " "] : null,
        h("a", { href: address(run, value.path), download: "", title: name }, name)];
}

function table(value, run, chart, key) {
    const host = h("div.media-table", {}, h("p.muted", {}, `${grouped(value.nrows ?? 0)} rows, ${grouped(value.ncols ?? 0)} columns …`));
    const read = async () => {
        try {
            const data = await readTable(value, run, key), thumbnail = (cell) => inCell(cell, data.run);
            fill(host, data.missing ? h("p.banner", { data: { missing: "" } }, data.missing) : null, data.data ? chart ? (await charts()).chartView(chart, data, thumbnail) : tableView(data, thumbnail) : [h("p.muted", {}, `This table has ${bytes(data.size)}: too much to show here.`), file(value, run)]);
        } catch (error) {
            fill(host, error.status === 404 ? missing(value.path) : errorBox(error, read));
        }
    };
    host.ready = read();
    return host;
}
