// The columns of a run table: names in the address, orders. No page, no server here.
import { quoted } from "../components/filterBar.js";

/**
 * `p:lr`, `t:team`, `s:note` (of the summary), `a:user`, `m.best:val/acc` (also `last`, `min`, `max`, `mean`).
 * @typedef {{kind: "p" | "t" | "s" | "a" | "m", key: string, statistic?: string, id: string}} ColumnName
 */

/** Lists of a run that are shown as texts, and their words. */
export const TEXTS = { p: ["params", "parameter"], t: ["tags", "tag"], s: ["summary", "summary"] };
const STATISTICS = ["best", "last", "min", "max", "mean"];
const ATTRIBUTES = {
    name: "attributes.name", status: "attributes.status", created: "attributes.start_time",
    duration: "attributes.duration", user: "attributes.user",
};
const SMALLER = new Set(["loss", "err", "error", "errors", "rmse", "mse", "mae", "mape", "msle", "perplexity", "ppl",
    "nll", "bpc", "wer", "cer", "fid", "ece", "brier", "latency", "time", "seconds", "duration", "deviance", "rmsle"]);
const GREATER = new Set(["acc", "accuracy", "f1", "auc", "auroc", "map", "miou", "iou", "bleu", "rouge", "score", "r2",
    "reward", "precision", "recall", "psnr", "ssim", "dice"]);

const words = (key) => key.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);

/** The better end of a metric by its name; null where that says nothing. */
export function direction(key) {
    const parts = words(key);
    if (parts.some((word) => SMALLER.has(word) || word.endsWith("loss"))) return "minimize";
    return parts.some((word) => GREATER.has(word) || word.endsWith("accuracy")) ? "maximize" : null;
}

/** @param id @returns {ColumnName | null} */
export function columnName(id) {
    const match = /^(p|t|s|a|m)(?:\.(\w+))?:(.*)$/s.exec(id);
    if (!match) return null;
    const [, kind, statistic, key] = match;
    if (kind === "a" && !(key in ATTRIBUTES)) return null;
    if (kind === "m") return STATISTICS.includes(statistic) ? { kind, key, statistic, id } : null;
    return { kind, key, id };
}

