// One sweep: how far it is, what was best, which parameters matter.
import { coalesced, copyBox, copyText, emptyBox, fill, h, href, iconButton, navigate, setQuery, setText, skeleton, experimentsCrumb } from "../dom.js";
import { grouped, number, plural } from "../format.js";
import { subscribe } from "../live.js";
import * as api from "../api.js";
import * as sweeps from "../sweeps.js";
import { styleSheet } from "../streams.js";
import { confirmDialog } from "../components/dialog.js";
import { noSuch, rowKeys, since } from "../components/versions.js";
import { agentCommand, agentLines, goalText, stateBadge, sweepName } from "../components/sweeps.js";
import { SweepCharts } from "./sweepCharts.js";
import { SweepRuns, valueText } from "./sweepRuns.js";

/** Runs whose points are followed while they come; parameters of the best that are written out. */
const FOLLOWED = 16, TOLD = 24;
const ENDED = ["finished", "failed", "crashed", "killed"];

export const open = (root, route, shell) => new SweepPage(root, route, shell);

class SweepPage {
    constructor(root, route, shell) {
        Object.assign(this, { root, route, shell, names: new Map(), chosen: null });
        this.heading = h("div.heading");
        this.body = h("div.tab-body.sweep", {}, skeleton(8));
        shell.setCrumbs([["Experiments", href(["e"])], ["…"]]);
        fill(root, this.heading, this.body);
        this.keys = { ...rowKeys(this.body, "run"), Escape: { label: "Choose all runs again", run: () => this.charts?.clear() } };
        this.refresh = coalesced(() => this.load(), 1_500);
        this.topics = [`experiment:${route.path[1]}:sweeps`, `experiment:${route.path[1]}:runs`];
        this.live = subscribe(this.topics, this.refresh);
        this.live.ready.then(() => this.load());
    }

    /** The id of the address, which may also be the short name. */
    async find() {
        const [, experiment, , name] = this.route.path;
        if (/^[0-9a-f]{32}$/.test(name)) return name;
        const found = await sweeps.named(experiment, name);
        if (!found) throw new api.ApiError(`This experiment has no sweep ${name}`, { status: 404 });
        navigate(href(["e", experiment, "sweeps", found.id], Object.fromEntries(this.route.query)), { replace: true });
        return null;
    }

    async load() {
        try {
            const id = await this.find();
            if (!id || this.isClosed) return;
            this.live.mark();
            const [sweep, answer] = await Promise.all([sweeps.sweep(id), sweeps.runs(id), styleSheet("sweeps")]);
            this.experiment ??= await api.experiment(sweep.experimentID);
            Object.assign(this, { sweep, total: answer.total, runs: sweeps.ranked(answer.runs, sweep.metric?.direction !== "maximize") });
        } catch (error) {
            if (!this.sweep && !this.isClosed) this.lost(error);
            return;
        }
        if (this.isClosed) return;
        this.forgetNames();
        this.follow();
        this.draw();
        if (this.runs.length) await Promise.all([this.readImportance(), this.readNames(this.sweep.best ? [this.sweep.best.runID] : [])]);
    }

    lost(error) {
        const [, experiment, , name] = this.route.path;
        this.shell.setCrumbs([["Experiments", href(["e"])], ["Sweeps", href(["e", experiment, "sweeps"])], ["not found"]]);
        fill(this.body, noSuch("sweep", error, () => this.load()), error.status === 404 && /^[\w.-]{1,40}$/.test(name)
            ? h("p", {}, h("a", { href: this.runsLink(experiment, name) }, "Runs that name it"), " may be there all the same.") : null);
    }

    /** The runs of a sweep have its name in a tag. */
    runsLink(experiment, name) {
        return href(["e", experiment], { f: `tags."wandb.sweep" = '${name}'` });
    }

    /** Also the points of the runs that go on, which change what is best. */
    follow() {
        const running = this.runs.filter((run) => run.state === "running").slice(0, FOLLOWED);
        this.live.change([...this.topics, ...running.flatMap((run) => [`run:${run.runID}`, `run:${run.runID}:metrics`])]);
    }

    /** A run gets its name from its program: until that has begun it has another. */
    forgetNames() {
        for (const run of this.runs) if (run.state !== "pending" && this.waiting?.has(run.runID)) this.names.delete(run.runID);
        this.waiting = new Set(this.runs.filter((run) => run.state === "pending").map((run) => run.runID));
    }

    /** Only where runs have ended since: it is the one answer that takes the server some time. */
    async readImportance() {
        const { counts, metric, id } = this.sweep, ended = ENDED.reduce((sum, state) => sum + counts[state], 0);
        if (!metric || this.weighed === ended) return;
        try {
            this.importance = await sweeps.importance(id);
            this.weighed = ended;
        } catch (error) {
            this.importance = { error };
        }
        if (!this.isClosed) this.charts?.drawImportance();
    }

