// What a run logged that is no number: pictures, histograms, tables, sounds, pages, texts. A card for each key.
import { coalesced, debounced, emptyBox, errorBox, fill, h, setQuery, setText, copyBox } from "../dom.js";
import { grouped, plural } from "../format.js";
import { documents, objects, styleSheet } from "../streams.js";
import { chartsOf } from "../media/wandbFigure.js";
import { toggleOverlays } from "../media/views.js";
import { MediaCard } from "./mediaCard.js";

const ORDER = ["chart", "image", "video", "audio", "histogram", "table", "page", "file", "text"];
const MOST = 300;
/** How W&B's client names the table of a chart. */
const CHARTED = /_table$/;

/** @param root @param page the run page @param isWanted whether it still is */
export async function openMedia(root, page, isWanted) {
    await styleSheet("streams");
    return isWanted() ? new Media(root, page) : null;
}

class Media {
    constructor(root, page) {
        Object.assign(this, { page, cards: new Map(), charts: new Map(), words: [], keys: {} });
        const step = Number(page.route.query.get("step") ?? NaN);
        /** The step of all cards that have it; null for the last one of each. */
        this.step = Number.isInteger(step) && page.route.query.get("step") !== "" ? step : null;
        this.field = h("input.input", { type: "search", placeholder: "Search keys", "aria-label": "Search keys", on: { input: debounced(() => this.arrange(), 100) } });
        this.count = h("span.muted.count");
        this.slider = h("input.media-slider", { type: "range", min: 0, step: 1, "aria-label": "Step of all cards", on: { input: () => this.choose(Number(this.slider.value)) } });
        this.label = h("span.muted.media-step");
        this.all = h("label.media-all", { hidden: true }, "all cards", this.slider, this.label);
        this.host = h("div.media-cards");
        this.rest = h("div");
        fill(root, h("div.toolbar.media-bar", {}, this.field, this.count, h("span.spring"), this.all), this.host, this.rest);
        this.watcher = new IntersectionObserver((entries) => {
            for (const entry of entries) if (entry.isIntersecting) this.cards.get(entry.target.dataset.key)?.show();
        }, { root: document.getElementById("main"), rootMargin: "300px 0px" });
        this.refresh = coalesced(() => this.read(), 800);
        this.learned = debounced(() => this.drawSteps(), 30);
        this.onTheme = () => this.cards.forEach((card) => card.redraw());
        document.addEventListener("martlet:theme", this.onTheme);
        page.onArtifacts = () => this.cards.forEach((card) => card.filesCame());
        this.keys = {
            "/": { label: "Search keys", run: () => this.field.focus() },
            o: { label: "Masks and boxes of pictures: on or off", run: toggleOverlays },
            ArrowLeft: { label: "All cards: earlier step", shown: "←", run: () => this.move(-1) },
            ArrowRight: { label: "All cards: later step", shown: "→", run: () => this.move(1) },
        };
        const known = page.streams?.objects ?? [];
        // What a table is drawn as is not known yet.
        if (!known.some(({ key }) => CHARTED.test(key))) this.take(known);
        this.refresh();
    }

    async read() {
        try {
            const list = await objects(this.page.id);
            await this.readCharts(list);
            this.take(list);
        } catch (error) {
            if (!this.cards.size) fill(this.rest, errorBox(error, () => this.read()));
        }
    }

    /** Which tables are drawn as charts; a run that goes on may say so later. */
    async readCharts(list) {
        const isOpen = list.some(({ key }) => CHARTED.test(key) && !this.charts.has(key));
        if (!isOpen || this.hasCharts && this.page.run.status !== "running") return;
        const { config } = await documents(this.page.id).catch(() => ({}));
        this.charts = chartsOf(config);
        this.hasCharts = true;
    }

    /** The run logged something. */
    heard() {
        this.refresh();
    }

    take(list) {
        if (this.isClosed) return;
        let isOther = false;
        for (const object of list) {
            const card = this.cards.get(object.key), chart = this.charts.get(object.key);
            if (card && Boolean(card.chart) === Boolean(chart)) card.update(object);
            else {
                const fresh = new MediaCard(this, object, chart);
                this.cards.set(object.key, fresh);
                fresh.draw();
                isOther = true;
            }
        }
        if (isOther || !this.cards.size) this.arrange();
        this.learned();
    }

    arrange() {
        const words = this.field.value.toLowerCase().split(/\s+/).filter(Boolean);
        const rank = (card) => ORDER.indexOf(card.kind);
        const found = [...this.cards.values()].filter((card) => words.every((word) => card.name.toLowerCase().includes(word)))
            .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
        this.field.hidden = this.cards.size < 7;
        setText(this.count, found.length === this.cards.size ? plural(found.length, "key") : `${grouped(found.length)} of ${plural(this.cards.size, "key")}`);
        const shown = found.slice(0, MOST);
        fill(this.host, shown.map((card) => card.element));
        fill(this.rest, !this.cards.size ? emptyBox("No media yet. This logs a picture:", copyBox("wandb.log({\"sample\": wandb.Image(picture, caption=\"what it is\")})"))
            : !found.length ? h("p.muted", {}, "No key matches.") : found.length > MOST ? h("p.muted", {}, `${grouped(found.length - MOST)} more; search to see them.`) : null);
        for (const card of shown) {
            this.watcher.unobserve(card.element);
            this.watcher.observe(card.element);
        }
    }

    // ---- one step for all ----

    drawSteps() {
        if (this.isClosed) return;
        this.steps = [...new Set([...this.cards.values()].flatMap((card) => card.values.map((one) => one.step)))].sort((a, b) => a - b);
        this.all.hidden = this.steps.length < 2 || this.cards.size < 2;
        this.slider.max = this.steps.length;
        const at = this.step === null ? -1 : this.steps.indexOf(this.step);
        // Behind the last step stands "the last of each", which goes on as the run does.
        this.slider.value = at < 0 ? this.steps.length : at;
        const text = at < 0 ? "the last of each" : `step ${grouped(this.step)}`;
        setText(this.label, text);
        this.slider.setAttribute("aria-valuetext", text);
    }

    choose(at) {
        this.step = this.steps[at] ?? null;
        for (const card of this.cards.values()) card.go(this.step);
        setQuery({ step: this.step === null ? null : String(this.step) }, { silent: true });
        this.drawSteps();
    }

    move(by) {
        if (this.all.hidden) return;
        const at = this.step === null ? this.steps.length : this.steps.indexOf(this.step);
        this.choose(Math.min(this.steps.length, Math.max(0, at + by)));
    }

    update() {}

    close() {
        this.isClosed = true;
        this.refresh.cancel();
        this.learned.cancel();
        this.watcher.disconnect();
        document.removeEventListener("martlet:theme", this.onTheme);
    }
}
