// The list of keys.
import { h } from "../dom.js";
import { openDialog } from "./dialog.js";

const EVERYWHERE = {
    "Ctrl K": "Search experiments and runs",
    "g e": "All experiments",
    "Shift D": "Rows: normal or compact",
    "g s": "Settings",
    "t": "Next theme: light, dark, as the system",
    "y": "Copy the link to what you see",
    "u": "Undo what was just done",
    "[": "Wide or narrow rail",
    "?": "This list",
    "Esc": "Close, leave a field",
};

/** @param keys those of the open page */
export function showHelp(keys) {
    const own = Object.entries(keys).filter(([, key]) => key.label)
        .map(([key, { label, shown }]) => [shown ?? (key === " " ? "Space" : key), label]);
    openDialog("Keys", () => h("div.help", {},
        list("This page", own), list("Everywhere", Object.entries(EVERYWHERE))), { wide: true });
}

function list(title, entries) {
    if (!entries.length) return null;
    return h("section", {}, h("h3", {}, title),
        h("dl.keys", {}, entries.map(([key, label]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, label)])));
}
