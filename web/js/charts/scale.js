// From values to places on the canvas and back: linear, logarithmic, and linear around zero.

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

/** How y is mapped. A logarithm where all values are positive; else one that is linear around zero (symlog). */
export function valueScale(lines, isLog) {
    const sizes = isLog ? lines.flat().filter((value) => value !== 0).map(Math.abs).sort((a, b) => a - b) : [];
    if (!sizes.length) return { map: Number, inverse: Number, isLinear: true, least: 0 };
    if (lines.every((line) => line.every((value) => value > 0))) {
        return { map: Math.log10, inverse: (place) => 10 ** place, isLinear: false, least: 0 };
    }
    const least = 10 ** Math.floor(Math.log10(Math.max(at(sizes, 0.1), sizes.at(-1) / 1e6)));
    return {
        map: (value) => Math.sign(value) * Math.log10(1 + Math.abs(value) / least),
        inverse: (place) => Math.sign(place) * (10 ** Math.abs(place) - 1) * least,
        isLinear: false, least,
    };
}

/** How x is mapped: a logarithm keeps 0, the first step, on the plot. @param isLog @param unit */
export function placeScale(isLog, unit) {
    if (!isLog) return { map: Number, inverse: Number };
    return {
        map: (x) => Math.sign(x) * Math.log10(1 + Math.abs(x) / unit),
        inverse: (place) => Math.sign(place) * (10 ** Math.abs(place) - 1) * unit,
    };
}

/** The place in an ascending list that is nearest to x. */
export function nearest(list, x) {
    let low = 0, high = list.length - 1;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (list[middle] < x) low = middle + 1;
        else high = middle;
    }
    return low > 0 && x - list[low - 1] < list[low] - x ? low - 1 : low;
}
