// The shell: rail, top bar, the page below it, keys. Pages are modules of their own, loaded when first opened.
import { h, fill, copyText, errorBox, href, icon, iconButton, isTyping, navigate, onRoute, setQuery, setText, start } from "./dom.js";
import * as api from "./api.js";
import { onState, subscribe } from "./live.js";

// The first page needs neither the tables nor the charts, so it does not wait for their styles.
const PAGES = {
    experiments: () => import("./pages/experiments.js"),
    experiment: () => styled(import("./pages/experiment.js")),
    run: () => styled(import("./pages/run.js")),
    sweep: () => styled(import("./pages/sweep.js")),
    collection: () => styled(import("./pages/collection.js")),
    version: () => styled(import("./pages/version.js")),
    settings: () => styled(import("./pages/settings.js")),
    login: () => import("./pages/login.js"),
    authorize: () => styled(import("./pages/authorize.js")),
    models: () => styled(import("./pages/models.js")),
    missing: () => import("./pages/missing.js"),
};

/** Modules that a page needs in the end: all are asked for at once. */
const NEEDED = {
    experiment: ["pages/runsTab", "pages/runList", "pages/runCells", "pages/runColumns", "pages/runKeys", "components/grid", "components/filterBar",
        "components/dialog", "components/status", "charts/sparkline"],
    run: ["charts/panel", "charts/lineChart", "charts/svgPen", "charts/seriesForm", "pages/runTables", "pages/runMade", "labels", "pages/paramTree", "pages/runColumns", "components/dialog", "components/status", "components/filterBar", "md"],
};
/** What a page will listen to: the stream opens while the page is on its way. */
const TOPICS = {
    experiments: () => ["experiments"],
    experiment: (id) => ["experiments", `experiment:${id}:runs`],
    run: (id) => [`run:${id}`, `run:${id}:metrics`, `run:${id}:artifacts`, `run:${id}:console`, `run:${id}:alerts`],
};
const THEMES = ["light", "dark"];
const asked = new URLSearchParams(location.search).get("theme");
const theme = [asked, asked === "auto" ? null : remembered("theme")].find((one) => THEMES.includes(one));
if (theme) document.documentElement.dataset.theme = theme;

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const crumbs = h("nav.crumbs", { "aria-label": "Breadcrumb" });
const liveDot = h("span.live", { role: "status" }, h("span"), h("span", { "aria-hidden": "true" }));
const themeButton = h("button.rail-link", { type: "button", on: { click: nextTheme } });
const densityButton = h("button.rail-link", { type: "button", on: { click: () => nextDensity() } });
const outlet = h("main.page", { id: "main", tabindex: "-1" });
const toasts = h("div.toasts", { role: "status", "aria-live": "polite" });
const rail = h("nav.rail", { "aria-label": "Main" },
    h("a.brand", { href: href([]), title: "Martlet: all experiments", "aria-label": "Martlet, all experiments" },
        h("img", { src: document.querySelector("link[rel=icon]").href, alt: "", width: "24", height: "24" })),
    h("a.rail-link", { href: href(["e"]), title: "Experiments (g e)", data: { page: "experiments" } },
        icon("experiments"), h("span.rail-label", {}, "Experiments")),
    h("a.rail-link", { href: href(["m"]), title: "Models (g m)", data: { page: "models" } },
        icon("models"), h("span.rail-label", {}, "Models")),
    h("span.spring"),
    h("a.rail-link", { href: href(["settings"]), title: "Settings (g s)", data: { page: "settings" } },
        icon("settings"), h("span.rail-label", {}, "Settings")),
    h("button.rail-link", { type: "button", title: "Keys (?)", "aria-label": "Keys", on: { click: openHelp } }, icon("help"), h("span.rail-label", {}, "Keys")),
    densityButton, themeButton);
const user = h("span.user");
const searchButton = h("button.button.search-button", { type: "button", on: { click: () => openSearch() } },
    icon("search"), h("span.wide-only", {}, `${isMac ? "⌘" : "Ctrl "}K search`));

