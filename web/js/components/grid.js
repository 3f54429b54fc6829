// A table of any number of rows and columns in about forty row elements. It knows nothing of what the rows mean.
import { h, fill } from "../dom.js";

const HEAD = 28;
const SPARE = 4;
const SPARE_WIDTH = 160;

/** In pixels, as the style says. */
const rowHeight = () => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row-height"));

/**
 * @typedef {{id: string, title: string, width: number, align?: "right", pinned?: boolean, kind?: string,
 *     isSortable?: boolean, heading: () => any, draw: (cell: HTMLElement, row: any, index: number) => void}} Column
 */

/** A virtual grid with a sticky head, pinned columns and a cursor: a row, and a column once one was chosen. */
export class Grid {
    /**
     * @param {{label: string, rowAt: (index: number) => any, onRange: (first: number, last: number) => void,
     *     onOpen: (index: number) => void, onSort: (id: string, isMore: boolean) => void,
     *     onMenu: (index: number, column: Column, place: DOMRect) => void, onEdit: (index: number, column: Column) => void,
     *     rowClass: (row: any) => string, isSelected: (row: any) => boolean, onDensity?: () => void}} options
     */
    constructor(options) {
        this.options = options;
        this.columns = [];
        this.drawn = [];
        this.total = 0;
        this.cursor = -1;
        this.column = null;
        this.pool = [];
        this.row = rowHeight();
        this.onDensity = () => this.densityChanged();
        document.addEventListener("martlet:density", this.onDensity);
        this.head = h("div.grid-head", { role: "row", "aria-rowindex": 1 });
        this.body = h("div.grid-body", { role: "rowgroup" });
        this.element = h("div.grid", {
            role: "grid", tabindex: 0, "aria-label": options.label, "aria-rowcount": 1, "aria-multiselectable": "true",
        }, h("div.grid-head-group", { role: "rowgroup" }, this.head), this.body);
        this.element.addEventListener("scroll", () => this.scrolled(), { passive: true });
        this.element.addEventListener("click", (event) => this.clicked(event));
        this.element.addEventListener("dblclick", (event) => this.withCell(event, (index, column) => {
            options.onEdit(index, column);
        }));
        this.element.addEventListener("contextmenu", (event) => this.withCell(event, (index, column) => {
            event.preventDefault();
            this.setCursor(index, column.id);
            options.onMenu(index, column, new DOMRect(event.clientX, event.clientY, 0, 0));
        }));
        // Kept, since asking the element while rows are written makes the browser lay out the page each time.
        this.view = { top: 0, left: 0, width: 0, height: 0 };
        this.sizes = new ResizeObserver(() => this.measured());
        this.sizes.observe(this.element);
    }

    close() {
        this.sizes.disconnect();
        document.removeEventListener("martlet:density", this.onDensity);
    }

    /** Rows of another height; the one at the top stays there. */
    densityChanged() {
        const first = this.view.top / this.row;
        this.row = rowHeight();
        for (const row of this.pool) row.index = -1;
        this.setTotal(this.total);
        this.scroll({ top: first * this.row });
        this.scrolled();
        this.options.onDensity?.();
    }

    measured() {
        const { clientWidth: width, clientHeight: height, scrollTop: top, scrollLeft: left } = this.element;
        this.view = { top, left, width, height: height - HEAD };
        this.draw();
    }

    /** @param columns @param sort */
    setColumns(columns, sort) {
        this.columns = columns;
        this.sort = sort;
        this.element.style.setProperty("--cols", columns.map((column) => `${column.width}px`).join(" "));
        this.element.setAttribute("aria-colcount", columns.length);
        let left = 0, pinned = 0;
        this.lefts = columns.map((column) => {
            const at = left;
            left += column.width;
            return at;
        });
        this.stuck = columns.map((column) => {
            if (!column.pinned) return null;
            pinned += column.width;
            return pinned - column.width;
        });
        this.pinnedWidth = pinned;
        this.pool = [];
        this.drawn = [];
        fill(this.body);
        fill(this.head);
        this.draw(true);
    }

