// A menu that pops up where it was asked for: arrows, Enter, Escape; focus goes back to where it was.
import { h, fill } from "../dom.js";

let close = null;

export function openMenu(place, label, items) {
    close?.();
    const before = document.activeElement;
    const menu = h("div.popup", { role: "menu", "aria-label": label, tabindex: -1 });
    const buttons = [];
    fill(menu, items.map((item) => {
        if (!item) return h("hr");
        const button = h("button.menu-item", { type: "button", role: "menuitem", tabindex: -1, on: {
            click: () => { finish(); item.run(); },
            mouseenter: () => button.focus(),
        } }, h("span.ellipsis", {}, item.label), item.hint ? h("span.muted", {}, item.hint) : null);
        buttons.push(button);
        return button;
    }));
    const outside = (event) => { if (!menu.contains(event.target)) finish(false); };
    const finish = (isFocusBack = true) => {
        close = null;
        menu.remove();
        document.removeEventListener("pointerdown", outside, true);
        removeEventListener("resize", finish);
        if (isFocusBack && before?.isConnected) before.focus({ preventScroll: true });
    };
    menu.addEventListener("keydown", (event) => {
        event.stopPropagation();
        const at = buttons.indexOf(document.activeElement);
        const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
        if (step) buttons[(at + step + buttons.length) % buttons.length].focus();
        else if (event.key === "Home") buttons[0].focus();
        else if (event.key === "End") buttons.at(-1).focus();
        else if (event.key === "Escape" || event.key === "Tab") finish();
        else return;
        event.preventDefault();
    });
    document.body.append(menu);
    const left = Math.max(8, Math.min(place.left, innerWidth - menu.offsetWidth - 8));
    const below = place.bottom + 2;
    const top = below + menu.offsetHeight < innerHeight - 8 ? below : Math.max(8, place.top - menu.offsetHeight - 2);
    menu.style.setProperty("left", `${left}px`);
    menu.style.setProperty("top", `${top}px`);
    document.addEventListener("pointerdown", outside, true);
    addEventListener("resize", finish);
    buttons[0]?.focus();
    close = finish;
    return menu;
}
