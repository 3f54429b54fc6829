// How each column of the run table looks: its heading and its cells.
import { h, fill, href, iconButton, setText, textWidth } from "../dom.js";
import { ago, columnDigits, compact, duration, fixed, grouped, iso, number, readable, toNumber } from "../format.js";
import * as api from "../api.js";
import { endOf, statusIcon, statusName } from "../components/status.js";
import { drawSparkline } from "../charts/sparkline.js";
import { columnName, direction, equal, statisticOf, TEXTS } from "./runColumns.js";

const SPARK_BUCKETS = 52;
const LABELS = { name: "name", status: "status", created: "created", duration: "duration", user: "user" };
// What stands left and right of a cell's text, a heading with its arrow, the mark of the best.
const PADDING = 18, ARROW = 16, MARK = 14, BUTTON = 22;
const headed = (label) => textWidth(label, "600 12px") + ARROW;
const widest = (texts) => Math.max(0, ...texts.map((text) => textWidth(text)));
const clamp = (value, low, high) => Math.round(Math.max(low, Math.min(high, value)));
const valueOf = (pairs, key) => pairs.find((one) => one.key === key)?.value;

/**
 * The columns of a table for these ids, as wide as what stands in them.
 * @param table the runs tab: `goal`, `facts`, `rows()`, `marks`, `colorOf`, `toggle…`
 */
export function makeColumns(ids, table) {
    const goal = table.goal ? `m.best:${table.goal.metric}` : null;
    const shown = table.isNarrow ? [] : [shownColumn(table)];
    const fixedOnes = [selectColumn(table), ...shown, statusColumn(table), nameColumn(table)];
    const goalOnes = goal ? [metricColumn(columnName(goal), table, true), sparkColumn(table)] : [];
    const rest = ids.filter((id) => id !== goal).map(columnName).filter(Boolean).map((name) => {
        if (name.kind === "m") return metricColumn(name, table, false);
        return name.kind === "a" ? attributeColumn(name, table) : textColumn(name, table);
    });
    return [...fixedOnes, ...goalOnes, ...rest];
}

function selectColumn(table) {
    return {
        id: "select", title: "Select (x)", width: 30, pinned: !table.isNarrow, kind: "control",
        heading: () => h("input", {
            type: "checkbox", "aria-label": "Select all that match", checked: table.areAllSelected,
            on: { change: (event) => table.act("selectAll", event.target.checked) },
        }),
        draw(cell, run, index) {
            if (!cell.firstChild) {
                cell.append(h("input", { type: "checkbox", tabindex: -1, on: {
                    click: (event) => table.select(Number(cell.dataset.index), event.target.checked, event.shiftKey),
                } }));
            }
            cell.dataset.index = index;
            cell.firstChild.checked = table.selected.has(run.id);
            cell.firstChild.setAttribute("aria-label", `Select ${run.name}`);
        },
    };
}

function shownColumn(table) {
    return {
        id: "shown", title: "Shown in charts (Space)", width: 28, pinned: true, kind: "control",
        heading: () => iconButton("eye", "Which runs are shown in charts", (event) => table.chooseShown(event.currentTarget)),
        draw(cell, run, index) {
            if (!cell.firstChild) {
                cell.append(h("button.swatch", { type: "button", tabindex: -1, on: {
                    click: () => table.act("toggleShown", Number(cell.dataset.index)),
                } }));
            }
            cell.dataset.index = index;
            const color = table.colorOf(run.id);
            const button = cell.firstChild;
            button.classList.toggle("off", color === null);
            button.style.setProperty("--swatch", color === null ? "transparent" : `var(--c${color % 10})`);
            button.title = color === null ? "Show in charts" : "Shown in charts; press to hide";
            button.setAttribute("aria-label", `${run.name}: ${button.title}`);
        },
    };
}

function statusColumn(table) {
    return {
        id: "a:status", title: "Status", width: 26, pinned: !table.isNarrow, kind: "state",
        heading: () => h("span.sr-only", {}, "status"),
        draw(cell, run) {
            const name = statusName(run);
            if (cell.dataset.status === name && cell.firstChild) return;
            cell.dataset.status = name;
            fill(cell, statusIcon(run));
        },
    };
}

