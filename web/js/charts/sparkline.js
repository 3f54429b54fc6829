// A series in a table cell: the shape, nothing else.

/** @param values one per bucket; null where there is no number */
export function drawSparkline(canvas, values, color) {
    const scale = devicePixelRatio || 1;
    const width = 104, height = 20;
    if (canvas.width !== width * scale) {
        canvas.width = width * scale;
        canvas.height = height * scale;
        canvas.style.setProperty("width", `${width}px`);
        canvas.style.setProperty("height", `${height}px`);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const [low, high] = limits(values);
    if (low === null) return;
    const span = high - low || 1;
    const step = values.length > 1 ? (width - 4) / (values.length - 1) : 0;
    const y = (value) => height - 2 - (Math.min(Math.max(value, low), high) - low) / span * (height - 4);
    pen.strokeStyle = color;
    pen.lineWidth = 1.3;
    pen.lineJoin = "bevel";
    pen.beginPath();
    let isDown = false;
    values.forEach((value, index) => {
        if (value === null) {
            isDown = false;
            return;
        }
        if (isDown) pen.lineTo(2 + index * step, y(value));
        else pen.moveTo(2 + index * step, y(value));
        isDown = true;
    });
    if (values.length === 1) pen.arc(width / 2, y(values[0]), 1.5, 0, 7);
    pen.stroke();
}

// One diverged tail must not flatten the rest: the upper end is what 95 % of the buckets need, if that is far less.
function limits(values) {
    const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
    if (!sorted.length) return [null, null];
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    const median = at(0.5);
    let low = sorted[0], high = sorted.at(-1);
    if (high - median > 20 * (at(0.8) - low || Infinity)) high = at(0.8);
    if (median - low > 20 * (high - at(0.2) || Infinity)) low = at(0.2);
    return [low, high];
}
