// The filter box: free words and the search language, checked by the server, completed from what exists.
import { h, fill, debounced } from "../dom.js";
import * as api from "../api.js";

const ATTRIBUTES = ["name", "status", "user", "started", "ended", "duration", "heartbeat", "purpose", "notes", "run_id"];
const WORD = /[^\s()<>=!~,]*$/;
const NAME = String.raw`((?:params|parameters|param|summary|tags|tag|attributes|attr|attribute)\.(?:"[^"]*"|\`[^\`]*\`|[^\s=!<>~]+)|status|user|name)`;
const VALUE = new RegExp(String.raw`${NAME}\s*(?:=|!=|\bnot\s+like\b|\blike\b|\bilike\b|\bin\s*\((?:[^()]*,)?)\s*(['"]?[^'",()]*)$`, "i");
const FIELD = /(?:^|[\s(])((?:params|tags|metrics|summary|attributes)\.(?:"[^"]*"|`[^`]*`|[^\s=!<>"`()]+)|status|user|name|started|ended|duration|heartbeat)\s+$/i;
const TEXT_OPERATORS = [["=", "is"], ["!=", "is not"], ["LIKE", "'%part%'"], ["ILIKE", "whatever the case"], ["IN (", "one of"],
    ["~", "'^pattern[0-9]'"], ["EXISTS", "is there"], ["IS NULL", "is missing"]];
const NUMBER_OPERATORS = [["<", "less"], ["<=", "at most"], [">", "greater"], [">=", "at least"], ["=", "equal"], ["!=", "not equal"], ["EXISTS", "is there"]];
/** Values that no run has, and that the server knows what to make of. */
const MEANINGS = { status: [{ value: "stalled", hint: "running, and silent for 5 min" }], user: [{ value: "me", hint: "whoever asks" }] };
const MOST = 12;

/** A field for a filter. It tells only of filters that the server understands. */
export class FilterBar {
    /**
     * @param {{value: string, onFilter: (filter: string) => void, suggest: () => Promise<{
     *     params: object[], metrics: object[], tags: object[],
     *     values: (kind: string, key: string) => Promise<{value: string, count: number}[]>}>}} options
     */
    constructor({ value, onFilter, suggest }) {
        this.onFilter = onFilter;
        this.suggest = suggest;
        this.applied = value;
        this.choices = [];
        this.cursor = -1;
        this.input = h("input.input.filter-input", {
            type: "search", value, spellcheck: "false", autocomplete: "off", "aria-label": "Filter runs",
            placeholder: "Filter: words, or params.lr < 0.01 and metrics.\"val/acc\" > 0.9",
            role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "filter-choices",
            "aria-describedby": "filter-message", title: "Filter (/)",
        });
        this.under = h("div.filter-under", { "aria-hidden": "true" });
        this.list = h("ul.choices", { role: "listbox", id: "filter-choices", hidden: true });
        this.message = h("div.filter-message.bad", { id: "filter-message", role: "alert" });
        this.element = h("div.filter-bar", {}, this.input, this.under, this.list, this.message);
        this.checkSoon = debounced(() => this.check(true), 220);
        this.input.addEventListener("input", () => {
            fill(this.under);
            this.complete();
            this.checkSoon();
        });
        this.input.addEventListener("keydown", (event) => this.key(event));
        this.input.addEventListener("blur", () => setTimeout(() => this.hide(), 120));
        this.input.addEventListener("scroll", () => { this.under.scrollLeft = this.input.scrollLeft; });
    }

    set(value) {
        if (this.input.value === value || document.activeElement === this.input) return;
        this.input.value = value;
        this.applied = value;
        this.say(null);
    }

    focus() {
        this.input.focus();
        this.input.select();
    }

    /** Why the filter makes no sense, its fault underlined; null when it does. @param message */
    say(message) {
        const text = this.input.value;
        if (message) {
            this.input.setAttribute("aria-invalid", "true");
            const [from, to] = faultOf(text, message);
            fill(this.under, text.slice(0, from), h("span.fault", {}, text.slice(from, to)), text.slice(to));
            this.under.scrollLeft = this.input.scrollLeft;
        } else {
            this.input.removeAttribute("aria-invalid");
            fill(this.under);
        }
        this.message.textContent = message ?? "";
    }

    /** What was meant by a name that stands for nothing. */
    async withHint(message) {
        const name = /^Invalid attribute key '(.+?)'/.exec(message)?.[1];
        if (!name) return message;
        const { params, metrics, tags } = await this.suggest();
        // W&B's `job_type` is the tag `wandb.jobType`.
        const names = [name, `wandb.${name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())}`];
        const kinds = Object.entries({ params, metrics, tags })
            .flatMap(([kind, keys]) => keys.filter((one) => names.includes(one.key)).map((one) => `${kind}.${quoted(one.key)}`));
        const meant = kinds.length ? `did you mean ${kinds.join(" or ")}?` : `attributes are ${ATTRIBUTES.join(", ")}`;
        return `There is no attribute '${name}': ${meant}`;
    }

    async check(isTyping = false) {
        const filter = this.input.value.trim();
        this.held = null;
        // The beginning of a key would be looked for as a word.
        if (isTyping && /(?:^|[\s(])(?:params|metrics|summary|tags|attributes)\.\S*$/i.test(filter) && !this.list.hidden) return;
        this.turn = (this.turn ?? 0) + 1;
        const mine = this.turn;
        try {
            const answer = filter ? await api.checkFilter(filter) : { ok: true };
            if (mine !== this.turn) return;
            if (!answer.ok) {
                const message = await this.withHint(answer.message);
                if (mine !== this.turn) return;
                // Not while a choice is offered: the filter is about to be another one.
                if (this.list.hidden) this.say(message);
                else this.held = message;
                return;
            }
            this.say(null);
            if (filter === this.applied) return;
            this.applied = filter;
            this.onFilter(filter);
        } catch (error) {
            if (mine === this.turn) this.say(error.message);
        }
    }

    key(event) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step && !this.list.hidden) {
            event.preventDefault();
            this.cursor = (this.cursor + step + this.choices.length) % this.choices.length;
            this.drawChoices();
        } else if (event.key === "ArrowDown" || (event.key === " " && event.ctrlKey)) {
            event.preventDefault();
            this.complete(true);
        } else if ((event.key === "Enter" || event.key === "Tab") && this.cursor >= 0 && !this.list.hidden) {
            event.preventDefault();
            this.take(this.choices[this.cursor]);
        } else if (event.key === "Enter") {
            this.hide();
            this.checkSoon.cancel();
            this.check();
        } else if (event.key === "Escape") {
            event.preventDefault();
            if (this.list.hidden) this.input.blur();
            else this.hide();
        }
    }

    hide() {
        this.wish = null;
        this.list.hidden = true;
        if (this.held) this.say(this.held);
        this.held = null;
        this.cursor = -1;
        this.input.setAttribute("aria-expanded", "false");
        this.input.removeAttribute("aria-activedescendant");
    }

    /** Offers what may stand at the caret; `isAsked` also where nothing was typed. */
    async complete(isAsked = false) {
        const wish = this.wish = {};
        const before = this.input.value.slice(0, this.input.selectionStart);
        const known = await this.suggest();
        const choices = await this.valuesFor(before, known) ?? operatorsFor(before) ?? keysFor(before, known, isAsked);
        if (wish !== this.wish || document.activeElement !== this.input) return;
        this.choices = choices;
        this.cursor = -1;
        if (!this.choices.length) this.hide();
        else this.drawChoices();
    }

    async valuesFor(before, known) {
        const match = VALUE.exec(before);
        if (!match) return null;
        const field = /\./.test(match[1]) ? match[1] : `attributes.${match[1]}`;
        const kind = { p: "params", s: "summary", t: "tags", a: "attributes" }[field[0].toLowerCase()];
        const typed = match[2].replace(/^['"]/, "").toLowerCase();
        const isList = /\bin\s*\([^()]*$/i.test(match[0]);
        const key = field.slice(field.indexOf(".") + 1).replace(/["`]/g, "");
        const values = [...await known.values(kind, key), ...kind === "attributes" ? MEANINGS[key] ?? [] : []];
        const found = values.filter(({ value }) => value.toLowerCase().includes(typed));
        if (found.length === 1 && quotedValue(found[0].value) === match[2]) return [];
        return found.slice(0, MOST).map(({ value, count, hint }) => ({
            text: hint ? value : quotedValue(value), hint: hint ?? (count ? `${count} run${count === 1 ? "" : "s"}` : ""), drop: match[2].length,
            tail: isList ? "" : " ",
        }));
    }

    drawChoices() {
        this.list.hidden = false;
        this.input.setAttribute("aria-expanded", "true");
        fill(this.list, this.choices.map((choice, index) => h("li", {
            role: "option", id: `choice-${index}`, "aria-selected": index === this.cursor ? "true" : "false",
            on: { mousedown: (event) => { event.preventDefault(); this.take(choice); } },
        }, h("span.ellipsis", { title: choice.text }, choice.text), h("span.muted", {}, choice.hint))));
        if (this.cursor < 0) return;
        this.input.setAttribute("aria-activedescendant", `choice-${this.cursor}`);
        this.list.children[this.cursor].scrollIntoView({ block: "nearest" });
    }

    take(choice) {
        const at = this.input.selectionStart;
        const value = this.input.value;
        const start = at - choice.drop;
        this.input.value = value.slice(0, start) + choice.text + choice.tail + value.slice(at);
        const end = start + choice.text.length + choice.tail.length;
        this.input.setSelectionRange(end, end);
        fill(this.under);
        this.hide();
        this.complete();
        this.checkSoon();
    }
}