let undo = null;
let page = null;
let pageName = null;
let waitingForSecondKey = -Infinity;

/** What this browser keeps for itself. Storage may be forbidden: nothing is kept then. */
function remembered(key, value) {
    try {
        if (value === undefined) return localStorage.getItem(`martlet.${key}`);
        if (value === null) localStorage.removeItem(`martlet.${key}`);
        else localStorage.setItem(`martlet.${key}`, value);
    } catch {
        // Only shown then.
    }
    return null;
}

/** What pages may do to the shell. */
const shell = {
    /** @param parts label and link; the last one is where we are */
    setCrumbs(parts) {
        fill(crumbs, parts.map(([label, link], index) => [
            index ? h("span.sep", { "aria-hidden": "true" }, "›") : null,
            link ? h("a", { href: link }, label) : h("b", { "aria-current": "page", title: label }, label),
        ]));
        const place = parts[0][0].toLowerCase();
        for (const link of rail.querySelectorAll("[data-page]")) {
            link.setAttribute("aria-current", link.dataset.page !== place ? "false" : parts[1] ? "true" : "page");
        }
        document.title = `${parts.at(-1)[0]} · Martlet`;
    },
    /** Says something for a few seconds. */
    toast(message, { action = null, isError = false } = {}) {
        const toast = h("div.toast", { class: isError ? "bad" : "" }, h("span", {}, message));
        const done = () => {
            toast.remove();
            if (undo === act) undo = null;
        };
        const act = () => { done(); action[1](); };
        if (action) {
            undo = act;
            toast.append(h("button.link", { type: "button", title: `${action[0]} (u)`, on: { click: act } }, action[0]));
        }
        if (isError) toast.append(iconButton("close", "Close", done));
        toasts.append(toast);
        while (toasts.children.length > 4) toasts.firstChild.remove();
        setTimeout(done, action || isError ? 10_000 : 5_000);
    },
    /** An ApiError or any other as a toast. */
    fail(error) {
        if (error.name === "AbortError" || error.status === 401) return;
        const id = error.requestID ? ` (request ${error.requestID})` : "";
        shell.toast(`${error.message}${id}`, { isError: true });
    },
    search: openSearch,
    /** Somebody logged in or out: nothing that was read before may stay, in any tab. */
    loginChanged(link) {
        remembered("login", String(Date.now()));
        location.replace(new URL(link, document.baseURI));
    },
};

/** To the login, and back afterwards. */
function toLogin() {
    if (pageName === "login/") return;
    document.querySelector("dialog[open]")?.close();
    navigate(href(["login"], { next: location.href.slice(document.baseURI.length) }), { replace: true });
}

async function logOut() {
    try {
        await api.logOut();
        shell.loginChanged(href(["login"]));
    } catch (error) {
        shell.fail(error);
    }
}

function drawUser({ isLoginRequired, name, role }) {
    document.documentElement.toggleAttribute("data-login", Boolean(isLoginRequired));
    document.documentElement.toggleAttribute("data-locked", api.isLocked());
    fill(user, isLoginRequired && name ? [
        h("a", { href: href(["settings", "profile"]), title: `${name}, role ${role}`, "aria-label": `${name}, role ${role}` },
            icon("user"), h("span.wide-only.ellipsis", {}, name), h("span.wide-only.muted", {}, role)),
        h("button.button", { type: "button", title: "Log out", "aria-label": "Log out", on: { click: logOut } },
            icon("leave"), h("span.wide-only", {}, "Log out"))] : null);
}

function pick(route) {
    const [first, second, third, fourth, fifth] = route.path;
    if (!first || ["e", "experiments", "search"].includes(first) && !second) return ["experiments", ""];
    if (third === "artifacts" && fourth && first === "e") return [fifth ? "version" : "collection", `${fourth}/${fifth}`];
    if (third === "sweeps" && fourth && first === "e") return ["sweep", fourth];
    if (first === "e") return ["experiment", second];
    if (first === "r" && second) return ["run", second];
    if (first === "m" && !(third && third !== "v")) return ["models", `${second ?? ""}/${fourth ?? ""}`];
    if (["settings", "login", "authorize"].includes(first)) return [first, ""];
    return ["missing", route.key];
}

