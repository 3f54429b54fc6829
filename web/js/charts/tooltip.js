// What stands under the crosshair: it follows the pointer, and stays where a click left it.
import { h, fill, copyText } from "../dom.js";
import { compact, number } from "../format.js";

const FOLLOWING = 12;

/** One tooltip for all cards of a panel. */
export class ChartTip {
    constructor() {
        this.element = h("div.chart-tip", { hidden: true });
        this.isFrozen = false;
    }

    /** null hides it; @param [place] where the pointer is */
    show(content, place) {
        if (this.isFrozen) return;
        this.content = content?.rows.length ? content : null;
        this.place = place ?? this.place;
        this.draw();
    }

    /** Keeps what is shown and makes it something to take hold of. Does nothing where nothing is shown. */
    freeze() {
        if (!this.content) return;
        this.isFrozen = true;
        this.draw();
    }

    release() {
        this.isFrozen = false;
        this.content = null;
        this.draw();
    }

    draw() {
        const { element, content } = this;
        element.hidden = !content;
        element.classList.toggle("frozen", this.isFrozen);
        if (!content) return;
        // The greatest, or those around the line that is pointed at.
        const near = content.rows.findIndex((one) => one.isNear);
        const from = Math.max(0, Math.min(near - FOLLOWING / 2, content.rows.length - FOLLOWING));
        const shown = this.isFrozen ? content.rows : content.rows.slice(from, from + FOLLOWING);
        const more = content.rows.length - shown.length;
        fill(element, h("div.row", {}, h("b", {}, content.title), h("span.spring"), this.isFrozen ? this.buttons() : null),
            h("table", {}, h("tbody", {}, shown.map(row))),
            more ? h("div.muted", {}, `+${more} · click to see all`) : null);
        const left = Math.min(this.place.clientX + 14, innerWidth - element.offsetWidth - 8);
        const top = Math.min(this.place.clientY + 14, innerHeight - element.offsetHeight - 8);
        element.style.setProperty("left", `${Math.max(8, left)}px`);
        element.style.setProperty("top", `${Math.max(8, top)}px`);
    }

    buttons() {
        const button = (label, title, run) => h("button.link", { type: "button", title, on: { click: run } }, label);
        return [button("copy", "Copy as a table", (event) => {
            copyText(this.text());
            event.target.textContent = "copied";
        }), button("close", "Release (Esc)", () => this.onRelease?.())];
    }

    /** The rows with tabs between, as a spreadsheet takes them. */
    text() {
        const lines = this.content.rows.map(({ line, value, smooth, n, low, high, from, to }) =>
            [line.label, line.key, from, to, value ?? "NaN", smooth ?? "", low ?? "", high ?? "", n].join("\t"));
        return ["run\tmetric\tfrom\tto\tvalue\tsmoothed\tmin\tmax\tpoints", ...lines].join("\n");
    }
}

/** A stroke as the chart draws it. */
export function swatch(color, split = "") {
    return h("span.swatch-line", {
        class: `dash${Math.floor(color / 10) % 5} ${split}`, style: { "--swatch": `var(--c${color % 10})` }, "aria-hidden": "true",
    });
}

/** What a place has besides numbers; nothing else there is told in the place of the value. */
const broken = ({ nan, inf }) => [nan && `${compact(nan)} NaN`, inf && `${compact(inf)} infinite`].filter(Boolean).join(", ");

function row(one) {
    const { line, value, smooth, n, low, high, isNear } = one;
    return h("tr", { class: isNear ? "near" : null },
        h("td", {}, swatch(line.color, line.split)),
        h("td.n", {}, h("b", {}, value === null ? one.inf && !one.nan ? "infinite" : "NaN" : number(value))),
        h("td.n.muted", {}, typeof smooth === "number" ? `~${number(smooth)}` : ""),
        h("td.ellipsis", { title: `${line.label} ${line.key}` }, line.name, line.split ? h("span.muted", {}, ` ${line.split}`) : null),
        h("td.muted", {}, line.tail),
        h("td.muted", {}, value === null ? "" : broken(one), n < 2 || low === null ? "" : low === undefined ? `mean of ${compact(n)}` : `${number(low)}…${number(high)} of ${compact(n)}`));
}
