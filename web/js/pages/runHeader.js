// Above the tabs of a run: how it stands, why it is there, how good it is among the others.
import { h, fill, copyText, server, setText } from "../dom.js";
import { ago, compact, duration, grouped, iso, number, ordinal } from "../format.js";
import { markdown } from "../md.js";
import * as api from "../api.js";
import { changeLabel, withLabels } from "../labels.js";
import { confirmDialog, formDialog, inlineEdit } from "../components/dialog.js";
import { endOf, statusBadge } from "../components/status.js";
import { quoted } from "../components/filterBar.js";
import { isMade } from "./runMade.js";

const TICK = 1_000;
/** Lines at the end of a failed run that are looked through for the reason, and how much of it is shown. */
const LAST = 100, LONGEST = 500;
/** The tag that tells W&B's client to stop. */
const STOP = "wandb.stop";
const NO_FIELDS = { params: [], metrics: [], tags: [], summary: [], inputs: false };

export class RunHeader {
    /** @param root @param page the run page */
    constructor(root, page) {
        this.page = page;
        this.facts = h("div.facts.muted");
        this.time = h("span");
        this.goal = h("div.goal-line");
        this.banner = h("div");
        this.tags = h("div.tags");
        this.name = this.edit("name", "a name", "h1");
        this.described = h("span");
        this.stop = h("button.button", { type: "button", hidden: true, on: { click: () => this.askToStop() } });
        this.purpose = this.edit("purpose", "a purpose: why is it run?", "div", true);
        fill(root, h("div.row.run-title", {}, this.name.element, this.stop, this.menu()), h("div.run-facts", {}, this.facts, this.goal),
            h("div.run-purpose.row", {}, this.described, this.purpose.element), this.tags, this.banner);
        // The duration of a run that goes on; nothing is asked for it.
        this.timer = setInterval(() => this.drawTime(), TICK);
        this.update();
    }

    get run() {
        return this.page.run;
    }

    get may() {
        return api.may("editor", this.run.experimentID);
    }

    edit(field, label, tag, multiline = false) {
        const { page } = this;
        return inlineEdit({
            value: page.run[field] ?? "", placeholder: `Add ${label}`, label: `the ${field}`, tag, multiline, long: multiline ? markdown : null, may: this.may,
            save: async (value) => { page.run = { ...page.run, ...await api.changeRun(page.id, { [field]: value }) }; },
        });
    }

    update() {
        const { run } = this;
        this.name.set(run.name);
        this.purpose.set(run.purpose ?? "");
        // Clients without a field for the purpose write it as a tag or as the description.
        const told = run.purpose ? "" : run.tags.find((tag) => tag.key === "purpose")?.value ?? firstSentence(run.notes ?? "");
        fill(this.described, told);
        this.described.hidden = !told;
        // W&B's client asks now and then whether somebody wants its run to end.
        this.stop.hidden = !this.may || run.status !== "running" || run.stage === "deleted" || !run.tags.some((tag) => tag.key.startsWith("wandb."));
        this.stop.disabled = run.tags.some((tag) => tag.key === STOP && tag.value === "1");
        setText(this.stop, this.stop.disabled ? "Stopping…" : "Stop");
        this.stop.title = this.stop.disabled ? `The program was asked to stop; without the tag ${STOP} it goes on` : "Ask the program to stop";
        this.drawTime();
        fill(this.facts, statusBadge(run), " · ", this.time, run.user ? ` · ${run.user}` : "",
            run.startedAt || run.createdAt ? [" · ", h("span", { title: iso(run.startedAt || run.createdAt) }, "started ", iso(run.startedAt || run.createdAt).slice(0, 16))] : "");
        this.drawBanner();
        this.drawTags();
        this.drawGoal();
        this.findRank();
    }

    drawTime() {
        const { run } = this;
        const text = run.startedAt ? duration(endOf(run, Date.now()) - run.startedAt) : "not started";
        if (this.time.textContent !== text) this.time.textContent = text;
    }

