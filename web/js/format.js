// Numbers, times and sizes as people read them. Nothing here touches the page.

/** A value of the API as a number: NaN and the infinities travel as strings. */
export function toNumber(value) {
    if (typeof value === "number") return value;
    if (value === null || value === undefined) return NaN;
    return Number(value);
}

/** At most `digits` significant digits, no trailing noise: 0.9124, 12,340, 1.2e-7. */
export function number(value, digits = 4) {
    if (value === null || value === undefined || value === "") return "–";
    const n = toNumber(value);
    if (Number.isNaN(n)) return "NaN";
    if (!Number.isFinite(n)) return n > 0 ? "∞" : "−∞";
    if (n === 0) return "0";
    const size = Math.abs(n);
    if (size >= 1e7 || size < 1e-4) return minus(trimmed(n.toExponential(digits - 2)));
    if (Number.isInteger(n)) return minus(grouped(n));
    if (size >= 1000) return minus(grouped(Number(n.toPrecision(Math.max(digits, Math.ceil(Math.log10(size)))))));
    return minus(n.toPrecision(digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, ""));
}

function trimmed(text) {
    return text.replace(/\.?0+e/, "e").replace("e+", "e");
}

function minus(text) {
    return text.startsWith("-") ? `−${text.slice(1)}` : text;
}

/**
 * Fixed digits after the point for a column: three that count in nearly all of its values, more where values would
 * look alike, so that decimals line up. Null where no such number of digits suits.
 */
export function columnDigits(values) {
    const finite = values.filter(Number.isFinite);
    const sizes = finite.filter((value) => value !== 0).map(Math.abs).sort((a, b) => a - b);
    if (!sizes.length || finite.every(Number.isInteger)) return null;
    const at = (part) => sizes[Math.min(sizes.length - 1, Math.floor(part * sizes.length))];
    const low = at(0.1), top = at(0.9);
    if (top >= 1e5 || low < 1e-4 || low / top < 1e-4) return null;
    let digits = Math.max(top >= 1000 ? 1 : top >= 10 ? 2 : 3, 2 - Math.floor(Math.log10(low)));
    const few = finite.slice(0, 40), apart = new Set(few).size;
    while (digits < 6 && top < 100 && new Set(few.map((value) => value.toFixed(digits))).size < 0.5 * apart) digits += 1;
    return digits > 6 ? null : digits;
}

/** A number with the digits of its column, or as short as it goes where they do not suit it. */
export function fixed(value, digits) {
    const n = toNumber(value);
    if (digits === null || !Number.isFinite(n)) return number(value);
    const isFar = Math.abs(n) >= 10 ** (6 - digits) && Math.abs(n) >= 1000;
    return isFar || (n !== 0 && Math.abs(n) < 0.5 * 10 ** -digits) ? number(value) : minus(n.toFixed(digits));
}

/** 12,340 and 1,234.5. The browser's own way of doing it takes a hundred times as long. @param value */
export function grouped(value) {
    const [whole, part] = String(Number.isInteger(value) ? value : Number(value.toFixed(6))).split(".");
    if (whole.includes("e")) return String(value);
    return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
}

/** Steps on an axis or in a cell: 1,200 or 1.2M. */
export function compact(value) {
    const size = Math.abs(value);
    if (size >= 1e9) return `${Number((value / 1e9).toPrecision(4))}G`;
    if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`;
    if (size >= 1e4) return `${Number((value / 1e3).toPrecision(4))}k`;
    return number(value);
}

/** How long, in the two largest units. @param milliseconds */
export function duration(milliseconds) {
    if (milliseconds === null || milliseconds === undefined || Number.isNaN(milliseconds)) return "–";
    const seconds = Math.abs(milliseconds) / 1000;
    const sign = milliseconds < 0 ? "−" : "";
    if (seconds < 1) return `${sign}${Math.round(seconds * 1000)} ms`;
    if (seconds < 10) return `${sign}${Number(seconds.toFixed(1))} s`;
    if (seconds < 60) return `${sign}${Math.round(seconds)} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${sign}${minutes} min${tail(Math.round(seconds % 60), "s", minutes < 10)}`;
    const hours = Math.floor(minutes / 60);
    if (hours < 24) return `${sign}${hours} h${tail(minutes % 60, "min", true)}`;
    return `${sign}${Math.floor(hours / 24)} d${tail(hours % 24, "h", true)}`;
}

function tail(value, unit, wanted) {
    return wanted && value ? ` ${value} ${unit}` : "";
}

/** How long ago, one unit. @param time milliseconds since 1970 */
export function ago(time, now = Date.now()) {
    if (!time) return "–";
    const seconds = Math.max(0, (now - time) / 1000);
    if (seconds < 5) return "now";
    if (seconds < 60) return `${Math.floor(seconds)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
    if (seconds < 86_400 * 60) return `${Math.floor(seconds / 86_400)} d`;
    return day(time);
}

/** 2026-11-24 */
export function day(time) {
    return iso(time).slice(0, 10);
}

/** Local time to the second with its offset, for tooltips and pages of one run. */
export function iso(time) {
    if (!time) return "";
    const date = new Date(time);
    const shift = -date.getTimezoneOffset();
    const local = new Date(time + shift * 60_000).toISOString().slice(0, 19).replace("T", " ");
    const sign = shift < 0 ? "−" : "+";
    const minutes = Math.abs(shift);
    const offset = `${sign}${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
    return `${local} ${offset}`;
}

/** @param count bytes */
export function bytes(count) {
    if (count === null || count === undefined) return "–";
    const units = ["B", "kB", "MB", "GB", "TB"];
    let value = count, unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

/** "1 run", "30 runs", "100,000 runs" */
export function plural(count, noun, many = `${noun}s`) {
    return `${grouped(count)} ${count === 1 ? noun : many}`;
}

/** 1st, 2nd, 3rd, 11th */
export function ordinal(n) {
    const tens = n % 100;
    const ending = tens >= 11 && tens <= 13 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th";
    return `${grouped(n)}${ending}`;
}

/** The value of a tag; labels of W&B are a list. */
export function readable(key, value) {
    try {
        return key === "wandb.labels" ? JSON.parse(value).join(", ") : value;
    } catch {
        return value;
    }
}
