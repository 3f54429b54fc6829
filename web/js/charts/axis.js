// Limits that one diverged run cannot move, and round numbers to write beside them. No page here.
import { compact, duration, iso, number } from "../format.js";

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
const median = (values) => at([...values].sort((a, b) => a - b), 0.5);

/** Which of some sizes are far above the others: logarithm above median + max(3 MAD, ln 3). */
function outliers(sizes, floor) {
    const logs = sizes.map((size) => Math.log(Math.max(size, floor)));
    const middle = median(logs);
    const spread = 1.4826 * median(logs.map((value) => Math.abs(value - middle)));
    return logs.map((value) => value > middle + Math.max(3 * spread, Math.log(3)));
}

/**
 * Limits of y: per line the 1–99 % range; a line is left out when it goes far beyond the others or when it rose
 * above three times its start after having fallen; never all of them.
 * `map` leads to the scale on which y is drawn; the limits are on that scale.
 */
export function robustLimits(lines, { showAll = false, isHigherBetter = false, map = Number, isLinear = true } = {}) {
    const sorted = lines.map((line) => Float64Array.from(line).sort());
    const filled = sorted.map((line, index) => index).filter((index) => sorted[index].length);
    if (!filled.length) return { low: 0, high: 1, dropped: new Set() };
    const tops = filled.map((index) => at(sorted[index], 0.99));
    const bottoms = filled.map((index) => at(sorted[index], 0.01));
    const isUp = outliers(tops, Math.max(1e-12, 0.05 * Math.abs(median(tops))));
    const depth = Math.max(1e-12, median(filled.map((_, place) => tops[place] - bottoms[place])), Math.abs(median(tops)));
    const isDown = outliers(bottoms.map((value) => -value), depth);
    let dropped = new Set(filled.filter((index, place) =>
        // A run that is far better than the others has not diverged.
        (!isHigherBetter && (isUp[place] || hasBlownUp(lines[index], tops[place]))) || isDown[place]));
    const isWhole = showAll || dropped.size === filled.length;
    if (isWhole) dropped = new Set();
    const kept = filled.filter((index) => !dropped.has(index));
    const bottom = map(Math.min(...kept.map((index) => sorted[index][0])));
    const top = map(Math.max(...kept.map((index) => sorted[index].at(-1))));
    let low = isWhole ? bottom : map(Math.min(...kept.map((index) => at(sorted[index], 0.01))));
    let high = isWhole ? top : map(Math.max(...kept.map((index) => at(sorted[index], 0.99))));
    const span = high - low;
    if (top <= high + span) high = top;
    if (bottom >= low - span) low = bottom;
    if (isLinear && low >= 0 && low < 0.35 * high) low = 0;
    const pad = (high - low || Math.abs(high) * 0.2 || 1) * 0.05;
    return { low: low === 0 && isLinear ? 0 : low - pad, high: high + pad, dropped };
}

function hasBlownUp(line, top) {
    const head = line.slice(0, Math.max(5, Math.floor(line.length / 20))).sort((a, b) => a - b);
    return line.length > 5 && at(head, 0.99) > 0 && top > 3 * at(head, 0.99) && line.some((value) => value < line[0]);
}

/** Round numbers between two limits, about `count` of them, no nearer to each other than `least`. */
export function ticks(low, high, count, least = 0) {
    const rough = (high - low) / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough || 1));
    const share = rough / power;
    const step = Math.max(least, (share < 1.5 ? 1 : share < 3 ? 2 : share < 7 ? 5 : 10) * power);
    const list = [];
    for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9 && list.length < 40; place += 1) {
        list.push(Number((place * step).toPrecision(12)));
    }
    return list;
}

/** Powers of ten between two limits of a logarithmic scale, with 2 and 5 where there is room. `least`: where it is linear. */
export function logTicks(low, high, count, least = 0) {
    const list = low <= 0 && high >= 0 ? [0] : [];
    const add = (size, sign) => {
        const value = sign * Number(size.toPrecision(6));
        if (value >= low && value <= high && !list.includes(value)) list.push(value);
    };
    for (const sign of [1, -1]) {
        const far = sign > 0 ? high : -low;
        if (far <= 0) continue;
        const near = Math.max(least, sign > 0 ? low : -high) || far / 1e6;
        const from = Math.floor(Math.log10(near)), to = Math.ceil(Math.log10(far));
        const every = Math.max(1, Math.ceil((to - from) / count));
        for (let power = from; power <= to; power += 1) {
            if (power % every === 0) add(10 ** power, sign);
            if (to - from <= count / 3) for (const part of [2, 5]) add(part * 10 ** power, sign);
        }
    }
    return list.length < 2 ? ticks(low, high, count) : list.sort((a, b) => a - b);
}

const SECOND = 1_000, MINUTE = 60_000, HOUR = 3_600_000, DAY = 86_400_000;
const STRETCHES = [1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
    MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY];

/** Round times, in milliseconds; `offset` is what local time is ahead. */
export function timeTicks(low, high, count, offset = 0) {
    const rough = (high - low) / Math.max(1, count);
    const step = STRETCHES.find((one) => one >= rough) ?? Math.ceil(rough / DAY) * DAY;
    const list = [];
    for (let value = Math.ceil((low + offset) / step) * step - offset; value <= high && list.length < 40; value += step) list.push(value);
    return list;
}

/** The local time of a mark, as short as its neighbours allow. */
export function clock(time, step) {
    const text = iso(time);
    if (step >= DAY) return text.slice(5, 10);
    if (step >= MINUTE) return text.slice(11, 16);
    return text.slice(11, 19) + (step < SECOND ? `.${String(((time % 1000) + 1000) % 1000).padStart(3, "0")}` : "");
}

/** A stretch of time beside a mark: 90 s, 2 h 30 min. */
export const stretch = (time) => time === 0 ? "0" : duration(time);

/** Numbers beside the marks of an axis, with as many digits as tell them apart and all with the same number of them. */
export function tickTexts(marks) {
    const sizes = marks.map(Math.abs).filter(Boolean);
    if (!sizes.length) return marks.map(String);
    const top = Math.max(...sizes);
    const step = Math.min(...marks.slice(1).map((mark, index) => mark - marks[index]), top);
    const isEven = marks.every((mark, index) => index < 2 || Math.abs(mark - marks[index - 1] - step) < step * 1e-6);
    if (!isEven) return marks.map((mark) => Math.abs(mark) >= 1e15 ? number(mark, 3) : compact(mark));
    const digits = (unit) => Math.min(12, Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9)));
    const units = [[1e12, ""], [1e9, "G"], [1e6, "M"], [1e4, "k"]];
    const [from, suffix] = units.find(([least]) => top >= least) ?? [1, ""];
    if (from === 1e12 || top < 1e-3) {
        const power = Math.floor(Math.log10(top) + 1e-9), unit = 10 ** power;
        return marks.map((mark) => mark === 0 ? "0" : `${minus((mark / unit).toFixed(digits(unit)))}e${power}`);
    }
    const unit = { G: 1e9, M: 1e6, k: 1e3 }[suffix] ?? 1;
    // 123,450 beside 123,460 is written in full.
    if (digits(unit) > 2 && suffix) return marks.map((mark) => minus(mark.toLocaleString("en-US", { minimumFractionDigits: digits(1) })));
    return marks.map((mark) => mark === 0 ? "0" : minus((mark / unit).toFixed(digits(unit))) + suffix);
}

const minus = (text) => text.replace("-", "−");
