// The address is the state. One place reads it, one place writes it.

const base = new URL(document.baseURI);

/**
 * @typedef {{path: string[], query: URLSearchParams, key: string}} Route
 * `path` is decoded and below the base; `key` is the path alone.
 */

/** @returns {Route} */
export function currentRoute() {
    const below = location.pathname.slice(base.pathname.length - 1);
    const path = below.split("/").filter(Boolean).map((part) => {
        try {
            return decodeURIComponent(part);
        } catch {
            return part;
        }
    });
    return { path, query: new URLSearchParams(location.search), key: path.join("/") };
}

const listeners = new Set();

/** Calls back at every change of the address. @param {(route: Route) => void} listener */
export function onRoute(listener) {
    listeners.add(listener);
}

function tell() {
    const route = currentRoute();
    for (const listener of listeners) listener(route);
}

/**
 * A link below the base, each part encoded, the theme of the address kept.
 * @param {string[]} parts
 * @param {Record<string, string | null | undefined>} [query]
 */
export function href(parts, query = {}) {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) {
        if (value !== null && value !== undefined && value !== "") search.set(key, value);
    }
    const theme = new URLSearchParams(location.search).get("theme");
    if (theme && !search.has("theme")) search.set("theme", theme);
    const tail = search.toString();
    return parts.map(encodeURIComponent).join("/") + (tail ? `?${tail}` : "") || "./";
}

/** Goes to a link below the base. @param {string} link */
export function navigate(link, { replace = false } = {}) {
    const url = new URL(link, base);
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    tell();
}

/**
 * Changes parts of the query and nothing else; null removes a part.
 * `silent` leaves the page alone: its owner has already drawn the change.
 * @param {Record<string, string | null>} changes
 */
export function setQuery(changes, { push = false, silent = false } = {}) {
    const url = new URL(location.href);
    for (const [key, value] of Object.entries(changes)) {
        if (value === null || value === "") url.searchParams.delete(key);
        else url.searchParams.set(key, value);
    }
    if (url.href === location.href) return;
    if (push) history.pushState(null, "", url);
    else history.replaceState(null, "", url);
    if (!silent) tell();
}

/**
 * Where the links lead that an mlflow client prints: `#/experiments/<id>/runs/<run>`; null for another fragment.
 * @param {string} fragment
 */
export function mlflowLink(fragment) {
    const run = /^#\/experiments\/[^/?]+\/runs\/([^/?]+)/.exec(fragment);
    if (run) return href(["r", decodeURIComponent(run[1])]);
    const experiment = /^#\/experiments\/([^/?]+)/.exec(fragment);
    if (experiment) return href(["e", decodeURIComponent(experiment[1])]);
    return fragment.startsWith("#/") ? href(["e"]) : null;
}

/** Takes over links inside the application, so that a click does not load the page again. */
export function start() {
    document.addEventListener("click", (event) => {
        const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
        if (!link || event.defaultPrevented || event.button !== 0) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        if (link.target || link.hasAttribute("download") || link.dataset.skip !== undefined) return;
        const url = new URL(link.href);
        const inside = url.origin === base.origin && url.pathname.startsWith(base.pathname);
        if (!inside || url.pathname.startsWith(`${base.pathname}api/`)) return;
        event.preventDefault();
        navigate(url.href);
    });
    addEventListener("popstate", tell);
    addEventListener("hashchange", () => {
        const target = mlflowLink(location.hash);
        if (target) navigate(target, { replace: true });
    });
    const target = mlflowLink(location.hash);
    if (target) navigate(target, { replace: true });
    else tell();
}
