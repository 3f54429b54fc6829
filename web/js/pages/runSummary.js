// What the program itself put into the summary of its run.
import { fill, h } from "../dom.js";
import { grouped, number } from "../format.js";
import { documents } from "../streams.js";
import { pairTable } from "./runTables.js";

const MOST = 40;

/** Values of a nested object by their whole names; media are looked at on their own tab. */
function leaves(value, name, list) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) list.push([name, value]);
    else if (!value._type) for (const [key, inner] of Object.entries(value)) leaves(inner, name ? `${name}.${key}` : key, list);
    return list;
}

/** @param run @param summary the document @returns names and values that are no metrics */
export function ownValues(run, summary) {
    const metrics = new Map(run.metrics.map((one) => [one.key, one]));
    const own = Object.fromEntries(Object.entries(summary ?? {}).filter(([key]) => !key.startsWith("_")));
    return leaves(own, "", []).filter(([name, value]) => {
        const metric = metrics.get(name);
        // A number that the run ended on is told with the metrics.
        return !(metric && (typeof value === "number" || typeof value === "string") && (metric.last === value || metric.count === undefined));
    });
}

/** Fills `host` with them; what stands there stays where they cannot be read. @param host @param page the run page */
export async function drawSummary(host, page) {
    if (!host.isConnected) return;
    let summary;
    try {
        ({ summary } = await documents(page.id));
    } catch {
        return;
    }
    const list = ownValues(page.run, summary);
    const shape = JSON.stringify(list);
    if (host.dataset.shape === shape) return;
    host.dataset.shape = shape;
    const text = (value) => typeof value === "number" ? number(value, 6) : typeof value === "string" ? value : JSON.stringify(value);
    host.hidden = !list.length;
    fill(host, list.length ? [h("h2", {}, "Summary (by the program)"), pairTable(["name", "value"], list.slice(0, MOST).map(([name, value]) => [name, text(value)])),
        list.length > MOST ? h("p.muted.rest", {}, `The first ${grouped(MOST)} of ${grouped(list.length)} values are shown.`) : null] : null);
}