    async readNames(ids) {
        if (!await sweeps.readNames(this.sweep.experimentID, ids, this.names).catch(() => false) || this.isClosed) return;
        this.table?.nameRows();
        this.drawBest();
    }

    get may() {
        return api.may("editor", this.sweep.experimentID);
    }

    // ---- heading ----

    draw() {
        const { sweep, experiment } = this;
        this.shell.setCrumbs([experimentsCrumb(experiment), [experiment.name, href(["e", experiment.id])],
            ["Sweeps", href(["e", experiment.id, "sweeps"])], [sweepName(sweep)]]);
        if (!this.state) this.buildHeading();
        setText(this.title, sweepName(sweep));
        fill(this.state, stateBadge(sweep.state), ` · ${sweep.method} · goal `, h("b", {}, goalText(sweep)), ` · `, h("code", {}, sweep.name),
            sweep.user ? ` · ${sweep.user}` : "", " · made ", since(sweep.createdAt));
        setText(this.described, sweep.description);
        this.drawButtons();
        this.drawProgress();
        this.drawBest();
        this.drawBody();
    }

    buildHeading() {
        this.title = h("h1");
        this.state = h("div.facts.muted");
        this.described = h("p.muted");
        this.progress = h("div.sweep-progress");
        this.best = h("div.sweep-best");
        const change = (label, title, state, ask) => h("button.button", {
            type: "button", title, data: { state }, on: { click: () => this.change(state, ask) },
        }, label);
        this.buttons = [
            change("Pause", "No new runs begin; those that run go on", "paused"),
            change("Resume", "Agents get new runs again", "running"),
            change("Stop", "No new runs begin; agents leave when theirs have ended", "finished"),
            change("Cancel…", "Runs are stopped and agents leave", "cancelled", () => confirmDialog(`Cancel ${sweepName(this.sweep)}?`,
                `${plural(this.sweep.counts.running, "run")} that go on are told to stop; what they have logged stays.`, "Cancel the sweep")),
        ];
        fill(this.heading, h("div.row.sweep-title", {}, this.title, this.buttons), this.state, this.described, this.progress, this.best);
    }

    drawButtons() {
        const { state } = this.sweep, isOver = state === "finished" || state === "cancelled";
        const shown = {
            paused: state === "running" || state === "pending", running: state === "paused" || isOver, finished: !isOver,
            cancelled: !isOver || state === "finished" && this.sweep.counts.running > 0,
        };
        const focused = document.activeElement;
        for (const button of this.buttons) button.hidden = !this.may || !shown[button.dataset.state];
        if (focused.hidden && this.buttons.includes(focused)) this.buttons.find((button) => !button.hidden)?.focus();
    }

    async change(state, ask) {
        // A button that is disabled meanwhile would lose the focus.
        if (this.isChanging || ask && !await ask()) return;
        this.isChanging = true;
        try {
            this.sweep = await sweeps.changeSweep(this.sweep.id, { state });
            if (!this.isClosed) this.draw();
        } catch (error) {
            this.shell.fail(error);
        } finally {
            this.isChanging = false;
        }
    }

    drawProgress() {
        const { counts, expectedRunCount: cap, agents, isExhausted, state } = this.sweep;
        const ended = ENDED.reduce((sum, one) => sum + counts[one], 0);
        const part = (count, word) => count ? ` · ${grouped(count)} ${word}` : "";
        const done = cap === undefined ? plural(ended, "run") : `${grouped(ended)} of ${plural(cap, "run")}`;
        const text = `${done} done${part(counts.running, "running")}${part(counts.pending, "waiting to begin")}`;
        const broken = ["failed", "crashed", "killed"].map((one) => part(counts[one], one)).join("");
        const working = agents.filter((agent) => agent.state === "running");
        const isIdle = !working.length && ["running", "pending"].includes(state) && !isExhausted;
        const share = (count) => ({ style: { width: `${100 * Math.min(1, count / cap)}%` } });
        const hosts = [...new Set(working.map((one) => one.host))].slice(0, 4).join(", ");
        fill(this.progress, cap ? h("div.sweep-bar", {
            role: "progressbar", "aria-label": "Runs that are done", "aria-valuemin": 0, "aria-valuemax": cap, "aria-valuenow": Math.min(ended, cap), "aria-valuetext": text,
        }, h("span.done", share(ended)), h("span.now", share(counts.running))) : null,
        h("span", {}, text, broken ? h("span.warn", {}, broken) : null, hosts ? ` · ${plural(working.length, "agent")} at work (${hosts})` : ""),
        isIdle && this.runs.length ? this.agentHint() : null);
    }

