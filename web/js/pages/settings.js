// Oneself and tokens; for admins accounts, roles, and what was done; this server.
import { copyBox, errorBox, fill, h, href, navigate, server, setQuery, skeleton } from "../dom.js";
import { ago, day, iso } from "../format.js";
import * as api from "../api.js";
import * as rooms from "../workspaces.js";
import { confirmDialog, formDialog, openDialog } from "../components/dialog.js";

const TABS = { profile, tokens, accounts, workspaces, audit, about };
const DAY = 86_400_000;
const ROLES = [["none", "none: sees nothing"], ["viewer", "viewer: reads"], ["editor", "editor: logs and changes"], ["admin", "admin: decides who may what"]];
const ACTIONS = ("login logout login.failed account.created account.changed password.changed token.created token.revoked "
    + "role.changed experiment.deleted experiment.restored runs.deleted runs.restored quota.changed "
    + "workspace.created workspace.changed workspace.deleted").split(" ");
const NAME = { name: "name", label: "Name", required: true, hint: "Letters, digits and . _ - @ +" };
const DISPLAY_NAME = { name: "displayName", label: "Display name" };

const button = (label, run, more = {}) => h("button.button", { type: "button", on: { click: run }, ...more }, label);
const primary = (label, run) => button(label, run, { class: "primary" });
const link = (label, of, run) => h("button.link", { type: "button", "aria-label": `${label}: ${of}`, on: { click: run } }, label);
const toAccounts = (label) => h("a", { href: href(["settings", "accounts"]) }, label);
const table = (columns, rows) => h("div.scroll-x", {}, h("table.list", {},
    h("thead", {}, h("tr", {}, columns.map((name) => h("th", {}, name || h("span.sr-only", {}, "actions"))))), rows));
const row = (...cells) => h("tr", {}, cells.map((cell) => h("td", {}, cell)));

function since(time) {
    const text = time ? ago(time) : "never";
    return h("span", { title: iso(time) }, /^(now|never)$|-/.test(text) ? text : `${text} ago`);
}

export function open(root, route, shell) {
    return new SettingsPage(root, route, shell);
}

class SettingsPage {
    constructor(root, route, shell) {
        this.shell = shell;
        this.tabs = h("nav.tabs", { "aria-label": "Settings" });
        this.body = h("div.tab-body");
        fill(root, h("h1.sr-only", {}, "Settings"), this.tabs, this.body);
        this.update(route);
    }

    get keys() {
        return Object.fromEntries(this.shown.map((tab, index) =>
            [String(index + 1), { label: `Tab: ${tab}`, run: () => navigate(href(["settings", tab])) }]));
    }

    update(route) {
        this.route = route;
        this.shown = [...api.who().account ? ["profile", "tokens"] : [], ...api.may("admin") ? ["accounts", "workspaces", "audit"] : [], "about"];
        const [, asked, id] = route.path;
        const tab = Object.hasOwn(TABS, asked ?? "") ? asked : this.shown[0];
        fill(this.tabs, this.shown.map((one) => h("a", { href: href(["settings", one]), "aria-current": one === tab ? "page" : null }, one)));
        this.shell.setCrumbs([["Settings", href(["settings"])], [tab]]);
        if (this.drawn === `${tab}/${id}` && this.changed) this.changed();
        else this.draw(tab, id);
    }

    async draw(tab, id) {
        const mine = this.drawn = `${tab}/${id}`;
        const body = h("div");
        this.changed = null;
        fill(this.body, skeleton(4));
        try {
            await TABS[tab](body, this, id);
            if (mine === this.drawn) fill(this.body, body);
        } catch (error) {
            if (mine === this.drawn) fill(this.body, errorBox(error, () => this.draw(tab, id)));
        }
    }

    close() {
        this.drawn = null;
    }
}

// ---- oneself ----

const passwords = (required) => [
    { name: "password", label: "Password", type: "password", hint: "At least 8 characters, not the name", required, autocomplete: "new-password" },
    { name: "again", label: "Password again", type: "password", required, autocomplete: "new-password" },
];

