// Who are you? Name and password, the first account, or the news that nobody has to say.
import { fill, h, href, inside } from "../dom.js";
import { duration } from "../format.js";
import * as api from "../api.js";

export function open(root, route, shell) {
    return new LoginPage(root, route, shell);
}

/** Where one wanted to go, unless that is another site or this page. */
function destination({ query }) {
    try {
        const target = inside(query.get("next") ?? "");
        if (target && !target.startsWith(new URL("login", document.baseURI).href)) return target;
    } catch {
        // No address at all.
    }
    return document.baseURI;
}

function field(label, props) {
    return h("label.field", {}, h("span", {}, label), h("input.input.big", { required: true, ...props }));
}

class LoginPage {
    constructor(root, route, shell) {
        Object.assign(this, { root, shell });
        this.update(route);
        this.onHash = () => location.hash && this.update(this.route);
        addEventListener("hashchange", this.onHash);
    }

    update(route) {
        this.route = route;
        const code = this.code = /^#first=([0-9a-f]+)$/.exec(location.hash)?.[1] ?? this.code;
        // A secret: neither the history nor a look over the shoulder needs it.
        if (location.hash) history.replaceState(null, "", location.pathname + location.search);
        const { isLoginRequired, needsFirstAccount, name, loginProvider } = api.who();
        this.shell.setCrumbs([["Log in"]]);
        if (name && isLoginRequired) this.shell.loginChanged(destination(route));
        else if (!isLoginRequired) this.free();
        else if (needsFirstAccount && code) this.first(code);
        else if (!needsFirstAccount || loginProvider) this.login(code);
        else this.say("There is no account yet", "To make the first one, open the link ", h("code", {}, "…/login#first=…"), " that the server printed when it started.");
    }

    say(title, ...text) {
        fill(this.root, h("div.empty", {}, h("h1", {}, title), h("p", {}, text)));
    }

    free() {
        this.say("Nobody has to log in here",
            "Only this computer reaches the server, or somebody before it checks who comes. A login is needed once there is an account: ",
            h("a", { href: href(["settings", "accounts"]) }, "make the first one"), ", or start the server with ", h("code", {}, "--login required"),
            " and open the link that it prints.");
    }

    login(code) {
        const { loginProvider, refusal } = api.who();
        this.form("Log in", code ? "The first account exists already; log in with it." : null, [
            field("Name", { name: "name", autocomplete: "username", autocapitalize: "none", spellcheck: "false", autofocus: true }),
            field("Password", { name: "password", type: "password", autocomplete: "current-password" }),
        ], "Log in", api.logIn);
        if (loginProvider) this.root.firstChild.append(h("a.button", {
            href: href(["login", "oidc"], { next: this.route.query.get("next") }), data: { skip: "" },
        }, `Log in with ${loginProvider}`));
        this.message.textContent = refusal ?? "";
    }

    first(code) {
        this.form("The first account", "It is an admin: it makes the other accounts.", [
            field("Name: letters, digits and . _ - @ +", { name: "name", autocomplete: "username", autocapitalize: "none", spellcheck: "false", autofocus: true }),
            field("Password: at least 8 characters, not the name", { name: "password", type: "password", autocomplete: "new-password", minlength: 8 }),
            field("Password again", { name: "again", type: "password", autocomplete: "new-password" }),
        ], "Make the account", ({ again, ...values }) => {
            if (again !== values.password) throw new Error("The two passwords are not the same.");
            return api.makeFirstAccount({ ...values, code });
        });
    }

    form(title, text, fields, verb, submit) {
        const message = this.message = h("p.bad", { role: "alert" }), button = h("button.button.primary.big", { type: "submit" }, verb);
        const send = async (event) => {
            event.preventDefault();
            button.disabled = true;
            fill(message);
            try {
                await submit(Object.fromEntries(new FormData(event.target)));
                this.shell.loginChanged(destination(this.route));
            } catch (error) {
                button.disabled = false;
                this.refused(error, button);
            }
        };
        fill(this.root, h("form.login", { method: "post", on: { submit: send } },
            h("h1", {}, title), text ? h("p.muted", {}, text) : null, fields, message, button));
        this.root.querySelector("[autofocus]").focus();
    }

    refused(error, button) {
        const { message } = this;
        if (error.status !== 429) {
            message.textContent = error.message;
            this.root.querySelector("[name=password]").select();
            return;
        }
        const wait = Math.max(1, error.retryAfter) * 1_000;
        button.disabled = true;
        message.textContent = `Too many tries that failed. Try again in ${duration(wait)}.`;
        this.timer = setTimeout(() => {
            button.disabled = false;
            message.textContent = "You can try again now.";
        }, wait);
    }

    close() {
        clearTimeout(this.timer);
        removeEventListener("hashchange", this.onHash);
    }
}
