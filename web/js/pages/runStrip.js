// The curves of the shown runs below a short table: the goal and one more chart. Loaded once the table stands.
import { h } from "../dom.js";
import { firstKeys } from "../charts/pairing.js";
import { ChartPanel } from "../charts/panel.js";

const CARDS = 2;

/** @param table @param isWanted */
export function drawStrip(table, isWanted) {
    if (table.isClosed) return;
    const here = new Map([...table.list.loaded()].map((run) => [run.id, run]));
    // A run keeps the colour that its row shows.
    const runs = table.page.shownIDs().map((id, color) => here.has(id) ? { ...here.get(id), color } : null).filter(Boolean);
    table.host.classList.toggle("short", isWanted && runs.length > 0);
    if (!isWanted || !runs.length) {
        leave(table);
        return;
    }
    table.host.style.setProperty("--height", `${table.grid.naturalHeight}px`);
    const keys = firstKeys(table.facts.metrics.map((one) => one.key));
    const asked = JSON.stringify([runs.map((run) => [run.id, run.name, run.color, run.status]), keys]);
    if (table.strip?.asked === asked) return;
    // Runs may join a panel that stands; where one leaves or takes another colour there is a new one.
    const stays = table.strip?.runs.every((old) => runs.some((run) => run.id === old.id && run.color === old.color));
    if (stays) {
        Object.assign(table.strip, { asked, runs });
        table.strip.panel.setRuns(runs, keys);
        return;
    }
    leave(table);
    const element = h("section.strip", { "aria-label": "Curves of the shown runs" });
    table.host.after(element);
    const panel = new ChartPanel(element, { runs, metricKeys: keys, goal: table.goal, route: table.page.route, limit: CARDS });
    table.strip = { element, panel, asked, runs };
}

function leave(table) {
    table.strip?.panel.close();
    table.strip?.element.remove();
    table.strip = null;
}
