// What can be done with runs: tag, delete, restore, export, menus of cells, edits in place. Loaded when first needed.
import { h, fill, copyText, saveBlob } from "../dom.js";
import { grouped, plural } from "../format.js";
import { LABELS } from "../labels.js";
import * as api from "../api.js";
import { confirmDialog, formDialog } from "../components/dialog.js";
import { quoted, quotedValue } from "../components/filterBar.js";
import { openMenu } from "../components/menu.js";
import { statusName } from "../components/status.js";
import * as columns from "./runColumns.js";

/** @typedef {import("./runsTab.js").RunsTab} RunsTab */

const MOST = 10_000;
const TALLIED = 2_000;
const NOTHING = { params: [], metrics: [], tags: [], summary: [], inputs: false };

/** Ids of all runs that match, at most 10,000. @param table */
async function allIDs(table, most = MOST) {
    const ids = [];
    for (let offset = 0; offset < Math.min(most, table.list.total); offset += 1_000) {
        const answer = await api.searchRuns({
            ...table.question(), orderBy: columns.orderBy(table.sort), limit: Math.min(1_000, most), offset, wantsTotal: false,
            fields: NOTHING,
        });
        ids.push(...answer.runs.map((run) => run.id));
        if (!answer.hasMore) break;
    }
    return ids;
}

// ---- many runs ----

/** @param table @param isOn */
export async function selectAll(table, isOn) {
    try {
        table.selected = new Set(isOn ? await allIDs(table) : []);
        if (isOn && table.list.total > MOST) table.shell.toast(`The first ${grouped(MOST)} runs are selected; filter to reach others.`);
    } catch (error) {
        table.shell.fail(error);
    }
    table.selectionChanged();
}

/** The bar that appears while runs are selected. @param table */
export function drawSelection(table) {
    const count = table.selected.size;
    const all = table.grid.head.querySelector("input");
    if (all) {
        all.checked = table.areAllSelected;
        all.indeterminate = count > 0 && !all.checked;
    }
    table.grid.draw(true);
    table.selection.hidden = count === 0;
    if (!count) return;
    const button = (label, run) => h("button.button", { type: "button", on: { click: run } }, label);
    const may = api.may("editor", table.page.id);
    fill(table.selection, h("b", { role: "status" }, `${grouped(count)} selected`),
        button("Show in charts", () => table.change({ show: [...table.selected].slice(0, 50).join(",") })),
        may ? button("Tag…", () => tag(table)) : null,
        !may || table.viewName === "active" ? null : button("Restore", () => change(table, "restore", "restored")),
        !may || table.viewName === "deleted" ? null : button("Delete…", () => remove(table)),
        button("Clear", () => selectAll(table, false)));
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
        table.selectionChanged();
    } catch (error) {
        table.shell.fail(error);
    }
}

async function send(table, body) {
    await api.bulk({ ids: [...table.selected], ...body });
    await table.page.reload();
    await table.ask({ withFacts: true, isSamePlace: true });
}

/** All matching rows as a file, whatever is loaded. @param table @param format */
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

// ---- what the filter box and the chooser know ----

/** Every key of the experiment, whatever the filter; asked for once a table. @param table */
function allKeys(table) {
    table.known ??= api.runColumns({ experimentIDs: [table.page.id], view: "all", limit: 10_000 }).catch(() => {
        table.known = null;
        return table.facts;
    });
    return table.known;
}

/** @param table */
export async function suggestions(table) {
    const { params = [], metrics = [], tags = [], summary = [] } = await allKeys(table) ?? {};
    return { params, metrics, tags, summary, values: (kind, key) => valuesOf(table, kind, key) };
}

/** The values of a field among the newest runs of the experiment, those of most runs first. */
async function valuesOf(table, kind, key) {
    const name = `${kind}.${key}`;
    table.values ??= new Map();
    if (!table.values.has(name)) {
        const read = (run) => kind !== "attributes" ? run[kind].find((one) => one.key === key)?.value
            : key === "status" ? run.status : run[key];
        const tally = api.searchRuns({
            experimentIDs: [table.page.id], view: "all", limit: TALLIED, orderBy: ["attributes.start_time DESC"],
            wantsTotal: false, fields: { ...NOTHING, ...(kind === "attributes" ? {} : { [kind]: [key] }) },
        }).then(({ runs }) => {
            const counts = new Map();
            for (const value of runs.map(read)) {
                if (typeof value === "string" && value) counts.set(value, (counts.get(value) ?? 0) + 1);
            }
            return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
        }).catch(() => []);
        table.values.set(name, tally);
        setTimeout(() => table.values.delete(name), 30_000);
    }
    return table.values.get(name);
}

