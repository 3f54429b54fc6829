// The shell: rail, top bar, the page below it, keys. Pages are modules of their own, loaded when first opened.
import { h, fill, copyText, errorBox, icon, iconButton, isTyping } from "./dom.js";
import { href, navigate, onRoute, setQuery, start } from "./router.js";
import { onState } from "./live.js";

// The first page needs neither the tables nor the charts, so it does not wait for their styles.
const PAGES = {
    experiments: () => import("./pages/experiments.js"),
    experiment: () => styled(import("./pages/experiment.js")),
    run: () => styled(import("./pages/run.js")),
    missing: () => import("./pages/missing.js"),
};

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const crumbs = h("nav.crumbs", { "aria-label": "Breadcrumb" });
const liveDot = h("span.live", { role: "status" });
const themeButton = h("button.icon-button", { type: "button", on: { click: nextTheme } });
const outlet = h("main.page", { id: "main", tabindex: "-1" });
const toasts = h("div.toasts", { role: "status", "aria-live": "polite" });
const rail = h("nav.rail", { "aria-label": "Main" },
    h("a.brand", { href: href([]), title: "Martlet: all experiments", "aria-label": "Martlet, all experiments" }, mark()),
    h("a.rail-link", { href: href(["e"]), title: "Experiments (g e)", data: { page: "experiments" } },
        icon("experiments"), h("span.rail-label", {}, "Experiments")),
    h("span.spring"),
    iconButton("help", "Keys (?)", openHelp),
    themeButton);
const searchButton = h("button.button.search-button", { type: "button", on: { click: openSearch } },
    icon("search"), h("span.wide-only", {}, `${isMac ? "⌘" : "Ctrl "}K search`));

let page = null;
let pageName = null;
let waitingForSecondKey = -Infinity;

function mark() {
    return h("img", { src: "favicon.svg", alt: "", width: "24", height: "24" });
}

/** What pages may do to the shell. */
const shell = {
    /** @param {[string, string?][]} parts label and link; the last one is where we are */
    setCrumbs(parts) {
        fill(crumbs, parts.map(([label, link], index) => [
            index ? h("span.sep", { "aria-hidden": "true" }, "›") : null,
            link ? h("a", { href: link }, label) : h("b", { "aria-current": "page", title: label }, label),
        ]));
        document.title = `${parts.at(-1)[0]} · Martlet`;
    },
    /**
     * Says something for a few seconds.
     * @param {string} message
     * @param {{action?: [string, () => void], isError?: boolean}} [options]
     */
    toast(message, { action = null, isError = false } = {}) {
        const toast = h("div.toast", { class: isError ? "bad" : "" }, h("span", {}, message));
        if (action) {
            toast.append(h("button.link", {
                type: "button",
                on: { click: () => { toast.remove(); action[1](); } },
            }, action[0]));
        }
        toasts.append(toast);
        setTimeout(() => toast.remove(), action ? 10_000 : 5_000);
    },
    /** An ApiError or any other as a toast. */
    fail(error) {
        if (error.name === "AbortError") return;
        const id = error.requestID ? ` (request ${error.requestID})` : "";
        shell.toast(`${error.message}${id}`, { isError: true });
    },
};

function pick(route) {
    const [first, second] = route.path;
    if (!first || (first === "e" && !second)) return ["experiments", ""];
    if (first === "e") return ["experiment", second];
    if (first === "r" && second) return ["run", second];
    return ["missing", route.key];
}

let styles = null;

/** @param {Promise<object>} module a page that is drawn once the second style sheet is here */
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
    rail.querySelector("[data-page]").toggleAttribute("aria-current", name === "experiments" || name === "experiment");
    if (page && pageName === `${name}/${id}`) {
        page.update(route);
        return;
    }
    const mine = ++turn;
    page?.close();
    page = null;
    pageName = `${name}/${id}`;
    try {
        const module = await PAGES[name]();
        if (mine !== turn) return;
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
    try {
        if (next === "auto") localStorage.removeItem("martlet.theme");
        else localStorage.setItem("martlet.theme", next);
    } catch {
        // Not kept then, only shown.
    }
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
    fill(themeButton, icon({ auto: "auto", light: "sun", dark: "moon" }[now]));
    document.dispatchEvent(new CustomEvent("martlet:theme"));
}

async function openHelp() {
    const { showHelp } = await import("./components/help.js");
    showHelp(page?.keys ?? {});
}

async function openSearch() {
    const { showSearch } = await import("./components/search.js");
    showSearch(shell);
}

const GLOBAL_KEYS = {
    "?": openHelp,
    t: nextTheme,
    y: async () => {
        await copyText(location.href);
        shell.toast("Link copied");
    },
};

function keyPressed(event) {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openSearch();
        return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event)) return;
    if (document.querySelector("dialog[open]")) return;
    if (performance.now() - waitingForSecondKey < 1_000 && "he".includes(event.key)) {
        waitingForSecondKey = -Infinity;
        navigate(event.key === "h" ? href([]) : href(["e"]));
        return;
    }
    if (event.key === "g") {
        waitingForSecondKey = performance.now();
        return;
    }
    if (event.key === "Enter" && event.target instanceof Element && event.target.closest("a,button,summary")) return;
    const action = page?.keys?.[event.key]?.run ?? GLOBAL_KEYS[event.key];
    if (!action) return;
    event.preventDefault();
    action(event);
}

const LIVE_TEXT = {
    live: ["● live", "Changes appear by themselves"],
    closed: ["", ""],
    paused: ["● paused", "Paused while this tab is hidden"],
    reconnecting: ["● reconnecting…", "The stream broke; what you see is the last known state"],
    polling: ["● every 5 s", "Something on the way holds streams back; asking now and then instead"],
};

function liveChanged(state) {
    const [text, title] = LIVE_TEXT[state];
    liveDot.dataset.state = state;
    liveDot.title = title;
    liveDot.textContent = text;
}

fill(document.getElementById("app"), rail,
    h("div.frame", {},
        h("header.top", {}, crumbs, h("span.spring"), searchButton, liveDot), outlet),
    toasts);
document.querySelector("[data-skip]").addEventListener("click", (event) => {
    event.preventDefault();
    outlet.focus();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged);
addEventListener("keydown", keyPressed);
onState(liveChanged);
themeChanged();
onRoute(show);
start();
