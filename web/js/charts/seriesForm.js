// Series on the wire and in the page: only what a drawing shows travels. See CompactSeries in docs/openapi.json.
import * as api from "../api.js";

/** Five digits are finer than a pixel; the server takes more where values lie closer together. */
const DIGITS = 5;

/**
 * @param body of `POST /api/v1/series`
 * @param [hasBands] whether the least and the greatest of each bucket are drawn
 * @returns series as lists of equal length; `min` and `max` are empty without bands
 */
export async function askSeries(body, hasBands = true) {
    const columns = hasBands ? ["min", "max"] : [];
    const { series } = await api.series({ ...body, columns, digits: DIGITS, compact: true });
    return series.map((one) => unpacked(one, hasBands));
}

function unpacked(one, hasBands) {
    const { run, key, count, mean } = one;
    const size = mean.length;
    const list = (column, usual) => Array.isArray(column) ? column : new Array(size).fill(column ?? usual);
    const steps = list(one.dx, 1), widths = list(one.width, 0);
    const firstX = [one.x0];
    for (let index = 1; index < size; index += 1) firstX.push(firstX[index - 1] + steps[index - 1]);
    return {
        run, key, count, mean, firstX, lastX: firstX.map((x, index) => x + widths[index]),
        min: one.min ?? (hasBands ? mean : []), max: one.max ?? (hasBands ? mean : []),
        n: list(one.n, 1), nan: list(one.nan, 0), inf: list(one.inf, 0), smoothed: one.smoothed ?? [],
    };
}
