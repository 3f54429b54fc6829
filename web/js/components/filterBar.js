// The filter box: free words and the search language, checked by the server, completed from what exists.
import { h, fill, debounced } from "../dom.js";
import * as api from "../api.js";

const ATTRIBUTES = ["name", "status", "user", "start_time", "end_time", "duration", "purpose", "notes"];
const WORD = /[^\s()<>=!,]*$/;

/** A field for a filter. It tells only of filters that the server understands. */
export class FilterBar {
    /**
     * @param {{value: string, onFilter: (filter: string) => void,
     *     suggest: () => {params: object[], metrics: object[], tags: object[], values: (field: string) => string[]}}} options
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
            "aria-describedby": "filter-message",
        });
        this.list = h("ul.choices", { role: "listbox", id: "filter-choices", hidden: true });
        this.message = h("div.filter-message.bad", { id: "filter-message", role: "alert" });
        this.element = h("div.filter-bar", {}, this.input, this.list, this.message);
        this.checkSoon = debounced(() => this.check(), 220);
        this.input.addEventListener("input", () => {
            this.complete();
            this.checkSoon();
        });
        this.input.addEventListener("keydown", (event) => this.key(event));
        this.input.addEventListener("blur", () => setTimeout(() => this.hide(), 120));
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

    /** What the server said of a filter that came with the address. @param {string | null} message */
    say(message) {
        if (message) this.input.setAttribute("aria-invalid", "true");
        else this.input.removeAttribute("aria-invalid");
        this.message.textContent = message ?? "";
    }

    async check() {
        const filter = this.input.value.trim();
        this.turn = (this.turn ?? 0) + 1;
        const mine = this.turn;
        try {
            const answer = filter ? await api.checkFilter(filter) : { ok: true };
            if (mine !== this.turn) return;
            this.say(answer.ok ? null : answer.message);
            if (!answer.ok || filter === this.applied) return;
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
        this.list.hidden = true;
        this.cursor = -1;
        this.input.setAttribute("aria-expanded", "false");
        this.input.removeAttribute("aria-activedescendant");
    }

    complete() {
        const before = this.input.value.slice(0, this.input.selectionStart);
        this.choices = this.valuesFor(before) ?? this.keysFor(before);
        this.cursor = -1;
        if (!this.choices.length) this.hide();
        else this.drawChoices();
    }

    keysFor(before) {
        const word = WORD.exec(before)[0].replace(/["`]/g, "").toLowerCase();
        if (!word) return [];
        const known = this.suggest();
        const all = [
            ...known.params.map((one) => ["params", one]), ...known.metrics.map((one) => ["metrics", one]),
            ...known.tags.map((one) => ["tags", one]),
        ].map(([kind, one]) => ({ text: `${kind}.${quoted(one.key)}`, plain: `${kind}.${one.key}`, hint: `${one.runs} runs` }));
        all.push(...ATTRIBUTES.map((name) => ({ text: `attributes.${name}`, plain: `attributes.${name}`, hint: "" })));
        return all.filter(({ plain }) => plain.toLowerCase().includes(word) && plain.toLowerCase() !== word)
            .slice(0, 10).map((one) => ({ ...one, drop: WORD.exec(before)[0].length, tail: " " }));
    }

    valuesFor(before) {
        const match = /((?:params|tags|attributes)\.(?:"[^"]*"|`[^`]*`|[^\s=!<>]+))\s*(?:=|!=|like|ilike)\s*(['"]?[^'"]*)$/i.exec(before);
        if (!match) return null;
        const typed = match[2].replace(/^['"]/, "").toLowerCase();
        return this.suggest().values(match[1].replace(/["`]/g, ""))
            .filter((value) => value.toLowerCase().includes(typed)).slice(0, 10)
            .map((value) => ({ text: `'${value.replaceAll("'", "\\'")}'`, hint: "", drop: match[2].length, tail: " " }));
    }

    drawChoices() {
        this.list.hidden = false;
        this.input.setAttribute("aria-expanded", "true");
        fill(this.list, this.choices.map((choice, index) => h("li", {
            role: "option", id: `choice-${index}`, "aria-selected": index === this.cursor ? "true" : "false",
            on: { mousedown: (event) => { event.preventDefault(); this.take(choice); } },
        }, h("span.ellipsis", {}, choice.text), h("span.muted", {}, choice.hint))));
        if (this.cursor >= 0) this.input.setAttribute("aria-activedescendant", `choice-${this.cursor}`);
    }

    take(choice) {
        const at = this.input.selectionStart;
        const value = this.input.value;
        const start = at - choice.drop;
        this.input.value = value.slice(0, start) + choice.text + choice.tail + value.slice(at);
        const end = start + choice.text.length + choice.tail.length;
        this.input.setSelectionRange(end, end);
        this.hide();
        this.complete();
        this.checkSoon();
    }
}

/** A key as the search language writes it. @param {string} key */
export function quoted(key) {
    if (/^[A-Za-z_][\w.]*$/.test(key)) return key;
    return key.includes("\"") ? `\`${key}\`` : `"${key}"`;
}
