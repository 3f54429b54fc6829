// The part of the interface that is about sweeps: reading and changing them, and what their parameters are.
import { json, searchRuns } from "./api.js";
import { toNumber } from "./format.js";
import { flat } from "./components/versions.js";

/** More runs than these are neither drawn nor listed. */
export const MOST_RUNS = 10_000;
const PAGE = 1_000;

/** @returns {Promise<{sweeps: object[], total: number, hasMore: boolean}>} the newest first */
export const sweeps = (experiment, limit = PAGE, offset = 0) => json("GET", ["sweeps"], { query: { experiment, limit, offset } });

/** With its counts, its best run and its agents. */
export const sweep = (id) => json("GET", ["sweeps", id]);

export const changeSweep = (id, body) => json("PATCH", ["sweeps", id], { body });

/** In the order in which they were chosen, at most 10,000. */
export async function runs(id) {
    const answer = await json("GET", ["sweeps", id, "runs"], { query: { limit: MOST_RUNS } });
    return { ...answer, runs: answer.runs.map((run) => ({ ...run, parameters: Object.fromEntries(flat(run.parameters)), goal: goalOf(run) })) };
}

export const importance = (id) => json("GET", ["sweeps", id, "importance"]);

/** By the eight characters that agents are given; null where there is none. */
export async function named(experiment, name) {
    for (let offset = 0; ; offset += PAGE) {
        const page = await sweeps(experiment, PAGE, offset);
        const found = page.sweeps.find((one) => one.name === name);
        if (found || !page.hasMore) return found ?? null;
    }
}

/** The value by which a run is ranked, as the server does it; undefined while there is none. */
const goalOf = ({ best, value }) => best === undefined && value === undefined ? undefined : toNumber(best ?? value);

/** Whether the metric was no number in the end, whatever it had been before. */
export const hasDiverged = (run) => run.goal !== undefined && !(Number.isFinite(run.goal) && Number.isFinite(toNumber(run.value ?? run.best)));

/** Best first; those without a number last, as they were chosen. */
export function ranked(runs, minimizes) {
    const sign = minimizes ? 1 : -1;
    const size = ({ goal }) => Number.isFinite(goal) ? sign * goal : Infinity;
    return runs.toSorted((a, b) => (size(a) === size(b) ? 0 : size(a) - size(b)) || a.number - b.number);
}

/** Names of the parameters that differ between runs, and those that never do with their value. */
export function parametersOf(runs) {
    const values = new Map();
    for (const run of runs) for (const name of Object.keys(run.parameters)) if (!values.has(name)) values.set(name, new Set());
    for (const [name, seen] of values) for (const run of runs) seen.add(JSON.stringify(run.parameters[name]));
    const names = [...values.keys()].sort((a, b) => a < b ? -1 : 1);
    return { varying: names.filter((name) => values.get(name).size > 1), same: names.filter((name) => values.get(name).size === 1) };
}

/** Whole names of the parameters whose distribution is logarithmic. @param text YAML or JSON */
export function logParameters(text) {
    let tree = null;
    try {
        tree = JSON.parse(text);
    } catch {
        return logInYAML(text);
    }
    const found = new Set();
    const walk = (group, path) => {
        for (const [name, one] of Object.entries(group ?? {})) {
            if (one?.parameters) walk(one.parameters, [...path, name]);
            else if (/log_/.test(one?.distribution)) found.add([...path, name].join("."));
        }
    };
    walk(tree?.parameters, []);
    return found;
}

/** Only the lines that name a distribution and those that they stand under: no reader of YAML is needed for that. */
function logInYAML(text) {
    const found = new Set(), above = [];
    for (const line of text.split("\n")) {
        const [, indent, key, rest] = /^(\s*)["']?([^\s"'#][^:"']*)["']?\s*:(.*)$/.exec(line) ?? [];
        if (key === undefined) continue;
        while (above.length && above.at(-1).indent >= indent.length) above.pop();
        above.push({ indent: indent.length, key });
        const isFlow = /\bdistribution["']?\s*:\s*["']?\w*log_/.test(rest);
        if (!isFlow && !(key === "distribution" && /log_/.test(rest))) continue;
        const path = above.map((one) => one.key).filter((name) => name !== "parameters");
        found.add((isFlow ? path : path.slice(0, -1)).join("."));
    }
    return found;
}

const NOTHING = { params: [], metrics: [], tags: [], summary: [], inputs: false };
const NAMES = 200;

/** What people call runs, which is not what the client calls them. @param {Map<string, string>} known gets those that it lacks */
export async function readNames(experiment, ids, known) {
    const wanted = [...new Set(ids)].filter((id) => !known.has(id));
    for (let first = 0; first < wanted.length; first += NAMES) {
        const part = wanted.slice(first, first + NAMES);
        const filter = `attributes.run_id IN (${part.map((id) => `'${id}'`).join(",")})`;
        const answer = await searchRuns({ experimentIDs: [experiment], filter, limit: NAMES, wantsTotal: false, fields: NOTHING });
        for (const run of answer.runs) known.set(run.id, run.name);
    }
    return wanted.length > 0;
}
