// What can be done with many runs at once: tag, delete, restore, export. Loaded when first needed.
import { h, fill, saveBlob } from "../dom.js";
import { grouped, plural } from "../format.js";
import * as api from "../api.js";
import { confirmDialog, formDialog } from "../components/dialog.js";
import * as columns from "./runColumns.js";

const MOST = 10_000;

/** Ids of all runs that match, at most 10,000. @param {import("./runsTab.js").RunsTab} table */
export async function allIDs(table) {
    const ids = [];
    for (let offset = 0; offset < Math.min(MOST, table.list.total); offset += 1_000) {
        const answer = await api.searchRuns({
            ...table.question(), orderBy: columns.orderBy(table.sort), limit: 1_000, offset, wantsTotal: false,
            fields: { params: [], metrics: [], tags: [], inputs: false },
        });
        ids.push(...answer.runs.map((run) => run.id));
        if (!answer.hasMore) break;
    }
    return ids;
}

/** The bar that appears while runs are selected. @param {import("./runsTab.js").RunsTab} table */
export function drawSelection(table) {
    const count = table.selected.size;
    table.selection.hidden = count === 0;
    if (!count) return;
    const button = (label, run) => h("button.button", { type: "button", on: { click: run } }, label);
    fill(table.selection, h("b", { role: "status" }, `${grouped(count)} selected`),
        button("Show in charts", () => table.change({ show: [...table.selected].slice(0, 50).join(",") })),
        button("Tag…", () => tag(table)),
        table.viewName === "active" ? null : button("Restore", () => change(table, "restore", "restored")),
        table.viewName === "deleted" ? null : button("Delete…", () => remove(table)),
        button("Clear", () => table.selectAll(false)));
}

function tag(table) {
    formDialog(`Tag ${plural(table.selected.size, "run")}`, [
        { name: "key", label: "Tag", required: true, list: table.facts.tags.map((one) => one.key) },
        { name: "value", label: "Value", hint: "Left empty, the tag is removed" },
    ], "Tag", async ({ key, value }) => {
        const what = value ? { set: { [key]: value } } : { delete: [key] };
        await send(table, { action: "tag", ...what });
        table.shell.toast(`${plural(table.selected.size, "run")} tagged`);
    });
}

async function remove(table) {
    const count = plural(table.selected.size, "run");
    if (!await confirmDialog(`Delete ${count}?`, "They move to the bin and can be restored from there.", "Delete")) return;
    const ids = [...table.selected];
    await change(table, "delete", "deleted", ["Undo", async () => {
        table.selected = new Set(ids);
        await change(table, "restore", "restored");
    }]);
}

async function change(table, action, done, undo = null) {
    try {
        await send(table, { action });
        table.shell.toast(`${plural(table.selected.size, "run")} ${done}`, { action: undo });
        table.selected.clear();
        drawSelection(table);
    } catch (error) {
        table.shell.fail(error);
    }
}

async function send(table, body) {
    await api.bulk({ ids: [...table.selected], ...body });
    await table.page.reload();
    await table.ask(true);
}

/** All matching runs as a file, whatever is loaded. @param {"csv" | "json"} format */
export async function exportRuns(table, format) {
    const fields = columns.fieldsFor(table.columnIDs, table.goal);
    try {
        const blob = await api.exportRuns({
            ...table.question(), orderBy: columns.orderBy(table.sort), format,
            fields: table.chosen ? fields : { params: null, metrics: null, tags: null, inputs: false },
        });
        saveBlob(blob, `${table.page.experiment.name.replace(/[^\w.-]+/g, "_") || "runs"}.${format}`);
    } catch (error) {
        table.shell.fail(error);
    }
}
