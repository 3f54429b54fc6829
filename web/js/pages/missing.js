// An address that leads nowhere, unless it is one of those that W&B's client prints: <entity>/<project>[/runs/<run>].
import { h, errorBox, fill, href, navigate, skeleton } from "../dom.js";
import { find } from "../streams.js";

/** @returns what a path means to that client; null for any other path */
function names([entity, project, kind, run]) {
    if (!entity || !project) return null;
    if (kind === "runs" && run) return { entity, project, run };
    return kind === undefined || ["workspace", "table", "runs", "overview"].includes(kind) ? { entity, project } : null;
}

export function open(root, route, shell) {
    const wanted = names(route.path);
    const page = { update() {}, close() { page.isClosed = true; } };
    shell.setCrumbs([["Experiments", href(["e"])], [wanted ? "looking…" : "not found"]]);
    if (wanted) lookFor(root, route, shell, wanted, page);
    else fill(root, nothing(h("p", {}, "Nothing stands at ", h("code", {}, `/${route.key}`), ".")));
    return page;
}

const nothing = (...reasons) => h("div.empty", {}, h("h1", {}, "There is no such page"), reasons,
    h("p", {}, h("a", { href: href(["e"]) }, "All experiments")));

async function lookFor(root, route, shell, wanted, page) {
    const { entity, project, run } = wanted;
    const query = Object.fromEntries(route.query);
    fill(root, skeleton(3));
    try {
        const { experimentID, runID } = await find(entity, project, run);
        if (!page.isClosed) navigate(runID ? href(["r", runID], query) : href(["e", experimentID], query), { replace: true });
    } catch (error) {
        if (page.isClosed || error.status === 401) return;
        if (![400, 404].includes(error.status)) {
            fill(root, errorBox(error, () => lookFor(root, route, shell, wanted, page)));
            return;
        }
        // The project may be there without the run.
        const place = run ? await find(entity, project).catch(() => null) : null;
        if (page.isClosed) return;
        shell.setCrumbs([["Experiments", href(["e"])], ["not found"]]);
        const code = (text) => h("code", {}, text);
        fill(root, nothing(
            h("p", {}, "Nothing stands at ", code(`/${route.key}`), "."),
            h("p", {}, "As an address of a W&B client it means ", run ? ["run ", code(run), " of "] : null, "experiment ", code(project), " in workspace ", code(entity), ". ",
                place ? "The experiment is here, the run is not: it may have been deleted, or not have reached this server yet." : "It is not here: it may belong to another server, or you may not read it."),
            place ? h("p", {}, h("a", { href: href(["e", place.experimentID]) }, `Experiment ${project}`)) : null));
    }
}