/** @param table */
export async function chooseColumns(table) {
    const [chooser, all] = await Promise.all([import("../components/columnChooser.js"), allKeys(table)]);
    chooser.chooseColumns({
        all, facts: table.facts, chosen: table.columnIDs, isNarrow: table.isNarrow,
        onChange: (ids) => table.change({ cols: ids ? columns.packed(ids) : null }),
    });
}

/** @param table */
export function jump(table) {
    const { total } = table.list;
    if (!total) return;
    formDialog("Go to a row", [{ name: "row", label: `Row, 1 to ${grouped(total)}`, required: true }], "Go", async ({ row }) => {
        const number = Number(row.replace(/[,\s]/g, ""));
        if (!Number.isInteger(number) || number < 1 || number > total) throw new Error(`A whole number from 1 to ${grouped(total)}.`);
        table.grid.scrollTo(number - 1);
    });
}

// ---- one cell ----

/** Which runs have their curves drawn. @param table @param place */
export function chooseShown(table, place) {
    const show = (ids) => table.change({ show: ids.length ? ids.join(",") : "none" });
    openMenu(place, "Shown in charts", [
        { label: "The first 8 by this sort", run: () => table.change({ show: null }) },
        table.selected.size ? { label: `The ${grouped(table.selected.size)} selected`, run: () => show([...table.selected].slice(0, 50)) } : null,
        { label: table.list.total > 50 ? "The first 50" : "All", run: async () => show(await allIDs(table, 50).catch(() => [])) },
        { label: "None", run: () => show([]) },
    ].filter(Boolean));
}

/** Shows the curves of a run, or no longer; the others keep their colours. @param table */
export function toggleShown(table, index) {
    const run = table.list.at(index);
    if (!run) return;
    const shown = table.page.shownIDs(), place = shown.indexOf(run.id);
    if (place >= 0) shown[place] = "";
    else if (shown.includes("")) shown[shown.indexOf("")] = run.id;
    else shown.push(run.id);
    table.change({ show: shown.some(Boolean) ? shown.join(",").replace(/,+$/, "") : "none" });
}

/** @returns what a cell stands for in a filter */
function meaning(table, run, column) {
    const name = columns.columnName(column.id);
    if (!name) return null;
    if (columns.TEXTS[name.kind]) {
        const [list] = columns.TEXTS[name.kind];
        const value = run[list].find((one) => one.key === name.key)?.value;
        return { field: `${list}.${quoted(name.key)}`, value: value?.toString(), isNumber: typeof value === "number" };
    }
    if (name.kind === "m") {
        const summary = run.metrics.find((one) => one.key === name.key);
        const better = table.goal?.metric === name.key ? table.goal.direction : columns.direction(name.key) ?? "maximize";
        const end = name.statistic === "best" ? (better === "minimize" ? "min" : "max") : name.statistic;
        const value = summary ? columns.statisticOf(summary, name.statistic, better)[0] : undefined;
        const key = `metrics.${quoted(name.key)}`;
        return { field: end === "last" ? key : `${end}(${key})`, value: typeof value === "number" ? String(value) : undefined, isNumber: true };
    }
    if (name.key === "status") return { field: "attributes.status", value: run.status, shown: statusName(run) };
    if (name.key === "name" || name.key === "user") return { field: `attributes.${name.key}`, value: run[name.key] };
    if (name.key === "created") return { field: "attributes.start_time", value: String(run.startedAt ?? run.createdAt), isNumber: true };
    return null;
}

