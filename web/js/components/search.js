// Jump to an experiment or a run from anywhere.
import { h, fill, debounced } from "../dom.js";
import { href, navigate } from "../router.js";
import { openDialog } from "./dialog.js";
import * as api from "../api.js";
import { statusIcon } from "./status.js";

/** @param {{fail: (error: Error) => void}} shell */
export function showSearch(shell) {
    const list = h("ul.results", { role: "listbox", id: "search-results", "aria-label": "Results" });
    const field = h("input.input.big", {
        type: "search", placeholder: "Experiment or run", "aria-label": "Search", autocomplete: "off",
        role: "combobox", "aria-controls": "search-results", "aria-expanded": "true",
    });
    let experiments = [], results = [], cursor = 0, close = null, turn = 0;

    const draw = () => {
        cursor = Math.max(0, Math.min(cursor, results.length - 1));
        fill(list, results.map((result, index) => h("li", {
            role: "option", id: `result-${index}`, "aria-selected": index === cursor ? "true" : "false",
            on: { click: () => go(result), mousemove: () => point(index) },
        }, result.mark, h("span.ellipsis", {}, result.label), h("span.muted", {}, result.hint))));
        if (!results.length) fill(list, h("li.muted", {}, field.value ? "Nothing found" : "No experiments yet"));
        field.setAttribute("aria-activedescendant", results.length ? `result-${cursor}` : "");
    };
    const point = (index) => {
        if (index === cursor) return;
        cursor = index;
        [...list.children].forEach((item, i) => item.setAttribute("aria-selected", i === cursor ? "true" : "false"));
        field.setAttribute("aria-activedescendant", `result-${cursor}`);
        list.children[cursor]?.scrollIntoView({ block: "nearest" });
    };
    const go = (result) => {
        close();
        navigate(result.link);
    };
    const matching = (word) => experiments
        .filter((one) => !word || `${one.name} ${one.purpose}`.toLowerCase().includes(word.toLowerCase()))
        .slice(0, word ? 8 : 12)
        .map((one) => ({
            mark: h("span.kind", {}, "experiment"), label: one.name,
            hint: `${one.statistics?.runs ?? 0} runs`, link: href(["e", one.id]),
        }));
    const find = async () => {
        const mine = ++turn;
        const word = field.value.trim();
        results = matching(word);
        draw();
        if (!word || !experiments.length) return;
        const quoted = `'${word.replaceAll("'", "")}'`;
        try {
            const found = await api.searchRuns({
                experimentIDs: experiments.map((one) => one.id), filter: quoted, limit: 20,
                orderBy: ["attributes.start_time DESC"], wantsTotal: false,
                fields: { params: [], metrics: [], tags: [], inputs: false },
            });
            if (mine !== turn) return;
            const names = new Map(experiments.map((one) => [one.id, one.name]));
            results = [...matching(word), ...found.runs.map((run) => ({
                mark: statusIcon(run), label: run.name, hint: names.get(run.experimentID) ?? "",
                link: href(["r", run.id]),
            }))];
            draw();
        } catch (error) {
            shell.fail(error);
        }
    };
    field.addEventListener("input", debounced(find, 120));
    field.addEventListener("keydown", (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step && results.length) {
            event.preventDefault();
            point((cursor + step + results.length) % results.length);
        } else if (event.key === "Enter" && results[cursor]) {
            event.preventDefault();
            go(results[cursor]);
        }
    });
    openDialog("Search", (done) => {
        close = done;
        return [field, list];
    });
    field.focus();
    api.experiments({ limit: 1000 }).then((answer) => {
        experiments = answer.experiments;
        find();
    }, shell.fail);
}
