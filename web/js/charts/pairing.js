// Which metrics share a card: keys that are equal once the name of the split is taken out.

const TRAIN = new Set(["train", "training", "tr"]);
const HELD = new Set(["val", "valid", "validation", "eval", "evaluation", "dev", "test"]);

/** The card of a key and its split. @param {string} key @returns {{name: string, split: "train" | "val" | ""}} */
export function splitOf(key) {
    const parts = key.split(/([/_.\-\s]+)/);
    const at = parts.findIndex((part) => TRAIN.has(part.toLowerCase()) || HELD.has(part.toLowerCase()));
    if (at < 0 || parts.length < 3) return { name: key, split: "" };
    const split = TRAIN.has(parts[at].toLowerCase()) ? "train" : "val";
    const rest = parts.filter((_, index) => index !== at && index !== (at === 0 ? 1 : at - 1)).join("");
    return { name: rest.replace(/_(epoch|step)$/, ""), split };
}

/**
 * Cards in the order in which they are looked at: the goal's, other pairs, the rest by name.
 * @param {string[]} keys @param {string | null} goal
 * @returns {{name: string, keys: {key: string, split: string}[]}[]}
 */
export function pairs(keys, goal = null) {
    const cards = new Map();
    const names = new Set(keys.map(splitOf).filter((one) => one.split).map((one) => one.name));
    for (const key of keys) {
        const { name, split } = splitOf(key);
        // `loss` beside `val_loss` is the training loss, as Keras writes it.
        const own = split || (names.has(key) ? "train" : "");
        if (!cards.has(name)) cards.set(name, { name, keys: [] });
        cards.get(name).keys.push({ key, split: own });
    }
    const rank = (card) => card.keys.some((one) => one.key === goal) ? 0 : card.keys.length > 1 ? 1
        : card.name.startsWith("system/") ? 3 : 2;
    return [...cards.values()].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}
