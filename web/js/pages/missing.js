// An address that leads nowhere.
import { h, fill, href } from "../dom.js";

export function open(root, route, shell) {
    shell.setCrumbs([["Experiments", href(["e"])], ["not found"]]);
    fill(root, h("div.empty", {},
        h("h1", {}, "There is no such page"),
        h("p", {}, "Nothing stands at ", h("code", {}, `/${route.key}`), "."),
        h("p", {}, h("a", { href: href(["e"]) }, "All experiments"))));
    return { update() {}, close() {} };
}
