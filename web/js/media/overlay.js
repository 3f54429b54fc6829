// Masks and boxes over the pictures that they were logged with. Loaded by the first picture that has any.
import { fill, h } from "../dom.js";
import { plural } from "../format.js";
import { boxes, labels, mask } from "./overlayFiles.js";
import { Legend } from "./overlayLegend.js";
import { classOf, cssColor, isGround, isHigh, paint, placeOf, sentence, setsOf, wordsOf } from "./overlayModel.js";
import { drawn } from "./svg.js";
import { fullWidth } from "./values.js";

const MOST_BOXES = 500;
/** Pictures that are narrower on the screen have no room for words. */
const NARROW = 200;
const LETTER = 11, LONGEST = 40;
const KEPT = 200;

/** What one chose for all pictures of a key: it stays from step to step and in full size. */
const states = new Map();
let isAllOn = true;
let lastNumber = 0;

class State {
    constructor() {
        Object.assign(this, { chosen: new Map(), minimum: new Map(), opacity: 0.5, isOn: isAllOn, groups: new Set() });
    }

    change(work) {
        work(this);
        for (const one of this.groups) {
            const group = one.deref();
            if (group) group.changed();
            else this.groups.delete(one);
        }
    }
}

function stateOf(run, key) {
    const id = `${run} ${key}`;
    if (!states.has(id)) states.set(id, new State());
    while (states.size > KEPT) states.delete(states.keys().next().value);
    return states.get(id);
}

/** All overlays of all pictures: off where some are on, else on. */
document.addEventListener("martlet:overlays", () => {
    isAllOn = ![...states.values()].some((state) => state.isOn);
    for (const state of states.values()) state.change(() => { state.isOn = isAllOn; });
});

/** The pictures of one step of a key, which share what is shown of them. */
export class Group {
    /** @param key that they were logged under @param missing makes the note on a path that is not here */
    constructor(run, key, missing) {
        Object.assign(this, { run, key, missing, layers: new Map(), state: stateOf(run, key) });
        this.state.groups.add(new WeakRef(this));
        this.seen = new IntersectionObserver((entries) => {
            for (const { target, isIntersecting } of entries) this.layers.get(target)?.seen(isIntersecting);
        });
        this.sized = new ResizeObserver((entries) => {
            for (const { target } of entries) this.layers.get(target)?.fit();
        });
    }

    /** @param place around the picture @param image @param value as it was logged @param notes where to tell of faults */
    add(place, image, value, notes) {
        this.layers.set(place, new Layer(this, place, image, value, notes));
        this.seen.observe(place);
        this.sized.observe(place);
    }

    showLegend(host) {
        this.legend = new Legend(this, host);
        this.legend.draw();
    }

    /** Files were read: there may be more classes. */
    learned() {
        this.legend?.draw();
    }

    changed() {
        this.layers.forEach((layer) => layer.draw());
        this.legend?.draw();
    }

    isSetShown(set) {
        return this.state.isOn && (this.state.chosen.get(set.id) ?? true);
    }

    isClassShown(set, id) {
        return this.state.chosen.get(`${set.id}\n${id}`) ?? !(set.kind === "mask" && isGround(set.labels, id));
    }
}

/** Resolves once the picture is here. */
const arrived = (image) => image.complete && image.naturalWidth ? Promise.resolve() : new Promise((resolve) => { image.addEventListener("load", resolve, { once: true }); });

class Layer {
    constructor(group, place, image, value, notes) {
        Object.assign(this, { group, place, image, notes, sets: setsOf(value), isSeen: false });
        this.svg = drawn("svg", { class: "overlay-boxes", "aria-hidden": "true" });
        for (const set of this.sets) {
            set.element = set.kind === "mask" ? h("canvas", { hidden: true, data: { set: set.name } }) : drawn("g", { "data-set": set.name });
            if (set.kind === "boxes") this.svg.append(set.element);
            else place.append(set.element);
        }
        // A second set of boxes lies over the first: it has dashes, and its words are below.
        this.sets.filter(({ kind }) => kind === "boxes").slice(1).forEach((set, index) => {
            set.isBelow = index % 2 === 0;
            set.element.setAttribute("stroke-dasharray", "5 3");
        });
        place.append(this.svg);
    }

    seen(isSeen) {
        this.isSeen = isSeen;
        if (isSeen) this.open();
        this.draw();
    }

