// Dialogs: one at a time, closed by Escape, focus goes back to where it was (both done by <dialog>).
import { h, fill, iconButton } from "../dom.js";

/** Opens a dialog. `build` gets the function that closes it and returns what stands in it. */
export function openDialog(title, build, { wide = false, side = false } = {}) {
    const dialog = h("dialog", { "aria-label": title, class: `${wide ? "wide" : ""} ${side ? "side" : ""}` });
    const close = () => dialog.close();
    fill(dialog, h("header", {}, h("h2", {}, title), iconButton("close", "Close (Esc)", close)), build(close));
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => {
        if (event.target === dialog) close();
    });
    document.body.append(dialog);
    dialog.showModal();
    // Where one types, and not the button that closes, which comes first.
    (dialog.querySelector("[autofocus]") ?? dialog.querySelector("form :is(input, textarea, select)"))?.focus();
    return dialog;
}

/** Asks before something that cannot be seen at a glance. Resolves to whether it was confirmed. */
export function confirmDialog(title, text, verb) {
    return new Promise((resolve) => {
        let answer = false;
        const dialog = openDialog(title, (close) => [
            h("p", {}, text),
            h("div.row.end", {},
                h("button.button", { type: "button", on: { click: close } }, "Cancel"),
                h("button.button.primary", {
                    type: "button", autofocus: true, on: { click: () => { answer = true; close(); } },
                }, verb)),
        ]);
        dialog.addEventListener("close", () => resolve(answer));
    });
}

/**
 * A form in a dialog. `submit` may throw: the message appears in the form, which stays open.
 * @param {{name: string, label: string, hint?: string, value?: string, required?: boolean, options?: [string, string][],
 *     multiline?: boolean, type?: string, autocomplete?: string}[]} fields
 */
export function formDialog(title, fields, verb, submit) {
    return openDialog(title, (close) => {
        const message = h("p.bad", { role: "alert" });
        const button = h("button.button.primary", { type: "submit" }, verb);
        const send = async (event) => {
            event.preventDefault();
            button.disabled = true;
            try {
                await submit(Object.fromEntries(new FormData(event.target)));
                close();
            } catch (error) {
                message.textContent = error.message;
            } finally {
                button.disabled = false;
            }
        };
        return h("form", { on: { submit: send } },
            fields.map((field) => h("label.field", {}, h("span", {}, field.label), control(field),
                field.hint ? h("small.muted", {}, field.hint) : null)),
            message,
            h("div.row.end", {},
                h("button.button", { type: "button", on: { click: close } }, "Cancel"), button));
    });
}

function control({ name, value = "", required = false, options = null, multiline = false, list = null, type = null, autocomplete = "off" }) {
    if (options) {
        return h("select.input", { name }, options.map(([key, label]) =>
            h("option", { value: key, selected: key === value }, label)));
    }
    if (multiline) return h("textarea.input", { name, rows: 3, required, value });
    const input = h("input.input", { name, required, value, type, autocomplete, list: list ? `list-${name}` : null });
    return list ? [input, h("datalist", { id: `list-${name}` }, list.map((item) => h("option", { value: item })))] : input;
}

/**
 * A text that is edited where it stands: a click or Enter opens a field, Enter keeps (Ctrl Enter in one of many
 * lines), Escape leaves it as it was.
 * @param {{value: string, placeholder: string, label: string, tag?: string, multiline?: boolean,
 *     long?: (value: string) => HTMLElement, may?: boolean, save: (value: string) => Promise<void>}} options
 * `long` draws a text of more than a line or two; a button beside it edits it then. Who may not has only the text.
 */
export function inlineEdit({ value, placeholder, label, tag = "span", multiline = false, long = null, may = true, save }) {
    const host = h(`${tag}.inline-edit`);
    let current = value;
    const isLong = () => long !== null && (current.includes("\n") || current.length > 160);
    const rest = () => {
        host.classList.toggle("long", isLong());
        if (isLong()) {
            const button = iconButton("edit", `Edit ${label}`, edit);
            const text = long(current);
            // It may scroll, so the keyboard must reach it.
            text.tabIndex = 0;
            fill(host, may ? button : null, text);
            return button;
        }
        if (!may) {
            fill(host, current);
            return host;
        }
        const button = h("button.inline-text", { type: "button", title: `Edit ${label}`, on: { click: edit } },
            current ? h("span", {}, current) : h("span.placeholder", {}, placeholder));
        fill(host, button);
        return button;
    };
    const edit = () => {
        const isTall = multiline || isLong();
        const field = h(isTall ? "textarea.input" : "input.input", {
            value: current, "aria-label": label, placeholder, rows: isTall ? Math.min(16, Math.max(2, current.split("\n").length)) : null,
        });
        let isDone = false;
        const finish = async (keep) => {
            if (isDone) return;
            isDone = true;
            const before = current;
            const next = field.value.trim();
            if (keep) current = next;
            rest();
            if (!keep || next === before) return;
            try {
                await save(next);
            } catch (error) {
                current = before;
                rest();
                host.append(h("small.bad", { role: "alert" }, ` ${error.message}`));
            }
        };
        // Not from a field that was opened while this one was being saved.
        const refocus = () => document.activeElement === document.body && host.firstChild.focus();
        field.addEventListener("keydown", (event) => {
            event.stopPropagation();
            if (event.key === "Enter" && (isTall ? event.ctrlKey || event.metaKey : !event.shiftKey)) {
                event.preventDefault();
                finish(true).then(refocus);
            } else if (event.key === "Escape") {
                finish(false).then(refocus);
            }
        });
        field.addEventListener("blur", () => finish(true));
        fill(host, field);
        field.focus();
        field.select();
    };
    rest();
    return {
        element: host,
        edit,
        /** Shows another text, unless somebody is typing. */
        set(next) {
            if (host.contains(document.activeElement) && document.activeElement.matches(".input")) return;
            if (next === current) return;
            current = next;
            rest();
        },
    };
}
