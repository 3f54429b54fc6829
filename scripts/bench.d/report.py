"""The table of figures: ours, the rivals', the ratio, and the target."""

import json
from dataclasses import asdict, dataclass, field

UNITS_MORE_IS_BETTER = ("/s",)


@dataclass
class Row:
    case: str
    what: str
    unit: str
    martlet: float
    rivals: dict = field(default_factory=dict)
    target: float | None = None
    limit: str = ""

    @property
    def more_is_better(self):
        return self.unit.endswith(UNITS_MORE_IS_BETTER)

    @property
    def is_met(self):
        if self.target is None:
            return None
        return self.martlet >= self.target if self.more_is_better else self.martlet <= self.target

    def ratio(self, rival):
        """How many times better than the rival."""
        theirs = self.rivals.get(rival)
        if not theirs or not self.martlet:
            return None
        return self.martlet / theirs if self.more_is_better else theirs / self.martlet


def short(value):
    if value is None:
        return "–"
    for size, suffix in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            return f"{value / (1e3 if suffix == ' k' else size):.3g}{suffix}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


class Report:
    def __init__(self, rivals, stream):
        self.rivals = rivals
        self.stream = stream
        self.rows = []
        self.limits = {}

    def add(self, case, what, unit, martlet, rivals=None, target=None, limit=""):
        row = Row(case, what, unit, martlet, rivals or {}, target, limit)
        self.rows.append(row)
        print(f"    {self.line(row)}", file=self.stream, flush=True)

    def line(self, row):
        text = f"{row.what}: {short(row.martlet)} {row.unit}"
        for rival in self.rivals:
            if row.ratio(rival) is not None:
                text += f" | {rival} {short(row.rivals[rival])}, {short(row.ratio(rival))} ×"
        if row.target is not None:
            sign = "≥" if row.more_is_better else "≤"
            text += f" | target {sign} {short(row.target)} {'met' if row.is_met else 'MISSED'}"
        return text + (f" | {row.limit}" if row.limit else "")

    def table(self):
        head = ["what", "unit", "martlet", "target", ""]
        for rival in self.rivals:
            head += [rival, "× better"]
        head.append("limits and notes")
        lines = [head]
        for row in self.rows:
            sign = "≥" if row.more_is_better else "≤"
            line = [
                row.what, row.unit, short(row.martlet), f"{sign} {short(row.target)}" if row.target is not None else "",
                {True: "met", False: "MISSED", None: ""}[row.is_met],
            ]
            for rival in self.rivals:
                ratio = row.ratio(rival)
                line += [short(row.rivals.get(rival)), "" if ratio is None else short(ratio)]
            lines.append([*line, row.limit])
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        rows = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
        rows.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(rows)

    def write_json(self, path, machine):
        rows = [asdict(row) | {"met": row.is_met} for row in self.rows]
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"machine": machine, "limits": self.limits, "rows": rows}, file, indent=2)
