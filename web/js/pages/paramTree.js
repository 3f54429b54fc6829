// Names with common beginnings as a tree: optimizer.lr and optimizer.beta stand below optimizer.
import { h } from "../dom.js";
import { grouped } from "../format.js";

/**
 * @typedef {{label: string, key?: string, value?: string, children: Node[], size: number}} Node
 * `size` counts the names in it.
 */

/**
 * The tree of some names. A beginning makes a branch where at least two names share it up to a dot or a slash.
 * @param entries names and values, by name
 */
export function tree(entries) {
    const root = new Map();
    for (const [key, value] of entries) {
        let level = root, node = null;
        for (const part of key.match(/[^./]*[./]?/g).filter(Boolean)) {
            node = level.get(part) ?? level.set(part, { label: part, below: new Map() }).get(part);
            level = node.below;
        }
        // `a.` and `a` are two names; only the last part of a name holds its value.
        if (node) Object.assign(node, { key, value });
    }
    return nodes(root);
}

function nodes(level) {
    return [...level.values()].map((node) => {
        const children = nodes(node.below);
        if (!children.length) return { label: node.label, key: node.key, value: node.value, children, size: 1 };
        // A branch of one is no branch: its name goes on.
        if (node.key === undefined && children.length === 1) return { ...children[0], label: node.label + children[0].label };
        const own = node.key === undefined ? [] : [{ label: node.label, key: node.key, value: node.value, children: [], size: 1 }];
        return { label: node.label, children: [...own, ...children], size: own.length + children.reduce((sum, one) => sum + one.size, 0) };
    });
}

/**
 * Rows of a table for a tree: branches can be folded.
 * `isOpen`: all branches are open, whatever is folded
 */
export function treeRows(list, options, depth = 0, path = "") {
    return list.flatMap((node) => {
        const style = { "--depth": String(depth) };
        if (!node.children.length) {
            return [h("tr", {}, h("td.branch", { style, title: node.key }, h("span.value-key", {}, node.label)), h("td", {}, options.value(node.value)))];
        }
        const place = path + node.label;
        const isOpen = options.isOpen || !options.folded.has(place);
        return [
            h("tr", {}, h("td.branch", { style, colspan: 2 }, h("button.fold-branch", {
                type: "button", "aria-expanded": String(isOpen), data: { path: place }, on: { click: () => options.toggle(place) },
            }, h("span.fold-mark", { "aria-hidden": "true" }, isOpen ? "▾" : "▸"), h("b", {}, node.label.replace(/[./]$/, "")),
            h("span.muted", {}, ` ${grouped(node.size)}`)))),
            ...isOpen ? treeRows(node.children, options, depth + 1, place) : [],
        ];
    });
}
