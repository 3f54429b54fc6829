// Labels of a run: tags without a value. Those that no key can be stand in a list, where W&B's client finds them.
import * as api from "./api.js";

/** The tag in which W&B's client keeps a JSON list of them. */
export const LABELS = "wandb.labels";
/** As many characters as W&B's client may give a label. */
const LONGEST = 256;

/** Whether a tag is the client's, which is empty once it no longer holds. */
const isOwn = (key) => key.startsWith("wandb.");

function labelsIn(text) {
    try {
        const list = JSON.parse(text);
        return list.every((one) => typeof one === "string") ? list : null;
    } catch {
        return null;
    }
}

/** @param tags @returns {{key: string, value: string, isLabel?: boolean}[]} each label as one */
export const withLabels = (tags) => tags.filter((tag) => tag.value || !isOwn(tag.key)).flatMap((tag) => tag.key !== LABELS ? [{ ...tag, isLabel: !tag.value }]
    : labelsIn(tag.value)?.map((key) => ({ key, value: "", isLabel: true })) ?? [tag]);

/** @param run @param old empty for a new one @param next empty to remove it */
export async function changeLabel(run, old, next) {
    if (next === old) return;
    if ([...next].length > LONGEST) throw new Error(`A label has at most ${LONGEST} characters.`);
    const valueOf = (key) => run.tags.find((one) => one.key === key)?.value;
    if (next && valueOf(next)) throw new Error(`There is a tag ${next} already, with a value.`);
    const known = labelsIn(valueOf(LABELS)) ?? [];
    const change = (isListed) => {
        const list = [...known.filter((one) => one !== old && one !== next), ...isListed ? [next] : []];
        return api.bulk({
            ids: [run.id], action: "tag",
            set: { ...next && !isListed ? { [next]: "" } : {}, ...list.length ? { [LABELS]: JSON.stringify(list) } : {} },
            delete: [...old && !known.includes(old) ? [old] : [], ...known.length && !list.length ? [LABELS] : []],
        });
    };
    // What begins so is of the client itself.
    if (isOwn(next)) return void await change(true);
    try {
        await change(false);
    } catch (error) {
        if (!next || error.status !== 400) throw error;
        await change(true);
    }
}
