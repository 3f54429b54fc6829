// The rows of a run table: windows of 200 runs fetched when they come into view, kept true by events without
// ever moving a row under the pointer.
import * as api from "../api.js";
import { grouped } from "../format.js";

const WINDOW = 200;
const KEPT = 12;
// As in Sources/MartletCore/Domain/Run.swift: nobody tells of a run that has fallen silent.
const STALLED_AFTER = 300_000;

/** A long ordered list of runs of which only some windows are here. */
export class RunList {
    /** @param options */
    constructor(options) {
        this.options = options;
        this.windows = new Map();
        this.loading = new Map();
        this.total = 0;
        this.known = 0;
        this.pending = null;
        this.clock = 0;
    }

    /** What is here, for a list that takes it over later; see `takeOver`. */
    get kept() {
        const { query, windows, total, known, clock } = this;
        return { query, windows, total, known, clock };
    }

    /** Begins with what another list had. @param kept */
    takeOver(kept) {
        Object.assign(this, kept);
        this.generation = 1;
    }

    /**
     * Another question: all windows go; the rows stay on screen until the answer is here.
     * @param [firstIndex] a row in the window that is read first
     * @param [condition] what must be here before the answer counts
     */
    async ask(query, firstIndex = 0, condition = null) {
        this.query = query;
        this.generation = (this.generation ?? 0) + 1;
        for (const { stop } of this.loading.values()) stop.abort();
        this.loading.clear();
        this.pending = null;
        await this.load(Math.floor(firstIndex / WINDOW), { isFresh: true, condition });
    }

    at(index) {
        return this.windows.get(Math.floor(index / WINDOW))?.[index % WINDOW];
    }

    /** Rows that are here, in order. */
    *loaded() {
        for (const rows of this.windows.values()) yield* rows;
    }

    /** Makes sure that rows first..<last are here or on their way. */
    need(first, last) {
        const from = Math.floor(first / WINDOW), to = Math.floor(Math.max(first, last - 1) / WINDOW);
        for (const [number, { stop }] of this.loading) {
            if (number < from - 1 || number > to + 1) {
                stop.abort();
                this.loading.delete(number);
            }
        }
        for (let number = from; number <= to; number += 1) {
            if (!this.windows.has(number) && !this.loading.has(number)) this.load(number);
        }
    }

    async load(number, { isFresh = false, condition = null } = {}) {
        const generation = this.generation;
        const stop = new AbortController();
        this.loading.set(number, { stop });
        try {
            const [answer] = await Promise.all([this.fetch(number, stop.signal), condition]);
            if (generation !== this.generation) return;
            if (isFresh) {
                this.windows.clear();
                this.known = answer.total;
            }
            this.total = this.known;
            this.clock = answer.now - Date.now();
            this.windows.set(number, answer.runs);
            this.forget(number);
            if (isFresh) this.options.onTotal(this.total);
            this.options.onRows();
        } catch (error) {
            if (error.name !== "AbortError" && generation === this.generation) this.options.onError(error);
        } finally {
            if (this.loading.get(number)?.stop === stop) this.loading.delete(number);
        }
    }

    fetch(number, signal) {
        return api.searchRuns({ ...this.query, limit: WINDOW, offset: number * WINDOW, wantsTotal: true }, signal);
    }

    forget(near) {
        const far = [...this.windows.keys()].sort((a, b) => Math.abs(b - near) - Math.abs(a - near));
        for (const number of far.slice(0, Math.max(0, this.windows.size - KEPT))) this.windows.delete(number);
    }

    /** Reads the visible rows again. They change in place; new rows and another order only count until `apply`. */
    async refresh(first, last) {
        const generation = this.generation;
        const old = [];
        for (let index = first; index < last && this.at(index); index += 1) old.push(this.at(index));
        if (!old.length) return;
        const answer = await api.searchRuns({ ...this.query, limit: old.length, offset: first, wantsTotal: true });
        if (generation !== this.generation) return;
        const fresh = new Map(answer.runs.map((run) => [run.id, run]));
        const missing = old.filter((run) => !fresh.has(run.id)).map((run) => run.id);
        for (const run of missing.length ? await this.byID(missing) : []) fresh.set(run.id, run);
        if (generation !== this.generation) return;
        this.clock = answer.now - Date.now();
        for (let index = first; index < first + old.length; index += 1) {
            const rows = this.windows.get(Math.floor(index / WINDOW));
            if (rows?.[index % WINDOW]) rows[index % WINDOW] = fresh.get(rows[index % WINDOW].id) ?? rows[index % WINDOW];
        }
        this.pending = difference(old, answer.runs, answer.total - this.known);
        this.options.onRows();
    }

    /** Rows that were read while they reported and have been silent for too long since. @returns any */
    age() {
        const silent = Date.now() + this.clock - STALLED_AFTER;
        let isAny = false;
        for (const run of this.loaded()) {
            if (run.status !== "running" || run.isStalled || run.heartbeatAt > silent) continue;
            run.isStalled = true;
            isAny = true;
        }
        return isAny;
    }

    async byID(ids) {
        const list = ids.map((id) => `'${id}'`).join(",");
        const { experimentIDs, fields } = this.query;
        const answer = await api.searchRuns({
            experimentIDs, fields, filter: `attributes.run_id IN (${list})`, view: "all", limit: ids.length,
            wantsTotal: false,
        });
        return answer.runs;
    }

    /** Takes over new rows and the new order; the window at `index` first. */
    apply(index) {
        return this.ask(this.query, index);
    }
}

/** How an ordered window changed: rows that are new, rows that stand elsewhere among the others. */
export function difference(before, after, grown) {
    const places = new Map(before.map((run, index) => [run.id, index]));
    const common = after.filter((run) => places.has(run.id)).map((run) => places.get(run.id));
    const moved = common.length - longestRise(common);
    const entered = after.length - common.length;
    const added = Math.max(grown, 0);
    const removed = Math.max(-grown, 0);
    const swapped = !added && !removed && entered ? entered : 0;
    return added || removed || moved || swapped ? { added, removed, moved: moved + swapped } : null;
}

/** What `difference` found, in words; empty where there is nothing. */
export function changeText(change) {
    return change ? [
        change.added ? `${grouped(change.added)} new` : null, change.removed ? `${grouped(change.removed)} gone` : null,
        change.moved ? `${grouped(change.moved)} moved` : null, change.columns ? "other columns" : null,
    ].filter(Boolean).join(" · ") : "";
}

/** Length of the longest rising subsequence: rows that did not move. */
function longestRise(places) {
    const ends = [];
    for (const place of places) {
        let low = 0, high = ends.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (ends[middle] < place) low = middle + 1;
            else high = middle;
        }
        ends[low] = place;
    }
    return ends.length;
}
