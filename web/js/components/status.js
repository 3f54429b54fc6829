// How the state of a run looks: a sign, a colour, and a word for those who see neither.
import { h } from "../dom.js";

const SIGNS = {
    running: ["◉", "running", "good"],
    stalled: ["◌", "stalled", "warn"],
    scheduled: ["○", "scheduled", "muted"],
    finished: ["✓", "finished", ""],
    failed: ["✗", "failed", "bad"],
    killed: ["■", "killed", "warn"],
    deleted: ["⊗", "deleted", "muted"],
};

/** @param run */
export function statusName(run) {
    if (run.stage === "deleted") return "deleted";
    return run.status === "running" && run.isStalled ? "stalled" : run.status;
}

/** @returns sign, word, class */
export function statusSign(run) {
    return SIGNS[statusName(run)] ?? ["?", run.status, "muted"];
}

export function statusIcon(run) {
    const [sign, word, tone] = statusSign(run);
    return h("span.status", { class: `${tone} ${word}`, title: word, role: "img", "aria-label": word }, sign);
}

/** The sign and the word. */
export function statusBadge(run) {
    const [sign, word, tone] = statusSign(run);
    return h("span.status-badge", { class: `${tone} ${word}` }, h("span.status", { class: word }, sign), ` ${word}`);
}

/** Until when a run took: its end, the last sign of life of one that is stalled, or now. */
export function endOf(run, now) {
    if (run.status === "running") return run.isStalled ? run.heartbeatAt : now;
    return run.endedAt ?? run.heartbeatAt;
}
