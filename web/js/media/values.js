// What W&B's client calls a media value, taken apart.

/** The several values that one may stand for, with their captions. @param value @returns {{value: *, caption: string}[]} */
export function members(value) {
    const captions = value.captions === false ? [] : value.captions ?? [];
    const caption = (index) => typeof captions[index] === "string" ? captions[index] : "";
    if (Array.isArray(value.filenames)) {
        const type = /^images/.test(value._type) ? "image-file" : value._type;
        return value.filenames.map((path, index) => ({ value: { _type: type, path, width: value.width, height: value.height, masks: value.all_masks?.[index], boxes: value.all_boxes?.[index] }, caption: caption(index) }));
    }
    const list = ["audio", "videos", "html", "images", "files", "molecules", "objects"].map((name) => value[name]).find((one) => Array.isArray(one) && one.length);
    if (list?.every((one) => one && typeof one === "object")) return list.map((one, index) => ({ value: one, caption: one.caption ?? caption(index) }));
    return [{ value, caption: typeof value.caption === "string" ? value.caption : "" }];
}

/** Whose files are read, of the id of a run or of an owner as `fileURL` takes it: the media of a table are in a version. */
export const ownerOf = (run) => Array.isArray(run) ? run : ["runs", run];

/** The width of a picture in the dialog, as CSS: a small one is enlarged as far as it fits, another stands in its own size. */
export function fullWidth({ width, height }) {
    if (width >= 640 || height >= 480) return `${width}px`;
    return `min(100%, 960px, max(${width}px, (min(80vh, 720px) - 130px) * ${width / height}))`;
}

/** Whether something is to be drawn over a picture. */
export const hasOverlays = ({ masks, boxes }) => [masks, boxes].some((one) => one && typeof one === "object" && Object.keys(one).length > 0);

/** The kind of a value: by it cards are in order. */
export function kindOf(value) {
    if (Array.isArray(value)) return value.length && value.every((one) => one?._type) ? kindOf(value[0]) : "text";
    const type = value?._type ?? "";
    if (/^images?([/-]|$)/.test(type)) return "image";
    if (type === "histogram") return "histogram";
    if (/^plotly/.test(type) && value.path) return "chart";
    if (/table/.test(type) && value.path) return "table";
    if (/^audio/.test(type)) return "audio";
    if (/^videos?/.test(type)) return "video";
    if (/^html/.test(type)) return "page";
    return value?.path || value?.filenames ? "file" : "text";
}

/** @returns {{edges: number[], counts: number[]} | null} of a histogram, however it is packed */
export function histogramOf(value) {
    const counts = (value?.values ?? []).map(Number);
    const packed = value?.packedBins;
    const edges = packed ? Array.from({ length: counts.length + 1 }, (_, index) => packed.min + index * packed.size) : (value?.bins ?? []).map(Number);
    // A client may give the middles of the bins.
    if (edges.length === counts.length && edges.length > 1) edges.push(2 * edges.at(-1) - edges.at(-2));
    return counts.length && edges.length === counts.length + 1 && edges.every(Number.isFinite) && counts.every(Number.isFinite) ? { edges, counts } : null;
}

/** JSON as Python writes it: NaN and the infinities stand bare. */
export function pythonJSON(text) {
    try {
        return JSON.parse(text);
    } catch {
        return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (word) => word.startsWith("\"") ? word : `"${word}"`));
    }
}
