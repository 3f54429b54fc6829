// What a version is, without a click: what is said about it, how to use it, who made it and who used it, its metadata.
import { copyBox, fill, h, href, server } from "../dom.js";
import * as artifacts from "../artifacts.js";
import { grouped, iso } from "../format.js";
import { workspaceLine } from "../mlflow.js";
import { statusIcon } from "../components/status.js";
import { flat, hasModels, STAGES, text, versionName } from "../components/versions.js";
import { drawNotes } from "./runNotes.js";
import { searchable, table, value } from "./runTables.js";

/** Runs that are listed of those that used it. */
const MOST = 12;

/** @param root @param page that of the version */
export function draw(root, page) {
    const { version } = page;
    const notes = h("section"), use = h("section.use"), users = h("section", { hidden: true }), facts = h("div");
    const registered = h("section.registered", { hidden: true });
    const metadata = flat(version.metadata).map(([key, one]) => [key, text(one)]);
    fill(root, notes, use, h("div.run-side", {}, registered,
        h("section", {}, h("h2", {}, "How it was made"), facts), users,
        h("section", {}, h("h2", {}, "Metadata ", h("span.muted", {}, metadata.length ? grouped(metadata.length) : "")),
            metadata.length ? searchable(metadata, ["key", "value"]) : h("p.muted", {}, "None was given."))));
    drawNotes(notes, page, {
        name: "description", empty: "No description yet. What should the next user know about this version?", experiment: version.experimentID,
        read: () => page.version.description, save: (description) => page.change({ description }),
    });
    const rest = () => {
        if (!use.contains(document.activeElement)) drawUse(use, page);
        drawFacts(facts, page.version);
        drawUsers(users, page);
        drawRegistered(registered, page);
    };
    page.onArtifacts = rest;
    rest();
}

function drawUse(root, page) {
    const { member, experiment } = page;
    const host = h("div");
    // MLflow's clients know what is in a registry by model and number or alias.
    const isModel = hasModels(experiment);
    const names = [`v${member.number}`, ...member.aliases];
    const choice = h("select.input", { "aria-label": "Which name to use", on: { change: () => write() } }, names.map((name) => h("option", {}, name)));
    const write = () => {
        const name = page.wholeName(choice.value);
        const place = choice.value === "latest" ? "/latest" : /^v\d+$/.test(choice.value) ? `/${choice.value.slice(1)}` : `@${choice.value}`;
        fill(host, isModel ? [copyBox(`import mlflow
mlflow.set_tracking_uri(${JSON.stringify(server)})
${workspaceLine(experiment.workspace)}model = mlflow.pyfunc.load_model(${JSON.stringify(`models:/${member.collection}${place}`)})`, "Copy the lines for mlflow"),
        h("p.muted.use-or", {}, "or with W&B's client:")] : null, copyBox(`import wandb
settings = wandb.Settings(base_url=${JSON.stringify(server)})
with wandb.init(entity=${JSON.stringify(experiment.workspace ?? "default")}, project=${JSON.stringify(experiment.name)}, settings=settings) as run:
    folder = run.use_artifact(${JSON.stringify(name)}).download()`, "Copy the Python"),
        h("p.muted.use-or", {}, "or, without a run that is told:"), copyBox(`WANDB_BASE_URL=${server} wandb artifact get ${/^[\w/:.-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`}`, "Copy the command"));
    };
    write();
    fill(root, h("div.row.use-name", {}, h("h2", {}, "Use it"), names.length > 1 ? h("label.row", {}, h("span.muted", {}, "as"), choice) : null), host);
}

function drawFacts(host, version) {
    const links = version.links ?? [];
    fill(host, table(["what", "value"], [
        ["made by", version.runID ? h("a", { href: href(["r", version.runID]) }, version.runName || version.runID) : "no run"],
        version.step === null || version.step === undefined ? null : ["at step", grouped(version.step)], ["made at", iso(version.createdAt)],
        version.updatedAt > version.createdAt ? ["changed at", iso(version.updatedAt)] : null,
        version.expiresAt ? ["expires at", iso(version.expiresAt)] : null,
        ["digest", value(version.digest)], ["id", value(version.id)],
        links.length ? ["linked into", links.map((one) => [h("a", { href: href(["e", one.experimentID, "artifacts", one.collectionID, `v${one.number}`]) },
            `${one.collection}:v${one.number}`), one.aliases.length ? h("span.muted", {}, ` ${one.aliases.join(", ")}`) : null, " "])] : null,
    ].filter(Boolean)));
}

/** What MLflow's registry knows of it. */
async function drawRegistered(host, page) {
    const { member, experiment } = page;
    if (!hasModels(experiment) || member.number === undefined) return;
    let found;
    try {
        found = await artifacts.modelVersion(member.collection, member.number, experiment.workspace);
    } catch {
        // What a version is does not depend on it; the next change asks again.
        return;
    }
    const properties = Object.entries(found.properties);
    const rows = [found.stage === "none" ? null : ["stage", STAGES[found.stage]], found.source ? ["source", value(found.source)] : null].filter(Boolean);
    host.hidden = !rows.length && !properties.length;
    fill(host, h("h2", {}, "In the registry"), rows.length ? table(["what", "value"], rows) : null,
        properties.length ? searchable(properties, ["tag", "value"]) : null);
}

async function drawUsers(host, page) {
    let graph;
    try {
        graph = await page.readLineage();
    } catch {
        // Its own tab tells why.
        return;
    }
    const ids = new Set(graph.edges.filter((edge) => edge.role === "input" && edge.version === page.version.id).map((edge) => edge.run));
    const runs = graph.runs.filter((run) => ids.has(run.id));
    const made = graph.edges.filter((edge) => edge.role === "output" && ids.has(edge.run) && edge.version !== page.version.id).map((edge) => edge.version);
    const names = graph.versions.filter((one) => made.includes(one.id)).map(versionName);
    host.hidden = false;
    fill(host, h("h2", {}, "Used by ", h("span.muted", {}, runs.length ? grouped(runs.length) : "")), runs.length ? [
        table(["run", "id"], runs.slice(0, MOST).map((run) => [[statusIcon(run), " ", h("a", { href: href(["r", run.id]) }, run.name || run.id)], h("code.muted", {}, run.id.slice(0, 8))])),
        runs.length > MOST ? h("p.rest", {}, h("a", { href: page.link("lineage") }, `all ${grouped(runs.length)} runs`)) : null,
        names.length ? h("p.rest.muted", {}, `They made ${names.slice(0, MOST).join(", ")}${names.length > MOST ? " …" : ""}`) : null] : h("p.muted", {}, "No run yet."));
}