    heading(column, index) {
        const place = this.sort.findIndex((key) => key.id === column.id);
        const key = this.sort[place];
        const arrow = key ? h("span.arrow", { "aria-hidden": "true" },
            `${key.descending ? "▾" : "▴"}${this.sort.length > 1 ? place + 1 : ""}`) : null;
        const cell = h("div.grid-th", {
            role: "columnheader", "aria-colindex": index + 1, title: column.title,
            "aria-sort": key ? (key.descending ? "descending" : "ascending") : null,
            class: `${column.align ?? ""} ${column.pinned ? "pinned" : ""} ${column.kind ?? ""}`,
        }, column.isSortable
            ? h("button", { type: "button", on: { click: (event) => this.options.onSort(column.id, event.shiftKey) } },
                column.heading(), arrow)
            : column.heading());
        return this.placed(cell, column, index);
    }

    placed(cell, column, index) {
        cell.style.setProperty("grid-column", String(index + 1));
        if (column.pinned) cell.style.setProperty("left", `${this.stuck[index]}px`);
        return cell;
    }

    /** @param total true number of rows; the scroll bar is true to it */
    setTotal(total) {
        this.total = total;
        this.body.style.setProperty("height", `${total * this.row}px`);
        this.element.setAttribute("aria-rowcount", total + 1);
        if (this.cursor >= total) this.cursor = total - 1;
        this.draw(true);
    }

    /** How tall it would be with all its rows, a scroll bar below them. */
    get naturalHeight() {
        return HEAD + this.total * this.row + 18;
    }

    range() {
        const first = Math.max(0, Math.floor(this.view.top / this.row));
        const count = Math.ceil(this.view.height / this.row) + 1;
        return [Math.min(first, this.total), Math.min(this.total, first + count)];
    }

    scrolled() {
        this.view.top = this.element.scrollTop;
        this.view.left = this.element.scrollLeft;
        this.draw();
        const [first, last] = this.range();
        this.options.onRange(first, last);
    }

    /** Numbers of the columns in view: those that are pinned, and those that are not scrolled away. */
    columnsInView() {
        const from = this.view.left - SPARE_WIDTH;
        const to = this.view.left + this.view.width + SPARE_WIDTH;
        const seen = [];
        this.columns.forEach((column, index) => {
            const left = this.lefts[index];
            if (column.pinned || (left < to && left + column.width > from)) seen.push(index);
        });
        return seen;
    }

    /** Draws what is in view; `all` also rows that stand already. */
    draw(all = false) {
        if (!this.columns.length || this.view.height <= 0) return;
        const seen = this.columnsInView();
        const hasOtherColumns = seen.length !== this.drawn.length || seen.some((index, at) => index !== this.drawn[at]);
        if (hasOtherColumns) {
            this.drawn = seen;
            fill(this.head, seen.map((index) => this.heading(this.columns[index], index)));
        }
        const [first, last] = this.range();
        const from = Math.max(0, first - SPARE);
        const size = Math.min(this.total, last - first + 2 * SPARE + 1);
        while (this.pool.length < size) this.pool.push(this.newRow());
        for (const row of this.pool) row.isUsed = false;
        for (let index = from; index < Math.min(this.total, from + size); index += 1) {
            const row = this.pool[index % this.pool.length];
            row.isUsed = true;
            if (all || hasOtherColumns || row.index !== index) this.drawRow(row, index);
        }
        for (const row of this.pool) {
            if (!row.isUsed && row.index !== -1) {
                row.element.hidden = true;
                row.element.removeAttribute("id");
                row.index = -1;
            }
        }
        if (this.pool.some((row) => row.index >= 0 && row.index === this.cursor)) {
            this.element.setAttribute("aria-activedescendant", `row-${this.cursor}`);
        } else this.element.removeAttribute("aria-activedescendant");
    }

    newRow() {
        const element = h("div.grid-row", { role: "row" });
        this.body.append(element);
        return { element, index: -1, isUsed: false, cells: new Map(), drawn: null };
    }

    newCell(index) {
        const column = this.columns[index];
        const cell = h("div.grid-td", {
            role: "gridcell", "aria-colindex": index + 1, data: { column: String(index) },
            class: `${column.align ?? ""} ${column.pinned ? "pinned" : ""} ${column.kind ?? ""}`,
        });
        return this.placed(cell, column, index);
    }