/** Lists of ids in the address: joined by commas, commas inside escaped. */
export const packed = (ids) => ids.map((id) => id.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
export const unpacked = (text) => text.split(",").filter(Boolean)
    .map((part) => part.replaceAll("%2C", ",").replaceAll("%25", "%"));

/**
 * After the goal: four more metrics, four values of the summary, eight parameters that vary, at most.
 * @param facts what `runs/columns` says
 */
export function defaultColumns(facts, goal) {
    const metrics = facts.metrics.filter((one) => one.key !== goal?.metric && !/^(system[./]|_)/.test(one.key))
        .map((one) => one.key).sort((a, b) => metricRank(a) - metricRank(b) || (a < b ? -1 : 1)).slice(0, 4);
    const params = varying(facts).slice(0, 8);
    return [
        ...metrics.map((key) => `m.${direction(key) ? "best" : "last"}:${key}`),
        ...facts.summary.filter((one) => !/^_/.test(one.key) && one.distinct > 1).slice(0, 4).map((one) => `s:${one.key}`),
        ...params.map((one) => `p:${one.key}`),
        "a:created", "a:duration", "a:user",
    ];
}

/** For the first rows, while no columns are known. @param metricKeys */
export function guessedFields(metricKeys, goal) {
    const guessed = defaultColumns({ metrics: metricKeys.map((key) => ({ key })), params: [], tags: [], summary: [], total: 0 }, goal);
    return { ...fieldsFor(guessed, goal), params: null, summary: null };
}

/** What some runs say of all, as `runs/columns` has it. @param runs */
export function guessedFacts(runs) {
    const params = new Map(), summary = new Map(), metrics = new Set();
    for (const run of runs) {
        for (const { key } of run.metrics) metrics.add(key);
        for (const [list, found] of [[run.params, params], [run.summary, summary]]) {
            for (const { key, value } of list) found.set(key, (found.get(key) ?? new Set()).add(value));
        }
    }
    const counted = (found) => [...found].map(([key, values]) => ({ key, runs: runs.length, distinct: values.size }));
    return {
        isGuessed: true, total: runs.length, tags: [], metrics: [...metrics].map((key) => ({ key, runs: 0 })),
        params: counted(params), summary: counted(summary),
    };
}

/** Whether rows with these fields show columns that need those. */
export function covers(have, need) {
    // All summaries lack what was only logged.
    return need.summary.every((key) => have.summary?.includes(key))
        && ["params", "metrics", "tags"].every((kind) => have[kind] === null || need[kind].every((key) => have[kind].includes(key)));
}

function metricRank(key) {
    const parts = words(key);
    const split = parts.some((word) => ["val", "valid", "validation", "eval", "dev"].includes(word)) ? 0
        : parts.includes("test") ? 1 : parts.some((word) => word.startsWith("train")) ? 2 : 3;
    return split + (direction(key) ? 0 : 10);
}

/** Parameters that vary; then those that differ in every run, and last those that some runs only lack. */
export function varying(facts) {
    const isLabel = (one) => one.distinct < 2 ? 2 : one.distinct === facts.total && facts.total > 5 ? 1 : 0;
    return facts.params.filter((one) => one.distinct > 1 || (one.runs < facts.total && facts.total > 1))
        .sort((a, b) => isLabel(a) - isLabel(b) || b.runs - a.runs || (a.key < b.key ? -1 : 1));
}

/** Parameters, and tags of people, that are the same in every run. */
export function equal(facts) {
    const isSame = (one) => one.distinct === 1 && one.runs === facts.total;
    return [...facts.params.filter(isSame), ...facts.tags.filter((one) => isSame(one) && !one.key.startsWith("mlflow."))];
}

/** The order in the words of the search language; the last key makes it total. */
export function orderBy(sort) {
    const keys = sort.map(({ id, descending }) => {
        const name = columnName(id);
        return name ? `${orderField(name)} ${descending ? "DESC" : "ASC"}` : null;
    }).filter(Boolean);
    return keys.some((key) => key.startsWith("attributes.start_time")) ? keys : [...keys, "attributes.start_time DESC"];
}

function orderField({ kind, key, statistic }) {
    if (kind === "a") return ATTRIBUTES[key];
    if (TEXTS[kind]) return `${TEXTS[kind][0]}.${quoted(key)}`;
    const metric = `metrics.${quoted(key)}`;
    return statistic === "last" ? metric : `${statistic}(${metric})`;
}

/** `-m.best:val/acc,p:lr` */
export const sortText = (sort) => packed(sort.map(({ id, descending }) => (descending ? "-" : "") + id));
export const sortFrom = (text) => unpacked(text)
    .map((part) => ({ id: part.replace(/^-/, ""), descending: part.startsWith("-") }))
    .filter(({ id }) => columnName(id));

/** Best runs first. @param goal */
export function goalSort(goal) {
    return goal ? [{ id: `m.best:${goal.metric}`, descending: goal.direction === "maximize" }]
        : [{ id: "a:created", descending: true }];
}

/** The number of a metric column and the step it stands at. */
export function statisticOf(summary, statistic, better) {
    if (statistic === "best") statistic = better === "minimize" ? "min" : "max";
    if (statistic === "min") return [summary.min, summary.minStep];
    if (statistic === "max") return [summary.max, summary.maxStep];
    if (statistic === "mean") return [summary.mean, null];
    return [summary.last, summary.lastStep];
}

/** Keys that these columns need of each run. @param ids */
export function fieldsFor(ids, goal) {
    const names = ids.map(columnName).filter(Boolean);
    const keys = (kind) => [...new Set(names.filter((name) => name.kind === kind).map((name) => name.key))];
    const metrics = keys("m");
    if (goal && !metrics.includes(goal.metric)) metrics.push(goal.metric);
    return { params: keys("p"), metrics, tags: keys("t"), summary: keys("s"), inputs: false };
}

/** After a press on a heading: the better first, the other way at the second press. */
export function sortedBy(sort, id, isMore, goal) {
    const name = columnName(id);
    if (!name) return null;
    const better = goal?.metric === name.key ? goal.direction : direction(name.key) ?? "maximize";
    const isDownFirst = id === "a:created" || id === "a:duration" || (name.kind === "m" && better === "maximize");
    const own = sort.find((key) => key.id === id);
    const next = { id, descending: own ? !own.descending : isDownFirst };
    if (!isMore) return [next];
    return own ? sort.map((key) => key === own ? next : key) : [...sort, next];
}
