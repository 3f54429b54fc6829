// Building the page and its address: elements, icons, what stands where there is nothing, links, small habits that
// every module shares. Text is only ever a text node. One file, since each is a request of the first page.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `tag` may carry classes: `h("div.card.wide")`.
 *
 * Properties: `on` (event listeners), `style` (through the CSSOM), `data`, `class`; a boolean sets or leaves out
 * an attribute; everything else is an attribute. Children: nodes, strings, numbers, arrays; null is left out.
 */
export function h(tag, props = {}, ...children) {
    const [name, ...classes] = tag.split(".");
    const element = document.createElement(name || "div");
    if (classes.length) element.className = classes.join(" ");
    for (const [key, value] of Object.entries(props ?? {})) {
        if (value === null || value === undefined || value === false) continue;
        if (key === "on") {
            for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
        } else if (key === "style") {
            for (const [property, setting] of Object.entries(value)) element.style.setProperty(property, setting);
        } else if (key === "data") {
            Object.assign(element.dataset, value);
        } else if (key === "class") {
            element.classList.add(...value.split(" ").filter(Boolean));
        } else if (key === "value") {
            element.value = value;
        } else {
            element.setAttribute(key, value === true ? "" : String(value));
        }
    }
    element.append(...nodes(children));
    return element;
}

function nodes(children) {
    return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Puts `children` in the place of what `element` holds. */
export function fill(element, ...children) {
    element.replaceChildren(...nodes(children));
    return element;
}

/** Sets the text of an element only where it differs, so that nothing is laid out again for nothing. */
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

const ICONS = {
    experiments: "M3 4h14v3H3zM3 9h14v3H3zM3 14h14v3H3z",
    models: "M10 2l7 4v8l-7 4-7-4V6zM3 6l7 4 7-4M10 10v8",
    rows: "M3 5h14M3 10h14M3 15h14",
    dense: "M3 3h14M3 6.5h14M3 10h14M3 13.5h14M3 17h14",
    search: "M9 3a6 6 0 1 0 0 12A6 6 0 0 0 9 3zM13.5 13.5 18 18",
    sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6 16 16M4 16l1.4-1.4M14.6 5.4 16 4",
    moon: "M16.5 12.5A7 7 0 0 1 7.5 3.5a7 7 0 1 0 9 9z",
    auto: "M10 2.5a7.5 7.5 0 1 0 0 15zM10 2.5a7.5 7.5 0 0 1 0 15",
    help: "M7.2 7.4a2.8 2.8 0 1 1 4.2 2.5c-1 .6-1.4 1-1.4 2.1M10 15v.6",
    menu: "M4 10h.01M10 10h.01M16 10h.01",
    edit: "M3 17l1-4 9.5-9.5 3 3L7 16zM12 5l3 3",
    copy: "M7 7h10v10H7zM13 7V3H3v10h4",
    down: "M10 3v10M5.5 9 10 13.5 14.5 9M3.5 17h13",
    close: "M5 5l10 10M15 5 5 15",
    eye: "M1.8 10S5 4.5 10 4.5 18.2 10 18.2 10 15 15.5 10 15.5 1.8 10 1.8 10zM10 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
    folder: "M2.5 5h5l2 2h8v9h-15z",
    file: "M5 2.5h7l3.5 3.5v11.5H5zM11.5 2.5V6.5h4",
    expand: "M3 8V3h5M17 12v5h-5M3 3l6 6M17 17l-6-6",
    tag: "M3 3h7l7 7-7 7-7-7zM6.5 6.5h.01",
    grip: "M7.5 5h.01M12.5 5h.01M7.5 10h.01M12.5 10h.01M7.5 15h.01M12.5 15h.01",
    up: "M10 16V5M5 9.5 10 4.5l5 5",
    below: "M10 4v11M5 10.5l5 5 5-5",
    settings: "M3 6h8M15 6h2M13 4v4M3 14h2M9 14h8M7 12v4",
    user: "M10 3.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM4 17c.5-4 3-5.5 6-5.5s5.5 1.5 6 5.5",
    leave: "M11.5 3.5h5v13h-5M12.5 10h-9M6.5 6.5 3 10l3.5 3.5",
    trash: "M4 5.5h12M8 5V3h4v2M5.5 5.5l.8 11.5h7.4l.8-11.5",
};

const drawings = new Map();

/** A line drawing of 16 px that takes the colour of its text. Hidden from assistive technology. */
export function icon(name) {
    if (drawings.has(name)) return drawings.get(name).cloneNode(true);
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    drawings.set(name, svg);
    return svg.cloneNode(true);
}

/** A button that shows only an icon; `label` is its name and its tooltip. */
export function iconButton(name, label, action, props = {}) {
    return h("button.icon-button", { type: "button", title: label, "aria-label": label, on: { click: action }, ...props },
        icon(name));
}

/** Runs `work` now and then at most once in `interval` milliseconds; never twice at a time; the last call counts. */
export function coalesced(work, interval) {
    let timer = null, running = false, again = false, last = -Infinity, dead = false;
    const start = async () => {
        timer = null;
        running = true;
        again = false;
        last = performance.now();
        try {
            await work();
        } finally {
            running = false;
            if (again && !dead) call();
        }
    };
    const call = () => {
        if (dead) return;
        if (running) again = true;
        else timer ??= setTimeout(start, Math.max(0, last + interval - performance.now()));
    };
    call.cancel = () => {
        dead = true;
        clearTimeout(timer);
    };
    return call;
}

/** Calls `work` once nothing has called for `delay` milliseconds. */
export function debounced(work, delay) {
    let timer = null;
    const call = (...values) => {
        clearTimeout(timer);
        timer = setTimeout(() => work(...values), delay);
    };
    call.cancel = () => clearTimeout(timer);
    return call;
}

let pen = null, face = "";

/**
 * How wide a text of one line stands on the page, in CSS pixels.
 * @param [style] weight and size, as the 600 12px of a heading
 */
export function textWidth(text, style = "13px") {
    if (!pen) {
        pen = document.createElement("canvas").getContext("2d");
        face = getComputedStyle(document.body).fontFamily;
    }
    pen.font = `${style} ${face}`;
    return Math.ceil(pen.measureText(text).width);
}

/** Whether keys that are typed belong to a field. */
export function isTyping(event) {
    const target = event.target;
    return target instanceof HTMLElement
        && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox");
}

/** Puts a text on the clipboard, also in a page that is no secure context. */
export async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        const area = h("textarea.offscreen", { value: text });
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
    }
}

