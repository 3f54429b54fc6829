// The part of the interface that is about versioned artifacts: collections, their versions, and what W&B's client calls them.
import { json } from "./api.js";

/** @returns {Promise<object[]>} */
export const collections = async (experiment) => (await json("GET", ["collections"], { query: { experiment } })).collections;

export const collection = (id) => json("GET", ["collections", id]);

export const changeCollection = (id, body) => json("PATCH", ["collections", id], { body });

export const deleteCollection = (id) => json("DELETE", ["collections", id]);

/** @returns {Promise<object[]>} the newest first, below the number `before` */
export const versions = async (collection, limit, before) =>
    (await json("GET", ["collections", collection, "versions"], { query: { limit, before } })).versions;

/** The version with a number; null where there is none. */
export async function numbered(collection, number) {
    const [version] = await versions(collection, 1, number + 1);
    return version?.number === number ? version : null;
}

export const version = (id) => json("GET", ["versions", id]);

export const changeVersion = (id, body) => json("PATCH", ["versions", id], { body });

export const deleteVersion = (id) => json("DELETE", ["versions", id], { query: { aliases: true } });

/** @returns {Promise<{runs: object[], versions: object[], edges: object[]}>} */
export const lineage = (id) => json("GET", ["versions", id, "lineage"]);

/** What the files of a version have compared with those of another. */
export const difference = (id, to) => json("GET", ["versions", id, "diff"], { query: { to } });

/** @returns {Promise<{outputs: object[], inputs: object[]}>} */
export const ofRun = (run) => json("GET", ["runs", run, "versions"]);

/** How many versions are looked through for an alias. */
const PAGE = 50, PAGES = 20;

/**
 * What a W&B client means by a name and an alias or vN.
 * @param [alias] without it only the collection is looked for
 * @returns {Promise<{collection: object | null, version: object | null}>}
 */
export async function named(experiment, name, alias, type) {
    const found = (await collections(experiment)).find((one) => one.name === name && (!type || one.type === type)) ?? null;
    if (!found || !alias) return { collection: found, version: null };
    const number = /^v(\d+)$/.exec(alias)?.[1];
    if (number) return { collection: found, version: await numbered(found.id, Number(number)) };
    if (found.latest?.aliases.includes(alias)) return { collection: found, version: found.latest };
    let before;
    for (let page = 0; page < PAGES; page += 1) {
        const list = await versions(found.id, PAGE, before);
        const version = list.find((one) => one.aliases.includes(alias));
        if (version || list.length < PAGE) return { collection: found, version: version ?? null };
        before = list.at(-1).number;
    }
    return { collection: found, version: null };
}

/** Registered models, the latest change first. @returns {Promise<{models: object[], hasMore: boolean}>} */
export const models = ({ find, workspace, limit }) => json("GET", ["models"], { query: { find: find || null, workspace, limit } });

/** @param [workspace] the default one where none is given */
export const model = (name, workspace) => json("GET", ["models", name], { query: { workspace } });

/** A version of a registered model, with its stage, its source and its properties. */
export const modelVersion = (name, number, workspace) => json("GET", ["models", name, "versions", number], { query: { workspace } });
