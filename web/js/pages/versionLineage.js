// Where a version came from and what came of it: runs and versions from left to right.
import { fill, h, href, navigate, textWidth } from "../dom.js";
import { grouped } from "../format.js";
import { statusSign } from "../components/status.js";
import { stateNote, versionLink, versionName } from "../components/versions.js";

/** Nodes that are drawn: the nearest ones. */
const MOST = 60;
const WIDTH = 196, HEIGHT = 42, ACROSS = 60, DOWN = 14, EDGE = 8;
const SVG = "http://www.w3.org/2000/svg";

function s(tag, attributes, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(key, value);
    element.append(...children);
    return element;
}

/** @param root @param page that of the version */
export async function draw(root, page) {
    const show = async () => drawGraph(root, page, await page.readLineage());
    page.onChange = () => !root.contains(document.activeElement) && show().catch(() => {});
    await show();
}

function nodesOf({ runs, versions }) {
    const run = (one) => {
        const [sign, word] = statusSign(one);
        return { id: one.id, kind: "run", name: one.name || one.id, below: `${sign} run, ${word}`, link: href(["r", one.id]) };
    };
    const version = (one) => ({ id: one.id, kind: "version", name: versionName(one), link: versionLink(one, ["lineage"]), isGone: one.state === "deleted",
        below: [one.type, stateNote(one)?.textContent, ...one.aliases].filter(Boolean).join(" · ") });
    return new Map([...runs.map(run), ...versions.map(version)].map((node) => [node.id, { ...node, before: [], after: [] }]));
}

/** The nodes nearest to the one with an id, each with those before and after it. */
export function graphOf(lineage, id, most) {
    const all = nodesOf(lineage);
    for (const { run, version, role } of lineage.edges) {
        const [from, to] = (role === "output" ? [run, version] : [version, run]).map((one) => all.get(one));
        if (!from || !to || from.after.includes(to)) continue;
        from.after.push(to);
        to.before.push(from);
    }
    const near = new Set([all.get(id)]);
    for (const node of near) for (const next of [...node.before, ...node.after]) if (near.size < most) near.add(next);
    for (const node of near) for (const side of ["before", "after"]) node[side] = node[side].filter((one) => near.has(one));
    return { nodes: [...near], left: all.size - near.size };
}

/** Gives each node a column, right of all that come before it, and a place in its column near its neighbours. */
export function layOut(nodes) {
    const open = new Set();
    const column = (node) => {
        if (node.column !== undefined) return node.column;
        open.add(node);
        // A run that made what it used would go round for ever.
        const at = Math.max(0, ...node.before.filter((one) => !open.has(one)).map((one) => column(one) + 1));
        open.delete(node);
        return (node.column = at);
    };
    nodes.forEach(column);
    // What nothing comes before stands beside the first that needs it.
    for (const node of nodes) if (!node.before.length && node.after.length) node.column = Math.max(0, Math.min(...node.after.map((one) => one.column)) - 1);
    const columns = [];
    for (const node of nodes) (columns[node.column] ??= []).push(node);
    const number = () => columns.forEach((list) => list.forEach((node, index) => { node.place = index - (list.length - 1) / 2; }));
    number();
    for (let turn = 0; turn < 6; turn += 1) {
        const side = turn % 2 ? "after" : "before";
        for (const list of turn % 2 ? [...columns].reverse() : columns) {
            for (const node of list) node.wish = node[side].length ? node[side].reduce((sum, one) => sum + one.place, 0) / node[side].length : node.place;
            list.sort((a, b) => a.wish - b.wish);
            list.forEach((node, index) => { node.place = index - (list.length - 1) / 2; });
        }
    }
    const tallest = Math.max(...columns.map((list) => list.length));
    for (const node of nodes) {
        node.x = EDGE + node.column * (WIDTH + ACROSS);
        node.y = EDGE + (node.place + (tallest - 1) / 2) * (HEIGHT + DOWN);
    }
    return { columns, width: columns.length * (WIDTH + ACROSS) - ACROSS + 2 * EDGE, height: tallest * (HEIGHT + DOWN) - DOWN + 2 * EDGE };
}

