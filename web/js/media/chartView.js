// Charts of a run as something to look at: those of wandb.plot from their tables, those of Plotly from their files.
// What cannot be drawn here is shown as what it is, a table or a text; a specification is data and is never run.
import { errorBox, fill, h } from "../dom.js";
import { bytes } from "../format.js";
import { fileText } from "../files.js";
import { figure } from "./figure.js";
import { told } from "./figureModel.js";
import { plotlyFigure, tableOf } from "./plotlyFigure.js";
import { tableView } from "./tableView.js";
import { pythonJSON } from "./values.js";
import { figureOf, isKnown } from "./wandbFigure.js";

const LARGEST_FIGURE = 20_000_000;
const LONGEST = 20_000;

/** @param chart of `chartsOf` @param data {columns, data} of its table @param media makes an element of a media value */
export function chartView(chart, data, media) {
    const model = isKnown(chart) ? figureOf(chart, data) : null;
    if (model) return figure(model, data, media);
    const title = typeof chart.texts.title === "string" ? chart.texts.title : "";
    return h("div.media-table", {}, title ? h("b", {}, title) : null, h("p.muted", {}, isKnown(chart) ? "The table lacks a column that the chart names, or has too many names, so it stands here as it is."
        : ["The Vega specification ", h("code", {}, chart.id || "without a name"), " is not drawn here; this is its table."]), tableView(data, media));
}

/** @param value plotly-file @param run id @param file makes a link to a file @param missing tells that a file is not here */
export function plotlyView(value, run, { file, missing }) {
    const host = h("div", {}, h("p.muted", {}, "…"));
    const read = async () => {
        try {
            const { text, size, isWhole } = await fileText(["runs", run], value.path, LARGEST_FIGURE);
            fill(host, isWhole ? figureIn(text, value, run, file) : [h("p.muted", {}, `This figure has ${bytes(size)}: too much to draw here.`), file(value, run)]);
        } catch (error) {
            fill(host, error.status === 404 ? missing(value.path) : errorBox(error, read));
        }
    };
    host.ready = read();
    return host;
}

function figureIn(text, value, run, file) {
    let content = null, model = null;
    try {
        content = pythonJSON(text);
        model = plotlyFigure(content);
    } catch {
        // What is no figure stands as the text that it is.
    }
    if (model) return figure(model, tableOf(model, told), () => "");
    // A template is the look of every figure, and longer than most of them.
    const { template, ...layout } = content?.layout ?? {};
    const shown = content && typeof content === "object" ? JSON.stringify({ ...content, layout }, null, 1) : text;
    const kinds = [...new Set((Array.isArray(content?.data) ? content.data : []).map((one) => String(one?.type ?? "scatter")))].join(", ");
    return h("div.media-list", {}, h("p.muted", {}, `${kinds ? `A figure of Plotly with ${kinds}` : "This"} is not drawn here; it is what the file says.`), file(value, run),
        h("pre.media-text", { tabindex: 0 }, shown.slice(0, LONGEST), shown.length > LONGEST ? h("span.muted", {}, " …") : null));
}
