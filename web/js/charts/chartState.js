// What the address says about charts, and how it is said. Everything that is seen can be copied as a link.

export const AXES = [["step", "step"], ["relativeStep", "relative step"], ["relativeTime", "relative time"], ["time", "wall time"]];

/** The metric that is x; null where x is a step or a time. @param axis as the address has it: `m:epoch` */
export const metricOf = (axis) => axis.startsWith("m:") && axis.length > 2 ? axis.slice(2) : null;

const range = (text) => {
    const ends = (text ?? "").split("..").map(Number);
    return ends.length === 2 && text !== ".." && ends.every(Number.isFinite) && ends[0] < ends[1] ? ends : null;
};
const decode = (text) => {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
};
const names = (text) => (text ?? "").split(",").filter(Boolean).map(decode);

/** Names in one field of the address; null where there are none. @param list */
export const listed = (list) => [...list].map(encodeURIComponent).join(",") || null;

/** Limits of y by the name of the card. @param ys */
export const limits = (ys) => [...ys].map(([name, [low, high]]) => `${encodeURIComponent(name)}:${low}..${high}`).join(",") || null;

/** @param query @param usualAxis where the address names none */
export function chartState(query, usualAxis) {
    const asked = query.get("axis") ?? "";
    const axis = AXES.some(([key]) => key === asked) || metricOf(asked) ? asked : usualAxis;
    return {
        axis,
        isAxisAsked: axis === asked,
        half: Math.max(0, Number(query.get("smooth")) || 0),
        isLog: query.get("log") === "1",
        isLogX: query.get("logx") === "1" && axis !== "time",
        pattern: query.get("m") ?? "",
        range: range(query.get("x")),
        ys: new Map((query.get("y") ?? "").split(",").map((part) => {
            const colon = part.lastIndexOf(":");
            return [decode(part.slice(0, colon)), range(part.slice(colon + 1))];
        }).filter(([, ends]) => ends)),
        whole: new Set(names(query.get("all"))),
        pins: names(query.get("pin")),
        folds: new Set(names(query.get("fold"))),
        perRow: Math.min(4, Math.max(0, Math.floor(Number(query.get("w")) || 0))),
        full: query.get("full") ?? "",
    };
}

/** A range of x for the address: whole steps or milliseconds while that says enough. @param ends */
export function rangeText([from, to]) {
    const digits = to - from >= 20 ? 0 : to - from >= 2 ? 1 : Math.min(12, 2 - Math.floor(Math.log10(to - from || 1)));
    const [low, high] = [Number(from.toFixed(digits)), Number(to.toFixed(digits))];
    return high > low ? `${low}..${high}` : null;
}

/** Five digits of what the range is wide. @param ends */
export function yText([low, high]) {
    const digits = Math.min(20, Math.max(0, 4 - Math.floor(Math.log10(high - low || 1))));
    return [Number(low.toFixed(digits)), Number(high.toFixed(digits))];
}

/** The half-life of smoothing as it is typed (steps or seconds) in units of x. */
export const halfLife = ({ half, axis }) => axis === "time" || axis === "relativeTime" ? half * 1_000 : half;

export const halfUnit = (axis) => axis === "time" || axis === "relativeTime" ? "s" : "steps";

/** The names with one more, or without it. @param names */
export function toggled(names, name) {
    const next = new Set(names);
    if (!next.delete(name)) next.add(name);
    return next;
}