/** What a form says, without the second password and what was left empty. */
function checked({ again = "", ...values }) {
    if (again !== values.password) throw new Error("The two passwords are not the same.");
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
}

async function profile(body, page) {
    const id = api.who().account;
    if (!id) return void fill(body, "Nobody has to log in here, so nobody has a profile or tokens. ", toAccounts("Accounts"));
    const own = await api.account(id);
    const rename = () => formDialog("Display name", [{ ...DISPLAY_NAME, value: own.displayName }], "Save", async (values) => {
        await api.changeAccount(id, values);
        await profile(body, page);
    });
    const change = () => formDialog("Change the password", [
        { name: "current", label: "Password until now", type: "password", required: true, autocomplete: "current-password" }, ...passwords(true),
    ], "Change", async (values) => {
        await api.setPassword(id, checked(values));
        page.shell.toast("Password changed; your logins elsewhere have ended");
    });
    const fact = (name, value) => [h("dt", {}, name), h("dd", {}, value)];
    fill(body, h("dl.pairs", {}, fact("name", own.name), fact("display name", own.displayName || "–"), fact("role", own.role)),
        h("div.row", {}, button("Change the display name…", rename), own.hasPassword && button("Change the password…", change)));
}

// ---- tokens ----

export async function tokens(body, page, account = api.who().account) {
    if (!account) return profile(body, page);
    const made = h("div", { role: "status" }), list = h("div");
    const draw = async () => {
        const { tokens: all } = await api.tokens(account);
        fill(list, all.length ? table(["token", "scope", "made", "last used", "expires", ""], all.map((one) => row(one.name, one.scope,
            day(one.createdAt), since(one.lastUsedAt), expiry(one.expiresAt), link("revoke", one.name, () => revoke(one)))))
            : h("p.empty.muted", {}, "No tokens yet. Programs show one to come in."));
    };
    const revoke = async ({ id, name }) => {
        if (!await confirmDialog("Revoke the token?", `Programs that use “${name}” are refused from now on. This cannot be taken back.`, "Revoke")) return;
        fill(made);
        await api.revokeToken(id).then(draw).catch(page.shell.fail);
    };
    const make = () => formDialog("New token", [
        { name: "name", label: "Name", hint: "Where it is used: laptop, training cluster", required: true },
        { name: "scope", label: "May at most", hint: "And never more than its account", value: "editor",
            options: ROLES.slice(1).filter(([role]) => api.may(role) || api.who().experimentRoles) },
        { name: "days", label: "Expires", value: "90", options: [...["30", "90", "365"].map((one) => [one, `in ${one} days`]), ["", "never"]] },
    ], "Make", async ({ days, ...values }) => {
        showToken(made, await api.createToken(account, { ...values, ...days ? { expiresAt: Date.now() + days * DAY } : {} }));
        await draw();
    });
    await draw();
    fill(body, h("div.toolbar", {}, primary("New token…", make)), made, list);
}

/** @param key a token, or any key where nobody has to log in */
export const wandbLogin = (key) => `wandb login --host ${server} ${key}`;

function showToken(made, { name, token }) {
    fill(made, h("div.banner.made", {}, h("b", {}, `Copy the token “${name}” now: it is not shown again.`), copyBox(token, "Copy the token"),
        "For mlflow, paste this where you train:",
        copyBox(`export MLFLOW_TRACKING_URI=${server}\nexport MLFLOW_TRACKING_TOKEN=${token}`, "Copy the lines for mlflow"),
        "For wandb it is the key:", copyBox(wandbLogin(token), "Copy the line for wandb")));
}

function expiry(time) {
    if (!time) return "never";
    return time < Date.now() ? h("span.bad", {}, `expired ${day(time)}`) : day(time);
}

// ---- accounts ----

