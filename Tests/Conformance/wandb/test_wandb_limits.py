"""What a program logs beyond what can be stored takes nothing else of its run along."""

import json

import pytest


def deep(levels):
    value = 1
    for _ in range(levels):
        value = {"a": value}
    return value


UNUSUAL = {
    "a long key": {"k" * 1_001: 1}, "a long key of wide characters": {"日" * 400: 1}, "a long path": {"k" * 600: {"k" * 600: 1}},
    "a key with U+0000": {"a\0b": 1}, "an empty key": {"": 1}, "a deep object": {"deep": deep(70)}, "a deep list": {"deep": [[[deep(70)]]]},
    "a list of a million": {"many": [0] * 1_000_100}, "half a character": {"half": "a\ud800b"},
}


@pytest.mark.parametrize("line", UNUSUAL.values(), ids=UNUSUAL)
def test_one_unusual_line_loses_no_other(wandb, api, project, line):
    with wandb.init(project=project, id="r") as run:
        run.log({"a": 0})
        run.log({"a": 1, **line})
        run.log({"a": 2})
        run.summary["final"] = 7
        print("printed")
    found = api.run(f"{project}/r")
    assert found.state == "finished" and found.summary["final"] == 7
    assert [row["a"] for row in found.scan_history()] == [0, 1, 2]


def test_a_long_key_keeps_its_value_and_its_beginning(wandb, api, project):
    with wandb.init(project=project, id="r") as run:
        for i in range(3):
            run.log({"k" * 1_001: i, "k" * 1_002: 10 + i})
    rows = list(api.run(f"{project}/r").scan_history())
    keys = sorted(key for key in rows[0] if key.startswith("kkk"))
    assert len(keys) == 2 and sorted([row[key] for row in rows] for key in keys) == [[0, 1, 2], [10, 11, 12]]


def test_a_deep_value_is_a_text_of_its_json(wandb, api, project):
    with wandb.init(project=project, id="r") as run:
        run.log({"deep": deep(70), "flat": deep(60)})
    [row] = api.run(f"{project}/r").scan_history()
    assert json.loads(row["deep"]) == deep(70) and row["flat"] == deep(60)


def test_a_deep_summary_loses_nothing_else(wandb, api, project):
    with wandb.init(project=project, id="r") as run:
        run.log({"a": 1})
        run.summary.update({"d": deep(70), "other": 5})
    found = api.run(f"{project}/r")
    assert found.state == "finished" and found.summary["other"] == 5 and found.summary["a"] == 1