/** Saves bytes under a name, as if the server had sent a download. */
export function saveBlob(blob, name) {
    const url = URL.createObjectURL(blob);
    const link = h("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// ---- the address is the state: one place reads it, one place writes it ----

const base = new URL(document.baseURI);
/** What clients are told to talk to. */
export const server = new URL(".", base).href.replace(/\/$/, "");

/**
 * @typedef {{path: string[], query: URLSearchParams, key: string}} Route
 * `path` is decoded and below the base; `key` is the path alone.
 */

/** Whoever wrote an address by hand may have encoded only some of it. */
export const decoded = (part) => part.replace(/(?:%[\da-f]{2})+/gi, (codes) => {
    try {
        return decodeURIComponent(codes);
    } catch {
        return codes;
    }
});

/** @returns {Route} */
export function currentRoute() {
    const below = location.pathname.slice(base.pathname.length - 1);
    const path = below.split("/").filter(Boolean).map(decoded);
    return { path, query: new URLSearchParams(location.search), key: path.join("/") };
}

const listeners = new Set();

/** Calls back at every change of the address. @param listener */
export function onRoute(listener) {
    listeners.add(listener);
}

function tell() {
    const route = currentRoute();
    for (const listener of listeners) listener(route);
}

/** A link below the base, each part encoded, the theme of the address kept. */
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

/** The way back to the list that an experiment is in. */
export const experimentsCrumb = ({ workspace }) => ["Experiments", href(["e"], { workspace })];

/** Goes to a link below the base. @param link */
export function navigate(link, { replace = false } = {}) {
    const url = new URL(link, base);
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    tell();
}

/**
 * Changes parts of the query and nothing else; null removes a part.
 * `silent` leaves the page alone: its owner has already drawn the change.
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

/** The whole address of a link that stays within these pages; null for any other. @param link */
export function inside(link) {
    const url = new URL(link, base);
    const isHere = url.origin === base.origin && url.pathname.startsWith(base.pathname) && !url.username;
    return isHere && !url.pathname.startsWith(`${base.pathname}api/`) ? url.href : null;
}

/** Takes over links inside the application, so that a click does not load the page again. */
export function start() {
    document.addEventListener("click", (event) => {
        const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
        if (!link || event.defaultPrevented || event.button !== 0) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        if (link.target || link.hasAttribute("download") || link.dataset.skip !== undefined) return;
        const target = inside(link.href);
        if (!target) return;
        event.preventDefault();
        navigate(target);
    });
    addEventListener("popstate", tell);
    addEventListener("hashchange", followHash);
    if (!followHash()) tell();
}

/** Links that mlflow's client prints. */
function followHash() {
    const { hash } = location, isLink = hash.startsWith("#/");
    if (isLink) import("./mlflow.js").then(({ mlflowLink }) => navigate(mlflowLink(hash), { replace: true }));
    return isLink;
}

// ---- what a page shows when there is nothing, nothing yet, or a refusal ----

/** What failed, the id of the request, a way to try again. @param error @param retry */
export function errorBox(error, retry) {
    const details = [
        error.message,
        error.status ? `status ${error.status}${error.code ? ` (${error.code})` : ""}` : null,
        error.requestID ? `request ${error.requestID}` : null,
        location.href,
    ].filter(Boolean).join("\n");
    return h("div.error-box", { role: "alert" },
        h("b", {}, error.message),
        error.requestID ? h("div.muted", {}, "request ", h("code", {}, error.requestID)) : null,
        h("div.row", {},
            retry ? h("button.button", { type: "button", on: { click: retry } }, "Retry") : null,
            h("button.button", { type: "button", on: { click: () => copyText(details) } }, "Copy details")));
}

/** Grey bars of the height of the rows that will stand there. */
export function skeleton(rows) {
    return h("div.skeleton", { "aria-hidden": "true" }, Array.from({ length: rows }, () => h("div")));
}

/** Text to take away, with a button that does it. */
export function copyBox(text, label = "Copy") {
    const button = h("button.button.copy", { type: "button", "aria-label": label }, icon("copy"), h("span", {}, "Copy"));
    button.addEventListener("click", async () => {
        await copyText(text);
        button.lastChild.textContent = "Copied";
        setTimeout(() => { button.lastChild.textContent = "Copy"; }, 1_500);
    });
    return h("div.copy-box", {}, h("pre", { tabindex: 0 }, h("code", {}, text)), button);
}

/** @param sentence @param more */
export const emptyBox = (sentence, ...more) => h("div.empty", {}, h("p", {}, sentence), ...more);

/** What stands where no run is yet, which is seldom seen. @param [experiment] */
export function noRuns(experiment) {
    const place = h("div", {}, emptyBox("No runs yet."));
    import("./firstRun.js").then((module) => fill(place, module.firstRun(experiment)), () => {});
    return place;
}
