// The part of the interface that is about workspaces.
import { json } from "./api.js";

export const all = async () => (await json("GET", ["workspaces"])).workspaces;

export const create = (body) => json("POST", ["workspaces"], { body });

export const change = (name, body) => json("PATCH", ["workspaces", name], { body });

/** @param experiments null (there must be none), "keep" or "delete" */
export const remove = (name, experiments) => json("DELETE", ["workspaces", name], { query: { experiments } });

export const roles = (name) => json("GET", ["workspaces", name, "roles"]);

/** @param role null for none */
export const setRole = (name, account, role) => json("PUT", ["workspaces", name, "roles", account], { body: { role } });
