// Which columns a run table has, how they are named in the address, how they order runs. No page, no server here.
import { quoted } from "../components/filterBar.js";

/**
 * A column of the run table is named `p:lr`, `t:team`, `a:user` or `m.best:val/acc` (also `last`, `min`, `max`, `mean`).
 * @typedef {{kind: "p" | "t" | "a" | "m", key: string, statistic?: string, id: string}} ColumnName
 */

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

/** Which end of a metric is the better one, as its name says; null where it says nothing. */
export function direction(key) {
    const parts = words(key);
    if (parts.some((word) => SMALLER.has(word) || word.endsWith("loss"))) return "minimize";
    return parts.some((word) => GREATER.has(word) || word.endsWith("accuracy")) ? "maximize" : null;
}

/** @param {string} id @returns {ColumnName | null} */
export function columnName(id) {
    const match = /^(p|t|a|m)(?:\.(\w+))?:(.*)$/s.exec(id);
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
 * The columns after the goal: up to four more metrics, then up to eight parameters that vary.
 * @param {object} facts what `runs/columns` says
 * @param {{metric: string} | null} goal
 * @returns {string[]}
 */
export function defaultColumns(facts, goal) {
    const metrics = facts.metrics.filter((one) => one.key !== goal?.metric && !one.key.startsWith("system/"))
        .map((one) => one.key).sort((a, b) => metricRank(a) - metricRank(b) || (a < b ? -1 : 1)).slice(0, 4);
    const params = varying(facts).slice(0, 8);
    return [
        ...metrics.map((key) => `m.${direction(key) ? "best" : "last"}:${key}`),
        ...params.map((one) => `p:${one.key}`),
        "a:created", "a:duration", "a:user",
    ];
}

function metricRank(key) {
    const parts = words(key);
    const split = parts.some((word) => ["val", "valid", "validation", "eval", "dev"].includes(word)) ? 0
        : parts.includes("test") ? 1 : parts.some((word) => word.startsWith("train")) ? 2 : 3;
    return split + (direction(key) ? 0 : 10);
}

/** Parameters with more than one value among the matching runs; those that differ in every run come last. */
export function varying(facts) {
    const isLabel = (one) => one.distinct === facts.total && facts.total > 5 ? 1 : 0;
    return facts.params.filter((one) => one.distinct > 1 || (one.runs < facts.total && facts.total > 1))
        .sort((a, b) => isLabel(a) - isLabel(b) || b.runs - a.runs || (a.key < b.key ? -1 : 1));
}

/** Parameters that every matching run has with one value. */
export function equal(facts) {
    return facts.params.filter((one) => one.distinct === 1 && one.runs === facts.total);
}

/**
 * The order in the words of the search language; the last key makes it total.
 * @param {{id: string, descending: boolean}[]} sort
 */
export function orderBy(sort) {
    const keys = sort.map(({ id, descending }) => {
        const name = columnName(id);
        return name ? `${orderField(name)} ${descending ? "DESC" : "ASC"}` : null;
    }).filter(Boolean);
    return keys.some((key) => key.startsWith("attributes.start_time")) ? keys : [...keys, "attributes.start_time DESC"];
}

function orderField({ kind, key, statistic }) {
    if (kind === "a") return ATTRIBUTES[key];
    if (kind === "p") return `params.${quoted(key)}`;
    if (kind === "t") return `tags.${quoted(key)}`;
    const metric = `metrics.${quoted(key)}`;
    return statistic === "last" ? metric : `${statistic}(${metric})`;
}

/** `-m.best:val/acc,p:lr` */
export const sortText = (sort) => packed(sort.map(({ id, descending }) => (descending ? "-" : "") + id));
export const sortFrom = (text) => unpacked(text)
    .map((part) => ({ id: part.replace(/^-/, ""), descending: part.startsWith("-") }))
    .filter(({ id }) => columnName(id));

/** Best runs first. @param {{metric: string, direction: string} | null} goal */
export function goalSort(goal) {
    return goal ? [{ id: `m.best:${goal.metric}`, descending: goal.direction === "maximize" }]
        : [{ id: "a:created", descending: true }];
}

/**
 * The number of a metric column and the step it stands at.
 * @param {object} summary @param {string} statistic @param {string} better "minimize" or "maximize"
 * @returns {[number | string | null, number | null]}
 */
export function statisticOf(summary, statistic, better) {
    if (statistic === "best") statistic = better === "minimize" ? "min" : "max";
    if (statistic === "min") return [summary.min, summary.minStep];
    if (statistic === "max") return [summary.max, summary.maxStep];
    if (statistic === "mean") return [summary.mean, null];
    return [summary.last, summary.lastStep];
}

/** Keys that must come with each run so that these columns can be drawn. @param {string[]} ids */
export function fieldsFor(ids, goal) {
    const names = ids.map(columnName).filter(Boolean);
    const keys = (kind) => [...new Set(names.filter((name) => name.kind === kind).map((name) => name.key))];
    const metrics = keys("m");
    if (goal && !metrics.includes(goal.metric)) metrics.push(goal.metric);
    return { params: keys("p"), metrics, tags: keys("t"), inputs: false };
}
