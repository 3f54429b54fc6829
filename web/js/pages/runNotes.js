// The notes of a run: read as Markdown, written as text with the result beside it.
import { debounced, fill, h, setQuery } from "../dom.js";
import { markdown } from "../md.js";
import * as api from "../api.js";

/** @param root @param page the run page */
export function drawNotes(root, page) {
    const may = api.may("editor", page.run.experimentID);
    const edit = () => drawEditor(root, page);
    const button = h("button.button", { type: "button", title: "Edit the notes (e)", on: { click: edit } }, "Edit");
    page.notesKey = may ? edit : null;
    const { notes } = page.run;
    page.onChange = () => page.run.notes !== notes && (page.notesKey || !may) && drawNotes(root, page);
    if (!may) {
        fill(root, page.run.notes ? markdown(page.run.notes) : h("p.empty.muted", {}, "No notes yet."));
        return;
    }
    if (page.draft !== undefined || page.route.query.get("edit")) {
        edit();
        return;
    }
    if (!page.run.notes) {
        fill(root, h("div.empty", {}, h("p.muted", {}, "No notes yet. What should the next reader know about this run?"),
            h("div.row", {}, h("button.button.primary", { type: "button", on: { click: edit } }, "Write notes"))));
        return;
    }
    fill(root, h("div.row.end-of-line", {}, button), markdown(page.run.notes));
}

function drawEditor(root, page) {
    const field = h("textarea.input", { rows: 18, value: page.draft ?? page.run.notes ?? "", "aria-label": "Notes" });
    const shown = h("div.notes-shown", { "aria-label": "Preview", "aria-live": "off" }, markdown(field.value));
    const close = () => {
        // What is being written survives a look at another tab, not this.
        delete page.draft;
        setQuery({ edit: null }, { silent: true });
        page.route.query.delete("edit");
        drawNotes(root, page);
    };
    const save = async () => {
        try {
            page.run = { ...page.run, ...await api.changeRun(page.id, { notes: field.value }) };
            page.shell.toast("Notes kept");
            close();
        } catch (error) {
            page.shell.fail(error);
        }
    };
    page.notesKey = null;
    field.addEventListener("input", () => { page.draft = field.value; });
    field.addEventListener("input", debounced(() => fill(shown, markdown(field.value)), 120));
    field.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) save();
        else if (event.key === "Escape" && field.value === (page.run.notes ?? "")) close();
    });
    fill(root, h("div.notes-edit", {}, field, shown), h("div.row.end", {},
        h("span.muted", {}, "Markdown · Ctrl Enter keeps"),
        h("button.button", { type: "button", on: { click: close } }, "Cancel"),
        h("button.button.primary", { type: "button", on: { click: save } }, "Save")));
    field.focus();
}
