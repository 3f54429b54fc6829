// The part of the interface that is about files, of runs and of versions, and about every point of a series as text.
// An owner is ["runs", id] or ["versions", id].
import { apiURL, json, send } from "./api.js";

/** @returns {Promise<{entries: object[]}>} what stands in a folder */
export const files = (owner, path, signal) => json("GET", [...owner, "artifacts"], { query: path ? { path } : {}, signal });

/** Link to the bytes of a file; `inline` to look at it, else a download. */
export const fileURL = (owner, path, inline = false) =>
    apiURL([...owner, "artifacts", "content"], inline ? { path, inline: "1" } : { path });

/** The beginning of a text file. */
export async function fileText(owner, path, limit, signal) {
    const response = await send("GET", fileURL(owner, path, true), {
        signal,
        headers: { Range: `bytes=0-${limit - 1}` },
    });
    const text = await response.text();
    const total = Number(/\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1] ?? NaN);
    const size = Number.isFinite(total) ? total : null;
    return { text, size, isWhole: response.status === 200 || (size !== null && size <= limit) };
}

/** Link to every point of one series. @param format */
export const historyURL = (run, key, format) => apiURL(["runs", run, "history"], { key, format });

/** Every point of one series as text. @param format @returns {Promise<string>} */
export async function history(run, key, format) {
    return (await send("GET", historyURL(run, key, format))).text();
}
