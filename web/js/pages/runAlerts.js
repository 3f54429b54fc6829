// What a program said of its run with `run.alert`: the newest first, above everything else.
import { errorBox, fill, h } from "../dom.js";
import { ago, iso, plural } from "../format.js";
import { markdown } from "../md.js";
import { alerts, styleSheet } from "../streams.js";

const FIRST = 3;
const MOST = 100;
/** Told by a sign and a word, not by the colour alone. */
const SEVERITIES = { error: ["✖", "Error"], warning: ["⚠", "Warning"], info: ["ℹ", "Note"] };

/** The sign and the word of a severity. */
export function severityMark(severity) {
    const [sign, word] = SEVERITIES[severity] ?? SEVERITIES.info;
    return [h("span", { "aria-hidden": "true" }, sign), h("b", {}, word)];
}

/** Reads the alerts of a run and puts them above everything else in `root`, if there are any. @param host @param run id @param root */
export async function drawRunAlerts(host, run, root) {
    const first = root.firstElementChild;
    try {
        const answer = await alerts({ run, limit: MOST });
        if (answer.alerts.length) await styleSheet("streams");
        else return host.remove();
        show(host, answer);
    } catch (error) {
        // A server that has no alerts yet has none to show; what was shown stays while it is away.
        if (host.childElementCount || error.status === 404 || error.status === 0) return;
        fill(host, errorBox(error, () => drawRunAlerts(host, run, root)));
    }
    // Another tab may have taken the place meanwhile.
    if (!host.isConnected && root.firstElementChild === first) root.prepend(host);
}

function show(host, { alerts: list, total }) {
    const isWhole = host.dataset.whole !== undefined || list.length <= FIRST + 1;
    fill(host, h("h2", {}, plural(total, "alert")), h("ul.alerts", {}, list.slice(0, isWhole ? MOST : FIRST).map(item)),
        !isWhole ? h("button.link", { type: "button", "aria-expanded": "false", on: { click: () => {
            host.dataset.whole = "";
            show(host, { alerts: list, total });
            host.querySelectorAll("li")[FIRST].focus();
        } } }, `${plural(Math.min(MOST, total) - FIRST, "older alert")}`) : total > MOST ? h("p.muted", {}, `the last ${MOST} of ${total}`) : null);
}

/** "now" and a day stand as they are. */
const since = (time) => ago(time).replace(/^\d+ \S+$/, "$& ago");

const item = ({ title, text, severity, createdAt }) => h("li.alert", { class: severity in SEVERITIES ? severity : "info", tabindex: "-1" },
    h("div.alert-head", {}, h("span.alert-mark", {}, severityMark(severity)), h("span.alert-title", {}, title), h("time.muted", { datetime: new Date(createdAt).toISOString(), title: iso(createdAt) }, since(createdAt))),
    text ? markdown(text) : null);
