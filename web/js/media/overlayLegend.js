// Which masks, boxes and classes are shown over pictures, how strongly, and from which score on.
import { fill, h, setText } from "../dom.js";
import { number } from "../format.js";
import { classOf, cssColor, nameOf, scoresOf, share } from "./overlayModel.js";

const MOST_CLASSES = 300, MOST_SCORES = 6;

/** What is in its place already is not touched: it would lose how far it was scrolled. */
function arrange(element, children) {
    const next = children.flat().filter(Boolean);
    const isSame = next.length === element.children.length && next.every((child, index) => child === element.children[index]);
    return isSame ? element : fill(element, next);
}

export class Legend {
    constructor(group, host) {
        Object.assign(this, { group, host, kept: new Map(), shown: new Map() });
        host.setAttribute("role", "group");
        host.setAttribute("aria-label", "Overlays");
    }

    /** The same element for the same thing, so that what has the focus keeps it. */
    keep(id, make) {
        if (!this.kept.has(id)) this.kept.set(id, make());
        return this.kept.get(id);
    }

    draw() {
        const { sets, scores } = contents(this.group), { state } = this.group;
        const focused = this.host.contains(document.activeElement) ? document.activeElement : null;
        const all = this.check("all", "Overlays", state.isOn, () => { state.isOn = !state.isOn; });
        all.title = "All overlays (o)";
        const head = this.keep("head", () => h("div.row"));
        arrange(head, [all, sets.some(({ kind }) => kind === "mask") ? this.opacity() : null]);
        arrange(this.host, [head, sets.map((set) => this.set(set)), [...scores].filter(([, [low, high]]) => low < high).slice(0, MOST_SCORES).map(([name, ends]) => this.score(name, ends))]);
        this.host.classList.toggle("off", !state.isOn);
        focused?.focus({ preventScroll: true });
    }

    /** @param toggle changes the state */
    check(id, name, isOn, toggle, swatch = null) {
        const element = this.keep(id, () => h("label.overlay-check", {}, h("input", { type: "checkbox", on: { change: () => this.group.state.change(toggle) } }), swatch, h("span"), h("small.muted")));
        element.querySelector("input").checked = isOn;
        setText(element.querySelector("span:last-of-type"), name);
        return element;
    }

    set(set) {
        const { chosen } = this.group.state, isOn = chosen.get(set.id) ?? true;
        const head = this.check(set.id, set.name, isOn, () => chosen.set(set.id, !(chosen.get(set.id) ?? true)));
        setText(head.lastChild, set.kind);
        const order = [...set.classes.values()].sort((a, b) => Number(a.id) - Number(b.id)).slice(0, MOST_CLASSES);
        const element = this.keep(`row ${set.id}`, () => h("div.overlay-set", { role: "group", "aria-label": `${set.name}, ${set.kind}` }));
        element.classList.toggle("off", !isOn);
        return arrange(element, [head, order.map((one) => this.class(set, one))]);
    }

    class(set, { id, name, amount, isShown }) {
        const { chosen } = this.group.state, key = `${set.id}\n${id}`;
        // Whether it is shown may be by itself: what was not chosen yet turns from that.
        const box = this.check(key, name, isShown, () => chosen.set(key, !this.shown.get(key)), h("i.overlay-swatch", { style: { background: cssColor(id) } }));
        this.shown.set(key, isShown);
        setText(box.lastChild, set.kind === "mask" ? share(amount / set.whole) : String(amount));
        return box;
    }

    opacity() {
        const { state } = this.group;
        const element = this.keep("opacity", () => h("label.overlay-range", {}, "opacity", h("input.media-slider", { type: "range", min: 0, max: 100, step: 5,
            "aria-label": "Opacity of masks", on: { input: (event) => state.change(() => { state.opacity = Number(event.target.value) / 100; }) } })));
        const slider = element.lastChild;
        slider.value = Math.round(100 * state.opacity);
        slider.setAttribute("aria-valuetext", `${slider.value}%`);
        return element;
    }

    /** Boxes without the score stay: only those that have it are measured. */
    score(name, [low, high]) {
        const { state } = this.group;
        const element = this.keep(`score ${name}`, () => h("label.overlay-range", {}, h("span"), h("input.media-slider", { type: "range", step: "any", "aria-label": `Least ${name} of boxes`,
            on: { input: ({ target }) => state.change(({ minimum }) => Number(target.value) > Number(target.min) ? minimum.set(name, Number(target.value)) : minimum.delete(name)) } })));
        const slider = element.lastChild;
        Object.assign(slider, { min: low, max: high, value: state.minimum.get(name) ?? low });
        const text = `${name} ≥ ${number(state.minimum.get(name) ?? low, 3)}`;
        setText(element.firstChild, text);
        slider.setAttribute("aria-valuetext", text);
        return element;
    }
}

/** What the pictures of a group have, for the legend. @returns {{sets: object[], scores: Map<string, number[]>}} */
function contents(group) {
    const sets = new Map(), scores = new Map();
    for (const set of [...group.layers.values()].flatMap((layer) => layer.sets)) {
        if (!sets.has(set.id)) sets.set(set.id, { id: set.id, kind: set.kind, name: set.name, classes: new Map(), whole: 0 });
        if (!set.isRead || set.error) continue;
        const all = sets.get(set.id);
        const count = (id, amount) => {
            const known = all.classes.get(id) ?? { id, name: nameOf(set.labels, id), amount: 0, isShown: group.isClassShown(set, id) };
            known.amount += amount;
            all.classes.set(id, known);
        };
        all.whole += set.mask?.ids.length ?? 0;
        set.mask?.counts.forEach((amount, id) => amount && count(String(id), amount));
        for (const box of set.boxes ?? []) {
            count(classOf(box), 1);
            for (const [name, score] of scoresOf(box)) {
                const [low, high] = scores.get(name) ?? [Infinity, -Infinity];
                scores.set(name, [Math.min(low, score), Math.max(high, score)]);
            }
        }
    }
    return { sets: [...sets.values()], scores };
}