    async open() {
        if (this.isOpen) return;
        this.isOpen = true;
        await arrived(this.image);
        this.size = { width: this.image.naturalWidth, height: this.image.naturalHeight };
        // In full size a small picture is larger than it is: words need room.
        if (this.place.closest(".full-place")) this.place.style.width = fullWidth(this.size);
        this.svg.setAttribute("viewBox", `0 0 ${this.size.width} ${this.size.height}`);
        await Promise.all(this.sets.map(async (set) => {
            await this.read(set).catch((error) => { set.error = error; });
            set.isRead = true;
            this.group.learned();
        }));
        this.fit();
        this.tell();
        this.place.dataset.overlays = "read";
    }

    async read(set) {
        const { run, key } = this.group, { kind, name, file } = set;
        const names = labels(run, kind, key, name);
        if (kind === "mask") {
            // The mask of an artifact has no path in the run.
            if (typeof file.path !== "string") throw new Error("It has no file in this run.");
            set.mask = await mask(run, file.path);
            set.labels = await names;
        } else {
            const found = await boxes(run, file);
            set.labels = { ...await names, ...found.labels };
            set.placed = found.boxes.map((box) => ({ box, at: placeOf(box, this.size) })).filter(({ at }) => at);
            set.lost = found.boxes.length - set.placed.length;
            set.boxes = set.placed.map(({ box }) => box);
        }
    }

    /** What is not here, and in words what is. */
    tell() {
        const faults = this.sets.flatMap((set) => set.error?.status === 404 ? this.group.missing(set.file.path)
            : set.error ? h("p.muted.media-missing", {}, `The ${set.kind} “${set.name}” cannot be shown. ${set.error.message}`)
                : set.lost ? h("p.muted.media-missing", {}, `${plural(set.lost, "box", "boxes")} of “${set.name}” without a place.`)
                    : set.placed?.length > MOST_BOXES ? h("p.muted.media-missing", {}, `The first ${MOST_BOXES} of ${set.placed.length} boxes of “${set.name}” are drawn.`) : []);
        const id = `overlay-${lastNumber += 1}`;
        fill(this.notes, h("p.sr-only", { id }, this.sets.map(sentence).join(" ")), faults);
        (this.place.closest("button") ?? this.image).setAttribute("aria-describedby", id);
    }

    /** The place has another size. */
    fit() {
        if (!this.size) return;
        const { clientWidth, clientHeight } = this.place;
        const part = Math.min(clientWidth / this.size.width, clientHeight / this.size.height);
        if (!part) return;
        this.letter = LETTER / part;
        this.svg.style.setProperty("font-size", `${this.letter}px`);
        this.svg.classList.toggle("small", this.size.width * part < NARROW);
        this.draw();
    }

    draw() {
        if (!this.isSeen || !this.size) return;
        for (const set of this.sets) {
            if (!set.isRead || set.error) continue;
            const isShown = this.group.isSetShown(set);
            if (set.kind === "mask") this.drawMask(set, isShown);
            else this.drawBoxes(set, isShown);
        }
    }

    drawMask(set, isShown) {
        set.element.hidden = !isShown;
        set.element.style.opacity = this.group.state.opacity;
        const shown = [...set.mask.counts.keys()].filter((id) => set.mask.counts[id] && this.group.isClassShown(set, id));
        if (!isShown || set.painted === shown.join()) return;
        set.painted = shown.join();
        paint(set.element, set.mask, this.size, (id) => shown.includes(id));
    }

    drawBoxes(set, isShown) {
        const shown = isShown && this.letter ? set.placed.slice(0, MOST_BOXES).filter(({ box }) => this.group.isClassShown(set, classOf(box)) && isHigh(box, this.group.state.minimum)) : [];
        fill(set.element, shown.map(({ box, at }) => this.box(box, at, set)));
    }

    box(box, at, { labels: names, isBelow }) {
        const { short, long } = wordsOf(box, names), { width, height } = this.size;
        const frame = drawn("rect", { ...at, style: { stroke: cssColor(classOf(box)) } });
        frame.append(drawn("title", {}, long));
        // Over or under the box where there is room, else in it; to the left where the picture ends.
        const edge = isBelow ? at.y + at.height : at.y, isUnder = isBelow ? edge < height - 1.4 * this.letter : edge < 1.4 * this.letter, isEnd = at.x > 0.6 * width;
        const word = drawn("text", { x: isEnd ? Math.min(width, at.x + at.width) : Math.max(0, at.x), y: Math.min(height, Math.max(0, edge)), dx: isEnd ? "-0.2em" : "0.2em", dy: isUnder ? "1.1em" : "-0.35em",
            "text-anchor": isEnd ? "end" : "start" }, short.length > LONGEST ? `${short.slice(0, LONGEST - 1)}…` : short);
        const group = drawn("g", { "data-class": classOf(box) });
        group.append(frame, word);
        return group;
    }
}
