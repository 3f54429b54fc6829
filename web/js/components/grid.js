// A table of any number of rows in about forty row elements. It knows nothing of what the rows mean.
import { h, fill } from "../dom.js";

const ROW = 28;
const SPARE = 6;

/**
 * @typedef {{id: string, title: string, width: number, grow?: boolean, align?: "right", pinned?: boolean,
 *     isSortable?: boolean, heading: () => any, draw: (cell: HTMLElement, row: any, index: number) => void}} Column
 */

/** A virtual grid with a sticky head, pinned columns and a cursor. */
export class Grid {
    /**
     * @param {{label: string, rowAt: (index: number) => any, onRange: (first: number, last: number) => void,
     *     onOpen: (index: number) => void, onSort: (id: string, isMore: boolean) => void,
     *     rowClass: (row: any) => string}} options
     */
    constructor(options) {
        this.options = options;
        this.columns = [];
        this.total = 0;
        this.cursor = -1;
        this.pool = [];
        this.head = h("div.grid-head", { role: "row", "aria-rowindex": 1 });
        this.body = h("div.grid-body", { role: "rowgroup" });
        this.element = h("div.grid", { role: "grid", tabindex: 0, "aria-label": options.label, "aria-rowcount": 1 },
            h("div.grid-head-group", { role: "rowgroup" }, this.head), this.body);
        this.element.addEventListener("scroll", () => this.scrolled(), { passive: true });
        this.element.addEventListener("click", (event) => this.clicked(event));
        this.sizes = new ResizeObserver(() => this.draw());
        this.sizes.observe(this.element);
    }

    close() {
        this.sizes.disconnect();
    }

    /** @param {Column[]} columns @param {{id: string, descending: boolean}[]} sort */
    setColumns(columns, sort) {
        this.columns = columns;
        const tracks = columns.map((column) => column.grow ? `minmax(${column.width}px, 1fr)` : `${column.width}px`);
        this.element.style.setProperty("--cols", tracks.join(" "));
        this.element.setAttribute("aria-colcount", columns.length);
        let left = 0;
        this.lefts = columns.map((column) => {
            const at = column.pinned ? left : null;
            left += column.width;
            return at;
        });
        fill(this.head, columns.map((column, index) => this.heading(column, index, sort)));
        this.pool = [];
        fill(this.body);
        this.draw(true);
    }

    heading(column, index, sort) {
        const place = sort.findIndex((key) => key.id === column.id);
        const key = sort[place];
        const arrow = key ? h("span.arrow", { "aria-hidden": "true" },
            `${key.descending ? "▾" : "▴"}${sort.length > 1 ? place + 1 : ""}`) : null;
        const cell = h("div.grid-th", {
            role: "columnheader", "aria-colindex": index + 1, title: column.title,
            "aria-sort": key ? (key.descending ? "descending" : "ascending") : null,
            class: `${column.align ?? ""} ${column.pinned ? "pinned" : ""}`,
        }, column.isSortable
            ? h("button", { type: "button", on: { click: (event) => this.options.onSort(column.id, event.shiftKey) } },
                column.heading(), arrow)
            : column.heading());
        if (column.pinned) cell.style.setProperty("left", `${this.lefts[index]}px`);
        return cell;
    }

    /** @param {number} total true number of rows; the scroll bar is true to it */
    setTotal(total) {
        this.total = total;
        this.body.style.setProperty("height", `${total * ROW}px`);
        this.element.setAttribute("aria-rowcount", total + 1);
        if (this.cursor >= total) this.cursor = total - 1;
        this.draw(true);
    }

    range() {
        const first = Math.max(0, Math.floor(this.element.scrollTop / ROW));
        const count = Math.ceil((this.element.clientHeight - this.head.offsetHeight) / ROW) + 1;
        return [first, Math.min(this.total, first + count)];
    }

    scrolled() {
        this.draw();
        const [first, last] = this.range();
        this.options.onRange(first, last);
    }

    /** Draws what is in view; `all` also rows that stand already. */
    draw(all = false) {
        if (!this.columns.length || !this.element.clientHeight) return;
        const [first, last] = this.range();
        const from = Math.max(0, first - SPARE);
        const size = Math.min(this.total, last - first + 2 * SPARE + 1);
        while (this.pool.length < size) this.pool.push(this.newRow());
        for (const row of this.pool) row.isUsed = false;
        for (let index = from; index < Math.min(this.total, from + size); index += 1) {
            const row = this.pool[index % this.pool.length];
            row.isUsed = true;
            if (all || row.index !== index) this.drawRow(row, index);
        }
        for (const row of this.pool) {
            if (!row.isUsed && row.index !== -1) {
                row.element.hidden = true;
                row.index = -1;
            }
        }
    }

    newRow() {
        const element = h("div.grid-row", { role: "row" }, this.columns.map((column, index) => {
            const cell = h("div.grid-td", {
                role: "gridcell", "aria-colindex": index + 1,
                class: `${column.align ?? ""} ${column.pinned ? "pinned" : ""} ${column.kind ?? ""}`,
            });
            if (column.pinned) cell.style.setProperty("left", `${this.lefts[index]}px`);
            return cell;
        }));
        this.body.append(element);
        return { element, index: -1, isUsed: false };
    }

    drawRow(row, index) {
        const { element } = row;
        const item = this.options.rowAt(index);
        if (row.index !== index) {
            row.index = index;
            element.hidden = false;
            element.style.setProperty("transform", `translateY(${index * ROW}px)`);
            element.setAttribute("aria-rowindex", index + 2);
            element.id = `row-${index}`;
        }
        const classes = ["grid-row", index % 2 ? "odd" : "", index === this.cursor ? "cursor" : "",
            item ? this.options.rowClass(item) : "waiting"].filter(Boolean).join(" ");
        if (element.className !== classes) element.className = classes;
        this.columns.forEach((column, at) => {
            const cell = element.children[at];
            if (item) column.draw(cell, item, index);
            else if (cell.firstChild) fill(cell);
        });
    }

    clicked(event) {
        if (!(event.target instanceof Element) || event.target.closest("a,button,input")) return;
        const row = event.target.closest(".grid-row");
        const found = this.pool.find((one) => one.element === row);
        if (found) this.setCursor(found.index);
    }

    /** @param {number} index row to mark and to bring into view */
    setCursor(index) {
        if (!this.total) return;
        this.cursor = Math.max(0, Math.min(index, this.total - 1));
        this.element.setAttribute("aria-activedescendant", `row-${this.cursor}`);
        const top = this.cursor * ROW;
        const height = this.element.clientHeight - this.head.offsetHeight;
        if (top < this.element.scrollTop) this.element.scrollTop = top;
        else if (top + ROW > this.element.scrollTop + height) this.element.scrollTop = top + ROW - height;
        this.draw(true);
    }

    move(by) {
        this.setCursor(this.cursor < 0 ? this.range()[0] : this.cursor + by);
    }

    /** Brings a row to the top. @param {number} index */
    scrollTo(index) {
        this.element.scrollTop = Math.max(0, Math.min(index, this.total - 1)) * ROW;
        this.setCursor(index);
    }
}
