// Values in the order in which they came, and the best so far.
import { fill, h } from "../dom.js";
import { compact } from "../format.js";
import { clock, ticks, timeTicks } from "../charts/axis.js";
import { axisOf } from "./axes.js";
import { px, svg } from "./svg.js";
import { Tip } from "./tip.js";

const HEIGHT = 220, TOP = 10, FOOT = 40, RIGHT = 14, BELOW = 16;
const NEAR = 30;

/** @typedef {{id: string, name: () => string, x: number, y: number, facts: () => [string, string][]}} Point */

/** Those that were better than all before them, ascending. @param {Point[]} points ascending */
export function records(points, minimizes) {
    const found = [];
    for (const point of points) {
        if (!Number.isFinite(point.y)) continue;
        const last = found.at(-1)?.y;
        if (last === undefined || (minimizes ? point.y < last : point.y > last)) found.push(point);
    }
    return found;
}

export class BestSoFar {
    /** @param {{onOpen: (id: string) => void}} options */
    constructor(host, options) {
        Object.assign(this, { options, points: [], at: -1 });
        this.tip = new Tip();
        this.drawing = svg("svg", { "aria-hidden": "true" });
        this.plot = h("div.best-plot", { tabindex: 0, role: "group" }, this.drawing);
        fill(host, this.plot, this.tip.box, this.tip.said);
        this.plot.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.hover(this.nearest(event), event));
        this.plot.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && this.hover(-1));
        this.plot.addEventListener("blur", () => this.hover(-1));
        this.plot.addEventListener("click", (event) => {
            const at = this.nearest(event);
            if (at >= 0 && at === this.at) options.onOpen(this.points[at].id);
            else this.hover(at, event);
        });
        this.plot.addEventListener("keydown", (event) => this.key(event));
        this.sizes = new ResizeObserver(() => this.draw());
        this.sizes.observe(this.plot);
    }

    /** @param {Point[]} points ascending by x; `y` is NaN where there is no number */
    set(points, { label, minimizes, isTime }) {
        Object.assign(this, { points, minimizes, isTime, axis: axisOf("", points.map((point) => point.y), { isNumeric: true }) });
        this.plot.setAttribute("aria-label", `${label} Arrow keys go from run to run, Enter opens one.`);
        this.draw();
    }

    close() {
        this.sizes.disconnect();
    }

    x(value) {
        return this.left + (value - this.from) / this.span * (this.width - this.left - RIGHT);
    }

    y(point) {
        const place = this.axis.place(point.y);
        return place < 0 ? this.ground - place * BELOW : this.ground - place * (this.ground - TOP);
    }

    draw() {
        const { points, axis, drawing } = this;
        this.width = this.plot.clientWidth;
        if (!this.width || !points.length) return;
        this.left = 16 + 7 * Math.max(...axis.ticks.map((tick) => tick.text.length), 3);
        this.ground = HEIGHT - FOOT - BELOW * axis.extras.length;
        this.from = points[0].x;
        this.span = points.at(-1).x - this.from || 1;
        drawing.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
        const dot = (point) => `M${px(this.x(point.x))} ${px(this.y(point))}h0`;
        const cross = (point) => `M${px(this.x(point.x) - 3)} ${px(this.y(point) - 3)}l6 6m0 -6l-6 6`;
        const finite = points.filter((point) => Number.isFinite(point.y)), lost = points.filter((point) => !Number.isFinite(point.y));
        const steps = records(points, this.minimizes);
        const line = steps.map((point, index) => `${index ? "H" : "M"}${px(this.x(point.x))}${index ? "V" : " "}${px(this.y(point))}`).join("");
        this.ring = svg("circle", { r: 6, class: "ring", visibility: "hidden" });
        drawing.replaceChildren(this.frame(), svg("path", { class: "dots", d: finite.map(dot).join("") }), svg("path", { class: "lost", d: lost.map(cross).join("") }),
            svg("path", { class: "line", d: line && `${line}H${this.width - RIGHT}` }), svg("path", { class: "records", d: steps.map(dot).join("") }), this.ring);
        this.at = Math.min(this.at, points.length - 1);
    }

    frame() {
        const { axis, left, ground, width } = this, to = this.from + this.span;
        const marks = this.isTime ? timeTicks(this.from, to, width / 110, -new Date().getTimezoneOffset() * 60_000) : ticks(this.from, to, width / 70, 1);
        const step = marks.length > 1 ? marks[1] - marks[0] : 1_000;
        const y = (place) => place < 0 ? ground - place * BELOW : ground - place * (ground - TOP);
        const below = axis.extras.map((text, index) => ({ place: -1 - index, text }));
        return svg("g", { class: "frame" },
            axis.ticks.map(({ place }) => svg("path", { d: `M${left} ${px(y(place))}H${width - RIGHT}` })),
            [...axis.ticks, ...below].map(({ place, text }) => svg("text", { x: left - 6, y: px(y(place)) + 4, "text-anchor": "end" }, text)),
            marks.map((mark) => svg("text", { x: px(this.x(mark)), y: HEIGHT - FOOT + 16, "text-anchor": "middle" }, this.isTime ? clock(mark, step) : compact(mark))),
            svg("text", { x: (left + width - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, this.isTime ? "time at which the run was chosen" : "run number"));
    }

    nearest({ clientX, clientY }) {
        const box = this.plot.getBoundingClientRect();
        let best = -1, least = NEAR;
        this.points.forEach((point, index) => {
            const far = Math.hypot(this.x(point.x) - clientX + box.left, this.y(point) - clientY + box.top);
            if (far < least) [best, least] = [index, far];
        });
        return best;
    }

    hover(at, place, isSaid = false) {
        this.at = at;
        const point = this.points[at];
        this.plot.classList.toggle("pointing", Boolean(point));
        this.ring?.setAttribute("visibility", point ? "visible" : "hidden");
        if (!point) {
            this.tip.hide();
            return;
        }
        const x = this.x(point.x), y = this.y(point), box = this.plot.getBoundingClientRect();
        this.ring.setAttribute("cx", px(x));
        this.ring.setAttribute("cy", px(y));
        this.tip.show(point.name(), point.facts(), place ?? { clientX: box.left + x, clientY: box.top + y }, isSaid);
    }

    key(event) {
        if (event.metaKey || event.ctrlKey || event.altKey) return;
        const { points, at } = this;
        const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: points.length - 1 }[event.key];
        if (next !== undefined) this.hover(Math.min(points.length - 1, Math.max(0, next)), null, true);
        else if (event.key === "Enter" && points[at]) this.options.onOpen(points[at].id);
        else return;
        event.preventDefault();
        event.stopPropagation();
    }
}
