// All that a run logged under one key that is no number: one step at a time.
import { errorBox, fill, h, iconButton, setText } from "../dom.js";
import { grouped, plural } from "../format.js";
import { objectValues } from "../streams.js";
import { heatMap } from "../media/histogram.js";
import { histogramOf, kindOf } from "../media/values.js";
import { view } from "../media/views.js";

const PAGE = 500;
/** Steps that a slider goes over; those of a histogram are also drawn. */
const MOST = 20_000;
/** Columns of a table that needs no more room than other cards. */
const NARROW = 4;

export class MediaCard {
    /** @param owner the tab @param object key, count, lastStep, last @param [chart] that its table is drawn as */
    constructor(owner, object, chart) {
        Object.assign(this, { owner, object, chart, key: object.key, name: chart?.key ?? object.key, kind: chart ? "chart" : kindOf(object.last), at: 0, isFollowing: true, isNear: false });
        // The last one is known without a question.
        this.values = [{ step: object.lastStep, value: object.last }];
        this.isWhole = object.count <= 1;
        /** Values that were read, also those that are nothing, and the step from which on others may come. */
        this.count = 0;
        this.next = 0;
        this.slider = h("input.media-slider", { type: "range", min: 0, max: 0, step: 1, "aria-label": `Step of ${this.name}`, on: { input: () => this.choose(Number(this.slider.value)) } });
        this.step = h("span.media-step.muted");
        this.steps = h("div.media-steps.row", { hidden: true }, iconButton("close", "Earlier step", () => this.choose(this.at - 1)), this.slider, iconButton("close", "Later step", () => this.choose(this.at + 1)));
        fill(this.steps.firstChild, "‹");
        fill(this.steps.lastChild, "›");
        this.body = h("div.media-body", {}, h("p.muted", {}, "…"));
        this.map = h("div");
        this.element = h("section.media-card", { class: `${this.kind} ${this.kind === "table" && object.last.ncols > NARROW ? "wide" : ""}`, data: { key: this.key } },
            h("header", {}, h("h2", { title: this.key }, this.name), this.step), this.steps, this.body, this.map);
    }

    /** It came into view: only now its files and its other steps are read. */
    show() {
        if (this.isNear) return;
        this.isNear = true;
        // Where a step is asked for, the last one need not be read first.
        if (this.owner.step === null || this.isWhole) this.draw();
        this.read();
    }

    async read() {
        if (this.isReading || this.isWhole || !this.isNear) return;
        this.isReading = true;
        try {
            // The one that came with the key is read again among the others.
            const known = this.hasRead ? this.values : [];
            let more = true;
            while (more && this.count < MOST && !this.owner.isClosed) {
                const { values, hasMore } = await objectValues(this.owner.page.id, this.key, this.next, PAGE);
                // At a step where a program says None there is nothing to look at.
                known.push(...values.filter(({ value }) => value !== null));
                this.count += values.length;
                this.next = values.length ? values.at(-1).step + 1 : this.next;
                more = hasMore && values.length > 0;
            }
            if (this.owner.isClosed) return;
            this.isWhole = this.count >= this.object.count || this.count >= MOST;
            if (!known.length) return;
            const { step } = this.values[this.at] ?? {};
            this.hasRead = true;
            this.values = known;
            this.setKind();
            const wanted = this.owner.step ?? (this.isFollowing ? null : step);
            const place = wanted === null ? -1 : known.findIndex((one) => one.step === wanted);
            this.at = place >= 0 ? place : this.isFollowing ? known.length - 1 : Math.min(this.at, known.length - 1);
            this.isFollowing = this.at === known.length - 1;
            this.draw();
            this.owner.learned();
        } catch (error) {
            fill(this.map, errorBox(error, () => this.read()));
        } finally {
            this.isReading = false;
        }
    }

    /** The kind of the last value, which may have been nothing when the key was first heard of. */
    setKind() {
        const { value } = this.values.at(-1), kind = this.chart ? "chart" : kindOf(value);
        if (kind === this.kind) return;
        this.element.classList.replace(this.kind, kind);
        this.element.classList.toggle("wide", kind === "table" && value.ncols > NARROW);
        this.kind = kind;
        this.owner.arrange();
    }

    /** What is known of the key now. */
    update(object) {
        const isMore = object.count !== this.object.count || object.lastStep !== this.object.lastStep;
        this.object = object;
        if (!isMore) return;
        this.isWhole = false;
        if (!this.hasRead && this.isFollowing) {
            this.values = [{ step: object.lastStep, value: object.last }];
            this.at = 0;
        }
        this.read();
    }

    /** One shows another step of this card alone. */
    choose(at) {
        const next = Math.min(this.values.length - 1, Math.max(0, at));
        if (next === this.at) return;
        this.at = next;
        this.isFollowing = next === this.values.length - 1;
        this.draw();
    }

    /** The step that all cards go to; one that has it not stays where it is. @param step null for the last one of each */
    go(step) {
        const place = step === null ? this.values.length - 1 : this.values.findIndex((one) => one.step === step);
        if (place >= 0) this.choose(place);
    }

    draw() {
        const { values, slider } = this;
        this.steps.hidden = values.length < 2;
        slider.max = values.length - 1;
        slider.value = this.at;
        const { step, value } = values[this.at];
        slider.setAttribute("aria-valuetext", `step ${step}`);
        setText(this.step, `step ${grouped(step)}${values.length > 1 ? ` · ${grouped(this.at + 1)} of ${grouped(values.length)}` : this.object.count > 1 ? ` · ${plural(this.object.count, "step")}` : ""}`);
        if (!this.isNear) return;
        this.drawMap();
        const text = JSON.stringify(value);
        if (this.drawn === text) return;
        this.drawn = text;
        // As high as before until the next one is here, so that nothing below jumps.
        this.body.style.minHeight = `${this.body.offsetHeight}px`;
        const next = view(value, this.owner.page.id, this.chart, this.key);
        fill(this.body, next);
        Promise.resolve(next.ready).then(() => { this.body.style.minHeight = this.kind === "image" ? this.body.style.minHeight : ""; });
    }

    drawMap() {
        if (this.kind !== "histogram" || this.values.length < 2) return;
        const list = this.values.map(({ step, value }, index) => ({ step, index, histogram: histogramOf(value) })).filter((one) => one.histogram);
        const here = list.findIndex((one) => one.index === this.at);
        if (list.length > 1) fill(this.map, heatMap(list, here, (at) => this.choose(list[at].index)));
    }

    /** Files came: those that were missing may be among them. */
    filesCame() {
        if (!this.isNear || !this.body.querySelector("[data-missing]")) return;
        this.drawn = null;
        this.draw();
    }

    redraw() {
        this.drawMap();
    }
}
