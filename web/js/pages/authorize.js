// Where W&B's client sends whoever it asks for a key: "What do I paste?"
import { copyBox, errorBox, fill, h, href } from "../dom.js";
import * as api from "../api.js";
import { tokens, wandbLogin } from "./settings.js";

export function open(root, route, shell) {
    const body = h("div");
    shell.setCrumbs([["Key for wandb"]]);
    fill(root, h("h1", {}, "Your key for wandb"), body);
    // A browser that never logged in has not asked whether it has to.
    api.session({ isFresh: true }).then(({ account, isLoginRequired }) => {
        if (api.isLocked()) api.reach.locked();
        else if (isLoginRequired === undefined) fill(body, errorBox(new Error("The server does not answer."), () => location.reload()));
        else if (!isLoginRequired) fill(body, ...free());
        else if (account) personal(body, shell);
        else fill(body, h("p", {}, "Whoever let you in here must give you a token."));
    });
    return { update() {}, close() {} };
}

function free() {
    const digits = [...crypto.getRandomValues(new Uint8Array(20))].map((one) => one.toString(16).padStart(2, "0")).join("");
    const key = `local-${digits}`;
    return [
        h("p", {}, "Nobody has to log in here: any key of 40 letters and digits is taken. Paste this one where wandb asks for it:"), copyBox(key, "Copy the key"),
        h("p.below", {}, "Or let this line do it, on every machine that logs to this server:"), copyBox(wandbLogin(key), "Copy the line"),
    ];
}

async function personal(body, shell) {
    const list = h("div");
    fill(body, h("p", {}, "A token is a key: make one and paste it where wandb asks for it. All of yours are in the ",
        h("a", { href: href(["settings", "tokens"]) }, "settings"), "."), list);
    await tokens(list, { shell }).catch(shell.fail);
}
