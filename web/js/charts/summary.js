// What lines do, in words, for those who do not see them.
import { number } from "../format.js";

const MOST = 12;

/** @param chart */
export function summary(chart) {
    if (!chart.lines.length) return "no points";
    const lines = chart.lines.slice(0, MOST).map((line) => `${line.label} ${line.key}: ${course(line, chart)}`);
    return lines.join("; ") + (chart.lines.length > MOST ? `; and ${chart.lines.length - MOST} more lines` : "");
}

/** falls 4.6→0.41 by step 820, then rises to 0.46 */
function course(line, chart) {
    const points = line.mean.map((value, index) => [line.x[index], value]).filter(([, value]) => value !== null);
    const lost = line.nan.reduce((sum, count) => sum + count, 0);
    const broken = lost ? `, ${lost} NaN` : "";
    if (!points.length) return `no numbers${broken}`;
    const where = (x) => chart.axis.endsWith("tep") ? `step ${chart.xText(x)}` : chart.xText(x);
    const [start, end] = [points[0], points.at(-1)];
    if (points.length === 1) return `${number(start[1])} at ${where(start[0])}${broken}`;
    let least = start, most = start;
    for (const point of points) {
        if (point[1] < least[1]) least = point;
        if (point[1] > most[1]) most = point;
    }
    const span = most[1] - least[1];
    if (!span) return `stays at ${number(start[1])}${broken}`;
    const verb = (from, to) => to > from ? "rises" : "falls";
    const [nearer, farther] = least[0] < most[0] ? [least, most] : [most, least];
    // The turning point that is not at an end says what happened; the larger way comes first.
    const turn = [farther, nearer].find((point) => point !== start && point !== end
        && Math.abs(point[1] - start[1]) > 0.05 * span && Math.abs(point[1] - end[1]) > 0.05 * span);
    if (!turn) return `${verb(start[1], end[1])} ${number(start[1])}→${number(end[1])} by ${where(end[0])}${broken}`;
    return `${verb(start[1], turn[1])} ${number(start[1])}→${number(turn[1])} by ${where(turn[0])}, `
        + `then ${verb(turn[1], end[1])} to ${number(end[1])}${broken}`;
}
