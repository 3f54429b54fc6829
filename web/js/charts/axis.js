// Limits that one diverged run cannot move, and round numbers to write beside them.

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
const median = (values) => at([...values].sort((a, b) => a - b), 0.5);

/**
 * Limits of y: per line the 1–99 % range; a line is left out when its top is far above the others' (logarithm
 * above median + max(3 MAD, ln 3)) or when it rose above three times its start after having fallen; never all.
 * @param {number[][]} lines finite values
 * @returns {{low: number, high: number, dropped: Set<number>}}
 */
export function robustLimits(lines, showAll = false) {
    const sorted = lines.map((line) => [...line].sort((a, b) => a - b));
    const filled = sorted.map((line, index) => index).filter((index) => sorted[index].length);
    if (!filled.length) return { low: 0, high: 1, dropped: new Set() };
    const tops = filled.map((index) => at(sorted[index], 0.99));
    const floor = Math.max(1e-12, 0.05 * Math.abs(median(tops)));
    const logs = tops.map((top) => Math.log(Math.max(top, floor)));
    const middle = median(logs);
    const spread = 1.4826 * median(logs.map((value) => Math.abs(value - middle)));
    let dropped = new Set(filled.filter((index, place) =>
        logs[place] > middle + Math.max(3 * spread, Math.log(3)) || hasBlownUp(lines[index], tops[place])));
    if (dropped.size === filled.length || showAll) dropped = new Set();
    const kept = filled.filter((index) => !dropped.has(index));
    let low = Math.min(...kept.map((index) => showAll ? sorted[index][0] : at(sorted[index], 0.01)));
    let high = Math.max(...kept.map((index) => showAll ? sorted[index].at(-1) : at(sorted[index], 0.99)));
    const top = Math.max(...kept.map((index) => sorted[index].at(-1)));
    const bottom = Math.min(...kept.map((index) => sorted[index][0]));
    if (top <= high + (high - low)) high = top;
    if (bottom >= low - (high - low)) low = bottom;
    if (low >= 0 && low < 0.35 * high) low = 0;
    const pad = (high - low || Math.abs(high) || 1) * 0.05;
    return { low: low === 0 ? 0 : low - pad, high: high + pad, dropped };
}

function hasBlownUp(line, top) {
    const head = [...line.slice(0, Math.max(5, Math.floor(line.length / 20)))].sort((a, b) => a - b);
    return line.length > 5 && at(head, 0.99) > 0 && top > 3 * at(head, 0.99) && Math.min(...line) < line[0];
}

/** Round numbers between two limits, about `count` of them. */
export function ticks(low, high, count) {
    const rough = (high - low) / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough || 1));
    const share = rough / power;
    const step = (share < 1.5 ? 1 : share < 3 ? 2 : share < 7 ? 5 : 10) * power;
    const list = [];
    for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9 && list.length < 40; value += step) {
        list.push(Number(value.toPrecision(12)));
    }
    return list;
}
