// A drawing with its title, its legend, the value that is pointed at, and its numbers as a table.
import { debounced, fill, h, setText } from "../dom.js";
import { grouped, plural } from "../format.js";
import { drawMatrix, drawRows } from "./figureCells.js";
import { drawPlane, extent } from "./figurePlane.js";
import { told } from "./figureModel.js";
import { colorOf, drawn } from "./svg.js";
import { tableView } from "./tableView.js";

const NEAR = 40;
const LEGEND = 40;

/** @param model @param table {columns, data} @param media makes an element of a media value in the table */
export function figure(model, table, media) {
    return new Figure(model, table, media).element;
}

class Figure {
    constructor(model, table, media) {
        Object.assign(this, { model, hidden: new Set(), picks: [], at: -1 });
        this.plot = h("div.figure-plot", { tabindex: 0, role: "application", "aria-roledescription": "chart", "aria-label": `${summaryOf(model)}. Arrow keys go over its values.`, on: {
            pointermove: (event) => this.point(event), pointerleave: () => this.pick(-1), blur: () => this.pick(-1), keydown: (event) => this.press(event),
        } });
        this.readout = h("p.figure-readout.muted", { "aria-live": "polite" });
        this.legend = h("div.figure-legend", { role: "group", "aria-label": "Series" });
        const details = h("details.figure-data", { on: { toggle: () => {
            // Its rows are laid out by its size, so only once it is seen.
            if (details.open && details.childElementCount === 1) details.append(tableView(table, media));
        } } }, h("summary", {}, `Data · ${plural(table.data.length, "row")}`));
        this.element = h("figure.figure", {}, model.title ? h("figcaption", {}, h("b", {}, model.title)) : null, this.legend, this.plot, this.readout, details);
        this.drawLegend();
        const soon = debounced(() => this.draw(), 30);
        new ResizeObserver(() => this.plot.clientWidth !== this.width && (this.width ? soon() : this.draw())).observe(this.plot);
        this.say("");
    }

    drawLegend() {
        const series = this.model.series ?? [];
        this.legend.hidden = series.length < 2;
        if (this.legend.hidden) return;
        fill(this.legend, series.slice(0, LEGEND).map((one, index) => h("button.figure-key", {
            type: "button", "aria-pressed": String(!this.hidden.has(index)), title: `${one.label ?? one.name}: show or hide`, style: { "--swatch": colorOf(index) },
            on: { click: () => this.toggle(index) },
        }, h("span.swatch-line", { "aria-hidden": "true" }), h("span.ellipsis", {}, one.label ?? one.name))),
        series.length > LEGEND ? h("span.muted", {}, `and ${grouped(series.length - LEGEND)} more`) : null);
    }

    toggle(index) {
        if (!this.hidden.delete(index)) this.hidden.add(index);
        this.drawLegend();
        this.legend.children[index]?.focus();
        this.draw();
    }

    draw() {
        this.width = this.plot.clientWidth;
        if (!this.width) return;
        const make = { plane: drawPlane, bars: drawRows, matrix: drawMatrix }[this.model.kind];
        const shown = (this.model.series ?? []).map((one, index) => ({ ...one, index })).filter((one) => !this.hidden.has(one.index));
        const { svg, picks, note } = make(this.model, shown, this.width);
        this.ring = drawn("circle", { r: 5, class: "figure-ring", visibility: "hidden" });
        svg.append(this.ring);
        Object.assign(this, { picks, note, at: -1 });
        fill(this.plot, svg);
        this.say("");
    }

    // ---- the value that is pointed at ----

    point({ clientX, clientY }) {
        const { left, top } = this.plot.getBoundingClientRect();
        const x = clientX - left, y = clientY - top;
        let nearest = -1, least = Infinity;
        // Along a line it is x that one looks for.
        const flat = this.model.kind === "plane" && this.model.series[0]?.marks !== "points" ? 0.3 : 1;
        this.picks.forEach((one, index) => {
            const far = Math.hypot(one.x - x, (one.y - y) * flat);
            if (far < least) [nearest, least] = [index, far];
        });
        this.pick(least < NEAR * 2 ? nearest : -1);
    }

    pick(index) {
        if (index === this.at) return;
        this.at = index;
        const one = this.picks[index];
        this.ring?.setAttribute("visibility", one ? "visible" : "hidden");
        if (one) {
            this.ring.setAttribute("cx", one.x);
            this.ring.setAttribute("cy", one.y);
        }
        this.say(one?.tell() ?? "");
    }

    /** What is pointed at, else what there is to know of the drawing. */
    say(text) {
        const { lost, more } = this.model;
        const notes = [this.note, lost ? `${plural(lost, "point")} without a place left out` : "", more ? `${plural(more, "more line")} not drawn` : ""];
        setText(this.readout, text || notes.filter(Boolean).join(" · ") || "\u00a0");
    }

    press(event) {
        if (event.target !== this.plot || !this.picks.length) return;
        const last = this.picks.length - 1;
        const next = { ArrowRight: () => this.at + 1, ArrowLeft: () => Math.max(0, this.at - 1), Home: () => 0, End: () => last, Escape: () => -1,
            ArrowDown: () => this.across(1), ArrowUp: () => this.across(-1) }[event.key]?.();
        if (next === undefined) return;
        // The page goes over its steps with the same keys.
        event.stopPropagation();
        event.preventDefault();
        this.pick(Math.min(last, next));
    }

    /** The nearest value of the next series or row. */
    across(by) {
        const here = this.picks[this.at];
        if (!here) return 0;
        const group = (one) => this.model.kind === "plane" ? one.series : one.row;
        const next = by > 0 ? this.picks.find((one, index) => index > this.at && group(one) !== group(here)) : this.picks.findLast((one, index) => index < this.at && group(one) !== group(here));
        if (!next) return this.at;
        let nearest = this.at, least = Infinity;
        this.picks.forEach((one, index) => {
            if (group(one) === group(next) && Math.abs(one.x - here.x) < least) [nearest, least] = [index, Math.abs(one.x - here.x)];
        });
        return nearest;
    }
}

/** What a drawing shows, in a sentence. */
export function summaryOf(model) {
    const title = model.title ? `${model.title}: ` : "";
    if (model.kind === "matrix") return `${title}${plural(model.rows.length, "row")}${model.y.name ? ` (${model.y.name})` : ""} and ${plural(model.columns.length, "column")}${model.x.name ? ` (${model.x.name})` : ""}`;
    if (model.kind === "bars") {
        const [low, high] = extent(model.series.map((one) => one.values.filter((value) => value !== null)));
        return `${title}${plural(model.labels.length, "bar")} of ${model.series.map((one) => one.name).slice(0, 5).join(", ")} from ${told(low, model.x)} to ${told(high, model.x)}`;
    }
    const along = extent(model.series.map((one) => one.edges ?? one.xs)), up = extent(model.series.map((one) => one.ys));
    const points = model.series.reduce((sum, one) => sum + one.xs.length, 0);
    const names = model.series.map((one) => one.label ?? one.name);
    return `${title}${plural(points, model.series[0]?.edges ? "bar" : "point")} in ${plural(model.series.length, "series", "series")} (${names.slice(0, 5).join(", ")}${names.length > 5 ? " …" : ""}), `
        + `${model.x.name || "x"} from ${told(along[0], model.x)} to ${told(along[1], model.x)}, ${model.y.name || "y"} from ${told(up[0], model.y)} to ${told(up[1], model.y)}`;
}