    drawBanner() {
        const { run } = this;
        const key = JSON.stringify([run.stage, run.status, run.isStalled, run.heartbeatAt]);
        if (key === this.bannerKey) return;
        this.bannerKey = key;
        if (run.stage === "deleted") {
            fill(this.banner, h("div.banner.row", { role: "status" }, "This run is in the bin: it is left out of tables and charts.", !this.may ? null :
                h("button.button", { type: "button", on: { click: () => this.change(api.restoreRun, "Run restored") } }, "Restore")));
        } else if (run.status === "running" && run.isStalled) {
            fill(this.banner, h("div.banner", { role: "status" }, h("b.warn", {}, "Stalled: "),
                `no sign of life for ${ago(run.heartbeatAt)}, the last one at ${iso(run.heartbeatAt).slice(0, 19)}. `
                + "The process may have been killed without telling; a new point makes the run live again."));
        } else {
            fill(this.banner);
            if (run.status === "failed") this.drawFailure(key).catch(() => {});
        }
    }

    /** What the program said at its end, where it printed anything. */
    async drawFailure(key) {
        const [{ consoleLines }, { plain }] = await Promise.all([import("../streams.js"), import("../ansi.js")]);
        const { total } = await consoleLines(this.run.id, 0, 1);
        if (!total) return;
        const { lines } = await consoleLines(this.run.id, Math.max(0, total - LAST), LAST);
        const text = lines.filter((line) => line.isError).map((line) => plain(line.text).trim()).findLast(Boolean);
        if (!text || key !== this.bannerKey) return;
        fill(this.banner, h("div.banner", { role: "status" }, h("b.bad", {}, "Failed: "), h("code", {}, text.slice(0, LONGEST)), " ",
            h("a", { href: this.page.link("console") }, "console")));
    }

    drawTags() {
        // The overview tells how the run was made.
        const own = withLabels(this.run.tags.filter((tag) => !tag.key.startsWith("mlflow.") && !isMade(tag.key)));
        const key = JSON.stringify(own);
        if (key === this.tagsKey) return;
        this.tagsKey = key;
        const { may } = this;
        fill(this.tags, own.slice(0, 24).map((tag) => h(may ? "button.chip.tag" : "span.chip.tag", {
            type: may ? "button" : null, title: `${tag.key}${tag.isLabel ? "" : `: ${tag.value}`}${may ? "\nChange it" : ""}`,
            on: may ? { click: () => tag.isLabel ? this.askLabel(tag.key) : this.askTag(tag) } : {},
        }, tag.isLabel ? tag.key : [h("span.muted", {}, `${tag.key} `), tag.value])),
        own.length > 24 ? h("a", { href: this.page.link("params") }, `+${own.length - 24}`) : null,
        !may ? null : h("button.link.add-tag", { type: "button", on: { click: () => this.askTag({ key: "", value: "" }) } }, "+ tag"));
    }

    askTag({ key, value }) {
        formDialog(key ? `Tag ${key}` : "New tag", [
            { name: "key", label: "Tag", required: true, value: key },
            { name: "value", label: "Value", value, hint: key ? "Left empty, the tag is removed" : "A tag may do without one" },
        ], "Save", async (form) => {
            if (!key && !form.value) return void await this.setLabel("", form.key);
            const remove = [...key && (form.key !== key || !form.value) ? [key] : []];
            if (form.value) await api.bulk({ ids: [this.page.id], action: "tag", set: { [form.key]: form.value } });
            if (remove.length) await api.bulk({ ids: [this.page.id], action: "tag", delete: remove });
            await this.page.reload();
        });
    }

    askLabel(label) {
        formDialog(`Tag ${label}`, [{ name: "tag", label: "Tag", value: label, hint: "Left empty, it is removed" }], "Save", ({ tag }) => this.setLabel(label, tag));
    }

    async setLabel(old, next) {
        await changeLabel(this.run, old, next.trim());
        await this.page.reload();
    }

    // ---- the goal of the experiment ----

    ownGoal() {
        const goal = this.page.experiment.statistics.goal;
        const own = this.run.metrics.find((one) => one.key === goal?.metric);
        if (!own) return null;
        const isMax = goal.direction === "maximize";
        return { goal, own, isMax, best: isMax ? own.max : own.min, step: isMax ? own.maxStep : own.minStep };
    }

