// The only fetch. Every question to the server is a function here; every refusal is an ApiError.

const root = new URL("api/v1/", document.baseURI);

/** What the server refused, or that it could not be reached (`status` 0). */
export class ApiError extends Error {
    /** `retryAfter` is in seconds, 0 where the server did not say. */
    constructor(message, { status = 0, code = "unreachable", requestID = "", retryAfter = 0 } = {}) {
        super(message);
        Object.assign(this, { name: "ApiError", status, code, requestID, retryAfter });
    }
}

/** The absolute address of a path below /api/v1/. */
export function apiURL(parts, query = {}) {
    const url = new URL(parts.map(encodeURIComponent).join("/"), root);
    for (const [key, value] of Object.entries(query)) {
        if (value !== null && value !== undefined) url.searchParams.set(key, value);
    }
    return url.href;
}

/** Whether the server answered the last time, who wants to know of a change, and of a refusal for want of a login. */
export const reach = { isUp: true, changed: () => {}, locked: () => {} };

function reached(isUp) {
    if (reach.isUp === isUp) return;
    reach.isUp = isUp;
    reach.changed();
}

// ---- who asks ----

const ROLES = ["none", "viewer", "editor", "admin"];
/** The answer of the server, and what it was the last time. */
let asked = null, known = {};

/**
 * Who asks: asked once, and again where a login may have changed. Where there is no answer the server decides.
 * A browser without a login need not ask: the first refusal leads to the login.
 */
export function session({ isFresh = false } = {}) {
    if (!isFresh && !asked && !document.cookie.includes("martlet_login=")) return Promise.resolve(known);
    if (isFresh) asked = null;
    asked ??= json("GET", ["session"]).then((answer) => (known = answer), () => {
        asked = null;
        return known;
    });
    return asked;
}

/** What `session` said the last time. */
export const who = () => known;

/** Whether nothing can be read before a login. */
export const isLocked = () => Boolean(known.isLoginRequired && !known.name);

const places = {}; // Of experiments: their workspaces.
const note = (one) => ((places[one.id] = one.workspace), one);

/** Whether to show what needs a role. The server checks anyway. */
export function may(role, experiment, workspace = places[experiment]) {
    if (!known.role) return !known.isLoginRequired;
    const all = known.role === "admin" ? known.role : known.workspaceRoles?.[workspace] ?? known.role;
    const own = all === "admin" ? all : known.experimentRoles?.[experiment] ?? all;
    return ROLES.indexOf(own) >= ROLES.indexOf(role);
}

export async function send(method, url, { body, signal, headers = {}, isLogin = false } = {}) {
    const request = () => {
        const more = { ...headers };
        if (body !== undefined) more["Content-Type"] = "application/json";
        if (method !== "GET" && known.csrfToken) more["X-CSRF-Token"] = known.csrfToken;
        return fetch(url, { method, signal, headers: more, body: body === undefined ? undefined : JSON.stringify(body) });
    };
    let response;
    try {
        response = await request();
        if (response.status === 403 && method !== "GET") {
            // Another tab may have logged in anew meanwhile: its code is another.
            const { csrfToken } = known;
            if ((await session({ isFresh: true })).csrfToken !== csrfToken) response = await request();
        }
    } catch (error) {
        if (error.name === "AbortError") throw error;
        reached(false);
        throw new ApiError("The server does not answer. Is martlet serve running?");
    }
    reached(true);
    if (response.status === 401 && !isLogin) reach.locked();
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
        // Not JSON.
    }
    const retryAfter = Number(response.headers.get("Retry-After") ?? 0);
    return new ApiError(message, { status: response.status, code, requestID, retryAfter });
}

export async function json(method, parts, { query, ...more } = {}) {
    const response = await send(method, apiURL(parts, query), more);
    return response.status === 204 ? null : response.json();
}

/** @returns {Promise<{version: string, api: number}>} */
export const version = () => json("GET", ["version"]);

export const logIn = (body) => json("POST", ["session"], { body, isLogin: true });

export const makeFirstAccount = (body) => json("POST", ["session", "first-account"], { body, isLogin: true });

export const logOut = () => json("DELETE", ["session"]);

export const accounts = () => json("GET", ["accounts"]);

export const account = (id) => json("GET", ["accounts", id]);

export const createAccount = (body) => json("POST", ["accounts"], { body });

export const changeAccount = (id, body) => json("PATCH", ["accounts", id], { body });

/** A wrong current one is refused as a wrong login is. */
export const setPassword = (id, body) => json("POST", ["accounts", id, "password"], { body, isLogin: true });

export const tokens = (account) => json("GET", ["accounts", account, "tokens"]);

export const createToken = (account, body) => json("POST", ["accounts", account, "tokens"], { body });

export const revokeToken = (id) => json("DELETE", ["tokens", id]);

export const roles = (experiment) => json("GET", ["experiments", experiment, "roles"]);

/** @param role null for that of its workspace */
export const setRole = (experiment, account, role) => json("PUT", ["experiments", experiment, "roles", account], { body: { role } });

export const audit = (query) => json("GET", ["audit"], { query });

/** @returns {Promise<{experiments: object[], hasMore: boolean}>} */
export async function experiments(query = {}, signal) {
    const answer = await json("GET", ["experiments"], { query, signal });
    answer.experiments.forEach(note);
    return answer;
}

export const experiment = async (id, signal) => note(await json("GET", ["experiments", id], { signal }));

export const createExperiment = (body, workspace) => json("POST", ["experiments"], { body, query: { workspace } });

export const changeExperiment = (id, body) => json("PATCH", ["experiments", id], { body });

export const deleteExperiment = (id) => json("DELETE", ["experiments", id]);

export const restoreExperiment = (id) => json("POST", ["experiments", id, "restore"]);

export const run = (id, query) => json("GET", ["runs", id], { query });

export const changeRun = (id, body) => json("PATCH", ["runs", id], { body });

export const deleteRun = (id) => json("DELETE", ["runs", id]);

export const restoreRun = (id) => json("POST", ["runs", id, "restore"]);

/** @returns {Promise<{runs: object[], total: number, hasMore: boolean, now: number}>} */
export const searchRuns = (body, signal) => json("POST", ["runs", "search"], { body, signal });

export const runColumns = (body, signal) => json("POST", ["runs", "columns"], { body, signal });

export const bulk = (body) => json("POST", ["runs", "bulk"], { body });

/** @returns only series that exist */
export const series = (body, signal) => json("POST", ["series"], { body, signal });

/** @returns {Promise<{ok: boolean, message?: string}>} */
export const checkFilter = (filter, signal) => json("POST", ["filter"], { body: { filter }, signal });

/** @returns {Promise<Blob>} */
export async function exportRuns(body) {
    const response = await send("POST", apiURL(["runs", "export"]), { body });
    return response.blob();
}
