// A pen with the strokes of a canvas that writes SVG: what is drawn on the screen can be taken into a paper.

const round = (value) => String(Math.round(value * 100) / 100);
const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** What `LineChart` uses of `CanvasRenderingContext2D`, and no more. */
export class SvgPen {
    /** @param ruler measures texts */
    constructor(ruler) {
        Object.assign(this, { ruler, fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, globalAlpha: 1, textAlign: "left",
            lineJoin: "miter", font: ruler.font, dash: [], parts: [], path: [], clips: 0, groups: 0, stack: [] });
    }

    save() {
        const { fillStyle, strokeStyle, lineWidth, globalAlpha, textAlign, lineJoin, font, dash, groups } = this;
        this.stack.push({ fillStyle, strokeStyle, lineWidth, globalAlpha, textAlign, lineJoin, font, dash, groups });
    }

    restore() {
        const before = this.stack.pop();
        for (; this.groups > before.groups; this.groups -= 1) this.parts.push("</g>");
        Object.assign(this, before);
    }

    beginPath() {
        this.path = [];
    }

    moveTo(x, y) {
        this.path.push(`M${round(x)} ${round(y)}`);
    }

    lineTo(x, y) {
        this.path.push(`${this.path.length ? "L" : "M"}${round(x)} ${round(y)}`);
    }

    rect(x, y, width, height) {
        this.path.push(`M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`);
    }

    /** A whole circle, whatever the angles. */
    arc(x, y, radius) {
        const way = round(2 * radius), size = `${round(radius)} ${round(radius)}`;
        this.path.push(`M${round(x - radius)} ${round(y)}a${size} 0 1 0 ${way} 0a${size} 0 1 0 -${way} 0`);
    }

    clip() {
        this.clips += 1;
        this.groups += 1;
        this.parts.push(`<clipPath id="clip${this.clips}"><path d="${this.path.join("")}"/></clipPath><g clip-path="url(#clip${this.clips})">`);
    }

    setLineDash(dash) {
        this.dash = dash;
    }

    get alpha() {
        return this.globalAlpha < 1 ? ` opacity="${round(this.globalAlpha)}"` : "";
    }

    stroke() {
        if (!this.path.length) return;
        const dash = this.dash.length ? ` stroke-dasharray="${this.dash.map(round).join(" ")}"` : "";
        this.parts.push(`<path d="${this.path.join("")}" fill="none" stroke="${escaped(this.strokeStyle)}" stroke-width="${round(this.lineWidth)}"`
            + ` stroke-linejoin="${this.lineJoin}"${dash}${this.alpha}/>`);
    }

    fill() {
        if (this.path.length) this.parts.push(`<path d="${this.path.join("")}" fill="${escaped(this.fillStyle)}"${this.alpha}/>`);
    }

    measureText(text) {
        this.ruler.font = this.font;
        return this.ruler.measureText(text);
    }

    fillText(text, x, y) {
        const anchor = { right: "end", center: "middle" }[this.textAlign];
        const bold = /^\d+ /.exec(this.font)?.[0].trim(), [size] = /[\d.]+(?=px)/.exec(this.font);
        this.parts.push(`<text x="${round(x)}" y="${round(y)}" fill="${escaped(this.fillStyle)}" font-size="${size}"`
            + `${bold ? ` font-weight="${bold}"` : ""}${anchor ? ` text-anchor="${anchor}"` : ""}${this.alpha}>${escaped(text)}</text>`);
    }

    /** The drawing below a title. @returns {string} */
    document(width, height, { title, background, color, top }) {
        this.parts = [`<g transform="translate(0 ${top})">`, ...this.parts, "</g>"];
        Object.assign(this, { fillStyle: color, font: "600 13px sans-serif", textAlign: "left", globalAlpha: 1 });
        this.fillText(title, 10, 19);
        return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height + top}" viewBox="0 0 ${width} ${height + top}"`
            + ` font-family="system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"><title>${escaped(title)}</title>`
            + `<rect width="100%" height="100%" fill="${escaped(background)}"/>${this.parts.join("\n")}</svg>\n`;
    }
}
