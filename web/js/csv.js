// Text with delimiters to rows (RFC 4180): quoted cells may hold the delimiter, quotes and line ends.

/** @param [delimiter] left out: whichever of comma, semicolon and tab the first line has most of */
export function delimited(text, delimiter = guessed(text)) {
    const rows = [];
    let row = [], cell = "", isQuoted = false;
    const endRow = () => {
        row.push(cell);
        if (row.length > 1 || cell) rows.push(row);
        row = [];
        cell = "";
    };
    for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; at += 1) {
        const sign = text[at];
        if (isQuoted) {
            if (sign !== "\"") cell += sign;
            else if (text[at + 1] === "\"") {
                cell += sign;
                at += 1;
            } else isQuoted = false;
        } else if (sign === "\"" && !cell) isQuoted = true;
        else if (sign === delimiter) {
            row.push(cell);
            cell = "";
        } else if (sign === "\n") endRow();
        else if (sign !== "\r" || text[at + 1] !== "\n") cell += sign;
    }
    if (cell || row.length) endRow();
    return rows;
}

function guessed(text) {
    const first = text.slice(0, text.indexOf("\n") + 1 || undefined);
    const counts = [",", ";", "\t"].map((sign) => [first.split(sign).length, sign]);
    return counts.sort(([a], [b]) => b - a)[0][1];
}
