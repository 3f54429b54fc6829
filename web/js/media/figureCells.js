// Bars beside names, and numbers between rows and columns.
import { textWidth } from "../dom.js";
import { number } from "../format.js";
import { tickTexts, ticks } from "../charts/axis.js";
import { extent } from "./figurePlane.js";
import { colorOf, drawn, label } from "./svg.js";

const ROW = 18, GAP = 8, RIGHT = 44, HEAD = 18;
/** Bars that are drawn; the table has all. */
const MOST = 100;
/** Rows and columns of a matrix that are drawn one by one; of more, each cell stands for several. */
const CELLS = 64;

const longest = (texts, most) => Math.min(most, Math.max(20, ...texts.slice(0, 400).map((text) => textWidth(text.slice(0, 60), "11px") + 8)));

/** Bars from left to right, below each other. @param model @param shown series with their `index` @param width */
export function drawRows(model, shown, width) {
    const labels = model.labels.slice(0, MOST);
    const thick = Math.max(8, ROW - 3 * (shown.length - 1)), band = thick * shown.length + GAP;
    const left = longest(labels, width * 0.4), height = HEAD + labels.length * band + 34;
    const [least, most] = extent(shown.map((one) => one.values.filter((value) => value !== null)));
    const low = Math.min(0, least), high = Math.max(0, most), span = high - low || 1;
    const px = (value) => left + (value - low) / span * (width - left - RIGHT);
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "figure-svg", "aria-hidden": "true" });
    const list = ticks(low, high, Math.max(2, (width - left) / 80));
    tickTexts(list).forEach((text, index) => svg.append(drawn("path", { class: "figure-grid", d: `M${px(list[index])} ${HEAD - 4}V${height - 30}` }),
        drawn("text", { x: px(list[index]), y: height - 18, "text-anchor": "middle" }, text)));
    const picks = [];
    labels.forEach((name, row) => {
        const top = HEAD + row * band;
        svg.append(label(name, { x: left - 6, y: top + (band - GAP) / 2 + 4, "text-anchor": "end" }, Math.floor((left - 8) / 6.1)));
        shown.forEach((one, place) => {
            const value = one.values[row], y = top + place * thick;
            if (value === null) return;
            const from = Math.min(px(0), px(value)), to = Math.max(px(0), px(value));
            svg.append(drawn("rect", { x: from, y, width: Math.max(1, to - from), height: thick - 1, style: { fill: colorOf(one.index) } }),
                drawn("text", { x: to + 4, y: y + thick / 2 + 4, class: "figure-value" }, number(value)));
            picks.push({ x: to, y: y + thick / 2, series: one.index, row, tell: () => `${model.series.length > 1 ? `${one.name} · ` : ""}${name} · ${number(value, 6)}` });
        });
    });
    svg.append(drawn("path", { class: "figure-ground", d: `M${px(0)} ${HEAD - 4}V${height - 30}` }),
        label(model.x.name, { x: width - 4, y: height - 3, "text-anchor": "end", class: "figure-name" }, Math.floor(width / 6)),
        label(model.y.name, { x: 2, y: 11, class: "figure-name" }, Math.floor(width / 6)));
    return { svg, picks, height, note: model.labels.length > MOST ? `the first ${MOST} of ${model.labels.length}` : "" };
}

/** Neighbours together, so that no more than `CELLS` are left each way; a cell is the mean of those that it stands for. */
function coarse({ rows, columns, cells }) {
    const down = Math.ceil(rows.length / CELLS), across = Math.ceil(columns.length / CELLS);
    const parts = (names, by) => Array.from({ length: Math.ceil(names.length / by) }, (_, index) => names.slice(index * by, (index + 1) * by));
    const name = (part) => part.length > 1 ? `${part[0]} … ${part.at(-1)}` : part[0];
    const tall = parts(rows, down), wide = parts(columns, across);
    return { down, across, rows: tall.map(name), columns: wide.map(name), cells: tall.map((part, row) => wide.map((other, column) => {
        const found = part.flatMap((_, r) => other.map((__, c) => cells[row * down + r]?.[column * across + c] ?? null)).filter((value) => value !== null);
        return found.length ? found.reduce((sum, value) => sum + value, 0) / found.length : null;
    })) };
}

/** How dark a cell is, from 0 to 1: of counts by its share of the row, else between the least and the greatest. */
function shadesOf(cells, isCounts) {
    const [low, high] = extent(cells.map((row) => row.filter((value) => value !== null)));
    return cells.map((row) => {
        const sum = row.reduce((total, value) => total + (value ?? 0), 0);
        return row.map((value) => value === null ? 0 : isCounts ? sum ? value / sum : 0 : (value - low) / (high - low || 1));
    });
}

/** @param matrix @param _ it has no series @param width */
export function drawMatrix(matrix, _, width) {
    const { rows, columns, cells, down, across } = coarse(matrix);
    const shades = shadesOf(cells, matrix.isCounts);
    const left = longest(rows, width * 0.32), wide = Math.min(90, (width - left - 4) / columns.length), tall = Math.min(34, Math.max(5, Math.min(wide, 34)));
    const height = HEAD + rows.length * tall + 36;
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "figure-svg figure-matrix", "aria-hidden": "true" });
    // A text stands on its cell in one colour, so the darkest cell is no darker than that allows.
    const isRead = tall > 13 && wide >= 24, darkest = isRead ? 0.5 : 0.94;
    const everyRow = Math.ceil(13 / tall), everyColumn = Math.ceil(26 / wide);
    rows.forEach((name, row) => row % everyRow || svg.append(label(name, { x: left - 6, y: HEAD + (row + 0.5) * tall + 4, "text-anchor": "end" }, Math.floor((left - 8) / 6.1))));
    columns.forEach((name, column) => column % everyColumn || svg.append(label(name, { x: left + (column + 0.5) * wide, y: height - 22, "text-anchor": "middle" }, Math.floor(wide * everyColumn / 6.2))));
    const picks = [];
    cells.forEach((row, r) => row.forEach((value, c) => {
        const x = left + c * wide, y = HEAD + r * tall, shade = shades[r][c];
        svg.append(drawn("rect", { x, y, width: Math.max(0.5, wide - 1), height: Math.max(0.5, tall - 1), style: { "fill-opacity": value === null ? "0" : (0.05 + darkest * shade).toFixed(3) } }));
        const text = value === null ? "" : number(value, 3);
        if (isRead && text.length * 6.5 < wide) svg.append(drawn("text", { x: x + (wide - 1) / 2, y: y + tall / 2 + 4, "text-anchor": "middle", class: "figure-value" }, text));
        const share = matrix.isCounts && value !== null ? ` · ${(shade * 100).toFixed(1)} % of the row` : "";
        picks.push({ x: x + wide / 2, y: y + tall / 2, row: r, isCell: true, tell: () => `${matrix.y.name || "row"} ${rows[r]} · ${matrix.x.name || "column"} ${columns[c]} · ${value === null ? "nothing" : number(value, 6)}${share}` });
    }));
    svg.append(label(matrix.x.name, { x: width - 4, y: height - 4, "text-anchor": "end", class: "figure-name" }, Math.floor(width / 6)),
        label(matrix.y.name ? `${matrix.y.name} ↓` : "", { x: 2, y: 11, class: "figure-name" }, Math.floor(width / 6)));
    return { svg, picks, height, note: down * across > 1 ? `each cell is the mean of ${down} × ${across}` : "" };
}