/** @param table @param place */
export function cellMenu(table, index, column, place) {
    const run = table.list.at(index);
    const cell = meaning(table, run, column);
    const both = (condition) => table.change({
        f: !table.filter ? condition : /\bor\b/i.test(table.filter) ? `(${table.filter}) and ${condition}` : `${table.filter} and ${condition}`,
    });
    const filters = !cell ? [] : cell.value === undefined || cell.value === ""
        ? (cell.isNumber || !/^(params|tags)/.test(cell.field) ? [] : [`${cell.field} IS NULL`, `${cell.field} IS NOT NULL`])
        : cell.isNumber ? [`${cell.field} >= ${cell.value}`, `${cell.field} <= ${cell.value}`]
            : [`${cell.field} = ${quotedValue(cell.value)}`, `${cell.field} != ${quotedValue(cell.value)}`];
    const may = api.may("editor", table.page.id);
    const isTag = may && isOneTag(column);
    openMenu(place, `Cell of ${run.name}`, [
        ...filters.map((condition) => ({ label: `Filter: ${condition.replace(/^attributes\./, "")}`, run: () => both(condition) })),
        cell?.value ? { label: "Copy the value", run: () => copy(table, cell.value) } : null,
        { label: "Copy the run's id", run: () => copy(table, run.id) },
        { label: "Copy the run's link", run: () => copy(table, new URL(`r/${encodeURIComponent(run.id)}`, document.baseURI).href) },
        column.isSortable ? { label: `Sort by ${columns.columnName(column.id).key}`, hint: "s", run: () => table.sortBy(column.id, false) } : null,
        isTag ? { label: "Edit the tag", hint: "e", run: () => editCell(table, index, column) } : null,
        !may ? null : { label: "Rename the run", hint: isTag ? "" : "e", run: () => editCell(table, index, null) },
        { label: table.selected.has(run.id) ? "Unselect" : "Select", hint: "x", run: () => table.toggleSelected(index) },
        { label: "Open", hint: "Enter", run: () => table.open(index) },
    ].filter(Boolean));
}

async function copy(table, text) {
    await copyText(text);
    table.shell.toast("Copied");
}

/** A list of labels is no text to type. */
const isOneTag = ({ id }) => id.startsWith("t:") && id !== `t:${LABELS}`;

/** A field over the name of a run, or over its tag where `column` is one: Enter keeps, Escape leaves it as it was. */
export function editCell(table, index, column) {
    if (!api.may("editor", table.page.id)) return;
    const run = table.list.at(index);
    const key = column && isOneTag(column) ? column.id.slice(2) : null;
    const id = key === null ? "a:name" : column.id;
    const old = key === null ? run.name : run.tags.find((one) => one.key === key)?.value ?? "";
    table.grid.setCursor(index, id);
    const cell = table.grid.cursorCell;
    if (!cell) return;
    const place = cell.getBoundingClientRect(), host = table.host.getBoundingClientRect();
    const field = h("input.input.cell-edit", { value: old, "aria-label": key === null ? "Name of the run" : `Tag ${key}`, style: {
        left: `${place.left - host.left}px`, top: `${place.top - host.top}px`, width: `${Math.max(place.width, 160)}px`,
    } });
    let isDone = false;
    const finish = (isKept) => {
        if (isDone) return;
        isDone = true;
        const text = field.value.trim();
        field.remove();
        table.grid.element.focus({ preventScroll: true });
        if (isKept && text !== old && (text || key !== null)) save(table, run.id, key, text, old);
    };
    field.addEventListener("keydown", (event) => {
        event.stopPropagation();
        if (event.key === "Enter") finish(true);
        else if (event.key === "Escape") finish(false);
    });
    field.addEventListener("blur", () => finish(true));
    table.grid.element.addEventListener("scroll", () => finish(true), { once: true, passive: true });
    table.host.append(field);
    field.focus();
    field.select();
}

async function save(table, id, key, text, old) {
    const store = async (value) => {
        if (key === null) await api.changeRun(id, { name: value });
        else await api.bulk({ ids: [id], action: "tag", ...(value ? { set: { [key]: value } } : { delete: [key] }) });
        await table.list.refresh(...table.grid.range());
    };
    try {
        await store(text);
        table.shell.toast(key === null ? `Renamed to ${text}` : `${key} = ${text || "(removed)"}`,
            { action: ["Undo", () => store(old).catch(table.shell.fail)] });
    } catch (error) {
        table.shell.fail(error);
    }
}
