// The controls above the cards. Each one writes to the address; the panel reads it from there.
import { h, fill, debounced } from "../dom.js";
import { grouped, plural } from "../format.js";
import { AXES, halfUnit, metricOf } from "./chartState.js";
import { isCharted, isSystem } from "./pairing.js";

/** So many metrics can be chosen as x; another one by the address. */
const MOST = 200;

export class ChartToolbar {
    /** @param panel */
    constructor(panel) {
        this.panel = panel;
        const set = (changes) => panel.set(changes);
        const field = (label, control, ...more) => h("label.row", {}, h("span.muted", {}, label), control, more);
        const box = (change) => h("input", { type: "checkbox", on: { change: (event) => set(change(event.target.checked ? "1" : null)) } });
        this.regex = h("input.input.metric-filter", {
            type: "search", value: panel.state.pattern, placeholder: "Filter metrics: loss|acc", "aria-label": "Metrics",
            title: "A regular expression over the names of metrics",
            on: { input: debounced(() => set({ m: this.regex.value }), 60) },
        });
        this.axis = h("select.input", { on: { change: (event) => panel.setAxis(event.target.value) } });
        this.unit = h("span.muted");
        this.smooth = h("input.input.short", {
            type: "number", min: 0, step: "any", title: "Half-life of an exponential moving average over all points",
            on: { change: (event) => set({ smooth: Number(event.target.value) > 0 ? event.target.value : null }) },
        });
        this.log = box((value) => ({ log: value }));
        this.logX = box((value) => ({ logx: value }));
        const size = (label, title, by) => h("button.button", { type: "button", title, "aria-label": title, on: { click: () => panel.resize(by) } }, label);
        this.back = h("button.button", { type: "button", title: "Zoom back (z)", on: { click: () => panel.zoomBack() } }, "back");
        this.reset = h("button.button", { type: "button", title: "Zoom out (Z, double click)", on: { click: () => panel.reset(null) } }, "reset zoom");
        this.count = h("span.muted");
        this.element = h("div.toolbar", {}, this.regex, field("x", this.axis), this.logXField = field("log x", this.logX), field("log y", this.log),
            field("smooth ½", this.smooth, this.unit), h("span.row.sizes", {}, size("−", "Smaller cards (-)", 1), size("+", "Larger cards (+)", -1)),
            this.back, this.reset, this.count);
        this.update();
    }

    update() {
        const { state } = this.panel;
        if (document.activeElement !== this.regex) this.regex.value = state.pattern;
        this.setAxes(metricOf(state.axis));
        this.axis.value = state.axis;
        if (document.activeElement !== this.smooth) this.smooth.value = state.half;
        this.unit.textContent = halfUnit(state.axis);
        this.log.checked = state.isLog;
        this.logX.checked = state.isLogX;
        this.logXField.hidden = state.axis === "time";
        this.back.hidden = !this.panel.zooms.length;
        this.reset.hidden = !state.range && !state.ys.size;
    }

    /** @param chosen a metric that is x already */
    setAxes(chosen) {
        const keys = this.panel.metricKeys.filter((key) => isCharted(key) && !isSystem(key)).slice(0, MOST);
        const all = chosen && !keys.includes(chosen) ? [chosen, ...keys] : keys;
        if (this.axes === all.join("\n") || document.activeElement === this.axis) return;
        this.axes = all.join("\n");
        const option = (value, label) => h("option", { value }, label);
        fill(this.axis, AXES.map(([key, label]) => option(key, label)), all.length ? h("optgroup", { label: "a metric" }, all.map((key) => option(`m:${key}`, key))) : null);
    }

    /** How many metrics are shown, those of the machine apart, and whether the filter is one. @param found cards @param all */
    counted(found, all, hidden, isBroken) {
        if (isBroken) this.regex.setAttribute("aria-invalid", "true");
        else this.regex.removeAttribute("aria-invalid");
        this.regex.title = isBroken ? "Not a regular expression; taken as it is written" : "A regular expression over the names of metrics";
        const part = (isMachine, noun) => {
            const [some, total] = [found, all].map((cards) => cards.flatMap((card) => card.keys).filter(({ key }) => isSystem(key) === isMachine).length);
            return total ? `${some === total ? "" : `${grouped(some)} of `}${plural(total, ...noun)}` : "";
        };
        const own = part(false, ["metric"]), machine = part(true, own ? ["system", "system"] : ["metric"]);
        fill(this.count, own, own && machine ? " + " : "", machine, hidden ? ` · ${grouped(hidden)} hidden by the program` : "");
    }
}