function nameColumn(table) {
    const longest = widest(table.rows().map((run) => run.name));
    return {
        id: "a:name", title: "Name", width: clamp(longest + PADDING + (table.isNarrow ? 0 : BUTTON), table.isNarrow ? 90 : 130, table.isNarrow ? 132 : 300),
        pinned: true, isSortable: true, kind: "name",
        heading: () => "name",
        draw(cell, run, index) {
            if (!cell.firstChild) {
                // A word and no drawing: there is one in each row.
                const open = (event) => table.openMenu(Number(cell.dataset.index), this, event.currentTarget.getBoundingClientRect());
                cell.append(h("a", { tabindex: -1 }), table.isNarrow ? "" : h("button.icon-button", {
                    type: "button", tabindex: -1, title: "More (m)", "aria-label": "More", on: { click: open },
                }, "⋯"));
            }
            cell.dataset.index = index;
            const link = cell.firstChild;
            setText(link, run.name || run.id.slice(0, 8));
            link.setAttribute("href", href(["r", run.id]));
            link.title = run.purpose ? `${run.name}\n${run.purpose}` : run.name;
        },
    };
}

function metricColumn(name, table, isGoal) {
    const better = isGoal ? table.goal.direction : direction(name.key) ?? "maximize";
    const end = name.statistic === "best" ? (better === "minimize" ? "min" : "max") : name.statistic;
    const read = (run) => {
        const summary = run.metrics.find((one) => one.key === name.key);
        return summary ? [...statisticOf(summary, name.statistic, better), summary] : [undefined, null, null];
    };
    const digits = columnDigits(table.rows().map((run) => toNumber(read(run)[0])));
    const hasStep = name.statistic === "best" || name.statistic === "min" || name.statistic === "max";
    const word = isGoal ? `best${table.goal.isInferred ? " ≈" : ""}` : end;
    const label = `${name.key} ${word}`;
    const parts = (run) => {
        const [value, step, summary] = read(run);
        return {
            value, summary, text: fixed(value, digits), place: hasStep && step !== null && step !== undefined ? ` @${compact(step)}` : "",
            broken: summary && !Number.isFinite(toNumber(summary.last)) ? `${number(summary.last)} ` : "",
        };
    };
    const longest = widest(table.rows().map(parts).map(({ text, place, broken }) => broken + text + place));
    return {
        id: name.id, align: "right", isSortable: true, kind: "metric",
        title: `${name.key}: ${end}${hasStep ? " @ step" : ""}${isGoal && table.goal.isInferred ? "\n≈ goal inferred from the metric names" : ""}`,
        width: clamp(Math.max(headed(label), longest) + MARK + PADDING, 84, 260),
        heading: () => [h("span.ellipsis", {}, name.key), h("span.end", {}, ` ${word}`)],
        draw(cell, run) {
            const { value, text, place, broken } = parts(run);
            const isBest = name.statistic === "best" && value !== undefined && value !== null && table.bests.isBest(name.key, better, value);
            const key = `${text}|${place}|${isBest}|${broken}`;
            if (cell.dataset.key === key && cell.firstChild) return;
            cell.dataset.key = key;
            cell.title = broken ? `last value: ${broken}\n${end}: ${text}${place}` : "";
            cell.classList.toggle("has-best", isBest);
            cell.classList.toggle("none", value === undefined);
            if (value === undefined) fill(cell, "–");
            else {
                fill(cell, broken ? h("span.bad.flag", {}, broken) : null, isBest ? h("b.best", {}, text) : text,
                    place ? h("span.muted", {}, place) : null);
            }
        },
    };
}

function sparkColumn(table) {
    return {
        id: "spark", title: `${table.goal.metric} over time`, width: 124, kind: "spark",
        heading: () => h("span.ellipsis", {}, table.goal.metric),
        draw(cell, run) {
            if (!cell.firstChild) cell.append(h("canvas", { width: 104, height: 20, "aria-hidden": "true" }));
            const spark = table.sparks.of(run.id);
            const key = `${run.id}|${spark?.turn}|${table.sparks.color}`;
            if (cell.dataset.key === key) return;
            cell.dataset.key = key;
            drawSparkline(cell.firstChild, spark?.values ?? [], table.sparks.color);
        },
    };
}

/** The small curves of the goal metric, for the rows in view. */
export class Sparks {
    #known = new Map();
    #color = null;

    get color() {
        this.#color ??= getComputedStyle(document.documentElement).getPropertyValue("--acc");
        return this.#color;
    }

    /** Another theme. */
    drop() {
        this.#color = null;
    }

    of(run) {
        return this.#known.get(run);
    }

    /** @param runs @param metric @returns whether any has another curve now */
    async look(runs, metric) {
        const turns = new Map(runs.map((run) => {
            const count = run.metrics.find((one) => one.key === metric)?.count ?? 0;
            return [run.id, count > 1 ? `${metric} ${count}` : null];
        }).filter(([id, turn]) => turn && this.of(id)?.turn !== turn));
        if (!turns.size) return false;
        try {
            const answer = await api.series({ runs: [...turns.keys()], keys: [metric], axis: "step", buckets: SPARK_BUCKETS });
            const found = new Map(answer.series.map((one) => [one.run, one.mean]));
            for (const [run, turn] of turns) this.#known.set(run, { turn, values: found.get(run) ?? [] });
            return true;
        } catch {
            // A table without its small curves is still a table; the next look asks again.
            return false;
        }
    }
}