    agentHint() {
        const copy = () => copyText(agentLines(this.sweep, this.experiment)).then(() => this.shell.toast("Copied"));
        return h("span.row", {}, h("span.warn", {}, "No agent is at work:"), h("code", {}, agentCommand(this.sweep, this.experiment)),
            iconButton("copy", "Copy what starts an agent", copy));
    }

    drawBest() {
        const { sweep, runs } = this, { best, metric } = sweep;
        const run = best && runs.find((one) => one.runID === best.runID);
        if (!best) {
            fill(this.best, runs.length ? h("span.muted", {}, metric ? `No run has a value of ${metric.name} yet.` : "The sweep names no metric, so no run is the best.") : null);
            return;
        }
        const { varying, same } = sweeps.parametersOf(runs);
        const names = [...varying, ...same].filter((name) => run?.parameters[name] !== undefined);
        fill(this.best, h("span", {}, "Best ", h("b", { class: "best-value" }, `${metric.name} ${number(best.value)}`), " by ",
            h("a", { href: href(["r", best.runID]) }, this.names.get(best.runID) ?? run?.name ?? best.runID.slice(0, 8)), run ? h("span.muted", {}, `, run ${grouped(run.number)}`) : null),
        names.slice(0, TOLD).map((name) => h("span.chip", { title: `${name}: ${valueText(run.parameters[name])}` }, h("span.muted", {}, `${name} `), valueText(run.parameters[name]))),
        names.length > TOLD ? h("span.muted", {}, `+${names.length - TOLD}`) : null);
    }

    // ---- body ----

    drawBody() {
        const { sweep, runs } = this;
        if (!this.configuration) {
            this.configuration = h("details.sweep-configuration", {}, h("summary", {}, "Configuration"), this.texts = h("div"));
        }
        if (this.shownConfiguration !== sweep.configuration) {
            this.shownConfiguration = sweep.configuration;
            fill(this.texts, sweep.warnings.map((warning) => h("p.banner", {}, warning)), copyBox(sweep.configuration, "Copy the configuration"));
        }
        if (!runs.length) {
            this.closeParts();
            this.configuration.open = true;
            const isOn = ["pending", "running"].includes(sweep.state);
            fill(this.body, emptyBox(isOn ? "No runs yet. An agent executes them; start one where you train:" : "No runs. Once the sweep is resumed, this starts an agent:",
                copyBox(agentLines(sweep, this.experiment), "Copy what starts an agent")), this.configuration);
            return;
        }
        if (!this.table) this.buildParts();
        const parameters = sweeps.parametersOf(runs);
        this.charts.set(parameters);
        this.table.set(runs, parameters.varying, sweep.metric?.name);
    }

    buildParts() {
        this.note = h("span.muted");
        this.told = h("span", { role: "status" });
        this.all = h("button.link", { type: "button", hidden: true, title: "Choose all runs again (Esc)", on: { click: () => this.charts.clear() } }, "choose all");
        const charts = h("div.sweep-charts"), table = h("div"), list = h("div");
        fill(table, h("div.row", {}, h("h2", {}, "Runs"), this.note, h("span.spring"),
            h("a", { href: this.runsLink(this.sweep.experimentID, this.sweep.name) }, "All of them in the run table")), list);
        fill(this.body, charts, table, this.configuration);
        this.charts = new SweepCharts(charts, this);
        this.table = new SweepRuns(list, { names: this.names, onPoint: (id) => this.charts.point(id), onShown: (ids) => this.readNames(ids) });
    }

    closeParts() {
        this.charts?.close();
        this.charts = this.table = null;
    }

    /** @param {Set<string> | null} ids null for all @param ranges of the axes @param isMoving whether they are being drawn: the table waits */
    choose(ids, ranges, isMoving) {
        this.chosen = ids;
        this.drawNote();
        if (isMoving) return;
        setQuery({ select: Object.keys(ranges).length ? JSON.stringify(ranges) : null }, { silent: true });
        this.route.query = new URLSearchParams(location.search);
        this.table.choose(ids);
    }

    turnAxis(over) {
        setQuery({ over }, { silent: true });
        this.route.query = new URLSearchParams(location.search);
    }

    drawNote() {
        const { chosen, runs, total } = this, beyond = total > runs.length ? `; the first ${grouped(runs.length)} of ${grouped(total)} are shown` : "";
        setText(this.note, plural(runs.length, "run") + beyond);
        setText(this.told, chosen ? `${grouped(chosen.size)} of ${plural(runs.length, "run")} chosen` : "");
        this.all.hidden = !chosen;
    }

    update(route) {
        this.route = route;
        this.charts?.update(route);
    }

    close() {
        this.isClosed = true;
        this.live.close();
        this.refresh.cancel();
        this.closeParts();
    }
}
