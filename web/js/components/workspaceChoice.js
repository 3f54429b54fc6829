// The choice of a workspace above a list, for those who have several.
import { fill, h } from "../dom.js";

/** Hidden until `showWorkspaces`. @param change gets the name for the address: null for the default one. */
export function workspaceChoice(change) {
    const choice = h("select.input", { "aria-label": "Workspace", hidden: true, on: { change: () => change(choice.value === "default" ? null : choice.value) } });
    return choice;
}

/** Shows what an answer says of workspaces. Who has one only need not hear of them. */
export function showWorkspaces(choice, { workspace, workspaces = [] }) {
    choice.hidden = !workspaces.length;
    fill(choice, workspaces.map((one) => h("option", {}, one)));
    choice.value = workspace;
}
