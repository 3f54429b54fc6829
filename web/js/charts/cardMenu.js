// What can be taken away from a card: a picture, every point, a link, and its numbers as a table.
import { h, fill, copyText, errorBox, saveBlob } from "../dom.js";
import { grouped, number } from "../format.js";
import * as api from "../api.js";
import { history } from "../files.js";
import { openDialog } from "../components/dialog.js";
import { metricOf } from "./chartState.js";

const TITLE = 28;

const fileName = (card, ending) => `${card.pair.name.replace(/[^\w.-]+/g, "_") || "chart"}.${ending}`;

/** The card as a picture with its name and its background, as sharp as it is on the screen. @returns {Promise<Blob>} */
export function picture(card) {
    const { base } = card.chart;
    const scale = devicePixelRatio || 1;
    const canvas = h("canvas", { width: base.width, height: base.height + TITLE * scale });
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    pen.fillStyle = style.getPropertyValue("--bg");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = style.getPropertyValue("--fg");
    pen.font = `600 ${13 * scale}px system-ui, "DejaVu Sans", sans-serif`;
    pen.fillText(titleOf(card), 10 * scale, 19 * scale);
    pen.drawImage(base, 0, TITLE * scale);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** The card as a drawing that has no pixels. @returns {Blob} */
export function drawing(card) {
    return new Blob([card.chart.svg({ title: titleOf(card), top: TITLE })], { type: "image/svg+xml" });
}

const titleOf = (card) => `${card.pair.title}${card.note.textContent ? `  ${card.note.textContent.replace(" · show all", "")}` : ""}`;

/** Every point of every line of the card. @param format @returns {Promise<Blob>} */
export async function points(card, format) {
    const parts = format === "csv" ? ["run,name,metric,step,time,value\n"] : ["["];
    for (const [index, line] of card.series.entries()) {
        const text = await history(line.run, line.key, format);
        if (format === "csv") {
            const head = [line.run, line.name, line.key].map(cell).join(",");
            parts.push(text.trimEnd().split("\n").slice(1).map((row) => `${head},${row}\n`).join(""));
        } else {
            parts.push(index ? ",\n" : "\n", `{"run":${JSON.stringify(line.run)},"name":${JSON.stringify(line.name)},`
                + `"metric":${JSON.stringify(line.key)},"points":${text.trim()}}`);
        }
    }
    if (format === "json") parts.push("\n]\n");
    return new Blob(parts, { type: format === "csv" ? "text/csv" : "application/json" });
}

// A cell that begins as a formula would be run by a spreadsheet.
function cell(text) {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll("\"", "\"\"")}"` : safe;
}

/** The address of what is seen with this card alone. */
export function cardLink(card) {
    const url = new URL(location.href);
    const keys = card.pair.keys.map(({ key }) => key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    url.searchParams.set("m", `^(${keys.join("|")})$`);
    return url.href;
}

/** The numbers behind the drawing, one line at a time: all their digits, and columns that no line shows. */
export function showTable(card) {
    const host = h("div.data-table");
    const choice = h("select.input", { "aria-label": "Line", on: { change: () => draw() } },
        card.series.map((line, index) => h("option", { value: index }, `${line.label} · ${line.key}`)));
    let rows = [];
    const draw = async () => {
        const line = card.series[Number(choice.value)];
        try {
            const series = await wholeOf(card, line);
            if (line !== card.series[Number(choice.value)]) return;
            rows = tableRows(series);
            fill(host, h("table.list", {},
                h("caption", {}, `${line.key} of ${line.label}: ${grouped(series.count)} points`
                    + (series.n.some((count) => count > 1) ? "; each row is a stretch of them, every point is in the CSV" : "")),
                h("thead", {}, h("tr", {}, ["from", "to", "mean", "min", "max", "last", "points", "NaN"].map((head) => h("th.n", { scope: "col" }, head)))),
                h("tbody", {}, rows.map((row) => h("tr", {}, row.map((value) => h("td.n", {}, number(value, 6))))))));
        } catch (error) {
            fill(host, errorBox(error, draw));
        }
    };
    const copy = h("button.button", { type: "button", on: { click: () => {
        copyText(rows.map((row) => row.map((value) => value ?? "").join("\t")).join("\n"));
        copy.textContent = "Copied";
    } } }, "Copy");
    openDialog(`${card.pair.title}: data`, () => [h("div.row", {}, choice, copy), host], { wide: true });
    return draw();
}

/** What the server knows of a line where it is looked at. */
async function wholeOf(card, line) {
    const { axis, panel } = card;
    const origin = line.origin ?? 0;
    // Over a metric the rows are those of the steps.
    const range = metricOf(axis) ? null : card.range, [from, to] = (range ?? []).map((x) => x + origin);
    const { series: [found] } = await api.series({
        runs: [line.run], keys: [line.key], axis: axis === "relativeStep" || metricOf(axis) ? "step" : axis, buckets: panel.size,
        ...range ? { from: Math.floor(from), to: Math.ceil(to) } : {},
    });
    const shifted = (xs) => xs.map((x) => x - origin);
    return found ? { ...found, firstX: shifted(found.firstX), lastX: shifted(found.lastX) } : { count: 0, n: [], firstX: [] };
}

function tableRows(line) {
    return line.firstX.map((from, index) => [from, line.lastX[index], line.mean[index], line.min[index], line.max[index],
        line.last[index], line.n[index], line.nan[index]]);
}

/** The menu of a card. */
export function cardMenu(name, cardOf, fail) {
    const menu = h("details.menu");
    const entry = (label, run) => h("button.menu-item", { type: "button", role: "menuitem", on: { click: async () => {
        menu.open = false;
        try {
            await run(cardOf());
        } catch (error) {
            fail(error);
        }
    } } }, label);
    const save = (ending, make) => async (card) => saveBlob(await make(card), fileName(card, ending));
    fill(menu, h("summary", { "aria-label": `Menu of ${name}`, title: "Picture, points, link, table" }, "⋯"), h("div", { role: "menu" },
        entry("PNG picture", save("png", picture)),
        entry("SVG drawing", save("svg", drawing)),
        entry("CSV, every point", save("csv", (card) => points(card, "csv"))),
        entry("JSON, every point", save("json", (card) => points(card, "json"))),
        entry("Copy link to this chart", (card) => copyText(cardLink(card))),
        entry("See data table", showTable)));
    menu.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !menu.open) return;
        event.stopPropagation();
        menu.open = false;
        menu.firstChild.focus();
    });
    const outside = (event) => {
        if (!menu.contains(event.target)) menu.open = false;
    };
    menu.addEventListener("toggle", () => {
        document[menu.open ? "addEventListener" : "removeEventListener"]("pointerdown", outside);
    });
    return menu;
}
