// The printed lines of a run: pages of them are read when they come into view, and kept for a while.
import { coalesced, debounced } from "../dom.js";
import { consoleLines } from "../streams.js";

const PAGE = 500;
const KEPT = 80;
/** Lines of one request of those that read all. */
const MANY = 10_000;

export class ConsoleLines {
    /** @param run id @param changed called with the numbers of lines that are here now, and whether there are more lines */
    constructor(run, changed) {
        Object.assign(this, { run, changed, total: 0, pages: new Map(), wanted: [], isReading: false, error: null });
        this.soon = debounced(() => this.read(), 20);
        this.refresh = coalesced(() => this.again(), 400);
    }

    /** @returns a line that is here; undefined for another. */
    at(index) {
        return this.pages.get(Math.floor(index / PAGE))?.lines[index % PAGE];
    }

    /** All lines that are here. */
    *loaded() {
        for (const { lines } of this.pages.values()) yield* lines;
    }

    /** Tells which lines are looked at. */
    want(first, last) {
        this.wanted = [];
        for (let page = Math.floor(first / PAGE); page * PAGE < last; page += 1) this.wanted.push(page);
        for (const page of this.wanted) if (this.pages.has(page)) this.use(page, this.pages.get(page));
        if (this.missing() !== undefined) this.soon();
    }

    use(page, entry) {
        this.pages.delete(page);
        this.pages.set(page, entry);
    }

    missing() {
        return this.wanted.find((page) => {
            const entry = this.pages.get(page);
            return !entry || entry.isStale || entry.lines.length < Math.min(PAGE, this.total - page * PAGE);
        });
    }

    async read() {
        if (this.isReading || this.isClosed) return;
        this.isReading = true;
        try {
            for (let page = this.missing(); page !== undefined && !this.isClosed; page = this.missing()) await this.readPage(page);
            this.error = null;
        } catch (error) {
            this.error = error;
        } finally {
            this.isReading = false;
        }
        if (this.error && !this.isClosed) this.changed([0, 0], false);
    }

    async readPage(page) {
        const from = page * PAGE;
        const answer = await consoleLines(this.run, from, PAGE);
        if (this.isClosed) return;
        this.take(page, answer);
    }

    take(page, { lines, total }) {
        // By their numbers: those that have none are empty.
        const from = page * PAGE, list = [];
        for (const line of lines) list[line.number - from] = line;
        const length = Math.min(PAGE, Math.max(0, total - from));
        for (let index = 0; index < length; index += 1) list[index] ??= { number: from + index, isError: false, text: "" };
        this.use(page, { lines: list, isStale: false });
        while (this.pages.size > KEPT) this.pages.delete(this.pages.keys().next().value);
        const isLonger = total !== this.total;
        this.total = total;
        this.changed([from, from + list.length], isLonger);
    }

    /** The run printed something: lines were added, and the last ones may have been written over. */
    async again() {
        if (this.isClosed) return;
        for (const page of [...this.pages.keys()]) {
            if (this.wanted.includes(page)) this.pages.get(page).isStale = true;
            else if ((page + 2) * PAGE >= this.total) this.pages.delete(page);
        }
        try {
            // How many there are is known from any page.
            if (!this.wanted.length) await this.readPage(0);
            else await this.read();
        } catch {
            // The next event asks again.
        }
    }

    /** Goes through all lines. @param from @param to @param see lines of a part; stops where it answers false */
    async each(from, to, see) {
        for (let at = from; at < to && !this.isClosed; at += MANY) {
            const { lines, total } = await consoleLines(this.run, at, Math.min(MANY, to - at));
            if (see(lines, Math.min(to, at + MANY), total) === false) return;
        }
    }

    close() {
        this.isClosed = true;
        this.soon.cancel();
        this.refresh.cancel();
    }
}
