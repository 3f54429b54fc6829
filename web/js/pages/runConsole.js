// What a run printed: all of it, as a terminal would show it.
import { debounced, fill, h, icon, iconButton, saveBlob, setQuery, setText } from "../dom.js";
import { grouped, iso, plural } from "../format.js";
import { dress, parts, plain } from "../ansi.js";
import { LineList } from "../components/lineList.js";
import { styleSheet } from "../streams.js";
import { ConsoleLines } from "./consoleLines.js";

const HEIGHT = 18;
/** A line may be megabytes long. */
const LONGEST = 10_000;
const MOST_MATCHES = 100_000;

/** @param root @param page the run page @param isWanted whether it still is */
export async function openConsole(root, page, isWanted) {
    await styleSheet("streams");
    return isWanted() ? new Console(root, page) : null;
}

/** What this browser keeps; it may be forbidden to. */
function kept(name, value) {
    try {
        if (value === undefined) return localStorage.getItem(`martlet.console.${name}`);
        localStorage.setItem(`martlet.console.${name}`, value);
    } catch {
        // Only shown then.
    }
    return null;
}

class Console {
    constructor(root, page) {
        Object.assign(this, { page, words: null, sought: "", found: null });
        const { query } = page.route;
        this.list = new LineList({
            label: "What the run printed", unit: HEIGHT, draw: (index) => this.row(index),
            onRange: (first, last) => this.lines.want(first, last), onFollow: (isFollowing) => { this.end.hidden = isFollowing; },
        });
        this.lines = new ConsoleLines(page.id, (range, isLonger) => this.read(range, isLonger));
        this.state = h("span.muted.count", { role: "status" });
        this.bar = h("progress", { max: 1, hidden: true, "aria-label": "Searched so far" });
        this.stopButton = h("button.button", { type: "button", hidden: true, on: { click: () => this.stop() } }, "Stop");
        this.field = h("input.input.console-find", { type: "search", placeholder: "Find in all lines", "aria-label": "Find in all lines", on: {
            input: debounced(() => this.typed(), 120),
            keydown: (event) => {
                if (event.key === "Enter") this.step(event.shiftKey ? -1 : 1);
                if (event.key === "Escape") this.list.element.focus();
            },
        } });
        this.end = h("button.button.primary.console-end", { type: "button", hidden: true, on: { click: () => this.list.toEnd() } }, icon("below"), "To the end");
        this.saveButton = h("button.button", { type: "button", title: "Download all lines as text", on: { click: () => this.save() } }, icon("down"), h("span.wide-only", {}, "download"));
        this.empty = h("p.muted.console-empty", { hidden: true }, "Nothing was printed yet. Lines appear here as soon as the run prints one.");
        this.host = h("div.console", {}, this.list.element, this.end, this.empty);
        fill(root, h("div.toolbar", {}, this.field,
            iconButton("up", "Previous match (Shift Enter)", () => this.step(-1)), iconButton("below", "Next match (Enter)", () => this.step(1)),
            this.bar, this.stopButton, this.state, h("span.spring"),
            this.toggle("time", matchMedia("(min-width: 641px)").matches, (isOn) => this.host.classList.toggle("no-time", !isOn)),
            this.toggle("wrap", false, (isOn) => this.list.setWrapped(isOn)), this.saveButton), this.host);
        root.classList.add("fills");
        this.keys = {
            "/": { label: "Find in what was printed", run: () => this.field.focus() },
            n: { label: "Next match", run: () => this.step(1) }, N: { label: "Previous match", shown: "Shift N", run: () => this.step(-1) },
            j: { label: "Scroll down", run: () => this.list.element.scrollBy(0, 3 * HEIGHT) }, k: { label: "Scroll up", run: () => this.list.element.scrollBy(0, -3 * HEIGHT) },
            G: { label: "To the end, and follow it", shown: "Shift G", run: () => this.list.toEnd() },
            w: { label: "Wrap long lines, or not", run: () => this.wrap.click() },
        };
        this.start(query);
    }

