// The metrics of a run, which may be 100,000: the first come with the run, of the others the names, and the rest where it is shown.
import { json, run, searchRuns } from "./api.js";

const FIRST = 500;

/** A run with the first of its metrics, by name, and `metricCount`, how many it has. @param id */
export const runWithFirst = (id) => run(id, { metrics: FIRST });

/** What is known of some metrics. @param run @param keys @returns {Promise<object[]>} */
export async function summaries(run, keys) {
    const fields = { params: [], metrics: keys, tags: [], inputs: false };
    const found = await searchRuns({ experimentIDs: [run.experimentID], view: "all", filter: `attributes.run_id = '${run.id}'`, limit: 1, fields });
    return found.runs[0]?.metrics ?? [];
}

/**
 * The run with all of its metrics, those that are not known by their names only.
 * @param run as it was read now @param before its metrics as they were known @param goal a metric that must be known
 */
export async function withAll(run, before, goal) {
    if (run.metrics.length >= run.metricCount) return run;
    const known = new Map([...before.filter((one) => one.count), ...run.metrics].map((one) => [one.key, one]));
    const { keys } = await json("GET", ["runs", run.id, "metrics"], { query: { form: "keys", limit: 1_000_000 } });
    if (goal && !known.has(goal) && keys.includes(goal)) for (const one of await summaries(run, [goal])) known.set(goal, one);
    return { ...run, metrics: keys.map((key) => known.get(key) ?? { key }) };
}
