// A figure of Plotly as data: the traces that are drawn here too. Nothing of it is ever run.
import { addSeries, axisOf, binned, nameOf, placesOf } from "./figureModel.js";

const ARRAYS = { i1: Int8Array, u1: Uint8Array, u1c: Uint8ClampedArray, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array };
const LINES = ["scatter", "scattergl", undefined];

/** A list, however it is packed: Plotly 6 and later write numbers as bytes in base64. @returns {*[]} */
export function listOf(value) {
    if (Array.isArray(value)) return value;
    const Kind = ARRAYS[value?.dtype?.replace?.(/^[<|=]/, "")];
    if (!Kind || typeof value.bdata !== "string") return [];
    const bytes = Uint8Array.from(atob(value.bdata), (sign) => sign.charCodeAt(0));
    const list = Array.from(new Kind(bytes.buffer, 0, Math.floor(bytes.length / Kind.BYTES_PER_ELEMENT)));
    const width = Number(String(value.shape ?? "").split(",")[1]);
    return width > 0 ? Array.from({ length: list.length / width }, (_, row) => list.slice(row * width, (row + 1) * width)) : list;
}

const textOf = (value) => typeof value === "string" ? value : typeof value?.text === "string" ? value.text : "";

/** @returns what to draw of a figure; null where one of its traces is of another kind @param figure {data, layout} */
export function plotlyFigure(figure) {
    const layout = figure?.layout && typeof figure.layout === "object" ? figure.layout : {};
    const traces = (Array.isArray(figure?.data) ? figure.data : []).filter((one) => one && typeof one === "object" && one.visible !== false && one.visible !== "legendonly");
    // Several planes in one figure, or a second scale, would need an arrangement of their own.
    if (!traces.length || traces.some((one) => (one.xaxis ?? "x") !== "x" || (one.yaxis ?? "y") !== "y")) return null;
    const types = [...new Set(traces.map((one) => LINES.includes(one.type) ? "scatter" : one.type))];
    const frame = { title: textOf(layout.title), lost: 0, series: [] };
    if (types.length === 1 && types[0] === "heatmap" && traces.length === 1) return heat(traces[0], layout, frame);
    if (types.length === 1 && types[0] === "histogram") return histograms(traces, layout, frame);
    if (types.length === 1 && types[0] === "bar") return bars(traces, layout, frame);
    return types.every((type) => type === "scatter" || type === "bar") ? plane(traces, layout, frame) : null;
}

const nameOfTrace = (trace, index) => textOf(trace.name) || `trace ${index}`;
const isLog = (axis) => ({ isLog: axis?.type === "log" });

function plane(traces, layout, frame) {
    const along = traces.map((one) => listOf(one.x)), up = traces.map((one) => listOf(one.y));
    // What has no x stands at its place in the list.
    along.forEach((list, index) => list.length || up[index].forEach((_, place) => list.push(place)));
    const made = { ...frame, kind: "plane", x: axisOf(along.flat(), textOf(layout.xaxis?.title), isLog(layout.xaxis)),
        y: axisOf(up.flat(), textOf(layout.yaxis?.title), isLog(layout.yaxis)) };
    traces.forEach((trace, index) => {
        const mode = typeof trace.mode === "string" ? trace.mode : up[index].length < 20 ? "lines+markers" : "lines";
        const marks = trace.type === "bar" ? "bars" : mode.includes("lines") ? mode.includes("markers") ? "both" : "line" : "points";
        addSeries(made, { name: nameOfTrace(trace, index), marks }, along[index], up[index]);
    });
    return made;
}

/** Bars of names lie one below the other, so that names can be read; bars of numbers or times stand where those are. */
function bars(traces, layout, frame) {
    const isLying = traces[0].orientation === "h";
    const [of, over] = isLying ? ["y", "x"] : ["x", "y"];
    const names = traces.map((one) => listOf(one[of]).length ? listOf(one[of]) : listOf(one[over]).map((_, index) => index));
    const axis = axisOf(names.flat(), textOf(layout[`${of}axis`]?.title));
    if (axis.kind !== "category" && !isLying) return plane(traces, layout, frame);
    const labels = [...new Set(names.flat().map(nameOf))];
    const series = traces.map((trace, index) => {
        const values = placesOf(listOf(trace[over]), { kind: "number" });
        const found = new Map(names[index].map((name, place) => [nameOf(name), values[place]]));
        return { name: nameOfTrace(trace, index), values: labels.map((label) => Number.isFinite(found.get(label)) ? found.get(label) : null) };
    });
    return { ...frame, kind: "bars", labels, series, x: { name: textOf(layout[`${over}axis`]?.title), kind: "number" }, y: { name: axis.name, kind: "category" } };
}

function histograms(traces, layout, frame) {
    const made = { ...frame, kind: "plane", x: { name: textOf(layout.xaxis?.title), kind: "number" }, y: { name: textOf(layout.yaxis?.title) || "count", kind: "number" } };
    for (const [index, trace] of traces.entries()) {
        const list = listOf(trace.x);
        // Counts of names, sums instead of counts, and bars that lie are other drawings.
        if (!list.length || trace.histfunc && trace.histfunc !== "count" || trace.histnorm || axisOf(list, "").kind !== "number") return null;
        const values = placesOf(list, made.x).filter(Number.isFinite);
        made.lost += list.length - values.length;
        const { edges, counts } = binned(values, Math.min(200, Number(trace.nbinsx) || 0));
        made.series.push({ name: nameOfTrace(trace, index), marks: "bars", edges, xs: counts.map((_, at) => (edges[at] + edges[at + 1]) / 2), ys: counts });
    }
    return made;
}

function heat(trace, layout, { title }) {
    const cells = listOf(trace.z).map((row) => placesOf(listOf(row), { kind: "number" }).map((value) => Number.isNaN(value) ? null : value));
    const width = Math.max(0, ...cells.map((row) => row.length));
    if (!width) return null;
    const named = (list, count) => Array.from({ length: count }, (_, index) => nameOf(list[index] ?? index));
    // Rows of Plotly begin below unless its axis is turned around.
    const isDown = layout.yaxis?.autorange === "reversed";
    const rows = named(listOf(trace.y), cells.length);
    return { kind: "matrix", title, x: { name: textOf(layout.xaxis?.title), kind: "category" }, y: { name: textOf(layout.yaxis?.title), kind: "category" },
        columns: named(listOf(trace.x), width), rows: isDown ? rows : rows.toReversed(), cells: isDown ? cells : cells.toReversed(), isCounts: false };
}

/** The points of a plane or of bars as a table; a matrix has its own. @returns {{columns: string[], data: *[][]}} */
export function tableOf(model, told) {
    const x = model.x.name || "x", y = model.y.name || "y";
    if (model.kind === "matrix") return { columns: [y, ...model.columns], data: model.rows.map((name, index) => [name, ...model.columns.map((_, at) => model.cells[index][at])]) };
    if (model.kind === "bars") return { columns: [y, ...model.series.map((one) => one.name)], data: model.labels.map((name, index) => [name, ...model.series.map((one) => one.values[index])]) };
    const cell = (place, axis) => axis.kind === "number" ? place : told(place, axis);
    return { columns: ["series", x, y], data: model.series.flatMap((one) => one.xs.map((place, index) => [one.name, cell(place, model.x), cell(one.ys[index], model.y)])) };
}
