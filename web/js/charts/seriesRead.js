// Asks for series as charts want them: x counted from a run's first step, and buckets that suit a logarithmic x.
import { halfLife, metricOf } from "./chartState.js";
import { askSeries } from "./seriesForm.js";

const SPARSE = 20;
const LISTS = ["firstX", "lastX", "min", "max", "mean", "n", "nan", "inf", "smoothed"];
const place = (run, key) => `${run} ${key}`;

/** @param cards the keys of each card; those of one card share their origin */
export async function readSeries(runs, cards, state, buckets, hasBands) {
    const keys = cards.flat();
    const isRelative = state.axis === "relativeStep";
    const ask = (body) => askSeries(body, hasBands);
    const base = { runs, keys, axis: isRelative ? "step" : state.axis, buckets, smoothingHalfLife: halfLife(state) };
    const metric = metricOf(state.axis);
    if (metric) return (await import("./metricAxis.js")).readOverMetric(ask, base, metric, state.range);
    if (!state.range && !state.isLogX) {
        const series = await ask(base);
        return isRelative ? shifted(series, origins(series, cards)) : series;
    }
    if (state.range && !isRelative && !state.isLogX) return readZoomed(ask, base, state.range);
    // Where series begin and end, and what they look like as a whole.
    const whole = await ask({ ...base, buckets: 100 });
    const starts = isRelative ? origins(whole, cards) : null;
    const groups = new Map();
    for (const one of whole) {
        const origin = starts?.get(place(one.run, one.key)) ?? 0;
        const group = groups.get(origin) ?? groups.set(origin, []).get(origin);
        group.push(one);
    }
    const answers = await Promise.all([...groups].map(([origin, group]) => readGroup(ask, base, origin, group, state)));
    return shifted(answers.flat(), starts);
}

const runsOf = (series) => [...new Set(series.map((one) => one.run))];
const keysOf = (series) => [...new Set(series.map((one) => one.key))];

/** A part of x; series with few points in it are read as a whole, too, for their neighbours. */
async function readZoomed(ask, base, [from, to]) {
    const series = await ask({ ...base, from: Math.floor(from), to: Math.ceil(to) });
    const found = new Map(series.map((one) => [place(one.run, one.key), one]));
    const isSparse = (run, key) => (found.get(place(run, key))?.firstX.length ?? 0) < SPARSE;
    const runs = base.runs.filter((run) => base.keys.some((key) => isSparse(run, key)));
    if (!runs.length) return series;
    const keys = base.keys.filter((key) => runs.some((run) => isSparse(run, key)));
    const whole = await ask({ ...base, runs, keys });
    for (const one of whole) {
        if (isSparse(one.run, one.key)) found.set(place(one.run, one.key), amid(found.get(place(one.run, one.key)), one, from, to));
    }
    return [...found.values()].filter((one) => one.firstX.length);
}

async function readGroup(ask, base, origin, whole, { range, isLogX }) {
    const ends = [Math.min(...whole.map((one) => one.firstX[0])), Math.max(...whole.map((one) => one.lastX.at(-1)))];
    const [from, to] = range ? range.map((x) => x + origin) : ends;
    const slices = isLogX ? decades(from, to, origin, base.axis === "step" ? 1 : 1_000) : [[Math.floor(from), Math.ceil(to)]];
    const answers = await Promise.all(slices.map(([first, last]) => ask({
        ...base, runs: runsOf(whole), keys: keysOf(whole), from: first, to: last,
        buckets: Math.max(40, Math.ceil(base.buckets / slices.length)),
    })));
    const found = new Map(whole.map((one) => [place(one.run, one.key), []]));
    for (const one of answers.flat()) found.get(place(one.run, one.key))?.push(one);
    return whole.map((one) => {
        const pieces = found.get(place(one.run, one.key));
        const joined = pieces.length > 1 ? pieces.reduce(together) : pieces[0];
        return range && (joined?.firstX.length ?? 0) < SPARSE ? amid(joined, one, from, to) : joined;
    }).filter(Boolean);
}

function together(left, right) {
    return { ...left, count: left.count + right.count, ...Object.fromEntries(LISTS.map((name) => [name, [...left[name], ...right[name]]])) };
}

/** The few points of a range with the neighbours on both sides, so that the line goes on to the edges. */
function amid(inner, whole, from, to) {
    const before = whole.lastX.findLastIndex((x) => x < from), after = whole.firstX.findIndex((x) => x > to);
    const at = (name, index) => index >= 0 && index < whole.firstX.length && whole[name].length ? [whole[name][index]] : [];
    return { run: whole.run, key: whole.key, count: inner?.count ?? 0,
        ...Object.fromEntries(LISTS.map((name) => [name, [...at(name, before), ...inner?.[name] ?? [], ...at(name, after)]])) };
}

/** Stretches of x that are about as wide as each other on a logarithmic axis. */
function decades(from, to, origin, unit) {
    const list = [];
    const low = Math.floor(from), high = Math.ceil(to);
    let start = low;
    for (let size = 100 * unit; start <= high; size *= 10) {
        const end = Math.min(high, origin + size);
        if (end < start && end < high) continue;
        list.push([start, end]);
        start = end + 1;
    }
    return list;
}

/** The first step of each run in each card. */
function origins(series, cards) {
    const first = new Map(), card = new Map();
    cards.forEach((keys, index) => keys.forEach((key) => card.set(key, index)));
    for (const one of series) {
        const name = place(one.run, card.get(one.key));
        first.set(name, Math.min(first.get(name) ?? Infinity, one.firstX[0]));
    }
    return new Map(series.map((one) => [place(one.run, one.key), first.get(place(one.run, card.get(one.key)))]));
}

function shifted(series, starts) {
    if (!starts) return series;
    return series.map((one) => {
        const origin = starts.get(place(one.run, one.key));
        return origin ? { ...one, origin, firstX: one.firstX.map((x) => x - origin), lastX: one.lastX.map((x) => x - origin) } : one;
    });
}