let styles = null;

/** @param module a page that is drawn once the second style sheet is here */
async function styled(module) {
    styles ??= new Promise((resolve, reject) => {
        const link = h("link", { rel: "stylesheet", href: "pages.css", on: { load: resolve, error: () => {
            styles = null;
            reject(new Error("The style sheet did not come. Is martlet serve running?"));
        } } });
        document.head.append(link);
    });
    const [loaded] = await Promise.all([module, styles]);
    return loaded;
}

let turn = 0;

async function show(route) {
    const [name, id] = pick(route);
    document.documentElement.toggleAttribute("data-bare", route.query.get("jupyter") === "true");
    if (page && pageName === `${name}/${id}`) {
        page.update(route);
        return;
    }
    const mine = ++turn;
    page?.close();
    page = null;
    pageName = `${name}/${id}`;
    try {
        for (const needed of NEEDED[name] ?? []) {
            document.head.append(h("link", { rel: "modulepreload", href: `js/${needed}.js` }));
        }
        delete NEEDED[name];
        const early = TOPICS[name] && !api.isLocked() ? subscribe(TOPICS[name](id), () => {}) : null;
        const [module, who] = await Promise.all([PAGES[name](), api.session({ isFresh: name === "login" })])
            .finally(() => setTimeout(() => early?.close(), 1_000));
        if (mine !== turn) return;
        drawUser(who);
        if (api.isLocked() && name !== "login") {
            toLogin();
            return;
        }
        fill(outlet);
        outlet.className = "page";
        page = module.open(outlet, route, shell);
    } catch (error) {
        if (mine !== turn) return;
        fill(outlet, errorBox(error, () => location.reload()));
    }
}

function nextTheme() {
    const now = document.documentElement.dataset.theme ?? "auto";
    const next = { auto: "light", light: "dark", dark: "auto" }[now];
    remembered("theme", next === "auto" ? null : next);
    setQuery({ theme: null }, { silent: true });
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    themeChanged();
}

function themeChanged() {
    const now = document.documentElement.dataset.theme ?? "auto";
    const label = `Theme: ${now} (t)`;
    themeButton.title = label;
    themeButton.setAttribute("aria-label", label);
    fill(themeButton, icon({ auto: "auto", light: "sun", dark: "moon" }[now]), h("span.rail-label", {}, `Theme: ${now}`));
    document.dispatchEvent(new CustomEvent("martlet:theme"));
}

/** Those that can be listed, as one writes them. */
const named = (keys = {}) => Object.entries(keys).filter(([, { label }]) => label)
    .map(([key, one]) => ({ key: one.shown ?? (key === " " ? "Space" : key), ...one }));

async function openHelp() {
    const { showHelp } = await import("./components/help.js");
    showHelp(named(page?.keys), named(GLOBAL_KEYS));
}

async function openSearch(words) {
    const { showSearch } = await import("./components/search.js");
    if (api.isLocked() || pageName === "login/") return;
    showSearch(shell, [...named(page?.keys), ...named(GLOBAL_KEYS)], words);
}

const GLOBAL_KEYS = {
    "?": { label: "List of keys", run: openHelp },
    t: { label: "Next theme: light, dark, as the system", run: nextTheme },
    D: { label: "Rows: normal or compact", shown: "Shift D", run: () => nextDensity() },
    y: { label: "Copy the link to what you see", run: async () => {
        await copyText(location.href);
        shell.toast("Link copied");
    } },
    u: { label: "", run: () => undo?.() },
    "[": { label: "Wide or narrow rail", run: () => setRail(!document.documentElement.hasAttribute("data-wide-rail")) },
};

