// The only fetch. Every question to the server is a function here; every refusal is an ApiError.

const root = new URL("api/v1/", document.baseURI);

/** What the server refused, or that it could not be reached (`status` 0). */
export class ApiError extends Error {
    constructor(message, { status = 0, code = "unreachable", requestID = "" } = {}) {
        super(message);
        this.name = "ApiError";
        this.status = status;
        this.code = code;
        this.requestID = requestID;
    }
}

/**
 * The absolute address of a path below /api/v1/, for links, images and downloads.
 * @param {string[]} parts
 * @param {Record<string, string>} [query]
 */
export function apiURL(parts, query = {}) {
    const url = new URL(parts.map(encodeURIComponent).join("/"), root);
    for (const [key, value] of Object.entries(query)) {
        if (value !== null && value !== undefined) url.searchParams.set(key, value);
    }
    return url.href;
}

/** Whether the server answered the last time, and who wants to know of a change. */
export const reach = { isUp: true, changed: () => {} };

function reached(isUp) {
    if (reach.isUp === isUp) return;
    reach.isUp = isUp;
    reach.changed();
}

async function send(method, url, { body, signal, headers = {} } = {}) {
    let response;
    try {
        response = await fetch(url, {
            method,
            signal,
            headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        reached(false);
        throw new ApiError("The server does not answer. Is martlet serve running?");
    }
    reached(true);
    if (!response.ok) throw await refusal(response);
    return response;
}

async function refusal(response) {
    let message = `The server answered ${response.status} ${response.statusText}`.trim();
    let code = "";
    let requestID = response.headers.get("X-Request-ID") ?? "";
    try {
        const answer = await response.json();
        message = answer.message ?? message;
        code = answer.code ?? "";
        requestID = answer.requestID ?? requestID;
    } catch {
        // Not JSON: the status line says what there is to say.
    }
    return new ApiError(message, { status: response.status, code, requestID });
}

async function json(method, parts, { query, body, signal } = {}) {
    const response = await send(method, apiURL(parts, query), { body, signal });
    return response.status === 204 ? null : response.json();
}

/** @returns {Promise<{version: string, api: number}>} */
export const version = () => json("GET", ["version"]);

/** @returns {Promise<{experiments: object[], hasMore: boolean}>} */
export const experiments = (query = {}, signal) => json("GET", ["experiments"], { query, signal });

export const experiment = (id, signal) => json("GET", ["experiments", id], { signal });

export const createExperiment = (body) => json("POST", ["experiments"], { body });

export const changeExperiment = (id, body) => json("PATCH", ["experiments", id], { body });

export const deleteExperiment = (id) => json("DELETE", ["experiments", id]);

export const restoreExperiment = (id) => json("POST", ["experiments", id, "restore"]);

export const run = (id, signal) => json("GET", ["runs", id], { signal }).then(noted);

export const changeRun = (id, body) => json("PATCH", ["runs", id], { body });

export const deleteRun = (id) => json("DELETE", ["runs", id]);

export const restoreRun = (id) => json("POST", ["runs", id, "restore"]);

/** What answers tell of the points that arrive while somebody looks: for "12 points/s". */
export const arrivals = {
    counts: new Map(),
    recent: [],
    changed() {},
    /** @param {string} run @param {string} key @param {number} count of its points, all of them */
    saw(run, key, count) {
        const name = `${run} ${key}`, now = Date.now(), before = this.counts.get(name);
        if (before && before.count >= count) {
            before.at = now;
            return;
        }
        this.counts.set(name, { count, at: now });
        // What came while nobody looked came nobody knows when.
        if (!before || now - before.at > SPAN) return;
        this.recent.push({ at: now, from: before.at, points: count - before.count });
        this.changed();
    },
    /** Points a second, over the last ten seconds at most. */
    get rate() {
        const now = Date.now();
        this.recent = this.recent.filter((one) => now - one.at < SPAN);
        const since = Math.min(now - 1_000, ...this.recent.map((one) => one.from));
        return this.recent.reduce((sum, one) => sum + one.points, 0) * 1_000 / (now - Math.max(since, now - SPAN));
    },
};
const SPAN = 10_000;

/** @param {{id: string, metrics: {key: string, count: number}[]}} run */
function noted(run) {
    for (const metric of run.metrics) arrivals.saw(run.id, metric.key, metric.count);
    return run;
}

/** @returns {Promise<{runs: object[], total: number, hasMore: boolean, now: number}>} */
export async function searchRuns(body, signal) {
    const page = await json("POST", ["runs", "search"], { body, signal });
    page.runs.forEach(noted);
    return page;
}

export const runColumns = (body, signal) => json("POST", ["runs", "columns"], { body, signal });

export const bulk = (body) => json("POST", ["runs", "bulk"], { body });

/** @returns {Promise<{series: object[]}>} only series that exist */
export const series = (body, signal) => json("POST", ["series"], { body, signal });

export const artifacts = (run, path = "", signal) =>
    json("GET", ["runs", run, "artifacts"], { query: path ? { path } : {}, signal });

export const loggedModels = (body, signal) => json("POST", ["logged-models", "search"], { body, signal });

/** @returns {Promise<{ok: boolean, message?: string}>} */
export const checkFilter = (filter, signal) => json("POST", ["filter"], { body: { filter }, signal });

/** All matching rows as a file. @returns {Promise<Blob>} */
export async function exportRuns(body) {
    const response = await send("POST", apiURL(["runs", "export"]), { body });
    return response.blob();
}

/** Link to every point of one series. @param {"csv" | "json"} format */
export const historyURL = (run, key, format) => apiURL(["runs", run, "history"], { key, format });

/** Every point of one series as text. @param {"csv" | "json"} format @returns {Promise<string>} */
export async function history(run, key, format) {
    return (await send("GET", historyURL(run, key, format))).text();
}

/** Link to the bytes of a file; `inline` to look at it, else a download. */
export const artifactURL = (run, path, inline = false) =>
    apiURL(["runs", run, "artifacts", "content"], inline ? { path, inline: "1" } : { path });

/**
 * The beginning of a text file.
 * @returns {Promise<{text: string, size: number | null, isWhole: boolean}>}
 */
export async function artifactText(run, path, limit, signal) {
    const response = await send("GET", artifactURL(run, path, true), {
        signal,
        headers: { Range: `bytes=0-${limit - 1}` },
    });
    const text = await response.text();
    const total = Number(/\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1] ?? NaN);
    const size = Number.isFinite(total) ? total : null;
    return { text, size, isWhole: response.status === 200 || (size !== null && size <= limit) };
}