    drawRow(row, index) {
        const { element } = row;
        const item = this.options.rowAt(index);
        if (row.drawn !== this.drawn) {
            row.drawn = this.drawn;
            row.cells = new Map(this.drawn.map((at) => [at, row.cells.get(at) ?? this.newCell(at)]));
            element.replaceChildren(...row.cells.values());
        }
        if (row.index !== index) {
            row.index = index;
            element.hidden = false;
            element.style.setProperty("transform", `translateY(${index * this.row}px)`);
            element.setAttribute("aria-rowindex", index + 2);
            element.id = `row-${index}`;
        }
        const isCursor = index === this.cursor;
        const classes = ["grid-row", index % 2 ? "odd" : "", isCursor ? "cursor" : "",
            item ? this.options.rowClass(item) : "waiting"].filter(Boolean).join(" ");
        if (element.className !== classes) element.className = classes;
        element.setAttribute("aria-selected", item && this.options.isSelected(item) ? "true" : "false");
        for (const [at, cell] of row.cells) {
            const column = this.columns[at];
            if (item) column.draw(cell, item, index);
            else if (cell.firstChild) {
                fill(cell);
                cell.removeAttribute("title");
                delete cell.dataset.key;
            }
            cell.classList.toggle("here", isCursor && column.id === this.column);
        }
    }

    /** Calls `work` with the row and the column of the cell that an event is about, if it is about one. */
    withCell(event, work) {
        if (!(event.target instanceof Element) || event.target.closest("a,button,input")) return;
        const cell = event.target.closest(".grid-td");
        const row = event.target.closest(".grid-row");
        const found = this.pool.find((one) => one.element === row);
        if (found && cell) work(found.index, this.columns[Number(cell.dataset.column)], cell);
    }

    clicked(event) {
        this.withCell(event, (index, column, cell) => {
            this.setCursor(index, column.id);
            // The whole cell is the target of the small control in it.
            if (column.kind === "control") cell.querySelector("input,button")?.click();
        });
    }

    /** The cell of the cursor, once it is drawn. @returns {HTMLElement | null} */
    get cursorCell() {
        const row = this.pool.find((one) => one.isUsed && one.index === this.cursor);
        return row?.cells.get(this.columns.findIndex((column) => column.id === this.column)) ?? row?.element ?? null;
    }

    /** @param index row to mark and to bring into view @param [column] id of a column */
    setCursor(index, column = this.column) {
        if (!this.total) return;
        this.cursor = Math.max(0, Math.min(index, this.total - 1));
        this.column = column;
        const top = this.cursor * this.row;
        const { height } = this.view;
        if (top < this.view.top) this.scroll({ top });
        else if (top + this.row > this.view.top + height) this.scroll({ top: top + this.row - height });
        this.draw(true);
    }

    /** @param place */
    scroll({ top = this.view.top, left = this.view.left }) {
        this.element.scrollTop = top;
        this.element.scrollLeft = left;
        this.view.top = this.element.scrollTop;
        this.view.left = this.element.scrollLeft;
    }

    move(by) {
        this.setCursor(this.cursor < 0 ? this.range()[0] : this.cursor + by);
    }

    /** The cursor to the column before or after, which comes into view. @param by */
    moveSideways(by) {
        const chosen = this.columns.filter((column) => column.kind !== "control");
        if (!chosen.length) return;
        const at = chosen.findIndex((column) => column.id === this.column);
        const next = chosen[Math.max(0, Math.min(chosen.length - 1, at < 0 ? 0 : at + by))];
        const index = this.columns.indexOf(next);
        if (!next.pinned) {
            const left = this.lefts[index], right = left + next.width;
            const { left: scrolled, width } = this.view;
            if (left < scrolled + this.pinnedWidth) this.scroll({ left: left - this.pinnedWidth });
            else if (right > scrolled + width) this.scroll({ left: right - width });
        }
        this.setCursor(this.cursor < 0 ? this.range()[0] : this.cursor, next.id);
    }

    /** Brings a row to the top. @param index */
    scrollTo(index) {
        this.scroll({ top: Math.max(0, Math.min(index, this.total - 1)) * this.row });
        this.setCursor(index);
    }
}
