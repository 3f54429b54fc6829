// A chart that a program made with wandb.plot: the columns of a table, and what they are drawn as.
import { addSeries, axisOf, binned, groups, matrixOf, nameOf, placesOf } from "./figureModel.js";

/** Series of which each has a colour of its own, as far as colours and dashes go. */
const MOST = 200;

/** @returns the charts that a program asked for, by the key of their table. @param config of the run's documents */
export function chartsOf(config) {
    const found = new Map();
    const asked = config?._wandb?.value?.visualize;
    for (const [key, one] of Object.entries(asked && typeof asked === "object" ? asked : {})) {
        const settings = one?.panel_config;
        if (!settings || typeof settings !== "object") continue;
        const chart = { key, id: nameOf(settings.panelDefId ?? ""), fields: settings.fieldSettings ?? {}, texts: settings.stringSettings ?? {} };
        for (const name of [`${key}_table`, `Custom Chart Tables/${key}_table`]) found.set(name, chart);
    }
    return found;
}

const MAKERS = {
    line: (chart, table) => lines(chart, table, ["x", "y", "stroke"]),
    lineseries: (chart, table) => lines(chart, table, ["step", "lineVal", "lineKey"], { x: chart.texts.xname, y: "" }),
    "area-under-curve": curves,
    scatter,
    bar,
    histogram,
    confusion_matrix: confusion,
};

/** Whether a chart is of a kind that is drawn here; others are Vega specifications of their owners. */
export const isKnown = (chart) => Boolean(makerOf(chart));

const makerOf = ({ id }) => {
    const [, name] = /^wandb\/([\w-]+)\/v\d+$/.exec(id) ?? [];
    return Object.hasOwn(MAKERS, name ?? "") ? MAKERS[name] : null;
};

/** What to draw of a table; null where it lacks a column that the chart names. @param chart of `chartsOf` @param data {columns, data} */
export function figureOf(chart, { columns, data }) {
    const names = columns.map(String);
    const table = {
        has: (field) => names.includes(String(chart.fields[field])),
        name: (field) => String(chart.fields[field]),
        column: (field) => {
            const at = names.indexOf(String(chart.fields[field]));
            return data.map((row) => row[at]);
        },
    };
    return makerOf(chart)(chart, table);
}

const titleOf = ({ key, texts }) => typeof texts.title === "string" && texts.title ? texts.title : key;

/** Lines by the values of a column. @param fields of x, y and of the name of the line */
function lines(chart, table, [xField, yField, by], shown = {}) {
    if (!table.has(xField) || !table.has(yField)) return null;
    const xs = table.column(xField), ys = table.column(yField);
    const plane = { kind: "plane", title: titleOf(chart), lost: 0, series: [],
        x: axisOf(xs, shown.x || table.name(xField)), y: axisOf(ys, shown.y ?? table.name(yField)) };
    const parts = table.has(by) ? groups(table.column(by).map(nameOf)) : new Map([[table.name(yField), xs.map((_, index) => index)]]);
    for (const [name, places] of [...parts].slice(0, MOST)) {
        addSeries(plane, { name, marks: "line" }, places.map((at) => xs[at]), places.map((at) => ys[at]), plane.x.kind !== "category");
    }
    plane.more = Math.max(0, parts.size - MOST);
    return plane;
}

/** Receiver operating characteristic, and precision over recall: a curve for each class. */
function curves(chart, table) {
    const text = (name, or) => typeof chart.texts[name] === "string" ? chart.texts[name] : or;
    const plane = lines(chart, table, ["x", "y", "class"], { x: text("x-axis-title"), y: text("y-axis-title", undefined) });
    if (!plane || plane.x.kind !== "number" || plane.y.kind !== "number") return plane;
    plane.x.range = plane.y.range = [0, 1];
    // The rates of a guess: only where both are rates does the line mean that.
    plane.hasDiagonal = /fpr|false/i.test(`${table.name("x")} ${plane.x.name}`);
    for (const one of plane.series) one.label = `${one.name} · area ${areaBelow(one).toFixed(3)}`;
    return plane;
}

/** By the trapezoidal rule. */
const areaBelow = ({ xs, ys }) => xs.slice(1).reduce((sum, x, index) => sum + (x - xs[index]) * (ys[index + 1] + ys[index]) / 2, 0);

function scatter(chart, table) {
    if (!table.has("x") || !table.has("y")) return null;
    const xs = table.column("x"), ys = table.column("y");
    const plane = { kind: "plane", title: titleOf(chart), lost: 0, series: [], x: axisOf(xs, table.name("x")), y: axisOf(ys, table.name("y")) };
    addSeries(plane, { name: table.name("y"), marks: "points" }, xs, ys);
    return plane;
}

function bar(chart, table) {
    if (!table.has("label") || !table.has("value")) return null;
    const axis = axisOf(table.column("value"), table.name("value"));
    const values = placesOf(table.column("value"), axis.kind === "number" ? axis : { kind: "number" });
    return { kind: "bars", title: titleOf(chart), x: { name: table.name("value"), kind: "number" }, y: { name: table.name("label"), kind: "category" },
        labels: table.column("label").map(nameOf), lost: values.filter(Number.isNaN).length,
        series: [{ name: table.name("value"), values: values.map((value) => Number.isNaN(value) ? null : value) }] };
}

function histogram(chart, table) {
    if (!table.has("value")) return null;
    const all = placesOf(table.column("value"), { kind: "number" });
    const values = all.filter(Number.isFinite);
    const { edges, counts } = binned(values);
    return { kind: "plane", title: titleOf(chart), lost: all.length - values.length, x: { name: table.name("value"), kind: "number" }, y: { name: "count", kind: "number" },
        series: [{ name: "count", marks: "bars", edges, xs: counts.map((_, index) => (edges[index] + edges[index + 1]) / 2), ys: counts }] };
}

function confusion(chart, table) {
    if (!["Actual", "Predicted", "nPredictions"].every(table.has)) return null;
    return matrixOf(titleOf(chart), { name: table.name("Predicted"), kind: "category" }, { name: table.name("Actual"), kind: "category" },
        table.column("Actual").map(nameOf), table.column("Predicted").map(nameOf), placesOf(table.column("nPredictions"), { kind: "number" }), true);
}