/** The best values of metrics, over all matching runs as far as they are known. */
export class Bests {
    #known = new Map();
    #facts;
    #list;

    constructor(facts, list) {
        this.#facts = facts;
        this.#list = list;
    }

    /** Whether no run that we know of is better. */
    isBest(key, better, value) {
        if (this.#facts.isGuessed) return false;
        const end = better === "minimize" ? "min" : "max";
        if (!this.#known.has(`${end} ${key}`)) this.#known.set(`${end} ${key}`, this.#best(key, end));
        return toNumber(value) === this.#known.get(`${end} ${key}`) && this.#facts.total > 1;
    }

    #best(key, end) {
        let best = toNumber(this.#facts.metrics.find((one) => one.key === key)?.[end]);
        for (const run of this.#list.loaded()) {
            const own = toNumber(run.metrics.find((one) => one.key === key)?.[end]);
            if (Number.isFinite(own) && !(end === "min" ? own >= best : own <= best)) best = own;
        }
        return best;
    }
}

/** What all runs have in common: a line, the rest behind a button. */
export function sameLine(facts, isNarrow) {
    const same = equal(facts);
    if (!same.length || facts.total < 2) return [];
    const short = isNarrow ? 2 : 3;
    const cut = (value) => value.length > 40 ? `${value.slice(0, 40)}…` : value;
    const text = (list) => list.map((one) => `${one.key}=${cut(readable(one.key, one.only))}`).join(" · ");
    const more = same.length - short;
    const rest = h("span", { hidden: true }, ` · ${text(same.slice(short))}`);
    return [
        h("span", { title: same.map((one) => `${one.key}=${readable(one.key, one.only)}`).join("\n") },
            `same in all ${grouped(facts.total)}: ${text(same.slice(0, short))}`), rest,
        more > 0 ? h("button.link.more", { type: "button", "aria-expanded": "false", on: { click: (event) => {
            rest.hidden = !rest.hidden;
            event.target.textContent = rest.hidden ? `(+${more})` : "(less)";
            event.target.setAttribute("aria-expanded", String(!rest.hidden));
        } } }, `(+${more})`) : null,
    ];
}

function textColumn(name, table) {
    const [list, word] = TEXTS[name.kind];
    const read = (run) => readable(name.key, valueOf(run[list], name.key)?.toString());
    const values = table.rows().map((run) => read(run) ?? "");
    const isNumeric = values.some(Boolean) && values.every((value) => value === "" || Number.isFinite(Number(value)));
    const longest = widest(values.map((value) => shortened(value, isNumeric)));
    return {
        id: name.id, title: `${word} ${name.key}`, isSortable: true,
        align: isNumeric ? "right" : undefined,
        width: clamp(Math.max(headed(name.key), longest) + PADDING, 56, 220),
        heading: () => h("span.ellipsis", {}, name.key),
        draw(cell, run) {
            const value = read(run);
            setText(cell, value === undefined ? "–" : shortened(value, isNumeric) || (name.kind === "t" ? "✓" : ""));
            cell.classList.toggle("none", value === undefined);
            cell.title = value ?? "";
        },
    };
}

// Numbers are shown as a person would write them; the title has all digits.
function shortened(value, isNumeric) {
    if (!isNumeric || value.length <= 8) return value.length > 60 ? `${value.slice(0, 60)}…` : value;
    return number(Number(value));
}

function attributeColumn(name, table) {
    const widths = { created: 70, duration: 82, user: 74, name: 160, status: 84 };
    return {
        id: name.id, title: LABELS[name.key], width: widths[name.key], isSortable: true,
        align: name.key === "created" || name.key === "duration" ? "right" : undefined,
        kind: "quiet",
        heading: () => LABELS[name.key],
        draw(cell, run) {
            const now = Date.now() + table.list.clock;
            if (name.key === "created") {
                setText(cell, ago(run.startedAt ?? run.createdAt, now));
                cell.title = iso(run.startedAt ?? run.createdAt);
            } else if (name.key === "duration") {
                setText(cell, run.startedAt ? duration(endOf(run, now) - run.startedAt) : "–");
            } else {
                setText(cell, name.key === "status" ? statusName(run) : run[name.key] || "–");
            }
        },
    };
}
