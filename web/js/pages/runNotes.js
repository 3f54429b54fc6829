// The notes of a run or of something else: read as Markdown, written as text with the result beside it.
import { debounced, fill, h, setQuery } from "../dom.js";
import { markdown } from "../md.js";
import * as api from "../api.js";

const ofRun = (page) => ({
    name: "notes", empty: "No notes yet. What should the next reader know about this run?", read: () => page.run.notes, experiment: page.run.experimentID,
    save: async (notes) => { page.run = { ...page.run, ...await api.changeRun(page.id, { notes }) }; },
});

/**
 * @param root @param page that of a run, or another that keeps `draft`, `notesKey` and `onChange`
 * @param [what] {{name: string, empty: string, experiment: string, read: () => string, save: (text: string) => Promise<void>}}
 */
export function drawNotes(root, page, what = ofRun(page)) {
    const may = api.may("editor", what.experiment);
    const edit = () => drawEditor(root, page, what);
    const button = h("button.button", { type: "button", title: `Edit the ${what.name} (e)`, on: { click: edit } }, "Edit");
    page.notesKey = may ? edit : null;
    const text = what.read();
    page.onChange = () => what.read() !== text && (page.notesKey || !may) && drawNotes(root, page, what);
    if (!may) {
        fill(root, text ? markdown(text) : h("p.empty.muted", {}, `No ${what.name} yet.`));
        return;
    }
    if (page.draft !== undefined || page.route.query.get("edit")) {
        edit();
        return;
    }
    if (!text) {
        fill(root, h("div.empty", {}, h("p.muted", {}, what.empty),
            h("div.row", {}, h("button.button.primary", { type: "button", on: { click: edit } }, `Write ${what.name}`))));
        return;
    }
    fill(root, h("div.row.end-of-line", {}, button), markdown(text));
}

function drawEditor(root, page, what) {
    const field = h("textarea.input", { rows: 18, value: page.draft ?? what.read() ?? "", "aria-label": what.name[0].toUpperCase() + what.name.slice(1) });
    const shown = h("div.notes-shown", { "aria-label": "Preview", "aria-live": "off" }, markdown(field.value));
    const close = () => {
        // What is being written survives a look at another tab, not this.
        delete page.draft;
        setQuery({ edit: null }, { silent: true });
        page.route.query.delete("edit");
        drawNotes(root, page, what);
    };
    const save = async () => {
        try {
            await what.save(field.value);
            page.shell.toast("Kept");
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
        else if (event.key === "Escape" && field.value === (what.read() ?? "")) close();
    });
    fill(root, h("div.notes-edit", {}, field, shown), h("div.row.end", {},
        h("span.muted", {}, "Markdown · Ctrl Enter keeps"),
        h("button.button", { type: "button", on: { click: close } }, "Cancel"),
        h("button.button.primary", { type: "button", on: { click: save } }, "Save")));
    field.focus();
}
