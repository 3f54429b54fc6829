// How versions of artifacts look wherever they are listed, and the keys of such lists.
import { errorBox, fill, h, href, experimentsCrumb } from "../dom.js";
import { ago, bytes, grouped, iso } from "../format.js";

/** @param version @param more parts of the address below it */
export const versionLink = (version, more = [], query = {}) =>
    href(["e", version.experimentID, "artifacts", version.collectionID, `v${version.number}`, ...more], query);

export const versionName = (version) => `${version.collection}:v${version.number}`;

/** What stands above a collection: its experiment, or the models that were registered. */
export const above = (experiment) => experiment.isRegistry ? [["Models", href(["m"], { workspace: experiment.workspace === "default" ? null : experiment.workspace })]]
    : [experimentsCrumb(experiment), [experiment.name, href(["e", experiment.id])], ["Artifacts", href(["e", experiment.id, "artifacts"])]];

/** Whether it is where MLflow's clients register models. */
export const hasModels = (experiment) => experiment.isRegistry && experiment.name === "wandb-registry-model";

/** Of MLflow's registry. */
export const STAGES = { staging: "Staging", production: "Production", archived: "Archived" };

const SHOWN = 6;

/** Names on a version or a collection, in a list only the first ones. */
export const chips = (names, kind = "alias") => [names.slice(0, SHOWN).map((name) => [h("span.chip", { class: kind }, name), " "]),
    names.length > SHOWN ? h("span.muted", { title: names.slice(SHOWN).join(", ") }, `+${names.length - SHOWN}`) : null];

export const age = (time) => h("span", { title: iso(time) }, ago(time));

/** The same in a sentence. */
export const since = (time) => h("span", { title: iso(time) }, ago(time).replace(/^\d+ \w+$/, "$& ago"));

/** The run that made it. */
export const maker = ({ runID, runName }) => runID ? h("a", { href: href(["r", runID]) }, runName || runID) : h("span.muted", {}, "–");

/** Text of a value of metadata. */
export const text = (value) => typeof value === "string" ? value : JSON.stringify(value);

const STATES = { pending: ["warn", "still being written"], deleted: ["bad", "deleted"] };

/** Says what is not as usual with it. */
export const stateNote = ({ state }) => STATES[state] ? h("span", { class: STATES[state][0] }, ` ${STATES[state][1]}`) : null;

/** Keys that go from row to row: each has a link that carries `data-row`. */
export function rowKeys(host, noun) {
    const step = (by) => {
        const links = [...host.querySelectorAll("a[data-row]")];
        const at = links.indexOf(document.activeElement?.closest("tr")?.querySelector("a[data-row]"));
        links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
    };
    return {
        j: { label: `Next ${noun}`, run: () => step(1) }, k: { label: `Previous ${noun}`, run: () => step(-1) },
        ArrowDown: { label: "", run: () => step(1) }, ArrowUp: { label: "", run: () => step(-1) },
    };
}

/**
 * Short names that can be added and removed where they stand.
 * @param {{names: string[], what: string, kind?: string, may: boolean, fixed?: string[], save: (names: string[]) => Promise<void>}} options
 */
export function labelEdit({ names, what, kind = "alias", may, fixed = [], save }) {
    const host = h("span.labels");
    const keep = async (next) => {
        try {
            await save(next);
            names = next;
            draw();
        } catch (error) {
            draw();
            host.append(h("small.bad", { role: "alert" }, error.message));
        }
    };
    const draw = () => fill(host, names.map((name) => h("span.chip", { class: kind }, name, may && !fixed.includes(name) ? h("button", {
        type: "button", "aria-label": `Remove the ${what} ${name}`, title: `Remove the ${what} ${name}`, on: { click: () => keep(names.filter((one) => one !== name)) },
    }, "×") : null)), may ? h("button.link.add-tag", { type: "button", on: { click: ask } }, `+ ${what}`) : names.length ? null : h("span.muted", {}, "none"));
    const ask = () => {
        const field = h("input.input", { "aria-label": `New ${what}`, placeholder: `New ${what}`, size: 14 });
        let isDone = false;
        const finish = async (isKept, isFocusBack) => {
            if (isDone) return;
            isDone = true;
            const name = field.value.trim();
            if (isKept && name && !names.includes(name)) await keep([...names, name]);
            else draw();
            if (isFocusBack) host.querySelector(".add-tag")?.focus();
        };
        field.addEventListener("keydown", (event) => {
            event.stopPropagation();
            if (event.key === "Enter") finish(true, true);
            else if (event.key === "Escape") finish(false, true);
        });
        field.addEventListener("blur", () => finish(true, false));
        host.lastChild.replaceWith(field);
        field.focus();
    };
    draw();
    return host;
}

/** The columns of a list of versions that stand the same everywhere. */
export const sizes = (version) => [h("td.n.wide-col", {}, grouped(version.fileCount)), h("td.n", {}, bytes(version.size))];

/** Values of a nested object by their whole names. @returns {[string, any][]} */
export function flat(value, name = "") {
    const isTree = value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0;
    if (isTree) return Object.entries(value).flatMap(([key, inner]) => flat(inner, name ? `${name}.${key}` : key));
    return name ? [[name, value]] : [];
}

/** What stands where no artifact or no version is. @param [all] label and link of where the others are */
export const noSuch = (what, error, retry, [label, link] = ["All experiments", href(["e"])]) => error.status === 404 || error.status === 400
    ? h("div.empty", {}, h("h1", {}, `There is no such ${what} here`), h("p.muted", {}, `${error.message}. It may belong to another server, or it was deleted for good.`),
        h("div.row", {}, h("a.button", { href: link }, label), h("button.button", { type: "button", on: { click: retry } }, "Retry")))
    : errorBox(error, retry);
