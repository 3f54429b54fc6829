// What keys do in the run table.
import * as api from "../api.js";

/** @param table */
export function tableKeys(table) {
    const move = (by) => () => table.grid.move(by);
    const page = () => Math.max(1, table.grid.range()[1] - table.grid.range()[0] - 2);
    const here = (work) => () => {
        const column = table.grid.columns.find((one) => one.id === table.grid.column) ?? table.grid.columns.find((one) => one.id === "a:name");
        if (table.list.at(table.grid.cursor)) work(table.grid.cursor, column);
    };
    return {
        "/": { label: "Filter", run: () => table.bar.focus() },
        j: { label: "Next run", run: move(1) }, k: { label: "Previous run", run: move(-1) },
        ArrowDown: { label: "", run: move(1) }, ArrowUp: { label: "", run: move(-1) },
        ArrowRight: { label: "Next column", shown: "→", run: () => table.grid.moveSideways(1) },
        ArrowLeft: { label: "Previous column", shown: "←", run: () => table.grid.moveSideways(-1) },
        PageDown: { label: "", run: () => table.grid.move(page()) }, PageUp: { label: "", run: () => table.grid.move(-page()) },
        Home: { label: "First run", run: () => table.grid.setCursor(0) },
        End: { label: "Last run", run: () => table.grid.setCursor(table.list.total - 1) },
        Enter: { label: "Open the run", run: () => table.open(table.grid.cursor) },
        x: { label: "Select the run", run: () => table.toggleSelected(table.grid.cursor) },
        X: { label: "Select all that match, or none", shown: "Shift X", run: () => table.act("selectAll", !table.areAllSelected) },
        " ": { label: "Show the run in charts, or not", run: () => table.act("toggleShown", table.grid.cursor) },
        s: { label: "Sort by the column of the cursor", run: here((_, column) => table.sortBy(column.id, false)) },
        S: { label: "Sort by that column as well", shown: "Shift S", run: here((_, column) => table.sortBy(column.id, true)) },
        m: { label: "Menu of the cell: filter, exclude, copy", run: here((index, column) =>
            table.openMenu(index, column, table.grid.cursorCell.getBoundingClientRect())) },
        ...api.may("editor", table.page.id)
            ? { e: { label: "Edit the name, or the tag of the cursor", run: here((index, column) => table.edit(index, column)) } } : {},
        Escape: { label: "Clear the selection", shown: "Esc", run: () => table.act("selectAll", false) },
        c: { label: "Choose columns", run: () => table.chooseColumns() },
        ".": { label: "Show what is new", run: () => table.applyPending() },
        "#": { label: "Go to a row by its number", run: () => table.act("jump") },
    };
}
