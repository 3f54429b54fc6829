// Which columns a run table shows: search among thousands of keys, tick, order.
import { h, fill, debounced, icon, iconButton } from "../dom.js";
import { grouped, plural } from "../format.js";
import { openDialog } from "./dialog.js";
import { columnName, varying } from "../pages/runColumns.js";

const DRAWN = 120;
const STATISTICS = ["best", "last", "min", "max", "mean"];

/**
 * `all` are the keys of the experiment, `facts` those of the matching runs. `onChange` gets null for the columns that
 * the table chooses by itself.
 */
export function chooseColumns({ all: every, facts, chosen, isNarrow, onChange }) {
    let ids = [...chosen], dragged = 0;
    const list = h("div.chooser-list");
    const order = h("ol.chooser-order");
    const field = h("input.input", { type: "search", placeholder: "Search columns (regular expression)", "aria-label": "Search columns", autofocus: true });
    const all = [
        ...every.metrics.map((one) => ["metrics", "m", one]), ...every.summary.map((one) => ["summary", "s", one]), ...every.params.map((one) => ["parameters", "p", one]),
        ...[...every.tags].sort((a, b) => a.key.startsWith("mlflow.") - b.key.startsWith("mlflow.")).map((one) => ["tags", "t", one]),
        ...["created", "duration", "user", "status"].map((key) => ["run", "a", { key, runs: every.total }]),
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
        h("span.muted", {}, one.distinct ? `${plural(one.runs, "run")} · ${plural(one.distinct, "value")}` : plural(one.runs, "run")));
    const draw = () => {
        const matches = matcher(field.value);
        const found = all.filter(([, , one]) => matches(one.key));
        const groups = ["metrics", "summary", "parameters", "tags", "run"];
        const shown = found.slice(0, DRAWN);
        fill(list, groups.map((group) => {
            const members = shown.filter(([name]) => name === group);
            return members.length ? [h("h3", {}, group), members.map(([, kind, one]) => line(kind, one))] : null;
        }), found.length > DRAWN ? h("p.muted", {}, `${grouped(found.length - DRAWN)} more; search to see them`) : null,
            found.length ? null : h("p.muted", {}, "No such column."));
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
        const button = (label, name, action) => iconButton(name, label, action);
        return h("li", { draggable: "true", on: {
            dragstart: (event) => {
                dragged = index;
                event.dataTransfer.effectAllowed = "move";
            },
            dragover: (event) => event.preventDefault(),
            drop: (event) => {
                event.preventDefault();
                ids.splice(index, 0, ...ids.splice(dragged, 1));
                commit();
            },
        } }, icon("grip"), h("span.ellipsis", { title: name.key }, name.key), statistic,
            button(`Move ${name.key} up`, "up", () => shift(-1)), button(`Move ${name.key} down`, "below", () => shift(1)),
            button(`Remove ${name.key}`, "close", () => { ids.splice(index, 1); commit(); }));
    };
    const preset = (label, make) => h("button.button", { type: "button", on: { click: () => { ids = make(); commit(); } } }, label);
    field.addEventListener("input", debounced(draw, 60));
    openDialog("Columns", (close) => [
        h("div.row.chooser-bar", {}, field,
            preset("varying only", () => varying(facts).slice(0, 30).map((one) => `p:${one.key}`)),
            preset("all metrics", () => facts.metrics.slice(0, 60).map((one) => `m.best:${one.key}`)),
            h("button.button", { type: "button", title: "The goal, four more metrics, the parameters that vary",
                on: { click: () => { onChange(null); close(); } } }, "default")),
        h("div.chooser", {}, list, h("div", {}, h("h3", {}, isNarrow ? "Order" : "Order (drag, or the arrows)"), order)),
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
