// Shares as bars in a table: the bar for the eye, the number beside it for everybody.
import { h } from "../dom.js";

/**
 * @param {{name: string, share: number, text: string, more?: string[]}[]} rows `share` is of 1
 * @param {{caption: string, heads: string[], isVague?: boolean}} options `heads`: of the name, the bar, and what stands behind it;
 *     vague ones are grey
 */
export function bars(rows, { caption, heads, isVague = false }) {
    const top = Math.max(...rows.map((row) => row.share), 0) || 1;
    const [name, share, ...more] = heads;
    return h("table.list.bars", {}, h("caption.sr-only", {}, caption),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, name), h("th", { scope: "col", colspan: 2 }, share), more.map((head) => h("th.n", { scope: "col" }, head)))),
        h("tbody", {}, rows.map((row) => h("tr", {}, h("th.bar-name", { scope: "row", title: row.name }, row.name),
            h("td.bar-cell", {}, h("span.bar", { style: { width: `${100 * Math.max(0, row.share) / top}%`, ...isVague ? { background: "var(--line2)" } : {} } })),
            h("td.n", {}, row.text), (row.more ?? []).map((text) => h("td.n", {}, text))))));
}
