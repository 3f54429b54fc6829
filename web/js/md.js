// Markdown to nodes: the part of CommonMark (and the tables and task lists of GitHub) that notes are written in.
// HTML in the text stays text; links lead to http, https or this server; pictures come from this server only.
import { h } from "./dom.js";

const DEEPEST = 12;
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?: +(.*))?$/;
const RULE = /^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(?: {1,4}(?! )|(?= {5})|$)/;
const DIVIDER = /^ {0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** A text in Markdown as an element with the class `md`. */
export function markdown(text) {
    return h("div.md", {}, blocks(text.replace(/\r\n?/g, "\n").replaceAll("\t", "    ").split("\n"), 0));
}

// ---- blocks ----

function blocks(lines, depth) {
    if (depth > DEEPEST) return [h("p", {}, lines.join("\n"))];
    const made = [];
    let at = 0;
    while (at < lines.length) {
        if (!lines[at].trim()) {
            at += 1;
            continue;
        }
        const [node, next] = block(lines, at, depth);
        made.push(node);
        at = next;
    }
    return made;
}

function block(lines, at, depth) {
    const heading = HEADING.exec(lines[at]);
    // The page has its own h1 and h2.
    if (heading) return [h(`h${Math.min(6, heading[1].length + 2)}`, {}, inline((heading[2] ?? "").replace(/(^| )#+ *$/, "").trim())), at + 1];
    if (FENCE.test(lines[at])) return fence(lines, at);
    if (RULE.test(lines[at])) return [h("hr"), at + 1];
    if (QUOTE.test(lines[at])) return quote(lines, at, depth);
    if (ITEM.test(lines[at])) return list(lines, at, depth);
    if (/^ {4}/.test(lines[at])) return indented(lines, at);
    if (lines[at].includes("|") && DIVIDER.test(lines[at + 1] ?? "")) return table(lines, at);
    return paragraph(lines, at);
}

const startsBlock = (line) =>
    HEADING.test(line) || FENCE.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);

function paragraph(lines, at) {
    let end = at + 1;
    while (end < lines.length && lines[end].trim() && !startsBlock(lines[end])) {
        if (/^ {0,3}=+\s*$/.test(lines[end])) return [h("h3", {}, inline(joined(lines, at, end))), end + 1];
        end += 1;
    }
    if (/^ {0,3}-+\s*$/.test(lines[end] ?? "")) return [h("h4", {}, inline(joined(lines, at, end))), end + 1];
    return [h("p", {}, inline(joined(lines, at, end))), end];
}

const joined = (lines, from, to) => lines.slice(from, to).map((line) => line.trimStart()).join("\n").trimEnd();

function fence(lines, at) {
    const [, mark] = FENCE.exec(lines[at]);
    let end = at + 1;
    while (end < lines.length && !isFenceEnd(lines[end].trim(), mark)) end += 1;
    return [h("pre", {}, h("code", {}, lines.slice(at + 1, end).join("\n"))), end + 1];
}

const isFenceEnd = (line, mark) => line.length >= mark.length && [...line].every((sign) => sign === mark[0]);

function indented(lines, at) {
    let end = at + 1;
    while (end < lines.length && (/^ {4}/.test(lines[end]) || !lines[end].trim())) end += 1;
    return [h("pre", {}, h("code", {}, lines.slice(at, end).map((line) => line.slice(4)).join("\n").trimEnd())), end];
}

function quote(lines, at, depth) {
    let end = at;
    while (end < lines.length && (QUOTE.test(lines[end]) || lines[end].trim() && !startsBlock(lines[end]))) end += 1;
    return [h("blockquote", {}, blocks(lines.slice(at, end).map((line) => line.replace(QUOTE, "")), depth + 1)), end];
}

function list(lines, at, depth) {
    const mark = ITEM.exec(lines[at])[2];
    const isOrdered = mark.length > 1;
    const items = [];
    let isLoose = false;
    while (at < lines.length) {
        const found = ITEM.exec(lines[at]);
        if (!found || found[2].at(-1) !== mark.at(-1) || RULE.test(lines[at])) break;
        const [own, next] = itemLines(lines, at, found[0].length);
        items.push(own);
        isLoose ||= own.some((line, index) => !line.trim() && index < own.length - 1)
            || next < lines.length && !lines[next - 1].trim() && ITEM.test(lines[next]);
        at = next;
    }
    const start = isOrdered && Number.parseInt(mark, 10) !== 1 ? Number.parseInt(mark, 10) : null;
    return [h(isOrdered ? "ol" : "ul", { start }, items.map((own) => item(own, isLoose, depth))), at];
}

/** The lines of one item without its indent, and the line after it. */
function itemLines(lines, at, width) {
    const own = [lines[at].slice(width)];
    let end = at + 1;
    while (end < lines.length) {
        const line = lines[end];
        const indent = line.length - line.trimStart().length;
        const isLazy = indent < width && lines[end - 1].trim() && !startsBlock(line);
        if (line.trim() && indent < width && !isLazy) break;
        own.push(line.slice(Math.min(indent, width)));
        end += 1;
    }
    return [own, end];
}

function item(lines, isLoose, depth) {
    const task = /^\[([ xX])\] /.exec(lines[0]);
    const rest = task ? [lines[0].slice(4), ...lines.slice(1)] : lines;
    const inner = blocks(rest, depth + 1).flatMap((node) => !isLoose && node.tagName === "P" ? [...node.childNodes] : [node]);
    return h("li", { class: task ? "task" : null }, task ? h("span", {
        role: "img", "aria-label": task[1] === " " ? "open" : "done",
    }, task[1] === " " ? "☐ " : "☑ ") : null, inner);
}

function table(lines, at) {
    const ends = cells(lines[at + 1]).map((cell) => cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : null);
    const row = (name, line) => h("tr", {}, ends.map((end, index) =>
        h(name, { style: end ? { "text-align": end } : {} }, inline(cells(line)[index] ?? ""))));
    let end = at + 2;
    while (end < lines.length && lines[end].includes("|")) end += 1;
    return [h("div.scroll-x", {}, h("table.list", {}, h("thead", {}, row("th", lines[at])),
        h("tbody", {}, lines.slice(at + 2, end).map((line) => row("td", line))))), end];
}

const cells = (line) => line.trim().replace(/^\|/, "").replace(/(^|[^\\])\|$/, "$1").split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));

// ---- inside a line ----

/** Emphasis, code, links of one paragraph. Time grows with the text: a closing sign that is not found is not sought again. */
export function inline(text, depth = 0) {
    const made = [];
    const absent = new Set();
    let plain = "", at = 0;
    const flush = () => {
        if (plain) made.push(plain);
        plain = "";
    };
    while (at < text.length) {
        const found = depth > DEEPEST ? null : special(text, at, depth, absent);
        if (found) {
            flush();
            made.push(found.node);
            at = found.next;
        } else if (text[at] === "\\" && PUNCTUATION.test(text[at + 1] ?? "")) {
            plain += text[at + 1];
            at += 2;
        } else {
            plain += text[at];
            at += 1;
        }
    }
    flush();
    return made;
}

function special(text, at, depth, absent) {
    switch (text[at]) {
    case "`": return code(text, at, absent);
    case "*": case "_": case "~": return emphasis(text, at, depth, absent);
    case "[": return link(text, at, depth, absent);
    case "!": return text[at + 1] === "[" ? picture(text, at, absent) : null;
    case "<": return address(text, at, /<(https?:\/\/[^\s<>]+)>/y);
    case "h": return /\w/.test(text[at - 1] ?? "") ? null : address(text, at, /(https?:\/\/[^\s<>"`]*[^\s<>"`.,:;!?'*_~)\]}])/y);
    case "\\": return text[at + 1] === "\n" ? { node: h("br"), next: at + 2 } : null;
    case " ": return text.startsWith("  \n", at) ? { node: h("br"), next: at + 3 } : null;
    default: return null;
    }
}

function code(text, at, absent) {
    const size = afterRun(text, at, "`") - at;
    const mark = "`".repeat(size);
    let end = absent.has(mark) ? -1 : text.indexOf(mark, at + size);
    while (end >= 0 && afterRun(text, end, "`") - end !== size) end = text.indexOf(mark, afterRun(text, end, "`"));
    if (end < 0) {
        absent.add(mark);
        return { node: mark, next: at + size };
    }
    const inner = text.slice(at + size, end).replaceAll("\n", " ");
    return { node: h("code", {}, /^ .*\S.* $/.test(inner) ? inner.slice(1, -1) : inner), next: end + size };
}

function afterRun(text, at, sign) {
    while (text[at] === sign) at += 1;
    return at;
}

function emphasis(text, at, depth, absent) {
    const sign = text[at];
    const run = afterRun(text, at, sign) - at;
    // Three signs are emphasis around strong emphasis.
    const size = sign === "~" ? 2 : run === 3 ? 1 : Math.min(run, 2);
    const mark = sign.repeat(size);
    const isOpening = run <= 3 && run >= size && /\S/.test(text[at + run] ?? " ") && !(sign === "_" && /\w/.test(text[at - 1] ?? ""));
    if (!isOpening || absent.has(mark)) return { node: text.slice(at, at + run), next: at + run };
    const end = closing(text, at + size, sign, size);
    if (end < 0) {
        absent.add(mark);
        return { node: text.slice(at, at + run), next: at + run };
    }
    const name = sign === "~" ? "del" : size === 2 ? "strong" : "em";
    return { node: h(name, {}, inline(text.slice(at + size, end), depth + 1)), next: end + size };
}

function closing(text, from, sign, size) {
    for (let at = text.indexOf(sign, from); at >= 0; at = text.indexOf(sign, at)) {
        const end = afterRun(text, at, sign);
        const isClosing = at > from && /\S/.test(text[at - 1]) && text[at - 1] !== "\\" && !(sign === "_" && /\w/.test(text[end] ?? ""));
        if (isClosing && (end - at === size || end - at === 3)) return end - size;
        at = end;
    }
    return -1;
}

/** `[label](target "title")` from its bracket on. */
function parts(text, at, absent) {
    if (absent.has("]")) return null;
    let open = 0, end = at;
    for (; end < text.length; end += 1) {
        if (text[end] === "\\") end += 1;
        else if (text[end] === "[" && (open += 1) > 32) return null;
        else if (text[end] === "]" && (open -= 1) === 0) break;
    }
    if (end >= text.length) {
        absent.add("]");
        return null;
    }
    const target = /\(\s*(?:<([^<>\n]*)>|((?:[^\s()]|\([^\s()]*\))*))(?:\s+(?:"([^"]*)"|'([^']*)'))?\s*\)/y;
    target.lastIndex = end + 1;
    const found = target.exec(text);
    if (!found) return null;
    return { label: text.slice(at + 1, end), target: found[1] ?? found[2], title: found[3] ?? found[4], next: target.lastIndex };
}

/** Where a link may lead; null for any other scheme. @param target @returns {URL | null} */
export function allowed(target) {
    try {
        const url = new URL(target, document.baseURI);
        return ["http:", "https:"].includes(url.protocol) ? url : null;
    } catch {
        return null;
    }
}

export function anchor(url, title, ...label) {
    const isOurs = url.origin === location.origin;
    return h("a", { href: url.href, title, ...isOurs ? {} : { target: "_blank", rel: "noopener noreferrer" } }, label);
}

function link(text, at, depth, absent) {
    const found = parts(text, at, absent);
    const url = found && allowed(found.target);
    return url ? { node: anchor(url, found.title, inline(found.label, depth + 1)), next: found.next } : null;
}

// A picture from elsewhere would tell its owner who reads the notes: it becomes a link.
function picture(text, at, absent) {
    const found = parts(text, at + 1, absent);
    const url = found && allowed(found.target);
    if (!url) return null;
    const node = url.origin === location.origin
        ? h("img", { src: url.href, alt: found.label, title: found.title, loading: "lazy" })
        : anchor(url, found.title, found.label || url.href);
    return { node, next: found.next };
}

function address(text, at, pattern) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    const url = found && allowed(found[1]);
    return url ? { node: anchor(url, null, found[1]), next: pattern.lastIndex } : null;
}
