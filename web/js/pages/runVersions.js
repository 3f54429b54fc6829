// The versions of artifacts that a run made, and those that it used.
import { fill, h } from "../dom.js";
import { bytes, grouped } from "../format.js";
import { ofRun } from "../artifacts.js";
import { styleSheet } from "../streams.js";
import { chips, stateNote, versionLink, versionName } from "../components/versions.js";

/** Fills `host` with them; what stands there stays where they cannot be read. @param host @param id of the run @param most rows of each */
export async function drawRunVersions(host, id, most) {
    let answer;
    try {
        [answer] = await Promise.all([ofRun(id), styleSheet("artifacts")]);
    } catch {
        // A server of before has none.
        return;
    }
    const shape = JSON.stringify(answer);
    if (host.dataset.shape === shape) return;
    host.dataset.shape = shape;
    const parts = [["Made", answer.outputs], ["Used", answer.inputs]].filter(([, list]) => list.length);
    host.hidden = !parts.length;
    fill(host, parts.map(([verb, list]) => [h("h2", {}, `${verb} `, h("span.muted", {}, grouped(list.length))),
        h("div.scroll-x", {}, h("table.list.versions", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "artifact"), h("th", { scope: "col" }, "type"), h("th.n", { scope: "col" }, "size"))),
            h("tbody", {}, list.slice(0, most).map((version) => h("tr", {},
                h("td.name", {}, h("a", { href: versionLink(version) }, versionName(version)), " ", chips(version.aliases), stateNote(version)),
                h("td", {}, version.type), h("td.n", {}, bytes(version.size))))))),
        list.length > most ? h("p.muted.rest", {}, `The first ${grouped(most)} are shown.`) : null]));
}
