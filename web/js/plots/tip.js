// A few facts beside the pointer or beside what the keys chose; said aloud only in the second case.
import { fill, h, setText } from "../dom.js";

export class Tip {
    constructor() {
        this.box = h("div.chart-tip", { hidden: true, "aria-hidden": "true" });
        this.said = h("span.sr-only", { role: "status" });
    }

    /** @param {string} title @param {[string, string][]} facts @param place clientX and clientY */
    show(title, facts, { clientX, clientY }, isSaid) {
        const { box } = this;
        box.hidden = false;
        fill(box, h("b", {}, title), h("table", {}, h("tbody", {}, facts.map(([name, text]) =>
            h("tr", {}, h("td.muted.ellipsis", {}, name), h("td.ellipsis", {}, text))))));
        const left = clientX + 14 + box.offsetWidth > innerWidth - 8 ? clientX - 14 - box.offsetWidth : clientX + 14;
        box.style.setProperty("left", `${Math.max(8, left)}px`);
        box.style.setProperty("top", `${Math.max(8, Math.min(clientY + 14, innerHeight - box.offsetHeight - 8))}px`);
        if (isSaid) setText(this.said, `${title}: ${facts.map((fact) => fact.join(" ")).join(", ")}`);
    }

    hide() {
        this.box.hidden = true;
    }
}
