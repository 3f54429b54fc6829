// The list of keys.
import { h } from "../dom.js";
import { openDialog } from "./dialog.js";

const MORE = [
    { key: "Ctrl K", label: "Search experiments and runs" },
    { key: "g e", label: "All experiments" },
    { key: "g s", label: "Settings" },
    { key: "u", label: "Undo what was just done" },
    { key: "Esc", label: "Close, leave a field" },
];

/** @param own keys of the open page @param everywhere those of all pages */
export function showHelp(own, everywhere) {
    openDialog("Keys", () => h("div.help", {}, list("This page", own), list("Everywhere", [...MORE, ...everywhere])), { wide: true });
}

function list(title, keys) {
    if (!keys.length) return null;
    return h("section", {}, h("h3", {}, title),
        h("dl.keys", {}, keys.map(({ key, label }) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, label)])));
}