/** Keys that hold the word before the caret, best matches first. */
function keysFor(before, known, isAsked) {
    const drop = WORD.exec(before)[0].length;
    const word = WORD.exec(before)[0].replace(/["`]/g, "").toLowerCase();
    if (!word && !isAsked) return [];
    const keys = [["params", known.params], ["metrics", known.metrics], ["summary", known.summary], ["tags", known.tags]].flatMap(([kind, list]) =>
        list.map((one) => ({ kind, key: one.key, runs: one.runs, text: `${kind}.${quoted(one.key)}`, hint: `${one.runs} runs` })));
    keys.push(...ATTRIBUTES.map((key) => ({ kind: "attributes", key, runs: -1, text: `attributes.${key}`, hint: "of the run" })));
    const rank = (one) => {
        const key = one.key.toLowerCase(), whole = `${one.kind}.${key}`;
        if (key.startsWith(word) || whole.startsWith(word)) return key === word ? 0 : 1;
        return whole.includes(word) ? 2 : 3;
    };
    return keys.map((one) => ({ ...one, rank: rank(one), drop, tail: " " }))
        .filter((one) => one.rank < 3 && one.text.toLowerCase() !== word && !one.key.startsWith("mlflow.log-model"))
        .sort((a, b) => a.rank - b.rank || b.runs - a.runs || a.key.length - b.key.length).slice(0, MOST);
}

function operatorsFor(before) {
    const match = FIELD.exec(before);
    if (!match) return null;
    const isNumber = /^(?:(?:metrics|summary)\.|(?:attributes\.)?(?:started|ended|duration|start_time|end_time)$)/i.test(match[1]);
    return (isNumber ? NUMBER_OPERATORS : TEXT_OPERATORS)
        .map(([text, hint]) => ({ text, hint, drop: 0, tail: text.endsWith("(") ? "" : " " }));
}

const CITED = [/\bFound (.+?)(?:; write .*)?$/, /\bGot value (.+)$/, /\bin list: (.+)$/, /string value (\S+)\. Use/, /'([^']*)'/, /'(.*)'/];

/** The part of a filter that a refusal cites, else all of it. */
export function faultOf(text, message) {
    for (const pattern of CITED) {
        const piece = pattern.exec(message)?.[1];
        const at = piece ? text.lastIndexOf(piece) : -1;
        if (at >= 0) return [at, at + piece.length];
    }
    return [0, text.length];
}

/** A key as the search language writes it. @param key */
export function quoted(key) {
    if (/^[A-Za-z_][\w.]*$/.test(key)) return key;
    return key.includes("\"") ? `\`${key}\`` : `"${key}"`;
}

/** A text as the search language writes it. @param value */
export function quotedValue(value) {
    if (!value.includes("'")) return `'${value}'`;
    return value.includes("\"") ? `E'${value.replace(/['\\]/g, "\\$&")}'` : `"${value}"`;
}