/** All of them, or one with its tokens. */
async function accounts(body, page, id) {
    if (id) {
        const one = await api.account(id), list = h("div");
        await tokens(list, page, id);
        fill(body, h("p", {}, toAccounts("accounts"), " › ", h("b", {}, one.name), ` ${one.kind}, role ${one.role}`), list);
        return;
    }
    const draw = () => accounts(body, page);
    const { accounts: all } = await api.accounts();
    if (all.length) {
        fill(body, h("div.toolbar", {}, primary("New account…", () => make(draw))),
            table(["name", "display name", "kind", "role", "last seen", ""], all.map((one) => accountRow(one, draw, page.shell))));
        return;
    }
    fill(body, h("div.empty", {}, h("p", {}, "There are no accounts, so nobody has to log in. Once there is one, everybody has to: here with a password, "
        + "in programs with a token. (Unless the server runs with --login off.)"),
    primary("Make the first account…", () => formDialog("The first account", [NAME, ...passwords(true)], "Make the account", async (values) => {
        await api.createAccount({ role: "admin", ...checked(values) });
        if ((await api.session({ isFresh: true })).isLoginRequired) page.shell.loginChanged(href(["login"], { next: "settings/accounts" }));
        else await draw();
    }))));
}

function make(draw) {
    formDialog("New account", [
        NAME, { name: "kind", label: "Kind", options: [["person", "person: logs in"], ["service", "service: a program, with tokens only"]] }, DISPLAY_NAME,
        { name: "role", label: "Role", value: "editor", options: ROLES, hint: "In the default workspace; another one, or an experiment, may differ" },
        ...passwords(false),
    ], "Make the account", async (values) => {
        await api.createAccount(checked(values));
        await draw();
    });
}

function accountRow(one, draw, shell) {
    const { id, name, isActive } = one;
    const isOther = id !== api.who().account;
    const activate = (value) => api.changeAccount(id, { isActive: value }).then(draw).catch(shell.fail);
    const change = () => formDialog(`Change ${name}`, [
        { ...DISPLAY_NAME, value: one.displayName }, { name: "role", label: "Role", value: one.role, options: ROLES },
    ], "Save", async (values) => {
        await api.changeAccount(id, values);
        await draw();
    });
    const setPassword = () => formDialog(`Password of ${name}`, passwords(true), "Set", async (values) => {
        await api.setPassword(id, checked(values));
        await draw();
    });
    const stop = async () => await confirmDialog(`Deactivate ${name}?`, "Its logins and tokens are refused until it is activated again.", "Deactivate")
        && activate(false);
    return row([name, isOther ? null : " (you)", isActive ? null : h("span.warn", {}, " inactive")], one.displayName, one.kind, one.role, since(one.lastSeenAt),
        h("span.row-actions", {}, link("change", name, change), isOther && one.kind === "person" ? link("password", name, setPassword) : null,
            h("a", { href: href(["settings", "accounts", id]), "aria-label": `tokens: ${name}` }, "tokens"),
            !isOther ? null : isActive ? link("deactivate", name, stop) : link("activate", name, () => activate(true))));
}

/** Who may what in one experiment. */
export const editRoles = (experiment, shell) => roleDialog(experiment.name, shell, () => api.roles(experiment.id),
    (id, role) => api.setRole(experiment.id, id, role), (one) => experiment.workspace === "default" ? `as in the workspace: ${one.role}` : "as in its workspace");

/** Admins of the default workspace are admins everywhere. */
async function roleDialog(name, shell, read, write, standard) {
    const [{ accounts: all }, { roles }] = await Promise.all([api.accounts(), read()]);
    const special = new Map(roles.map((one) => [one.account, one.role]));
    const others = all.filter((one) => one.isActive && one.role !== "admin");
    const title = `Who may see ${name}`;
    if (!others.length) {
        openDialog(title, () => h("p", {}, "There are only admins, who may everything everywhere. ", toAccounts("Accounts")));
        return;
    }
    formDialog(title, others.map((one) => ({
        name: one.id, label: one.displayName ? `${one.name} (${one.displayName})` : one.name, value: special.get(one.id) ?? "",
        options: [["", standard(one)], ...ROLES],
    })), "Save", async (values) => {
        for (const [id, role] of Object.entries(values)) {
            if (role === (special.get(id) ?? "")) continue;
            await write(id, role || null);
            special.set(id, role);
        }
        shell.toast("Roles kept");
    });
}

