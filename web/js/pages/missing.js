// An address that leads nowhere, unless it is one of those that W&B's client prints:
// <entity>/<project>[/runs/<run>[/<tab>|/files/<file>]|/sweeps[/<sweep>]|/groups/<group>],
// <entity>/<project>/artifacts[/<type>[/<name>[/<alias>]]], orgs/<entity>/registry/<registry>, and of a linked version
// ?selectionPath=<entity>/<project>/<name>&version=<v>.
// Reports have addresses of that kind, <entity>/<project>/reports[/<title>--<id>], and one of their own, which the shell leaves to this page.
import { h, errorBox, fill, href, navigate, skeleton } from "../dom.js";
import { quoted, quotedValue } from "../components/filterBar.js";
import { find } from "../streams.js";

/** Its pages of a run by the names that they have there. */
const TABS = { logs: "console", files: "artifacts", artifacts: "artifacts", system: "system", charts: "charts", workspace: "charts", model: "params" };

/** The tag that holds the group of a run. */
const GROUP = "wandb.group";

/** @returns what an address means to that client; null for any other */
function names({ path, query }) {
    const chosen = query.get("selectionPath")?.split("/");
    if (chosen?.length === 3) return { entity: chosen[0], project: chosen[1], name: chosen[2], alias: query.get("version") };
    const [entity, project, kind, one, name, alias] = path;
    if (!entity || !project) return null;
    if (kind === "runs" && one) return { entity, project, run: one, tab: Object.hasOwn(TABS, name ?? "") ? TABS[name] : null, file: name === "files" ? path.slice(5).join("/") : null };
    if (entity === "orgs" && kind === "registry" && one) return { entity: project, project: `wandb-registry-${one}`, isArtifact: true };
    if (kind === "groups" && one) return { entity, project, group: one };
    if (kind === "sweeps") return { entity, project, sweep: one ?? "" };
    if (kind === "artifacts") return { entity, project, isArtifact: true, type: one, name, alias };
    if (kind === "reports") return { entity, project, report: reportID(path.slice(3).join("/")) };
    return kind === undefined || ["workspace", "table", "runs", "overview", "groups"].includes(kind) ? { entity, project } : null;
}

/** A title may have signs that mean something in an address, so what is behind it may stand in the query. @returns null for the list */
function reportID(tail) {
    const coded = /--(\w+)=*(?:[?&].*)?$/.exec(tail + location.search)?.[1];
    try {
        return /^View:(\d+)$/.exec(atob(coded))?.[1] ?? null;
    } catch {
        return null;
    }
}

/** So seldom asked for that the shell does not know these pages. */
function openReport(root, route, shell) {
    let inner = null;
    const page = { update() {}, close() {
        page.isClosed = true;
        inner?.close();
    } };
    fill(root, skeleton(6));
    import("./report.js").then((module) => { if (!page.isClosed) inner = module.open(root, route, shell); }, (error) => fill(root, errorBox(error, () => location.reload())));
    return page;
}

export function open(root, route, shell) {
    if (route.path[0] === "reports" && (route.path.length === 1 || route.path.length === 2 && /^\d+$/.test(route.path[1]))) return openReport(root, route, shell);
    const wanted = names(route);
    const page = { update() {}, close() { page.isClosed = true; } };
    shell.setCrumbs([["Experiments", href(["e"])], [wanted ? "looking…" : "not found"]]);
    if (wanted) lookFor(root, route, shell, wanted, page);
    else fill(root, nothing(h("p", {}, "Nothing stands at ", h("code", {}, `/${route.key}`), ".")));
    return page;
}

const nothing = (...reasons) => h("div.empty", {}, h("h1", {}, "There is no such page"), reasons,
    h("p", {}, h("a", { href: href(["e"]) }, "All experiments")));

const lost = (message) => Object.assign(new Error(message), { status: 404 });

/** The link to what is meant. */
async function linkTo({ entity, project, run, tab, file, group, sweep, report, isArtifact, type, name, alias }, query) {
    const theme = { theme: query.theme };
    if (report) return href(["reports", report], theme);
    const { experimentID, runID } = await find(entity, project, run);
    if (report === null) return href(["reports"], { ...theme, experiment: experimentID });
    if (runID) return href(["r", runID, ...tab ? [tab] : []], { ...query, file });
    if (sweep !== undefined) return href(["e", experimentID, "sweeps", ...sweep ? [sweep] : []], query);
    if (group) return href(["e", experimentID], { ...query, f: `tags.${quoted(GROUP)} = ${quotedValue(group)}` });
    if (!isArtifact && !name) return href(["e", experimentID], query);
    if (!name) return href(["e", experimentID, "artifacts"], { ...query, find: type });
    const { named } = await import("../artifacts.js");
    const { collection, version } = await named(experimentID, name, alias, type);
    if (!collection || alias && !version) throw lost("no such artifact");
    return href(["e", experimentID, "artifacts", collection.id, ...version ? [`v${version.number}`] : []], query);
}

async function lookFor(root, route, shell, wanted, page) {
    const { entity, project, run, name, alias } = wanted;
    const query = Object.fromEntries(route.query);
    if (query.selectionPath) for (const key of ["selectionPath", "view", "version"]) delete query[key];
    fill(root, skeleton(3));
    try {
        const link = await linkTo(wanted, query);
        if (!page.isClosed) navigate(link, { replace: true });
    } catch (error) {
        if (page.isClosed || error.status === 401) return;
        if (![400, 404].includes(error.status)) {
            fill(root, errorBox(error, () => lookFor(root, route, shell, wanted, page)));
            return;
        }
        // The project may be there without the run or the artifact.
        const place = run || name ? await find(entity, project).catch(() => null) : null;
        if (page.isClosed) return;
        shell.setCrumbs([["Experiments", href(["e"])], ["not found"]]);
        const code = (text) => h("code", {}, text);
        const what = run ? "run" : "artifact";
        fill(root, nothing(
            h("p", {}, "Nothing stands at ", code(`/${route.key}`), "."),
            h("p", {}, "As an address of a W&B client it means ", run || name ? [`${what} `, code(run ?? `${name}${alias ? `:${alias}` : ""}`), " of "] : null, "experiment ", code(project), " in workspace ", code(entity), ". ",
                place ? `The experiment is here, the ${what} is not: it may have been deleted, or not have reached this server yet.` : "It is not here: it may belong to another server, or you may not read it."),
            place ? h("p", {}, h("a", { href: href(["e", place.experimentID, ...name ? ["artifacts"] : []]) }, name ? `Artifacts of ${project}` : `Experiment ${project}`)) : null));
    }
}