function cut(text, width, style) {
    if (textWidth(text, style) <= width) return text;
    let length = Math.floor(text.length * width / textWidth(text, style));
    while (length > 1 && textWidth(`${text.slice(0, length)}…`, style) > width) length -= 1;
    return `${text.slice(0, length)}…`;
}

function drawGraph(root, page, lineage) {
    const { id } = page.version;
    const known = lineage.versions.some((one) => one.id === id) ? lineage : { ...lineage, versions: [...lineage.versions, page.version] };
    const { nodes, left } = graphOf(known, id, MOST);
    const { columns, width, height } = layOut(nodes);
    const lines = nodes.flatMap((from) => from.after.map((to) => {
        const x1 = from.x + WIDTH, y1 = from.y + HEIGHT / 2, x2 = to.x - 5, y2 = to.y + HEIGHT / 2;
        const bend = Math.max(24, Math.abs(x2 - x1) / 2);
        return s("path", { d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, "marker-end": "url(#lineage-arrow)", class: from.id === id || to.id === id ? "near" : null });
    }));
    const boxes = columns.flat().map((node) => {
        node.element = s("a", { href: node.link, class: `node ${node.kind}${node.isGone ? " gone" : ""}`, "aria-current": node.id === id ? "true" : null,
            "aria-label": `${node.name}, ${node.below}${node.id === id ? ", this one" : ""}`, transform: `translate(${node.x} ${node.y})` },
        s("title", {}, `${node.name}\n${node.below}`), s("rect", { width: WIDTH, height: HEIGHT, rx: node.kind === "run" ? HEIGHT / 2 : 5 }),
        s("text", { x: 16, y: 18, class: "name" }, cut(node.name, WIDTH - 32, "600 12px")), s("text", { x: 16, y: 33 }, cut(node.below, WIDTH - 32, "11px")));
        return node.element;
    });
    const picture = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Lineage" },
        s("defs", {}, s("marker", { id: "lineage-arrow", viewBox: "0 0 8 8", refX: 3, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" }, s("path", { d: "M0 0 8 4 0 8z" }))),
        s("g", { class: "edges" }, ...lines), ...boxes);
    picture.addEventListener("click", (event) => {
        const link = event.target.closest("a");
        if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(link.getAttribute("href"));
    });
    picture.addEventListener("keydown", (event) => step(event, nodes));
    const host = h("div.lineage", {}, picture);
    fill(root, h("p.muted", {}, nodes.length === 1 ? "No run made or used this version." : "Runs are round, versions are square; from what was used on the left to what was made on the right."),
        left || lineage.isCut ? h("p.banner", { role: "status" }, `The nearest ${grouped(nodes.length)} ${left ? `of ${grouped(nodes.length + left)} ` : ""}are drawn; open one to see on from there.`) : null, host);
    const here = nodes.find((node) => node.id === id);
    host.scrollTo(here.x + WIDTH / 2 - host.clientWidth / 2, here.y + HEIGHT / 2 - host.clientHeight / 2);
}

/** Arrows go to the nearest node on that side. */
function step(event, nodes) {
    const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    const here = nodes.find((node) => node.element === document.activeElement);
    if (!here || !(right || down)) return;
    event.preventDefault();
    event.stopPropagation();
    const reach = (node) => {
        const x = node.x - here.x, y = node.y - here.y;
        return (right ? x * right > 0 : x === 0 && y * down > 0) ? Math.abs(x) * (right ? 4 : 1) + Math.abs(y) : Infinity;
    };
    const next = nodes.reduce((best, node) => reach(node) < reach(best) ? node : best, here);
    next.element.focus();
}
