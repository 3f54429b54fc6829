// What one may want to know of an experiment besides its runs: alerts of the last day, and reports. Read after everything else.
import { fill, h, href } from "../dom.js";
import { plural } from "../format.js";
import { searchRuns } from "../api.js";
import { alerts, reports, styleSheet } from "../streams.js";
import { severityMark } from "./runAlerts.js";

const DAY = 86_400_000;
const MOST = 20, TOLD = 2;
const RANKS = ["error", "warning", "info"];

/** Shows a line at the tabs where there is something to tell. @param page of the experiment */
export async function drawNews(page) {
    const host = h("div.news");
    const [told, written] = await Promise.all([alerts({ experiment: page.id, limit: MOST }).catch(() => null), reports(page.id, 1).catch(() => null)]);
    const recent = (told?.alerts ?? []).filter(({ createdAt }) => createdAt > Date.now() - DAY);
    if (page.isClosed || !recent.length && !written?.total) return;
    const names = await namesOf(recent.slice(0, TOLD), page.id);
    await styleSheet("streams");
    if (page.isClosed) return;
    fill(host, h("p.muted", {}, written?.total ? h("a", { href: href(["reports"], { experiment: page.id }) }, plural(written.total, "report")) : null,
        recent.length && written?.total ? " · " : null, recent.length ? lines(recent, names, recent.length === MOST && told.hasMore) : null));
    page.tabs.after(host);
}

async function namesOf(list, experiment) {
    if (!list.length) return new Map();
    const filter = `run_id IN (${list.map(({ runID }) => `'${runID}'`).join(", ")})`;
    const found = await searchRuns({ experimentIDs: [experiment], filter, limit: TOLD, fields: { params: [], metrics: [], tags: [], summary: [] } }).catch(() => ({ runs: [] }));
    return new Map(found.runs.map((run) => [run.id, run.name]));
}

function lines(list, names, isMore) {
    const worst = RANKS.find((rank) => list.some(({ severity }) => severity === rank));
    return [h("span", { class: { error: "bad", warning: "warn" }[worst] ?? "" }, severityMark(worst)[0], ` ${isMore ? `${MOST} or more alerts` : plural(list.length, "alert")} in the last 24 hours: `),
        list.slice(0, TOLD).map(({ title, runID }, index) => [index ? ", " : "", h("span.news-title", { title }, title), " in ", h("a", { href: href(["r", runID]) }, names.get(runID) || runID.slice(0, 8))]),
        list.length > TOLD ? " …" : null];
}
