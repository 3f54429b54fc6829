// Parallel coordinates: an axis for each parameter, a line for each run. Ranges on the axes choose lines, by pointer and keys.
import { fill, h } from "../dom.js";
import { number } from "../format.js";
import { placeOf } from "./axes.js";
import { px, svg } from "./svg.js";
import { Tip } from "./tip.js";

const HEIGHT = 300, TOP = 34, FOOT = 16, LEFT = 14, RIGHT = 92, APART = 96, BELOW = 18;
const TONES = 16;
/** How far from a line one may point at it, and how far a press may slip, in pixels. */
const NEAR = 14, SLIP = 4, SNAP = 6;

/** @typedef {{id: string, name: () => string, tone: number | null, places: number[], facts: () => [string, string][], isBest?: boolean}} Line `tone`: 1 best, 0 worst */

export class Parallel {
    /** @param {{onSelect: (ids: Set<string> | null, isMoving: boolean) => void, onOpen: (id: string) => void, onHover?: (id: string | null) => void}} options */
    constructor(host, options) {
        Object.assign(this, { options, axes: [], lines: [], chosen: [], ranges: {}, hovered: null, drag: null });
        this.tip = new Tip();
        this.drawing = svg("svg", { "aria-hidden": "true" });
        // A drawing of its own, so that pointing does not paint thousands of lines again.
        this.over = svg("path", { class: "over" });
        this.top = svg("svg", { "aria-hidden": "true" }, this.over);
        this.rails = h("div");
        this.plot = h("div.parallel-plot", { tabindex: 0, role: "group" }, this.drawing, this.top, this.rails);
        this.scroller = h("div.scroll-x", {}, this.plot);
        fill(host, this.scroller, this.tip.box, this.tip.said);
        this.listen();
        this.sizes = new ResizeObserver(() => this.layOut());
        this.sizes.observe(this.scroller);
    }

    /** @param {import("./axes.js").Axis[]} axes @param {Line[]} lines best first */
    set(axes, lines, label) {
        // What is being dragged keeps its axis; the next change draws the rest.
        if (this.drag) return;
        Object.assign(this, { axes, lines, hovered: lines.find((line) => line.id === this.hovered?.id) ?? null });
        this.choose();
        this.plot.setAttribute("aria-label", `${label} Arrow keys go from run to run, Enter opens one; each axis has two ends to choose a range.`);
        this.layOut();
    }

    close() {
        this.sizes.disconnect();
        cancelAnimationFrame(this.frame);
    }

    // ---- places ----

    x(index) {
        return LEFT + (this.axes.length < 2 ? 0 : index * (this.width - LEFT - RIGHT) / (this.axes.length - 1));
    }

    y(place) {
        return place < 0 ? this.ground - place * BELOW : this.ground - place * (this.ground - TOP);
    }

    placeAt(axis, y) {
        if (y > this.ground + BELOW / 2 && axis.extras.length) return -Math.min(axis.extras.length, Math.max(1, Math.round((y - this.ground) / BELOW)));
        // The ends are easily hit: they are what is mostly meant there.
        if (y > this.ground - SNAP) return 0;
        return y < TOP + SNAP ? 1 : (this.ground - y) / (this.ground - TOP);
    }

    /** The places between which lines are chosen; null where all are. */
    rangeOf(axis) {
        const places = this.ranges[axis.name]?.map((end) => placeOf(axis, end));
        return places?.every((place) => place !== null) ? places : null;
    }

    // ---- choosing ----

    /** @param {{[axis: string]: [number | string, number | string]}} ranges */
    select(ranges) {
        this.ranges = ranges;
        if (this.rails.children.length === this.axes.length) this.drawRanges();
        this.drawSoon();
        this.choose();
        this.options.onSelect(this.ids, Boolean(this.drag));
    }

    /** Those that are chosen; null where there is no range. */
    get ids() {
        return this.axes.some((axis) => this.rangeOf(axis)) ? new Set(this.chosen.map((line) => line.id)) : null;
    }

