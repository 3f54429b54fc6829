// Series over a metric of their run in place of the step: `loss` over `epoch`. Loaded when somebody asks for one.

/** So much of what is seen is read beside it, for the line to go on to the edges. */
const MARGIN = 0.05;
const place = (run, key) => `${run} ${key}`;

/**
 * Points are joined by step: x is what the metric was at the step, or last before it. Where a run has more points than buckets
 * both are means of the same stretch of steps. Points of one x are one mark, with their least and greatest.
 * @param ask for series @param base what is asked @param metric the key that is x @param range of x, or null for all
 */
export async function readOverMetric(ask, base, metric, range) {
    const body = { ...base, keys: [...new Set([...base.keys, metric])], axis: "step" };
    let series = await ask(body);
    const steps = range && stepsWithin(series.filter((one) => one.key === metric), range);
    if (steps) series = await ask({ ...body, ...steps });
    const metrics = new Map(series.filter((one) => one.key === metric).map((one) => [place(one.run, metric), one]));
    const wanted = new Set(base.keys);
    return series.filter((one) => wanted.has(one.key)).map((one) => along(one, metrics.get(place(one.run, metric)))).filter((one) => one?.firstX.length);
}

/**
 * @param list that the client keeps: `1` a name or `2` a beginning with `*`, `5` the place of the metric that is x, `6` options: 2 hides
 * @param keys of the run @returns {{usualAxis: string, axisOf: ?(key: string) => ?string, isHidden: (key: string) => ?boolean}}
 */
export function definitions(list, keys) {
    const known = new Set(keys), all = list.filter(Boolean);
    const over = all.filter((one) => one[5] > 0).map((one) => [one, `m:${list[one[5] - 1]?.[1]}`]).filter(([, axis]) => known.has(axis.slice(2)));
    const [axisOf, usualAxis = "step"] = ruled(over), [isHidden] = ruled(all.map((one) => [one, Array.isArray(one[6]) && one[6].includes(2)]));
    return { usualAxis, axisOf: over.length ? axisOf : null, isHidden };
}

/** @param pairs of a definition and what it says @returns {[(key: string) => any, any]} what is said of a key, and of all */
function ruled(pairs) {
    const exact = new Map(), begun = [];
    for (const [one, said] of pairs) {
        if (typeof one[1] === "string") exact.set(one[1], said);
        else if (typeof one[2] === "string" && one[2].endsWith("*")) begun.push([one[2].slice(0, -1), said]);
    }
    // The longest beginning says most.
    begun.sort((left, right) => right[0].length - left[0].length);
    const of = (key) => exact.get(key) ?? begun.find(([start]) => key.startsWith(start))?.[1] ?? null;
    return [of, begun.find(([start]) => !start)?.[1]];
}

/** The steps at which the metric was in a range, or went through it, and some around; null where that is never. */
function stepsWithin(metrics, [from, to]) {
    let first = Infinity, last = -Infinity;
    for (const { firstX, lastX, mean } of metrics) {
        mean.forEach((value, index) => {
            const next = mean[index + 1] ?? value;
            if (value === null || Math.max(value, next) < from || Math.min(value, next) > to) return;
            first = Math.min(first, firstX[index]);
            // It is that until it is something else.
            last = Math.max(last, lastX[index + 1] ?? Infinity);
        });
    }
    if (first > last) return null;
    const margin = Number.isFinite(last) ? Math.ceil((last - first) * MARGIN) + 1 : 1;
    return { from: Math.floor(first) - margin, ...Number.isFinite(last) ? { to: Math.ceil(last) + margin } : {} };
}

/** A series with other places on the x axis. @param [metric] the series that is x */
function along(one, metric) {
    if (!metric) return null;
    const marks = [];
    let at = -1;
    one.lastX.forEach((step, index) => {
        while (at + 1 < metric.firstX.length && metric.firstX[at + 1] <= step) at += 1;
        const x = at < 0 ? null : metric.mean[at];
        if (x !== null) marks.push({ x, mean: one.mean[index], min: one.min[index] ?? null, max: one.max[index] ?? null, n: one.n[index], nan: one.nan[index], inf: one.inf[index], smoothed: one.smoothed[index] ?? null });
    });
    marks.sort((left, right) => left.x - right.x);
    const united = [];
    for (const mark of marks) {
        if (united.at(-1)?.x === mark.x) unite(united.at(-1), mark);
        else united.push(mark);
    }
    const column = (name) => united.map((mark) => mark[name]);
    const hasBands = one.min.length || united.length < marks.length;
    return { run: one.run, key: one.key, count: one.count, firstX: column("x"), lastX: column("x"), mean: column("mean"),
        min: hasBands ? united.map((mark) => mark.min ?? mark.mean) : [], max: hasBands ? united.map((mark) => mark.max ?? mark.mean) : [],
        n: column("n"), nan: column("nan"), inf: column("inf"), smoothed: one.smoothed.length ? column("smoothed") : [] };
}

/** Adds to a mark what came later at the same x. */
function unite(mark, later) {
    const values = [mark, later].filter((one) => one.mean !== null);
    const finite = (one) => Math.max(1, one.n - one.nan - one.inf);
    const [low, high] = [Math.min(...values.map((one) => one.min ?? one.mean)), Math.max(...values.map((one) => one.max ?? one.mean))];
    const sum = values.reduce((total, one) => total + one.mean * finite(one), 0), count = values.reduce((total, one) => total + finite(one), 0);
    Object.assign(mark, values.length ? { mean: sum / count, min: low, max: high } : {}, {
        n: mark.n + later.n, nan: mark.nan + later.nan, inf: mark.inf + later.inf, smoothed: later.smoothed ?? mark.smoothed,
    });
}
