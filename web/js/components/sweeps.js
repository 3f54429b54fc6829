// How the states of sweeps and of their runs look, and the facts of a sweep that stand in more than one place.
import { h, server } from "../dom.js";

const SIGNS = {
    pending: ["○", "waiting", "muted"],
    running: ["◉", "running", "good"],
    paused: ["‖", "paused", "warn"],
    finished: ["✓", "finished", ""],
    cancelled: ["■", "cancelled", "warn"],
    failed: ["✗", "failed", "bad"],
    crashed: ["✗", "crashed", "bad"],
    preempted: ["◌", "preempted", "muted"],
    killed: ["■", "killed", "warn"],
};

/** @param state of a sweep or of a run */
export function stateBadge(state) {
    const [sign, word, tone] = SIGNS[state] ?? ["?", state, "muted"];
    return h("span.status-badge", { class: `${tone} ${word}` }, h("span.status", { class: word, "aria-hidden": "true" }, sign), ` ${word}`);
}

export const goalText = ({ metric }) => metric ? `${metric.name} ${metric.direction === "maximize" ? "▲ max" : "▼ min"}` : "none";

export const sweepName = (sweep) => sweep.displayName || sweep.name;

const quotedForShell = (text) => /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** What starts an agent. */
export const agentCommand = (sweep, { workspace, name }) => `wandb agent ${quotedForShell(`${workspace ?? "default"}/${name}/${sweep.name}`)}`;

/** The same with what it needs to find this server. */
export const agentLines = (sweep, experiment) => [`export WANDB_BASE_URL=${server}`,
    "login" in document.documentElement.dataset ? `export WANDB_API_KEY=…  # make one at ${server}/settings/tokens` : null,
    agentCommand(sweep, experiment)].filter(Boolean).join("\n");
