// The part of the interface that is about what a program streams besides numbers: printed lines, objects, documents.
import { json } from "./api.js";

/** @returns {Promise<{total: number, lines: object[]}>} at most 10,000 lines */
export const consoleLines = (run, from, limit, signal) => json("GET", ["runs", run, "console"], { query: { from, limit }, signal });

/** @returns {Promise<object[]>} key, count, lastStep, last */
export const objects = async (run) => (await json("GET", ["runs", run, "objects"])).objects;

/** @returns {Promise<{hasMore: boolean, values: object[]}>} from a step on */
export const objectValues = (run, key, from, limit) => json("GET", ["runs", run, "objects", "values"], { query: { key, from, limit } });

/** @returns {Promise<{config?: object, summary?: object}>} */
export const documents = (run) => json("GET", ["runs", run, "documents"]);

/** @param query run or experiment, limit @returns {Promise<{alerts: object[], total: number}>} newest first */
export const alerts = (query) => json("GET", ["alerts"], { query });

/** @returns {Promise<{views: object[], total: number, hasMore: boolean}>} without what they contain */
export const reports = (experiment, limit = 100) => json("GET", ["views"], { query: { experiment, kind: "report", limit } });

/** A view with what it contains. */
export const savedView = (id) => json("GET", ["views", id]);

/** @returns {Promise<{experimentID: string, runID?: string}>} */
export const find = (workspace, experiment, run) => json("GET", ["find"], { query: { workspace, experiment, run } });

/** What a run has of it; a server that cannot say has none. @returns {Promise<{lines: number, objects: object[]}>} */
export async function streamsOf(run) {
    const [lines, list] = await Promise.all([
        consoleLines(run, 0, 1).then((answer) => answer.total, () => 0), objects(run).catch(() => [])]);
    return { lines, objects: list };
}

const styles = {};

/** A style sheet that only some pages need. */
export function styleSheet(name) {
    styles[name] ??= new Promise((resolve) => {
        const link = document.createElement("link");
        Object.assign(link, { rel: "stylesheet", href: `${name}.css`, onload: resolve, onerror: () => {
            delete styles[name];
            resolve();
        } });
        document.head.append(link);
    });
    return styles[name];
}