    choose() {
        const ranges = this.axes.map((axis) => this.rangeOf(axis));
        const isIn = (place, range) => !range || place >= range[0] - 1e-9 && place <= range[1] + 1e-9;
        this.chosen = this.lines.filter((line) => ranges.every((range, index) => isIn(line.places[index], range)));
    }

    setRange(axis, from, to) {
        const [low, high] = from <= to ? [from, to] : [to, from];
        const ranges = { ...this.ranges };
        if (low <= axis.stops[0] && high >= axis.stops.at(-1)) delete ranges[axis.name];
        else ranges[axis.name] = [axis.value(low), axis.value(high)];
        this.select(ranges);
    }

    clear(axis) {
        const { [axis?.name]: _, ...rest } = this.ranges;
        this.select(axis ? rest : {});
    }

    // ---- pointer and keys ----

    listen() {
        const { plot } = this;
        const axisOf = (event) => this.axes[event.target.closest?.("[data-index]")?.dataset.index];
        plot.addEventListener("pointerdown", (event) => event.button === 0 && this.pressed(event, axisOf(event)));
        plot.addEventListener("pointermove", (event) => this.moved(event));
        plot.addEventListener("pointerup", (event) => this.released(event));
        plot.addEventListener("pointercancel", () => { this.drag = null; });
        // A finger that is lifted leaves what it has pointed at.
        plot.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && this.hover(null));
        plot.addEventListener("blur", () => this.hover(null));
        plot.addEventListener("keydown", (event) => {
            if (event.metaKey || event.ctrlKey || event.altKey) return;
            const isDone = event.target === plot ? this.runKey(event.key) : this.endKey(event.key, axisOf(event), event.target);
            if (!isDone) return;
            event.preventDefault();
            event.stopPropagation();
        });
    }

    pressed(event, axis) {
        const end = event.target.closest("[data-end]");
        const y = event.clientY - this.plot.getBoundingClientRect().top;
        this.drag = { axis, at: event.clientY, start: axis && this.placeAt(axis, y), end: end?.dataset.end, isMoved: false, before: this.hovered?.id };
        if (!axis) return;
        event.preventDefault();
        this.plot.setPointerCapture(event.pointerId);
        this.rails.querySelector(`[data-index="${this.axes.indexOf(axis)}"] [data-end="${end?.dataset.end ?? "low"}"]`)?.focus();
        this.hover(null);
    }

    moved(event) {
        const { drag } = this;
        if (!drag?.axis) {
            if (event.pointerType !== "touch") this.hover(this.nearest(event), event);
            return;
        }
        if (!drag.isMoved && Math.abs(event.clientY - drag.at) < SLIP) return;
        drag.isMoved = true;
        const { axis, start, end } = drag, place = this.placeAt(axis, event.clientY - this.plot.getBoundingClientRect().top);
        const [low, high] = this.rangeOf(axis) ?? [axis.stops[0], axis.stops.at(-1)];
        if (!end) this.setRange(axis, start, place);
        else if (end === "low") this.setRange(axis, Math.min(place, high), high);
        else this.setRange(axis, low, Math.max(place, low));
    }

    released(event) {
        const { drag } = this;
        this.drag = null;
        if (!drag) return;
        if (drag.axis) {
            if (drag.isMoved) this.options.onSelect(this.ids, false);
            else if (!drag.end) this.clear(drag.axis);
            return;
        }
        const line = this.nearest(event);
        // A finger has not pointed before: its first touch does that.
        if (line && line.id === drag.before) this.options.onOpen(line.id);
        else this.hover(line, event);
    }

    runKey(key) {
        const { chosen } = this, at = chosen.indexOf(this.hovered);
        const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: chosen.length - 1 }[key];
        if (next !== undefined) {
            const line = chosen[Math.min(chosen.length - 1, Math.max(0, next))];
            const box = this.plot.getBoundingClientRect(), last = this.axes.length - 1;
            if (line) this.hover(line, { clientX: Math.min(box.right, box.left + this.x(last)), clientY: box.top + this.y(line.places[last]) }, true);
        } else if (key === "Enter" && this.hovered) this.options.onOpen(this.hovered.id);
        else if (key === "Escape") this.clear();
        else return false;
        return true;
    }

    endKey(key, axis, element) {
        const { end } = element.dataset;
        if (!axis || !end) return false;
        if (key === "Escape") {
            this.clear(axis);
            return true;
        }
        const { stops } = axis, range = this.rangeOf(axis) ?? [stops[0], stops.at(-1)];
        const now = range[Number(end === "high")];
        const to = {
            ArrowUp: () => stops.find((stop) => stop > now + 1e-9), ArrowRight: () => stops.find((stop) => stop > now + 1e-9),
            ArrowDown: () => stops.findLast((stop) => stop < now - 1e-9), ArrowLeft: () => stops.findLast((stop) => stop < now - 1e-9),
            Home: () => stops[0], End: () => stops.at(-1),
        }[key];
        if (!to) return false;
        const place = to() ?? now;
        if (end === "low") this.setRange(axis, Math.min(place, range[1]), range[1]);
        else this.setRange(axis, range[0], Math.max(place, range[0]));
        return true;
    }

    /** The line that is pointed at. */
    nearest({ clientX, clientY }) {
        const box = this.plot.getBoundingClientRect(), x = clientX - box.left, y = clientY - box.top;
        const step = this.axes.length > 1 ? this.x(1) - this.x(0) : 1;
        const where = Math.min(this.axes.length - 1, Math.max(0, (x - LEFT) / step));
        const left = Math.min(this.axes.length - 2, Math.floor(where)), share = where - left;
        let best = null, least = NEAR;
        for (const line of this.chosen) {
            const at = (1 - share) * this.y(line.places[left]) + share * this.y(line.places[left + 1]);
            if (Math.abs(at - y) >= least) continue;
            best = line;
            least = Math.abs(at - y);
        }
        return best;
    }

    /** Raises a line and says what it is; null lowers it again. */
    hover(line, place, isSaid = false) {
        if (line === this.hovered && !line) return;
        this.hovered = line;
        this.raise(line);
        this.plot.classList.toggle("pointing", Boolean(line));
        if (line && place) this.tip.show(line.name(), line.facts(), place, isSaid);
        else this.tip.hide();
        this.options.onHover?.(line?.id ?? null);
    }

    /** The same from elsewhere, as from the row of a table. */
    highlight(id) {
        this.raise(this.lines.find((one) => one.id === id));
    }

    raise(line) {
        this.over.setAttribute("d", line?.path ?? "");
    }

    // ---- drawing ----

    layOut() {
        const room = this.scroller.clientWidth;
        if (!room || this.axes.length < 2) return;
        this.width = Math.max(room, LEFT + RIGHT + (this.axes.length - 1) * APART);
        this.ground = HEIGHT - FOOT - BELOW * Math.max(...this.axes.map((axis) => axis.extras.length));
        this.plot.style.setProperty("width", `${this.width}px`);
        this.plot.style.setProperty("height", `${HEIGHT}px`);
        for (const one of [this.drawing, this.top]) one.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
        for (const line of this.lines) line.path = this.path(line);
        this.drawRails();
        this.draw();
    }

    path(line) {
        return line.places.map((place, index) => `${index ? "L" : "M"}${px(this.x(index))} ${px(this.y(place))}`).join("");
    }

    drawSoon() {
        cancelAnimationFrame(this.frame);
        this.frame = requestAnimationFrame(() => this.draw());
    }

    /** One path for each tone: thousands of lines are few elements, and colours stay with the style. */
    draw() {
        const { lines, chosen } = this, groups = Array.from({ length: TONES }, () => []);
        for (const line of chosen) if (line.tone !== null) groups[Math.round(line.tone * (TONES - 1))].push(line);
        const drawn = (some, name, color = null) => some.length ? svg("path", { class: name, d: some.map((line) => line.path).join(""), stroke: color }) : null;
        const best = chosen.find((line) => line.isBest);
        const isOn = new Set(chosen);
        const parts = [drawn(chosen.length < lines.length ? lines.filter((line) => !isOn.has(line)) : [], "off"), drawn(chosen.filter((line) => line.tone === null), "none"),
            ...groups.map((some, tone) => drawn(some, "tone", `color-mix(in srgb, var(--c0) ${Math.round(100 * tone / (TONES - 1))}%, var(--c1))`)),
            best ? drawn([best], "best") : null];
        this.drawing.classList.toggle("dense", this.lines.length > 300);
        this.drawing.replaceChildren(...parts.filter(Boolean));
        this.raise(this.hovered);
    }

    drawRails() {
        const name = this.rails.contains(document.activeElement) ? document.activeElement.closest("[data-axis]").dataset.axis : null;
        const end = document.activeElement.dataset?.end;
        fill(this.rails, this.axes.map((one, index) => this.rail(one, index)));
        this.drawRanges();
        if (name) this.rails.querySelector(`[data-axis=${CSS.escape(name)}] [data-end=${end}]`)?.focus({ preventScroll: true });
    }

    rail(axis, index) {
        const room = this.axes.length > 1 ? this.x(1) - this.x(0) : this.width, to = this.ground - TOP;
        const width = { "max-width": `${index === this.axes.length - 1 ? RIGHT - 10 : Math.max(40, room - 18)}px` };
        const marks = [...axis.ticks, ...axis.extras.map((text, place) => ({ place: -1 - place, text }))];
        const title = axis.title + (axis.kind === "log" ? ", logarithmic" : "");
        return h("div.axis", { style: { left: `${px(this.x(index))}px` }, data: { index, axis: axis.name, kind: axis.kind } },
            h("b.axis-name.ellipsis", { title, style: width }, axis.title),
            h("span.axis-rail", { style: { top: `${TOP}px`, height: `${to}px` } }),
            marks.map(({ place, text }) => h("span.axis-tick.ellipsis", { title: text, class: place < 0 ? "extra" : "", style: { top: `${px(this.y(place))}px`, ...width } }, text)),
            h("span.axis-range"), h("span.axis-hit", { style: { top: `${TOP - 8}px`, height: `${to + 16 + BELOW * axis.extras.length}px` } }),
            ["low", "high"].map((end) => h("span.axis-end", { role: "slider", tabindex: 0, "aria-orientation": "vertical", "aria-valuemin": 0, "aria-valuemax": axis.stops.length - 1,
                "aria-label": `${title}, ${end === "low" ? "lower" : "upper"} end`, data: { end } })));
    }

    /** Only what moves with a range: what has the focus stays. */
    drawRanges() {
        this.axes.forEach((axis, index) => {
            const rail = this.rails.children[index], range = this.rangeOf(axis), ends = range ?? [axis.stops[0], axis.stops.at(-1)];
            const bar = rail.querySelector(".axis-range");
            bar.hidden = !range;
            bar.style.setProperty("top", `${px(this.y(ends[1]))}px`);
            bar.style.setProperty("height", `${Math.max(2, px(this.y(ends[0]) - this.y(ends[1])))}px`);
            rail.querySelectorAll("[data-end]").forEach((end, which) => {
                const place = ends[which], value = axis.value(place);
                end.classList.toggle("set", Boolean(range));
                end.style.setProperty("top", `${px(this.y(place))}px`);
                end.setAttribute("aria-valuenow", Math.max(0, axis.stops.findLastIndex((stop) => stop <= place + 1e-9)));
                end.setAttribute("aria-valuetext", typeof value === "number" ? number(value) : value);
            });
        });
    }
}
