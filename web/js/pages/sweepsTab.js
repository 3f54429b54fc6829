// "What was searched for, and what came of it?": the sweeps of an experiment.
import { coalesced, copyBox, emptyBox, errorBox, fill, h, href, icon, server, skeleton } from "../dom.js";
import { grouped, number } from "../format.js";
import { subscribe } from "../live.js";
import * as sweeps from "../sweeps.js";
import { styleSheet } from "../streams.js";
import { age, rowKeys } from "../components/versions.js";
import { goalText, stateBadge, sweepName } from "../components/sweeps.js";

const PAGE = 50;

/** The lines that make a first sweep. @param experiment */
const firstSweep = ({ name, workspace }) => `export WANDB_BASE_URL=${server}
python - <<'EOF'
import wandb
sweep = wandb.sweep({
    "method": "bayes", "metric": {"name": "loss", "goal": "minimize"}, "run_cap": 30,
    "parameters": {"lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1}},
}, entity=${JSON.stringify(workspace ?? "default")}, project=${JSON.stringify(name)})
def train():
    with wandb.init() as run:
        run.log({"loss": abs(run.config.lr - 0.003)})
wandb.agent(sweep, train)
EOF`;

class SweepsTab {
    constructor(root, page) {
        Object.assign(this, { root, page, details: new Map(), names: new Map(), wanted: PAGE });
        this.id = page.experiment.id;
        this.body = h("div", {}, skeleton(6));
        fill(root, this.body);
        this.keys = rowKeys(this.body, "sweep");
        this.refresh = coalesced(() => this.load(), 1_500);
        this.live = subscribe([`experiment:${this.id}:sweeps`, `experiment:${this.id}:runs`], this.refresh);
        this.live.ready.then(() => this.load());
    }

    async load() {
        try {
            const [list] = await Promise.all([sweeps.sweeps(this.id, this.wanted), styleSheet("sweeps")]);
            this.list = list;
        } catch (error) {
            if (!this.list && !this.isClosed) fill(this.body, errorBox(error, () => this.load()));
            return;
        }
        if (this.isClosed) return;
        this.draw();
        await this.readDetails();
    }

    /** The best of each: it is asked for when the list is there, and again while the sweep goes on. */
    async readDetails() {
        const isOver = (one) => ["finished", "cancelled"].includes(one.state);
        const queue = this.list.sweeps.filter((one) => one.metric && one.runCount
            && !(isOver(one) && this.details.get(one.id)?.updatedAt === one.updatedAt && this.details.get(one.id).counts.running === 0));
        const next = async () => {
            for (let one = queue.shift(); one && !this.isClosed; one = queue.shift()) {
                await sweeps.sweep(one.id).then((detail) => this.details.set(one.id, detail), () => {});
            }
        };
        await Promise.all([next(), next(), next()]);
        const best = [...this.details.values()].map((one) => one.best?.runID).filter(Boolean);
        await sweeps.readNames(this.id, best, this.names).catch(() => {});
        if (!this.isClosed) this.draw();
    }

    draw() {
        const { sweeps: list, total } = this.list;
        if (!list.length) {
            fill(this.body, emptyBox("No sweeps yet. A sweep chooses the parameters of runs, and agents execute them. This makes one and starts an agent:",
                copyBox(firstSweep(this.page.experiment), "Copy the first sweep")));
            return;
        }
        const at = this.body.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.id : null;
        fill(this.body, h("div.scroll-x", {}, h("table.list.sweeps", {}, h("thead", {}, h("tr", {},
            ["sweep", "state", "method", "goal", "runs", "best", "best run", "made"].map((head, index) =>
                h("th", { scope: "col", class: [null, null, "wide-col", "wide-col", "n", "n", null, "wide-col"][index] }, head)))),
        h("tbody", {}, list.map((one) => this.row(one))))),
        list.length < total ? h("p.rest", {}, h("button.button", { type: "button", on: { click: () => {
            this.wanted = Math.min(1_000, this.wanted + PAGE);
            this.load();
        } } }, icon("below"), `Older sweeps: ${grouped(total - list.length)}`)) : null);
        if (at) this.body.querySelector(`[data-id="${at}"] a`)?.focus();
    }

    row(one) {
        const best = this.details.get(one.id)?.best;
        return h("tr", { data: { id: one.id } },
            h("td.name", { title: one.description || null }, h("a", { href: href(["e", one.experimentID, "sweeps", one.id]), data: { row: "" } }, sweepName(one)),
                one.displayName ? h("span.muted", {}, ` ${one.name}`) : null),
            h("td", {}, stateBadge(one.state)), h("td.wide-col", {}, one.method), h("td.wide-col", {}, goalText(one)),
            h("td.n", {}, grouped(one.runCount), one.expectedRunCount === undefined ? null : h("span.muted", {}, ` of ${grouped(one.expectedRunCount)}`)),
            h("td.n", {}, best ? number(best.value) : h("span.muted", {}, "–")),
            h("td.run-name", {}, best ? h("a", { href: href(["r", best.runID]) }, this.names.get(best.runID) ?? best.runID.slice(0, 8)) : ""),
            h("td.wide-col", {}, age(one.createdAt)));
    }

    update() {}

    close() {
        this.isClosed = true;
        this.live.close();
        this.refresh.cancel();
    }
}

export { SweepsTab as Tab };