// ---- workspaces ----

async function workspaces(body, page) {
    const draw = () => workspaces(body, page);
    const description = { name: "description", label: "What it is for", multiline: true };
    const form = (title, fields, label, send) => formDialog(title, fields, label, async (values) => {
        await send(values);
        await draw();
    });
    const rows = (await rooms.all()).map((one) => {
        const { name } = one;
        const roles = () => roleDialog(name, page.shell, () => rooms.roles(name), (id, role) => rooms.setRole(name, id, role), () => "none: sees nothing");
        const change = () => form(`Change ${name}`, [{ ...description, value: one.description }], "Save", (values) => rooms.change(name, values));
        const remove = () => form(`Remove ${name}?`, [{ name: "experiments", label: "Its experiments", options: [
            ["", "there are none"], ["keep", "go to the default workspace"], ["delete", "go to the bin of the default workspace"]] }],
        "Remove", ({ experiments }) => rooms.remove(name, experiments || null));
        const open = h("a", { href: href([], { workspace: name === "default" ? null : name }) }, name);
        return row(open, one.description, h("span.row-actions", {}, link("change", name, change),
            ...name === "default" ? [] : [link("who may see this", name, roles), link("remove", name, remove)]));
    });
    const make = () => form("New workspace", [{ name: "name", label: "Name", required: true, hint: "Letters, digits and . _ -; MLflow takes small letters only" },
        description], "Make it", (values) => rooms.create(values));
    fill(body, h("div.toolbar", {}, primary("New workspace…", make)), table(["name", "what it is for", ""], rows));
}

// ---- the rest ----

async function audit(body, page) {
    const rows = h("tbody"), none = h("p.empty.muted", {}, "Nothing was done."), more = button("Load more", () => show(true));
    const action = h("select.input", { "aria-label": "Action" }, h("option", { value: "" }, "all actions"), ACTIONS.map((one) => h("option", {}, one)));
    const actor = h("input.input", { type: "search", placeholder: "By whom: a name", "aria-label": "By whom", spellcheck: "false" });
    let last = null, turn = 0;
    const read = async (isMore) => {
        const mine = ++turn;
        const { entries, hasMore } = await api.audit({ action: action.value || null, actor: actor.value.trim() || null, before: isMore ? last : null });
        if (mine !== turn) return;
        if (!isMore) fill(rows);
        rows.append(...entries.map((one) => row(iso(one.at).slice(0, 19), one.actor, one.action, one.subject, one.detail, one.address)));
        last = entries.at(-1)?.id;
        more.hidden = !hasMore;
        none.hidden = rows.hasChildNodes();
    };
    const show = (isMore) => read(isMore).catch(page.shell.fail);
    const take = () => {
        action.value = page.route.query.get("action") ?? "";
        actor.value = page.route.query.get("actor") ?? "";
    };
    page.changed = () => { take(); show(false); };
    for (const field of [action, actor]) field.addEventListener("change", () => setQuery({ action: action.value, actor: actor.value }));
    take();
    await read(false);
    fill(body, h("div.toolbar", {}, action, actor), table(["time", "who", "action", "what", "detail", "from"], rows), none, more);
}

async function about(body) {
    const { version, api: number } = await api.version();
    const place = (path) => h("a", { href: path, data: { skip: "" } }, path);
    fill(body, h("p", {}, h("b", {}, `Martlet ${version}`), `, interface ${number}. `,
        api.who().isLoginRequired ? "A login is required. " : "Nobody has to log in. ", place("health"), " · ", place("metrics")),
    h("p.below", {}, "Clients log to:"), copyBox(`export MLFLOW_TRACKING_URI=${server}`));
}
