// A table that a run logged: sorted by any column, filtered by words; only rows in view are elements.
import { debounced, fill, h, setText } from "../dom.js";
import { grouped, number, plural } from "../format.js";
import { kindOf } from "./values.js";

/** Heights of rows, in pixels: a picture is six less. */
const ROW = 26, PICTURE = 70;
const COLUMNS = 60;
const SPARE = 6;
const LONGEST = 300;

const textOf = (cell) => cell === null || cell === undefined ? "" : typeof cell === "object" ? JSON.stringify(cell) : String(cell);

/**
 * @param data {columns, data} as the file has it
 * @param media makes an element of a media value
 */
export function tableView({ columns, data }, media) {
    const shown = columns.slice(0, COLUMNS).map(String);
    const sample = data.slice(0, 200);
    const isMedia = shown.map((_, index) => sample.some((row) => row[index]?._type && row[index].path));
    const isPicture = shown.map((_, index) => isMedia[index] && sample.some((row) => kindOf(row[index]) === "image" || /\.gif$/i.test(row[index]?.path ?? "")));
    const isNumber = shown.map((_, index) => sample.some((row) => typeof row[index] === "number") && sample.every((row) => [null, undefined, "NaN", "Infinity", "-Infinity"].includes(row[index]) || typeof row[index] === "number"));
    const widths = shown.map((name, index) => isMedia[index] ? isPicture[index] ? "112px" : "24ch" : `${Math.min(36, Math.max(name.length + 3, ...sample.map((row) => isNumber[index] ? number(row[index], 6).length : textOf(row[index]).length)) + 2)}ch`);
    const height = isPicture.some(Boolean) ? PICTURE : ROW;
    let rows = data, sorted = -1, isDown = false;

    const field = h("input.input", { type: "search", placeholder: "Filter rows", "aria-label": "Filter rows" });
    const count = h("span.muted.count");
    const head = h("div.table-head", { role: "row" });
    const body = h("div.table-body", { role: "rowgroup" });
    const grid = h("div.table-grid", { role: "table", tabindex: 0, "aria-label": "Rows", on: { scroll: () => draw() } }, head, body);
    // Columns are as wide as they say: rows that come into view must not move them.
    grid.style.setProperty("--cols", widths.join(" "));
    grid.style.setProperty("--table-row", `${height}px`);

    const cell = (value, index) => {
        if (isMedia[index] && value?.path) return h("div.table-cell", { role: "cell" }, media(value));
        const text = isNumber[index] ? number(value, 6) : textOf(value);
        return h("div.table-cell", { role: "cell", class: isNumber[index] ? "n" : null, title: text.length > 20 ? text.slice(0, 2_000) : null }, text.slice(0, LONGEST));
    };
    const draw = () => {
        const first = Math.max(0, Math.floor(grid.scrollTop / height) - SPARE);
        const last = Math.min(rows.length, first + Math.ceil((grid.clientHeight || 400) / height) + 2 * SPARE);
        fill(body, Array.from({ length: Math.max(0, last - first) }, (_, offset) => {
            const row = h("div.table-row", { role: "row", class: (first + offset) % 2 ? "odd" : null }, shown.map((_, index) => cell(rows[first + offset][index], index)));
            row.style.top = `${(first + offset) * height}px`;
            return row;
        }));
    };
    const rank = (value) => typeof value === "number" ? 0 : value === null || value === undefined || value === "" ? 2 : 1;
    const arrange = () => {
        const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
        rows = words.length ? data.filter((row) => {
            const text = row.map(textOf).join(" ").toLowerCase();
            return words.every((word) => text.includes(word));
        }) : data;
        if (sorted >= 0) {
            const sign = isDown ? -1 : 1;
            const key = isNumber[sorted] ? (row) => typeof row[sorted] === "number" ? row[sorted] : null : (row) => row[sorted] === null || row[sorted] === undefined ? null : textOf(row[sorted]);
            rows = rows.map((row) => [key(row), row]).sort(([a], [b]) => rank(a) === 2 || rank(b) === 2 ? rank(a) - rank(b) : a < b ? -sign : a > b ? sign : 0).map(([, row]) => row);
        }
        setText(count, rows.length === data.length ? plural(data.length, "row") : `${grouped(rows.length)} of ${plural(data.length, "row")}`);
        body.style.height = `${rows.length * height}px`;
        grid.scrollTop = 0;
        draw();
    };
    const heads = () => fill(head, shown.map((name, index) => h("div.table-cell", {
        role: "columnheader", class: isNumber[index] ? "n" : null, "aria-sort": index !== sorted ? null : isDown ? "descending" : "ascending",
    }, h("button", { type: "button", title: `Sort by ${name}`, on: { click: () => {
        // Up, down, as it was.
        if (sorted !== index) [sorted, isDown] = [index, false];
        else if (!isDown) isDown = true;
        else sorted = -1;
        heads();
        head.children[index].firstChild.focus();
        arrange();
    } } }, name, h("span.arrow", { "aria-hidden": "true" }, index !== sorted ? "" : isDown ? " ▼" : " ▲")))));
    field.addEventListener("input", debounced(arrange, 80));
    heads();
    arrange();
    grid.style.height = `${Math.min(360, 28 + data.length * height + 16)}px`;
    requestAnimationFrame(draw);
    return h("div.table-view", {}, h("div.row", {}, data.length > 5 ? field : null, count,
        columns.length > COLUMNS ? h("span.muted", {}, `the first ${COLUMNS} of ${grouped(columns.length)} columns`) : null), grid);
}
