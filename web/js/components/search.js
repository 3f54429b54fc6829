// Jump to an experiment or a run from anywhere, or do what a key does.
import { h, currentRoute, fill, debounced, href, navigate, setQuery } from "../dom.js";
import { openDialog } from "./dialog.js";
import * as api from "../api.js";
import { quotedValue } from "./filterBar.js";
import { statusIcon } from "./status.js";
import { plural } from "../format.js";

/** Other workspaces that are looked into, and experiments whose runs one question may be about. */
const MOST_ROOMS = 10, MOST = 8_000;

/** Whether the address asks for the search, which then lies over the first page. */
const isAddressed = () => currentRoute().path[0] === "search";

/** @param [words] that are looked for at once */
export function showSearch(shell, commands, words = null) {
    // Its key works in it as well.
    if (document.getElementById("search-results")) return;
    const list = h("ul.results", { role: "listbox", id: "search-results", "aria-label": "Results" });
    const field = h("input.input.big", {
        type: "search", value: words, placeholder: "Experiment, run or command", "aria-label": "Search", autocomplete: "off",
        role: "combobox", "aria-controls": "search-results", "aria-expanded": "true",
    });
    let experiments = [], results = [], cursor = 0, close = null, turn = 0, isLoaded = false;

    const draw = () => {
        cursor = Math.max(0, Math.min(cursor, results.length - 1));
        fill(list, results.map((result, index) => h("li", {
            role: "option", id: `result-${index}`, "aria-selected": index === cursor ? "true" : "false",
            on: { click: () => go(result), mousemove: () => point(index) },
        }, result.mark, h("span.ellipsis", {}, result.label), h("span.muted", {}, result.hint))));
        if (!results.length) fill(list, h("li.muted", {}, field.value ? "Nothing found" : isLoaded ? "No experiments yet" : "…"));
        if (results.length) field.setAttribute("aria-activedescendant", `result-${cursor}`);
        else field.removeAttribute("aria-activedescendant");
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
        if (result.run) result.run();
        else navigate(result.link);
    };
    const fitting = (word) => commands.filter((one) => word && one.label.toLowerCase().includes(word.toLowerCase())).slice(0, 5)
        .map((one) => ({ mark: h("span.kind", {}, "command"), label: one.label, hint: one.key, run: one.run }));
    const matching = (word) => experiments
        .filter((one) => !word || `${one.name} ${one.purpose}`.toLowerCase().includes(word.toLowerCase()))
        .slice(0, word ? 8 : 12)
        .map((one) => ({
            mark: h("span.kind", {}, "experiment"), label: one.name,
            hint: [one.workspace === "default" ? null : one.workspace, plural(one.statistics?.runs ?? 0, "run")].filter(Boolean).join(" · "), link: href(["e", one.id]),
        }));
    const find = async () => {
        const mine = ++turn;
        const word = field.value.trim();
        results = [...matching(word), ...fitting(word)];
        draw();
        if (!word || !experiments.length) return;
        try {
            const found = await api.searchRuns({
                experimentIDs: experiments.map((one) => one.id), filter: quotedValue(word), limit: 20,
                orderBy: ["attributes.start_time DESC"], wantsTotal: false,
                fields: { params: [], metrics: [], tags: [], summary: [], inputs: false },
            });
            if (mine !== turn) return;
            const names = new Map(experiments.map((one) => [one.id, one.name]));
            results = [...matching(word), ...found.runs.map((run) => ({
                mark: statusIcon(run), label: run.name, hint: names.get(run.experimentID) ?? "",
                link: href(["r", run.id]),
            })), ...fitting(word)];
            draw();
        } catch (error) {
            shell.fail(error);
        }
    };
    field.addEventListener("input", debounced(() => {
        if (isAddressed()) setQuery({ q: field.value }, { silent: true });
        find();
    }, 120));
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
    }).addEventListener("close", () => isAddressed() && navigate(href([]), { replace: true }));
    field.focus();
    everyExperiment().then((all) => {
        experiments = all;
        isLoaded = true;
        find();
    }, shell.fail);
}

/** Those of all workspaces, the latest activity first. */
async function everyExperiment() {
    const { experiments, workspace, workspaces = [] } = await api.experiments({ limit: 1000 });
    const others = await Promise.allSettled(workspaces.filter((one) => one !== workspace).slice(0, MOST_ROOMS).map((one) => api.experiments({ limit: 1000, workspace: one })));
    const activity = (one) => one.statistics?.lastActivityAt ?? 0;
    return [experiments, ...others.map((one) => one.value?.experiments ?? [])].flat().sort((a, b) => activity(b) - activity(a)).slice(0, MOST);
}
