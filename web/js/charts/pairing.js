// Which metrics share a card: keys that are equal once the name of the split is taken out.

const TRAIN = new Set(["train", "training", "tr"]);
const TEST = new Set(["test", "testing"]);
const HELD = new Set(["val", "valid", "validation", "eval", "evaluation", "dev", ...TEST]);
const CAMEL = /^([Tt]rain|[Tt]raining|[Vv]al|[Vv]alid|[Vv]alidation|[Ee]val|[Tt]est|[Dd]ev)(?=[A-Z])|(?<=[a-z0-9])(Train|Training|Val|Valid|Validation|Eval|Test|Dev)$/;
const LIGHTNING = /[_/.-](epoch|step)$/;

/** What the machine reported, whoever asked it. */
export const isSystem = (key) => key.startsWith("system.") || key.startsWith("system/");
const UNITS = [[/percent(age)?$|^system\.(cpu|memory|gpu\.\d+\.(gpu|memory|memoryAllocated))$/i, "%"], [/MB$|_megabytes$|^system\.disk\.(in|out)$/, "MB"], [/GB$|_gigabytes$/, "GB"],
    [/Bytes$|^system\.network\.(sent|recv)$/, "bytes"], [/temp$/, "°C"], [/watts$/i, "W"]];
/** The unit of what the machine reported, as clients name it; empty for others. */
export const unitOf = (key) => isSystem(key) ? UNITS.find(([pattern]) => pattern.test(key))?.[1] ?? "" : "";

/** What a client counts for itself is no curve to look at: `_runtime`, `_step`. @param key */
export const isCharted = (key) => !/^(system\.)?_/.test(key);

/** What is looked at first: the program's own metrics; those of the machine only where there are no others. */
export function firstKeys(keys, isHidden) {
    const charted = keys.filter((key) => isCharted(key) && !isHidden?.(key));
    const own = charted.filter((key) => !isSystem(key));
    return own.length ? own : charted;
}

const isSplit = (word) => TRAIN.has(word) || HELD.has(word);

/** The card of a key and its split. @param key @returns {{name: string, split: "train" | "val" | "test" | ""}} */
export function splitOf(key) {
    // trainLoss is read as train_Loss; valid_0 of LightGBM and XGBoost is one word.
    const spaced = key.replace(CAMEL, (word, first) => first ? `${word}_` : `_${word}`);
    const parts = spaced.split(/([/_.\-\s:]+)/);
    const at = parts.findIndex((part) => isSplit(part.toLowerCase()));
    if (at < 0 || parts.length < 3) return { name: key, split: "" };
    const word = parts[at].toLowerCase();
    const split = TRAIN.has(word) ? "train" : TEST.has(word) ? "test" : "val";
    const number = parts[at + 1] === "_" && /^\d+$/.test(parts[at + 2] ?? "") && parts.length > at + 3 ? 2 : 0;
    parts.splice(at === 0 ? 0 : at - 1, 2 + number);
    const name = parts.join("").replace(LIGHTNING, "");
    return { name: spaced === key ? name : name.replace(/^[A-Z]/, (letter) => letter.toLowerCase()), split };
}

/** Cards in the order in which they are looked at: the goal's, other pairs, the rest by name. */
export function pairs(keys, goal = null) {
    const cards = new Map();
    const splits = new Map(keys.map((key) => [key, splitOf(key)]));
    const names = new Set([...splits.values()].filter((one) => one.split).map((one) => one.name.toLowerCase()));
    for (const key of keys) {
        let { name, split } = splits.get(key);
        // `loss` beside `val_loss` is the training loss, as Keras writes it; `loss_epoch` as well.
        const bare = key.replace(LIGHTNING, "");
        if (!split && (names.has(key.toLowerCase()) || names.has(bare.toLowerCase()))) {
            split = "train";
            name = names.has(key.toLowerCase()) ? key : bare;
        }
        const place = name.toLowerCase();
        if (!cards.has(place)) cards.set(place, { name, keys: [] });
        cards.get(place).keys.push({ key, split });
    }
    const list = [...cards.values()];
    const prefixes = new Map();
    for (const card of list) {
        card.isPair = card.keys.length > 1;
        // What stands alone is called by its whole name.
        card.title = card.isPair ? card.name : card.keys[0].key;
        card.prefix = card.keys.every(({ key }) => isSystem(key)) ? "system" : /^([^/]+)\//.exec(card.title)?.[1] ?? "";
        if (!card.isPair) prefixes.set(card.prefix, (prefixes.get(card.prefix) ?? 0) + 1);
    }
    const isGoal = (card) => goal !== null && card.keys.some((one) => one.key === goal);
    const rank = (card) => isGoal(card) ? 0 : card.prefix === "system" ? 3 : card.isPair ? 1 : 2;
    const order = (card) => `${rank(card)} ${card.section === "metrics" ? "" : card.section}`;
    for (const card of list) {
        card.section = rank(card) < 2 ? "goal and pairs"
            : card.prefix === "system" || (card.prefix && prefixes.get(card.prefix) > 1) ? card.prefix : "metrics";
    }
    return list.sort((a, b) => order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : a.name < b.name ? -1 : 1);
}

/**
 * What tells runs of the same name apart: the first characters of their ids, as many as it takes; empty where the name does.
 * @param runs @returns {Map<string, string>} by id
 */
export function tailsOf(runs) {
    const named = new Map();
    for (const { id, name } of runs) (named.get(name) ?? named.set(name, new Set()).get(name)).add(id);
    return new Map([...named.values()].flatMap((different) => {
        const ids = [...different];
        let length = 4;
        while (new Set(ids.map((id) => id.slice(0, length))).size < ids.length) length += 1;
        return ids.map((id) => [id, ids.length > 1 ? id.slice(0, length) : ""]);
    }));
}

export const sameList = (a, b) => a.length === b.length && a.every((one, place) => one === b[place]);

/**
 * The cards of the keys that are charted, reckoned once for the same list: there may be 100,000.
 * @param memory what the last call gave @param keys @param goal @param most keys that are looked through
 * @param isHidden
 */
export function pairsOnce(memory, keys, goal, most, isHidden) {
    if (memory?.keys === keys && memory.goal === goal && memory.isHidden === isHidden) return memory;
    const charted = keys.filter(isCharted), seen = charted.filter((key) => !isHidden?.(key));
    return { keys, goal, isHidden, hidden: charted.length - seen.length, list: pairs(seen.slice(0, most), goal) };
}
