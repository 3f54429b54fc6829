// The metrics of a run, which may be 100,000: the first come with the run, of the others the names, and the rest where it is shown.
import { json, run, searchRuns } from "./api.js";

const FIRST = 500;

/** A run with the first of its metrics, by name, and `metricCount`, how many it has. @param id */
export const runWithFirst = (id) => run(id, { metrics: FIRST });

/** What is known of some metrics. @param run @param keys @returns {Promise<object[]>} */
export async function summaries(run, keys) {
    const fields = { params: [], metrics: keys, tags: [], summary: [], inputs: false };
    const found = await searchRuns({ experimentIDs: [run.experimentID], view: "all", filter: `attributes.run_id = '${run.id}'`, limit: 1, fields });
    return found.runs[0]?.metrics ?? [];
}

/** Whether what is known of a metric must be read before it is told: nothing is, or it is of an earlier reading. */
export const isStale = (one) => one.count === undefined || one.isOld === true;

/**
 * The run with all of its metrics: the first as they are now, the others by their names, with what was known of them.
 * @param run as it was read now @param before its metrics as they were known @param goal a metric that must be known
 */
export async function withAll(run, before, goal) {
    if (run.metrics.length >= run.metricCount) return run;
    const old = before.filter((one) => one.count !== undefined).map((one) => ({ ...one, isOld: true }));
    const known = new Map([...old, ...run.metrics].map((one) => [one.key, one]));
    // Names come and never go without their number.
    const keys = before.length === run.metricCount ? before.map((one) => one.key)
        : (await json("GET", ["runs", run.id, "metrics"], { query: { form: "keys", limit: 1_000_000 } })).keys;
    const metrics = keys.map((key) => known.get(key) ?? { key });
    const own = metrics.find((one) => one.key === goal);
    if (own && isStale(own)) for (const one of await summaries(run, [goal])) Object.assign(own, one, { isOld: false });
    return { ...run, metrics };
}
