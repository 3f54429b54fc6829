// The blocks of a report as elements: texts, lists, code, pictures of this server. A report is data; what is no text here is told.
import { h } from "../dom.js";
import { allowed, anchor, markdown } from "../md.js";

const DEEPEST = 8;
/** What a mark on a text is called here. */
const MARKS = [["bold", "strong"], ["italic", "em"], ["strikethrough", "del"], ["underline", "u"], ["inlineCode", "code"]];

const listOf = (value) => Array.isArray(value) ? value.filter((one) => one && typeof one === "object") : [];
const textOf = (value) => typeof value === "string" ? value : "";

/** The text of a block without what it looks like. */
export const plainText = (block) => textOf(block.text) + listOf(block.children).map(plainText).join("");

/** Texts, links, formulas of one block. */
function inline(children, depth = 0) {
    return depth > DEEPEST ? [] : listOf(children).map((child) => {
        if (child.type === "latex") return h("code", { title: "LaTeX" }, textOf(child.content));
        if (child.type === "link") return linked(child.url, inline(child.children, depth + 1));
        if (Array.isArray(child.children)) return inline(child.children, depth + 1);
        return MARKS.reduce((made, [mark, tag]) => child[mark] === true && made ? h(tag, {}, made) : made, textOf(child.text));
    });
}

/** A link where it may lead; else only its label. */
function linked(target, label) {
    const url = allowed(textOf(target));
    return url ? anchor(url, null, label) : label;
}

const MAKERS = {
    paragraph: ({ children }) => plainText({ children }).trim() || listOf(children).length > 1 ? h("p", {}, inline(children)) : null,
    heading,
    "markdown-block": ({ content }) => markdown(textOf(content)),
    "code-block": ({ children, language }) => h("pre", { tabindex: 0, title: textOf(language) || null }, h("code", {}, listOf(children).map(plainText).join("\n"))),
    "callout-block": ({ children }) => h("div.callout", { role: "note" }, listOf(children).map((line) => h("p", {}, inline(line.children)))),
    "block-quote": ({ children }) => h("blockquote", {}, inline(children)),
    list,
    latex: ({ content }) => h("figure.formula", {}, h("pre", { tabindex: 0 }, h("code", {}, textOf(content))), h("figcaption.muted", {}, "LaTeX, as it was written")),
    "horizontal-rule": () => h("hr"),
    image,
    video: ({ url }) => h("p", {}, "Video: ", linked(url, textOf(url))),
    gallery: ({ links }) => h("ul", {}, listOf(links).filter((one) => one.url).map((one) => h("li", {}, linked(one.url, textOf(one.title) || textOf(one.url))))),
};

/** @param blocks of a report @param context panels(block): element; contents(): element @returns elements */
export function drawBlocks(blocks, context, depth = 0) {
    return depth > DEEPEST ? [] : listOf(blocks).map((block) => {
        const type = block.type === "default" ? "paragraph" : block.type;
        if (type === "panel-grid") return context.panels(block);
        if (type === "table-of-contents") return context.contents();
        if (Object.hasOwn(MAKERS, type)) return MAKERS[type](block, context, depth);
        return h("p.muted.not-drawn", {}, "A block of the kind ", h("code", {}, textOf(type) || "unknown"), " is not drawn here.");
    });
}

/** The page has its own h1. */
function heading(block, context, depth) {
    const level = Math.min(6, Math.max(1, Number(block.level) || 1) + 1);
    const head = h(`h${level}.report-head`, { tabindex: "-1" }, inline(block.children));
    context.heads.push({ level, text: plainText(block), element: head });
    const folded = drawBlocks(block.collapsedChildren, context, depth + 1);
    return folded.length ? h("details", { open: true }, h("summary", {}, head), folded) : head;
}

function list({ children, ordered }, _, depth) {
    return h(ordered ? "ol" : "ul", {}, listOf(children).map((item) => {
        const isTask = typeof item.checked === "boolean";
        const inner = listOf(item.children).map((child) => child.type === "list" && depth < DEEPEST ? list(child, null, depth + 1) : inline([child]));
        return h("li", { class: isTask ? "task" : null }, isTask ? h("span", { role: "img", "aria-label": item.checked ? "done" : "open" }, item.checked ? "☑ " : "☐ ") : null, inner);
    }));
}

// A picture from elsewhere would tell its owner who reads the report: it becomes a link.
function image({ url, children }) {
    const target = allowed(textOf(url)), caption = plainText({ children });
    if (!target) return h("p.muted.not-drawn", {}, "A picture without an address. ", caption);
    if (target.origin !== location.origin) return h("p", {}, "Picture: ", anchor(target, null, caption || target.href));
    return h("figure", {}, h("img", { src: target.href, alt: caption, loading: "lazy" }), caption ? h("figcaption.muted", {}, caption) : null);
}
