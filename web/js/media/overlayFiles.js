// What stands in the files of masks and boxes, and in the config of their run: numbers of classes, boxes, names of classes.
import { send } from "../api.js";
import { fileText, fileURL } from "../files.js";
import { documents } from "../streams.js";
import { ownerOf, pythonJSON } from "./values.js";

const LARGEST = 30_000_000;
/** Files and configs that were read: going over steps and back must not read them anew. */
const KEPT = 40;
const files = new Map(), configs = new Map();
/** A run that goes on names classes later; no more often than this is it asked again, in milliseconds. */
const PATIENCE = 5_000;

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function kept(id, read) {
    if (!files.has(id)) {
        const promise = read();
        files.set(id, promise);
        promise.catch(() => files.delete(id));
        while (files.size > KEPT) files.delete(files.keys().next().value);
    }
    return files.get(id);
}

/**
 * The class of each place of a picture.
 * @returns {Promise<{width: number, height: number, ids: Uint8Array, counts: Uint32Array}>} row by row from the top
 */
export const mask = (run, path) => kept(`${run} ${path}`, async () => {
    const response = await send("GET", fileURL(ownerOf(run), path, true));
    return classes(await response.blob());
});

/** Greys are numbers here: they are taken as they stand in the file, whatever it says of gamma and colour spaces. */
async function classes(blob) {
    const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" })
        .catch(() => { throw new Error("The file is no picture."); });
    const { width, height } = bitmap;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.imageSmoothingEnabled = false;
    pen.drawImage(bitmap, 0, 0);
    bitmap.close();
    const { data } = pen.getImageData(0, 0, width, height);
    const ids = new Uint8Array(width * height), counts = new Uint32Array(256);
    for (let at = 0, from = 0; at < ids.length; at += 1, from += 4) {
        const id = data[from];
        // Also where a browser blurs what pages read from a canvas: wrong classes are worse than none.
        if (data[from + 1] !== id || data[from + 2] !== id) throw new Error("The file has colours, not numbers of classes.");
        ids[at] = id;
        counts[id] += 1;
    }
    return { width, height, ids, counts };
}

/** @param file as the run logged it, with a path or with the boxes themselves @returns {Promise<{boxes: object[], labels: object}>} */
export function boxes(run, file) {
    if (typeof file.path !== "string") return Promise.resolve(listed(file));
    return kept(`${run} ${file.path}`, async () => {
        const { text, isWhole } = await fileText(ownerOf(run), file.path, LARGEST);
        if (!isWhole) throw new Error("The file is too large to be shown.");
        return listed(pythonJSON(text));
    });
}

function listed(value) {
    const list = Array.isArray(value) ? value : value?.box_data;
    if (!Array.isArray(list)) throw new Error("The file has no boxes.");
    return { boxes: list.filter(isObject), labels: isObject(value.class_labels) ? value.class_labels : {} };
}

/**
 * The names of the classes of a mask or of boxes, as the client wrote them beside the config (wandb 0.31.0, `Run._add_singleton`).
 * @param kind mask or boxes @param key that the picture was logged under @param name of the mask or the boxes
 * @returns {Promise<object>} names by class; empty where there are none
 */
export async function labels(run, kind, key, name) {
    // A version has no config.
    if (Array.isArray(run)) return {};
    const known = configs.get(run);
    const found = known && labelsIn(await known.config, kind, key, name);
    if (found) return found;
    if (!known || Date.now() - known.time > PATIENCE) configs.set(run, { time: Date.now(), config: documents(run).then(({ config }) => config, () => ({})) });
    while (configs.size > KEPT) configs.delete(configs.keys().next().value);
    return labelsIn(await configs.get(run).config, kind, key, name) ?? {};
}

function labelsIn(config, kind, key, name) {
    const all = config?._wandb?.value?.[kind === "mask" ? "mask/class_labels" : "bounding_box/class_labels"];
    const found = isObject(all) ? all[`${key}_wandb_delimeter_${name}`]?.value : null;
    return isObject(found) ? found : null;
}
