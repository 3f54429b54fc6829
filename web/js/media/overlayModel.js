// Masks and boxes as something to draw and to say: places, colours, words. Nothing here reads or keeps anything.
import { number, plural } from "../format.js";

/** Pixels of a side that a mask is painted with at most. */
const LARGEST = 2_048;
const BACKGROUND = /^(class_0|_*background_*|bg|void|none|ignore|unlabell?ed)$/i;
/** The class of a box that has none. */
export const NONE = "none";
const SPOKEN = 20;

/** @param value of a picture @returns {{id: string, kind: string, name: string, file: object}[]} its masks, then its boxes */
export function setsOf(value) {
    const of = (kind, named) => Object.entries(named && typeof named === "object" ? named : {}).filter(([, file]) => file && typeof file === "object")
        // The client writes them in any order, another one in each step.
        .sort(([one], [other]) => one < other ? -1 : 1).map(([name, file]) => ({ id: `${kind} ${name}`, kind, name, file }));
    return [...of("mask", value.masks), ...of("boxes", value.boxes)];
}

/** The name of a class. */
export const nameOf = (labels, id) => id === NONE ? "no class" : Object.hasOwn(labels, id) ? String(labels[id]) : `class_${id}`;

/** What is everywhere hides the picture until one asks for it. @param id of a class of a mask */
export const isGround = (labels, id) => Number(id) === 0 && BACKGROUND.test(nameOf(labels, id));

/** Far apart for classes that follow each other, the same in every picture and theme. @returns {number[]} red, green, blue */
export function colorOf(id) {
    const n = id === NONE ? 5 : Math.abs(Math.trunc(Number(id)));
    const hue = (n * 137.508 + 210) % 360, light = [0.5, 0.36, 0.66][Math.floor(n / 10) % 3];
    const part = (shift) => {
        const k = (shift + hue / 30) % 12;
        return Math.round(255 * (light - 0.9 * Math.min(light, 1 - light) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
    };
    return [part(0), part(8), part(4)];
}

export const cssColor = (id) => `rgb(${colorOf(id).join(" ")})`;

/**
 * Paints the classes of a mask over all of a canvas; the others are clear.
 * @param size of the picture, whose shape the canvas gets @param isShown of a class
 */
export function paint(canvas, mask, size, isShown) {
    const isSame = Math.abs(mask.width * size.height - mask.height * size.width) < Math.max(mask.width, mask.height);
    const like = isSame ? mask : size, part = Math.min(1, LARGEST / Math.max(like.width, like.height));
    const width = Math.max(1, Math.round(like.width * part)), height = Math.max(1, Math.round(like.height * part));
    const colors = new Uint8ClampedArray(1024);
    mask.counts.forEach((count, id) => {
        if (count && isShown(id)) colors.set([...colorOf(id), 255], 4 * id);
    });
    const whole = new Uint32Array(colors.buffer), image = new ImageData(width, height), pixels = new Uint32Array(image.data.buffer);
    const columns = Int32Array.from({ length: width }, (_, x) => Math.floor((x + 0.5) * mask.width / width));
    for (let y = 0, at = 0; y < height; y += 1) {
        const row = Math.floor((y + 0.5) * mask.height / height) * mask.width;
        for (let x = 0; x < width; x += 1, at += 1) pixels[at] = whole[mask.ids[row + columns[x]]];
    }
    Object.assign(canvas, { width, height });
    canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A box in pixels of its picture. @returns {{x: number, y: number, width: number, height: number} | null} null where it has no place */
export function placeOf({ position, domain }, size) {
    if (!position || typeof position !== "object") return null;
    const [across, down] = domain === "pixel" ? [1, 1] : [size.width, size.height];
    const { middle, width, height, minX, maxX, minY, maxY } = position;
    const ends = Array.isArray(middle) ? [middle[0] - width / 2, middle[0] + width / 2, middle[1] - height / 2, middle[1] + height / 2] : [minX, maxX, minY, maxY];
    if (!ends.every((end) => typeof end === "number" && Number.isFinite(end))) return null;
    const [left, right, top, bottom] = [ends[0] * across, ends[1] * across, ends[2] * down, ends[3] * down];
    return { x: Math.min(left, right), y: Math.min(top, bottom), width: Math.abs(right - left), height: Math.abs(bottom - top) };
}

export const classOf = (box) => Number.isInteger(box.class_id) ? String(box.class_id) : NONE;

/** @returns {[string, number][]} */
export const scoresOf = (box) => Object.entries(box.scores && typeof box.scores === "object" ? box.scores : {}).filter(([, score]) => typeof score === "number");

/** What a box says of itself in a line, and all of it. @returns {{short: string, long: string}} */
export function wordsOf(box, labels) {
    const name = nameOf(labels, classOf(box)), caption = typeof box.box_caption === "string" ? box.box_caption : "";
    const scores = scoresOf(box).map(([key, score]) => `${key} ${number(score)}`);
    return { short: caption || [name, ...scores.slice(0, 1)].join(" "), long: [name, caption !== name && caption, ...scores].filter(Boolean).join(", ") };
}

/** Whether the scores of a box are as high as asked for; one without such a score is. @param minimum by name of the score */
export const isHigh = (box, minimum) => scoresOf(box).every(([key, score]) => !minimum.has(key) || score >= minimum.get(key));

/** A mask or boxes in words, for who does not see them. @param set with what was read of it */
export function sentence(set) {
    if (set.error) return `${set.kind === "mask" ? "Mask" : "Boxes"} ${set.name} could not be shown.`;
    if (set.kind === "mask") {
        const { counts, ids } = set.mask;
        const parts = [...counts.entries()].filter(([, count]) => count).sort((a, b) => b[1] - a[1]);
        return `Mask ${set.name}: ${parts.slice(0, SPOKEN).map(([id, count]) => `${nameOf(set.labels, id)} ${share(count / ids.length)}`).join(", ")}${parts.length > SPOKEN ? ` and ${parts.length - SPOKEN} more` : ""}.`;
    }
    const list = set.boxes.slice(0, SPOKEN).map((box) => wordsOf(box, set.labels).long).join("; ");
    return `Boxes ${set.name}: ${plural(set.boxes.length, "box", "boxes")}${list ? `: ${list}` : ""}${set.boxes.length > SPOKEN ? ` and ${set.boxes.length - SPOKEN} more` : ""}.`;
}

/** @param part of the whole, from 0 to 1 */
export const share = (part) => part > 0 && part < 0.01 ? "<1%" : `${Math.round(100 * part)}%`;
