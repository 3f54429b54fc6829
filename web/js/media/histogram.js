// A histogram of one step as bars, and those of all steps as a map: dark where many values were.
import { h } from "../dom.js";
import { grouped, number } from "../format.js";
import { drawn } from "./svg.js";

const WIDTH = 400, HEIGHT = 130, FOOT = 16;
const LEVELS = 64;
const COLUMNS = 400;

/** @param histogram edges and counts */
export function bars({ edges, counts }) {
    const from = edges[0], span = edges.at(-1) - from || 1, top = Math.max(...counts) || 1;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const label = `${grouped(total)} values from ${number(from)} to ${number(edges.at(-1))}, most of them (${grouped(top)}) from ${number(edges[counts.indexOf(top)] ?? from)}`;
    const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + FOOT}`, class: "histogram", role: "img", "aria-label": label });
    counts.forEach((count, index) => {
        const x = (edges[index] - from) / span * WIDTH, next = (edges[index + 1] - from) / span * WIDTH;
        const height = count / top * (HEIGHT - 4);
        const bar = drawn("g", { class: "histogram-bar" });
        // The whole height can be pointed at.
        bar.append(drawn("rect", { x, y: 0, width: Math.max(0, next - x), height: HEIGHT, class: "behind" }),
            drawn("rect", { x: x + 0.3, y: HEIGHT - height, width: Math.max(0.5, next - x - 0.6), height }),
            drawn("title", {}, `${number(edges[index])} … ${number(edges[index + 1])}: ${grouped(count)}`));
        svg.append(bar);
    });
    svg.append(drawn("path", { d: `M0 ${HEIGHT + 0.5}H${WIDTH}`, class: "ground" }),
        drawn("text", { x: 0, y: HEIGHT + 13 }, number(from)), drawn("text", { x: WIDTH / 2, y: HEIGHT + 13, "text-anchor": "middle" }, number(from + span / 2)),
        drawn("text", { x: WIDTH, y: HEIGHT + 13, "text-anchor": "end" }, number(edges.at(-1))));
    return svg;
}

/**
 * Steps from left to right, values from below to above.
 * @param list {step, histogram} @param at index of the step that is shown @param choose called with another
 */
export function heatMap(list, at, choose) {
    const low = Math.min(...list.map((one) => one.histogram.edges[0])), high = Math.max(...list.map((one) => one.histogram.edges.at(-1)));
    const span = high - low || 1, columns = Math.min(COLUMNS, list.length);
    const canvas = h("canvas.heat", { width: columns, height: LEVELS, "aria-hidden": "true" });
    const pen = canvas.getContext("2d");
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--acc");
    for (let column = 0; column < columns; column += 1) {
        const { edges, counts } = list[Math.floor(column * list.length / columns)].histogram;
        const levels = new Float64Array(LEVELS);
        counts.forEach((count, index) => {
            const from = (edges[index] - low) / span * LEVELS, to = Math.max(from + 1e-9, (edges[index + 1] - low) / span * LEVELS);
            for (let level = Math.floor(from); level < Math.min(LEVELS, to); level += 1) {
                levels[level] += count * (Math.min(to, level + 1) - Math.max(from, level)) / (to - from);
            }
        });
        const top = Math.max(...levels) || 1;
        levels.forEach((count, level) => {
            // The root shows the rare ones as well.
            pen.globalAlpha = Math.sqrt(count / top);
            pen.fillRect(column, LEVELS - 1 - level, 1, 1);
        });
    }
    const here = h("div.heat-here");
    here.style.left = `${100 * (at + 0.5) / list.length}%`;
    const box = h("div.heat-box", { title: "Steps from left to right; click to see one", on: { click: (event) => {
        const { left, width } = box.getBoundingClientRect();
        choose(Math.min(list.length - 1, Math.max(0, Math.floor((event.clientX - left) / width * list.length))));
    } } }, canvas, here);
    return h("figure.heat-figure", {}, box, h("figcaption.muted", {},
        h("span", {}, `step ${grouped(list[0].step)}`), h("span", {}, `${number(low)} … ${number(high)}`), h("span", {}, `step ${grouped(list.at(-1).step)}`)));
}
