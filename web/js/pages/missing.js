// An address that leads nowhere.
import { h, fill } from "../dom.js";
import { href } from "../router.js";

export function open(root, route, shell) {
    shell.setCrumbs([["Experiments", href(["e"])], ["not found"]]);
    fill(root, h("div.empty", {},
        h("h1", {}, "There is no such page"),
        h("p", {}, "Nothing stands at ", h("code", {}, `/${route.key}`), "."),
        h("p", {}, h("a", { href: href(["e"]) }, "All experiments"))));
    return { update() {}, close() {}, keys: {} };
}