    toggle(name, standard, set) {
        const said = this.page.route.query.get(name) ?? kept(name);
        const button = h("button.button", { type: "button", on: { click: () => {
            const isOn = button.getAttribute("aria-pressed") !== "true";
            button.setAttribute("aria-pressed", String(isOn));
            kept(name, isOn ? "1" : "0");
            setQuery({ [name]: isOn ? "1" : "0" }, { silent: true });
            set(isOn);
        } } }, name);
        const isOn = said === null ? standard : said === "1";
        button.setAttribute("aria-pressed", String(isOn));
        set(isOn);
        this[name] = button;
        return button;
    }

    async start(query) {
        const line = this.wanted(query);
        this.lines.total = this.page.streams?.lines ?? 0;
        this.list.setTotal(this.lines.total);
        if (line !== null) this.goTo(line);
        else this.list.render();
        this.lines.refresh();
        if (query.get("find")) {
            this.field.value = query.get("find");
            this.typed();
        }
        this.tell();
    }

    /** The line of the address; lines are counted from 1. */
    wanted(query) {
        const line = Number(query.get("line") ?? NaN);
        return Number.isInteger(line) && line > 0 ? line - 1 : null;
    }

    goTo(line) {
        this.mark = line;
        this.list.go(line);
        this.list.redraw();
    }

    update(route) {
        const line = this.wanted(route.query);
        if (line !== null && line !== this.mark) this.goTo(line);
    }

    /** The run printed something. */
    heard() {
        this.lines.refresh();
    }

    read([first, last], isLonger) {
        const { lines, list } = this;
        if (isLonger) list.setTotal(lines.total);
        list.redraw((index) => index >= first && index < last && list.rows.get(index).shown !== this.shown(index));
        this.tell();
    }

    /** What a row depends on besides the words that are looked for. */
    shown(index) {
        const line = this.lines.at(index);
        return line && `${line.at} ${line.isError} ${line.label} ${line.text}`;
    }

    tell() {
        const { lines, found } = this;
        this.empty.hidden = lines.total > 0;
        if (lines.error) {
            setText(this.state, lines.error.message);
            this.state.classList.add("bad");
            return;
        }
        this.state.classList.remove("bad");
        this.bar.hidden = this.stopButton.hidden = !found?.isRunning;
        if (this.saving) setText(this.state, `reading ${this.saving}`);
        else if (found) {
            const count = `${grouped(found.matches.length)}${found.matches.length >= MOST_MATCHES ? "+" : ""}`;
            this.bar.value = found.part;
            setText(this.state, found.matches.length ? `${found.at >= 0 ? `${grouped(found.at + 1)} of ` : ""}${count} lines` : found.isRunning ? "none so far" : found.isStopped ? "none before it was stopped" : "no line has it");
        } else if (this.words) {
            let count = 0;
            for (const line of this.lines.loaded()) if (plain(line.text).search(this.words) >= 0) count += 1;
            setText(this.state, `${plural(count, "line")} of those that are loaded; Enter searches all`);
        } else setText(this.state, plural(lines.total, "line"));
    }

    row(index) {
        const line = this.lines.at(index);
        const number = h("a.line-number", { href: this.page.link("console", { line: index + 1 }), title: "Link to this line", on: { click: (event) => {
            if (event.metaKey || event.ctrlKey) return;
            event.preventDefault();
            this.mark = index;
            setQuery({ line: String(index + 1) }, { silent: true });
            this.list.redraw();
        } } }, grouped(index + 1));
        const row = h("div.line", { class: line?.isError ? "is-error" : null, "aria-current": index === this.mark ? "true" : null, data: { line: index + 1 } }, number);
        row.shown = this.shown(index);
        if (!line) return row;
        row.append(h("span.line-time", { title: iso(line.at) }, line.at ? iso(line.at).slice(11, 19) : ""),
            h("span.line-mark", line.isError ? { title: "Written to the error stream" } : {}, line.isError ? "!" : ""),
            h("span.line-text", {}, line.label ? h("span.line-label", {}, `[${line.label}] `) : null, this.text(line.text)));
        return row;
    }