function setRail(isWide) {
    document.documentElement.toggleAttribute("data-wide-rail", isWide);
    remembered("rail", isWide ? "wide" : null);
}

function keyPressed(event) {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openSearch();
        return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event)) return;
    if (document.querySelector("dialog[open]")) return;
    if (performance.now() - waitingForSecondKey < 1_000 && "hems".includes(event.key)) {
        waitingForSecondKey = -Infinity;
        navigate(href({ h: [], e: ["e"], m: ["m"], s: ["settings"] }[event.key]));
        return;
    }
    if (event.key === "g") {
        waitingForSecondKey = performance.now();
        return;
    }
    // What has the focus is pressed by these.
    if (["Enter", " "].includes(event.key) && event.target instanceof Element && event.target.closest("a,button,summary,input")) return;
    const action = (page?.keys?.[event.key] ?? GLOBAL_KEYS[event.key])?.run;
    if (!action) return;
    event.preventDefault();
    action(event);
}

const LIVE_TEXT = {
    live: ["● live", "Changes appear by themselves"],
    closed: ["", ""],
    paused: ["● paused", "Paused while this tab is hidden"],
    reconnecting: ["● reconnecting", "The stream broke; what you see is the last known state"],
    away: ["● server away", "The server does not answer; what you see is the last known state. The page goes on by itself"],
    polling: ["● every 5 s", "Something on the way holds streams back; asking now and then instead"],
};

let live = { state: "closed", retryAt: null };
let liveTimer = null;

/** The dot, and beside it the wait for another try, which changes from second to second. */
function liveChanged(state = live.state, retryAt = live.retryAt) {
    live = { state, retryAt };
    const isAway = !api.reach.isUp && state !== "live" && state !== "closed";
    const [text, title] = LIVE_TEXT[isAway ? "away" : state];
    const wait = retryAt && state === "reconnecting" ? Math.ceil((retryAt - Date.now()) / 1_000) : 0;
    liveDot.dataset.state = state;
    liveDot.title = title;
    // Only a change of the state is said aloud.
    setText(liveDot.firstChild, text);
    setText(liveDot.lastChild, wait > 0 ? ` in ${wait} s` : "");
    clearTimeout(liveTimer);
    liveTimer = null;
    if (wait > 0) liveTimer = setTimeout(() => liveChanged(), 1_000);
}

function setDensity(isCompact) {
    if (isCompact) document.documentElement.dataset.density = "compact";
    else delete document.documentElement.dataset.density;
    remembered("density", isCompact ? "compact" : null);
    const label = `Rows: ${isCompact ? "compact" : "normal"} (Shift D)`;
    densityButton.title = label;
    densityButton.setAttribute("aria-label", label);
    densityButton.setAttribute("aria-pressed", isCompact);
    fill(densityButton, icon(isCompact ? "dense" : "rows"), h("span.rail-label", {}, `Rows: ${isCompact ? "compact" : "normal"}`));
    document.dispatchEvent(new CustomEvent("martlet:density"));
}

const nextDensity = () => setDensity(document.documentElement.dataset.density !== "compact");

setRail(remembered("rail") === "wide");
setDensity(remembered("density") === "compact");
fill(document.getElementById("app"), rail,
    h("div.frame", {},
        h("header.top", {}, crumbs, h("span.spring"), searchButton, liveDot, user), outlet),
    toasts);
document.querySelector("[data-skip]").addEventListener("click", (event) => {
    event.preventDefault();
    outlet.focus();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged);
addEventListener("keydown", keyPressed);
api.reach.changed = () => liveChanged();
api.reach.locked = toLogin;
const checkUser = async () => {
    const { account } = api.who();
    if ((await api.session({ isFresh: true })).account !== account) location.reload();
};
// Another tab logged in or out; or the browser shows a page again as it was left.
addEventListener("storage", ({ key }) => key === "martlet.login" && checkUser());
addEventListener("pageshow", ({ persisted }) => persisted && checkUser());
onState(liveChanged);
themeChanged();
onRoute(show);
start();
