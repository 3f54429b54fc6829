// Millions of lines of which only those in view are elements; lines may be of any height.
//
// Where the scroll bar stands as a part of its way, that part of the list stands at that part of the box: the first line at
// the top, the last one at the bottom. With lines of one height and a space as high as all of them this is how any box
// scrolls, and it still holds where the space is lower than the lines (browsers allow no more) or where lines wrap.
import { h } from "../dom.js";

const HIGHEST = 16_000_000;
const SPARE = 8;

export class LineList {
    /**
     * @param {{draw: (index: number) => HTMLElement, label: string, unit: number,
     *     onRange: (first: number, last: number) => void, onFollow: (isFollowing: boolean) => void}} options
     */
    constructor(options) {
        Object.assign(this, { total: 0, isFollowing: true, pin: null, own: -1, widest: 0, isWrapped: false }, options);
        this.least = this.unit;
        this.rows = new Map();
        this.body = h("div.lines-body");
        this.layer = h("div.lines-layer", {}, this.body);
        this.space = h("div.lines-space", {}, this.layer);
        this.element = h("div.lines", { tabindex: 0, role: "region", "aria-label": this.label, on: { scroll: () => this.scrolled() } }, this.space);
        this.sizes = new ResizeObserver(() => this.resized());
        this.sizes.observe(this.element);
    }

    get room() {
        return this.element.clientHeight;
    }

    get most() {
        return Math.max(0, this.height - this.room);
    }

    measure() {
        this.height = Math.min(HIGHEST, this.total * this.unit);
        this.space.style.height = `${Math.max(this.height, this.room)}px`;
        this.layer.style.height = `${this.room}px`;
    }

    resized() {
        if (!this.room) return;
        if (this.isWrapped) this.unit = this.least;
        this.keep();
    }

    scrolled() {
        if (this.element.scrollTop !== this.own) {
            this.own = -1;
            this.pin = null;
            this.follow(this.element.scrollTop >= this.most - 2);
        }
        this.render();
    }

    follow(isFollowing) {
        if (this.isFollowing === isFollowing) return;
        this.isFollowing = isFollowing;
        this.onFollow(isFollowing);
    }

    scrollTo(top) {
        this.element.scrollTop = top;
        this.own = this.element.scrollTop;
    }

    /** The first line in view, and where it begins. */
    top() {
        const from = this.body.firstChild ? this.offset : 0;
        for (const row of this.body.children) {
            const y = from + row.offsetTop;
            if (y + row.offsetHeight > 0.5) return { line: row.line, y };
        }
        return null;
    }

    /** Measures and draws anew; what is in view stays, or the end does. */
    keep(top = this.pin ?? this.top()) {
        this.measure();
        if (this.isFollowing || !top) {
            this.pin = null;
            this.scrollTo(this.most);
        } else {
            this.pin = top;
            const free = this.total * this.unit - this.room;
            this.scrollTo(free > 0 ? this.most * Math.min(1, Math.max(0, (top.line * this.unit - top.y) / free)) : 0);
        }
        this.render();
    }

    /** There are more lines, or fewer. */
    setTotal(total) {
        if (total === this.total) return;
        const top = this.pin ?? this.top();
        this.total = total;
        this.keep(top);
    }

    setWrapped(isWrapped) {
        const top = this.top();
        this.isWrapped = isWrapped;
        this.element.classList.toggle("wrapped", isWrapped);
        this.unit = this.least;
        this.keep(top);
    }

    /** Brings a line into view. @param line @param [part] of the height of the box */
    go(line, part = 1 / 3) {
        this.follow(false);
        this.keep({ line: Math.min(this.total - 1, Math.max(0, line)), y: Math.round(this.room * part) });
    }

    toEnd() {
        this.follow(true);
        this.keep();
    }

    isInView(line) {
        const row = this.rows.get(line);
        const y = row ? this.offset + row.offsetTop : -1;
        return Boolean(row) && y >= 0 && y + row.offsetHeight <= this.room;
    }

    /** Draws lines anew: those for which `isChanged` says so. */
    redraw(isChanged = () => true) {
        for (const [line, row] of this.rows) {
            if (!isChanged(line)) continue;
            const fresh = this.make(line);
            row.replaceWith(fresh);
        }
        this.render();
    }

    make(line) {
        const row = this.draw(line);
        row.line = line;
        this.rows.set(line, row);
        return row;
    }

    render() {
        const { room, total, body } = this;
        if (!room || this.isClosed) return;
        const part = this.most ? Math.min(1, this.element.scrollTop / this.most) : 0;
        const at = part * total;
        const line = Math.min(total - 1, this.pin?.line ?? Math.floor(at)), y = this.pin?.y ?? part * room;
        // A pinned line may have to move: the list neither begins below the upper edge nor ends above the lower one.
        const above = this.pin ? room : y, below = this.pin ? room : room - y;
        const first = Math.max(0, line - Math.ceil(above / this.least) - SPARE);
        const last = Math.min(total, line + 1 + Math.ceil(Math.max(0, below, room - y) / this.least) + SPARE);
        for (const [index, row] of this.rows) {
            if (index >= first && index < last) continue;
            row.remove();
            this.rows.delete(index);
        }
        let next = null;
        for (let index = last - 1; index >= first; index -= 1) {
            const row = this.rows.get(index) ?? this.make(index);
            // What is there keeps its place, and with it what is selected.
            if (!row.isConnected) body.insertBefore(row, next);
            next = row;
        }
        if (last <= first) {
            this.offset = 0;
            return;
        }
        const anchor = this.rows.get(line), { offsetHeight } = body;
        let offset = y - anchor.offsetTop - (this.pin ? 0 : (at - line) * anchor.offsetHeight);
        if (last === total) offset = Math.max(offset, room - offsetHeight);
        if (first === 0) offset = Math.min(offset, 0);
        this.offset = offset;
        body.style.transform = `translateY(${offset}px)`;
        this.grow(part, offsetHeight / (last - first));
        this.onRange(first, last);
    }

    /** Wrapped lines are higher than they were thought to be; long ones are wider. */
    grow(part, average) {
        if (this.isWrapped) {
            if (average < this.unit * 1.2 && this.total * average <= this.room) return;
            if (average < this.unit * 1.2) return;
            this.unit = average;
            this.measure();
            this.scrollTo(this.isFollowing ? this.most : part * this.most);
        } else if (this.body.offsetWidth > this.widest) {
            this.widest = this.body.offsetWidth;
            this.layer.style.minWidth = `${this.widest}px`;
        }
    }

    close() {
        this.isClosed = true;
        this.sizes.disconnect();
    }
}