    drawGoal() {
        const found = this.ownGoal();
        if (!found) {
            fill(this.goal);
            return;
        }
        const { goal, own, isMax, best, step } = found;
        const isBroken = typeof own.last !== "number";
        fill(this.goal, h("span.muted", { title: goal.isInferred ? "Inferred from the names of the metrics" : "The goal of the experiment" },
            `${goal.isInferred ? "≈ " : ""}goal ${goal.metric} ${isMax ? "▲ max" : "▼ min"}`),
        h("span", {}, "best ", h("b", {}, number(best)), step === null || step === undefined ? "" : h("span.muted", {}, ` @${compact(step)}`)),
        h("span", {}, "last ", h("b", { class: isBroken ? "bad" : null }, number(own.last))),
        this.rank ? h("b.rank", {}, this.rank) : null);
    }

    async findRank() {
        const found = this.ownGoal();
        if (!found || typeof found.best !== "number" || found.best === this.ranked || this.run.stage === "deleted") return;
        const { goal, isMax, best } = found;
        this.ranked = best;
        const key = quoted(goal.metric);
        const count = async (filter) => (await api.searchRuns({
            experimentIDs: [this.run.experimentID], limit: 1, wantsTotal: true, filter, fields: NO_FIELDS })).total;
        try {
            const [better, all] = await Promise.all([
                count(`${isMax ? "max" : "min"}(metrics.${key}) ${isMax ? ">" : "<"} ${best}`), count(`count(metrics.${key}) > 0`)]);
            this.rank = `${ordinal(better + 1)} of ${grouped(Math.max(all, better + 1))}`;
            this.drawGoal();
        } catch {
            // The rank is an extra; the page stands without it.
        }
    }

    // ---- what can be done ----

    menu() {
        const menu = h("details.menu");
        const entry = (label, run) => h("button.menu-item", { type: "button", on: { click: () => {
            menu.open = false;
            run();
        } } }, label);
        const { page } = this;
        const draw = () => fill(list,
            entry("Copy run id", () => copyText(page.id).then(() => page.shell.toast("Run id copied"))),
            entry("Copy link", () => copyText(location.href).then(() => page.shell.toast("Link copied"))),
            entry("Copy Python to read it", () => copyText(this.python()).then(() => page.shell.toast("Python copied"))),
            !this.may ? null : page.run.stage === "deleted" ? entry("Restore", () => this.change(api.restoreRun, "Run restored"))
                : entry("Delete…", () => this.remove()));
        const list = h("div");
        fill(menu, h("summary", { "aria-label": "Actions of the run", title: "Copy, delete" }, "⋯"), list);
        menu.addEventListener("toggle", () => menu.open && draw());
        menu.addEventListener("focusout", (event) => {
            if (!menu.contains(event.relatedTarget)) menu.open = false;
        });
        menu.addEventListener("keydown", (event) => {
            if (event.key === "Escape") menu.open = false;
        });
        return menu;
    }

    python() {
        return `import mlflow\nmlflow.set_tracking_uri(${JSON.stringify(server)})\nrun = mlflow.get_run(${JSON.stringify(this.page.id)})\n`
            + "print(run.data.params, run.data.metrics)";
    }

    async askToStop() {
        if (!await confirmDialog(`Stop ${this.run.name || "this run"}?`,
            "The program is told to stop when it next sends something, as if somebody had pressed Ctrl C beside it. What it has logged stays.", "Stop")) return;
        await this.change((id) => api.bulk({ ids: [id], action: "tag", set: { [STOP]: "1" } }), "The program is asked to stop");
    }

    async remove() {
        if (!await confirmDialog(`Delete ${this.run.name || "this run"}?`, "It moves to the bin and can be restored from there.", "Delete")) return;
        await this.change(api.deleteRun, "Run deleted");
    }

    async change(work, done) {
        try {
            await work(this.page.id);
            this.ranked = null;
            await this.page.reload();
            this.page.shell.toast(done);
        } catch (error) {
            this.page.shell.fail(error);
        }
    }

    close() {
        clearInterval(this.timer);
    }
}

/** The first line of a description, without what Markdown puts around it. */
function firstSentence(notes) {
    const line = notes.split("\n").map((one) => one.replace(/^[#>*\s-]+/, "").replace(/[*_`]/g, "").trim()).find(Boolean) ?? "";
    return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
