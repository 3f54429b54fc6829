// Which columns a run table shows: search among thousands of keys, tick, order.
import { h, fill, debounced } from "../dom.js";
import { openDialog } from "./dialog.js";
import { columnName } from "../pages/runColumns.js";

const DRAWN = 120;
const STATISTICS = ["best", "last", "min", "max", "mean"];

/**
 * @param {{facts: object, chosen: string[], isDefault: boolean, onChange: (ids: string[] | null) => void}} options
 * `onChange` gets null for the columns that the table chooses by itself.
 */
export function chooseColumns({ facts, chosen, onChange }) {
    let ids = [...chosen];
    const list = h("div.chooser-list");
    const order = h("ol.chooser-order");
    const field = h("input.input", { type: "search", placeholder: "Search columns (regular expression)", "aria-label": "Search columns" });
    const all = [
        ...facts.metrics.map((one) => ["metrics", "m", one]), ...facts.params.map((one) => ["parameters", "p", one]),
        ...facts.tags.map((one) => ["tags", "t", one]),
        ...["created", "duration", "user", "status"].map((key) => ["run", "a", { key, runs: facts.total }]),
    ];
    const isOn = (kind, key) => ids.some((id) => {
        const name = columnName(id);
        return name?.kind === kind && name.key === key;
    });
    const commit = () => {
        onChange(ids);
        draw();
    };
    const toggle = (kind, key, on) => {
        ids = ids.filter((id) => {
            const name = columnName(id);
            return !(name?.kind === kind && name.key === key);
        });
        if (on) ids.push(kind === "m" ? `m.best:${key}` : `${kind}:${key}`);
        commit();
    };
    const line = (kind, one) => h("label.choice", {},
        h("input", { type: "checkbox", checked: isOn(kind, one.key), on: { change: (event) => toggle(kind, one.key, event.target.checked) } }),
        h("span.ellipsis", { title: one.key }, one.key),
        h("span.muted", {}, kind !== "a" && one.distinct ? `${one.runs} runs · ${one.distinct} values` : `${one.runs} runs`));
    const draw = () => {
        const matches = matcher(field.value);
        const found = all.filter(([, , one]) => matches(one.key));
        const groups = ["metrics", "parameters", "tags", "run"];
        const shown = found.slice(0, DRAWN);
        fill(list, groups.map((group) => {
            const members = shown.filter(([name]) => name === group);
            return members.length ? [h("h3", {}, group), members.map(([, kind, one]) => line(kind, one))] : null;
        }), found.length > DRAWN ? h("p.muted", {}, `${found.length - DRAWN} more; search to see them`) : null);
        fill(order, ids.map((id, index) => orderLine(id, index)));
    };
    const orderLine = (id, index) => {
        const name = columnName(id);
        if (!name) return null;
        const shift = (by) => {
            ids.splice(index, 1);
            ids.splice(Math.max(0, index + by), 0, id);
            commit();
        };
        const statistic = name.kind === "m" ? h("select.input", { "aria-label": `Value of ${name.key}`, on: {
            change: (event) => { ids[index] = `m.${event.target.value}:${name.key}`; commit(); },
        } }, STATISTICS.map((one) => h("option", { value: one, selected: one === name.statistic }, one))) : null;
        const button = (label, text, action) => h("button.icon-button", { type: "button", "aria-label": label, title: label, on: { click: action } }, text);
        return h("li", {}, h("span.ellipsis", { title: name.key }, name.key), statistic,
            button(`Move ${name.key} up`, "↑", () => shift(-1)), button(`Move ${name.key} down`, "↓", () => shift(1)),
            button(`Remove ${name.key}`, "×", () => { ids.splice(index, 1); commit(); }));
    };
    const preset = (label, make) => h("button.button", { type: "button", on: { click: () => { ids = make(); commit(); } } }, label);
    field.addEventListener("input", debounced(draw, 60));
    openDialog("Columns", (close) => [
        h("div.row", {}, field,
            preset("varying only", () => facts.params.filter((one) => one.distinct > 1).slice(0, 30).map((one) => `p:${one.key}`)),
            preset("all metrics", () => facts.metrics.slice(0, 60).map((one) => `m.best:${one.key}`)),
            h("button.button", { type: "button", on: { click: () => { onChange(null); close(); } } }, "by itself")),
        h("div.chooser", {}, list, order),
    ], { wide: true });
    draw();
}

function matcher(text) {
    if (!text.trim()) return () => true;
    try {
        const pattern = new RegExp(text.trim(), "i");
        return (key) => pattern.test(key);
    } catch {
        return (key) => key.toLowerCase().includes(text.trim().toLowerCase());
    }
}