    /** Text is text: parts of it have a look, those that were looked for are marked. */
    text(whole) {
        const rest = whole.length - LONGEST;
        const list = parts(rest > 0 ? whole.slice(0, LONGEST) : whole);
        const cuts = this.words ? [...list.map((one) => one.text).join("").matchAll(this.words)].map((one) => [one.index, one.index + one[0].length]) : [];
        const nodes = [];
        let at = 0;
        for (const { text, look } of list) {
            let from = 0;
            const put = (to, isMatch) => {
                if (to <= from) return;
                const piece = text.slice(from, to);
                nodes.push(isMatch || look ? (look ? dress : (one) => one)(h(isMatch ? "mark" : "span", {}, piece), look) : piece);
                from = to;
            };
            for (const [start, end] of cuts) {
                if (end <= at || start >= at + text.length) continue;
                put(start - at, false);
                put(Math.min(text.length, end - at), true);
            }
            put(text.length, false);
            at += text.length;
        }
        if (rest > 0) nodes.push(h("span.muted", {}, ` … ${grouped(rest)} more characters; the download has them`));
        return nodes;
    }

    // ---- finding ----

    typed() {
        const text = this.field.value;
        if (text === this.sought) return;
        this.sought = text;
        this.stop();
        this.found = null;
        this.words = text ? new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "gi") : null;
        setQuery({ find: text || null }, { silent: true });
        this.list.redraw();
        this.tell();
    }

    /** To the next line that has the words; the first time all lines are gone through, from here on. */
    step(by) {
        const text = this.field.value;
        if (!text) {
            this.field.focus();
            return;
        }
        this.typed();
        if (!this.found) {
            this.search(by);
            return;
        }
        const { matches, at } = this.found;
        if (matches.length) this.show((at + by + matches.length) % matches.length);
    }

    show(at) {
        this.found.at = at;
        const line = this.found.matches[at];
        if (this.list.isInView(line)) this.list.follow(false);
        else this.list.go(line);
        this.mark = line;
        this.list.redraw();
        this.tell();
    }

    stop() {
        if (!this.found?.isRunning) return;
        Object.assign(this.found, { isRunning: false, isStopped: true });
        this.tell();
    }

    async search(by) {
        const { total } = this.lines, { words } = this;
        const here = Math.min(total, Math.max(0, this.list.top()?.line ?? 0));
        const found = this.found = { matches: [], at: -1, part: 0, isRunning: true };
        const has = new RegExp(words.source, "i");
        let done = 0;
        const go = async (from, to, put) => {
            let last = from;
            await this.lines.each(from, to, (lines, end) => {
                if (!found.isRunning || this.found !== found) return false;
                done += end - last;
                last = end;
                found.part = done / Math.max(1, total);
                put(lines.filter((line) => has.test(plain(line.text))).map((line) => line.number));
                this.tell();
                return found.matches.length < MOST_MATCHES;
            });
        };
        const first = () => {
            if (found.at < 0 && found.matches.length && by > 0) this.show(0);
        };
        this.tell();
        try {
            await go(here, total, (numbers) => {
                found.matches.push(...numbers);
                first();
            });
            const before = [];
            const later = found.matches.length;
            await go(0, here, (numbers) => {
                // They stand before those that were found first.
                found.matches.splice(before.length, 0, ...numbers);
                before.push(...numbers);
                if (found.at >= 0 && later) found.at += numbers.length;
                first();
            });
            if (found === this.found && found.at < 0 && found.matches.length) this.show(by > 0 ? 0 : (before.length || found.matches.length) - 1);
        } catch (error) {
            this.page.shell.fail(error);
        }
        found.isRunning = false;
        if (found === this.found && !this.lines.isClosed) this.tell();
    }

    /** All lines as a file, as they read: without colours. */
    async save() {
        if (this.saving) return;
        this.saving = "0 %";
        this.saveButton.disabled = true;
        this.tell();
        const pieces = [];
        const { total } = this.lines;
        try {
            await this.lines.each(0, total, (lines, end) => {
                pieces.push(new Blob([lines.map((line) => `${line.label ? `[${line.label}] ` : ""}${plain(line.text)}\n`).join("")]));
                this.saving = `${Math.floor(100 * end / total)} %`;
                this.tell();
            });
            if (!this.lines.isClosed) saveBlob(new Blob(pieces, { type: "text/plain" }), `${(this.page.run.name || this.page.id).replace(/[^\w.-]+/g, "-")}.log`);
        } catch (error) {
            this.page.shell.fail(error);
        }
        this.saving = null;
        this.saveButton.disabled = false;
        this.tell();
    }

    close() {
        this.found = null;
        this.lines.close();
        this.list.close();
    }
}
