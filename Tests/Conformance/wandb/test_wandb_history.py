"""What `run.log` takes, and what of it comes back: numbers, texts, objects, media, and what the machine reports."""

import math
import time

import numpy as np
import pytest

INF = float("inf")


def logged(wandb, api, project, *rows, **options):
    """The run after the rows were logged, as the public API has it."""
    with wandb.init(project=project, **options) as run:
        for row in rows:
            run.log(row)
    return api.run(run.path)


def plain(row):
    """A row without what the client adds."""
    return {key: value for key, value in row.items() if not key.startswith("_")}


@pytest.mark.parametrize("value", [
    0, 1, -1, 0.1, 1e-300, 1e300, 5e-324, 2**31, 2**53 - 1, -(2**53) + 1, True, False, "text", "", "ünï 漢 🐦", "a\nb\t\"c\"\\",
    [1, 2, 3], [[1], ["a", None]], ["x"], {"a": 1, "b": 2}, {"a": {"b": {"c": 1.5}}}, {"a": 1, "b": "text"}, {"a": [1, 2]},
    {"a": {"b": "text"}, "c": 3}, {"a": True}, "NaN", "null",
], ids=repr)
def test_a_value_comes_back_as_it_was_logged(wandb, api, project, value):
    run = logged(wandb, api, project, {"x": value})
    rows = [plain(row) for row in run.scan_history()]
    assert rows == [{"x": value}] and type(rows[0]["x"]) in (type(value), float, int)
    assert isinstance(rows[0]["x"], bool) == isinstance(value, bool)
    assert run.summary._json_dict["x"] == value


@pytest.mark.parametrize("value, same", [
    (float("nan"), math.isnan), (INF, lambda v: v == INF), (-INF, lambda v: v == -INF)], ids=["nan", "inf", "-inf"])
def test_what_is_no_finite_number_comes_back(wandb, api, project, value, same):
    run = logged(wandb, api, project, {"x": value, "y": 1}, {"x": 2, "y": value}, {"d": {"z": value}})
    rows = list(run.scan_history())
    assert same(float(rows[0]["x"])) and rows[1]["x"] == 2 and same(float(rows[1]["y"])) and same(float(rows[2]["d"]["z"]))
    sampled = run.history(keys=["x"], pandas=False)
    assert len(sampled) == 2 and same(float(sampled[0]["x"])) and sampled[1]["x"] == 2


def test_none_is_kept_or_left_out_but_never_a_number(wandb, api, project):
    run = logged(wandb, api, project, {"x": None, "y": 1}, {"x": 2, "y": 2})
    rows = list(run.scan_history())
    assert rows[0].get("x") is None and [row["y"] for row in rows] == [1, 2] and rows[1]["x"] == 2


def test_one_key_may_be_of_many_kinds(wandb, api, project):
    values = [1, "two", [3], {"a": 4}, 5.5, True, {"a": "six"}]
    run = logged(wandb, api, project, *[{"x": value} for value in values])
    assert [row["x"] for row in run.scan_history()] == values


@pytest.mark.parametrize("key", [
    "train/loss", "a.b", "a b", "ünï 漢 🐦", "100%", "a\"b'c", "a\\b", "x" * 250, "-", "$ref", "a:b", "system.cpu", "1"])
def test_a_key_comes_back_as_it_was_named(wandb, api, project, key):
    run = logged(wandb, api, project, {key: 1}, {key: 2})
    assert [row.get(key) for row in run.scan_history()] == [1, 2]
    assert [row[key] for row in run.history(keys=[key], pandas=False)] == [1, 2]


def test_keys_with_dots_in_an_object_stay_apart(wandb, api, project):
    rows = [{"d": {"a.b": 1, "a": {"b": 2}}}, {"d": {"a": 3}, "d.a": 4}]
    run = logged(wandb, api, project, *rows)
    assert [plain(row) for row in run.scan_history()] == rows


def test_members_of_objects_are_keys_of_their_own(wandb, api, project):
    run = logged(wandb, api, project, *[{"d": {"a": i, "deep": {"b": i * 2}}} for i in range(4)])
    rows = run.history(keys=["d.a", "d.deep.b"], pandas=False)
    assert [(row["d.a"], row["d.deep.b"]) for row in rows] == [(0, 0), (1, 2), (2, 4), (3, 6)]


def test_a_number_is_a_metric_whatever_stands_beside_it_in_its_object(wandb, api, project, server):
    rows = [{"train": {"loss": i / 2, "phase": "warm", "on": True, "none": None, "list": [i], "deep": {"acc": i, "text": "t"}}}
            for i in range(3)]
    run = logged(wandb, api, project, *rows)
    assert [plain(row) for row in run.scan_history()] == rows
    assert [plain(row) for row in run.history(pandas=False)] == rows
    keys = run.history_keys["keys"]
    assert keys["train.loss"]["typeCounts"][0]["type"] == keys["train.deep.acc"]["typeCounts"][0]["type"] == "number"
    assert keys["train.phase"]["typeCounts"][0]["type"] == "string" and "train" not in keys
    assert [row["train.loss"] for row in run.scan_history(keys=["train.loss"])] == [0, 0.5, 1]
    assert [row["train.phase"] for row in run.scan_history(keys=["train.phase"])] == ["warm"] * 3
    assert [(row["train.loss"], row["train.deep.text"]) for row in run.scan_history(keys=["train.loss", "train.deep.text"])] \
        == [(0, "t"), (0.5, "t"), (1, "t")]


def test_an_object_is_asked_for_by_its_name(wandb, api, project):
    run = logged(wandb, api, project, {"d": {"a": 1, "b": 2}}, {"x": 1}, {"d": {"a": 3, "t": "u"}, "x": 2})
    assert [row["d"] for row in run.scan_history(keys=["d"])] == [{"a": 1, "b": 2}, {"a": 3, "t": "u"}]
    assert [(row["d"], row["x"]) for row in run.scan_history(keys=["d", "x"])] == [({"a": 3, "t": "u"}, 2)]


def test_an_object_with_a_dot_in_its_name_and_an_object_in_one_are_given_whole(wandb, api, project):
    row = {"eval.metrics": {"a": 1, "name": "x"}, "o": {"p": {"q": 1, "r": [1, 2]}, "s": 3}, "system": {"a": 1, "name": "y"}}
    run = logged(wandb, api, project, row, row)
    assert [plain(one) for one in run.scan_history()] == [row, row]
    for keys, value in ((["eval.metrics"], row["eval.metrics"]), (["o.p"], row["o"]["p"]), (["o"], row["o"]), (["system"], row["system"])):
        assert [one[keys[0]] for one in run.scan_history(keys=keys)] == [value, value], keys
    assert [one["o.p.q"] for one in run.scan_history(keys=["o.p.q"])] == [1, 1]
    assert [one["o.p.r"] for one in run.scan_history(keys=["o.p.r"])] == [[1, 2], [1, 2]]
    assert list(run.scan_history(keys=["o.none"])) == []


def test_a_picture_beside_a_number_is_a_picture(wandb, api, project):
    run = logged(wandb, api, project, {"val": {"loss": 1, "img": wandb.Image(np.zeros((4, 4, 3), np.uint8))}})
    row = next(iter(run.scan_history()))
    assert row["val"]["loss"] == 1 and row["val"]["img"]["_type"] == "image-file"
    assert run.history_keys["keys"]["val.img"]["typeCounts"][0]["type"] == "image-file"


def test_rows_have_the_keys_that_were_logged_in_them_and_no_others(wandb, api, project):
    rows = [{"a": 1}, {"b": 2}, {"a": 3, "b": 4}, {"c": "x"}]
    run = logged(wandb, api, project, *rows)
    assert [plain(row) for row in run.scan_history()] == rows
    assert [row["_step"] for row in run.scan_history()] == [0, 1, 2, 3] and run.lastHistoryStep == 3


def test_steps_that_the_program_names_are_kept(wandb, api, project):
    with wandb.init(project=project) as run:
        for step in (3, 10, 2500, 1_000_000_007, 2**40):
            run.log({"x": step}, step=step)
        run.log({"late": 1}, step=5)
    found = api.run(run.path)
    # The client asks for a thousand steps at a time: it would not get to the last ones.
    rows = list(found.scan_history(max_step=3000))
    assert [(row["_step"], row["x"]) for row in rows] == [(3, 3), (10, 10), (2500, 2500)]
    assert [row["x"] for row in found.history(pandas=False)] == [3, 10, 2500, 1_000_000_007, 2**40]
    assert found.lastHistoryStep == 2**40 and "late" not in found.summary


def test_parts_of_a_step_make_one_row(wandb, api, project):
    with wandb.init(project=project) as run:
        for step in range(3):
            run.log({"a": step}, commit=False)
            run.log({"b": step * 2})
    assert [plain(row) for row in api.run(run.path).scan_history()] == [{"a": s, "b": s * 2} for s in range(3)]


def test_a_step_of_thousands_of_keys_comes_back(wandb, api, project):
    row = {f"layer/{i}/grad": i / 3 for i in range(3000)}
    run = logged(wandb, api, project, row, row)
    assert [plain(one) for one in run.scan_history()] == [row, row]


def test_a_long_text_comes_back(wandb, api, project):
    run = logged(wandb, api, project, {"x": "ü" * 500_000, "y": 1})
    assert next(iter(run.scan_history()))["x"] == "ü" * 500_000


def test_numpy_and_torch_values_are_numbers(wandb, api, project):
    numpy, torch = pytest.importorskip("numpy"), pytest.importorskip("torch")
    run = logged(wandb, api, project, {"f": numpy.float32(0.5), "i": numpy.int64(7), "t": torch.tensor(0.25), "a": numpy.array([1.5])})
    row = next(iter(run.scan_history()))
    assert (row["f"], row["i"], row["t"]) == (0.5, 7, 0.25)
    assert row["a"] in (1.5, [1.5])


def test_a_histogram_is_an_object_in_the_history(wandb, api, project):
    run = logged(wandb, api, project, {"h": wandb.Histogram(np_histogram=([1, 2, 3], [0, 1, 2, 3]))}, {"h": wandb.Histogram([1, 1, 5])})
    rows = list(run.scan_history())
    assert rows[0]["h"]["_type"] == "histogram" and rows[0]["h"]["values"] == [1, 2, 3] and rows[0]["h"]["bins"] == [0, 1, 2, 3]
    assert sum(rows[1]["h"]["values"]) == 3


def test_images_and_html_are_objects_with_files(wandb, api, project, tmp_path):
    numpy = pytest.importorskip("numpy")
    pixels = numpy.arange(192, dtype="uint8").reshape(8, 8, 3)
    with wandb.init(project=project) as run:
        run.log({"img": wandb.Image(pixels, caption="a ü"), "page": wandb.Html("<b>ü</b>"), "loss": 1})
        run.log({"many": [wandb.Image(pixels), wandb.Image(pixels)]})
    found = api.run(run.path)
    first, second = list(found.scan_history())
    assert first["img"]["_type"] == "image-file" and (first["img"]["width"], first["img"]["height"]) == (8, 8)
    assert first["page"]["_type"] == "html-file" and first["loss"] == 1
    assert second["many"]["_type"] == "images/separated" and second["many"]["count"] == 2
    names = {file.name for file in found.files()}
    assert {first["img"]["path"], first["page"]["path"], *second["many"]["filenames"]} <= names
    image = pytest.importorskip("PIL.Image")
    with found.file(first["img"]["path"]).download(str(tmp_path)) as file:
        assert (numpy.asarray(image.open(file.name)) == pixels).all()


def test_a_plotly_figure_and_a_sound_are_files(wandb, api, project):
    numpy = pytest.importorskip("numpy")
    pytest.importorskip("soundfile")
    run = logged(wandb, api, project, {"sound": wandb.Audio(numpy.zeros(800), sample_rate=8000)})
    row = next(iter(run.scan_history()))
    assert row["sound"]["_type"] == "audio-file" and row["sound"]["path"] in {file.name for file in run.files()}


def test_history_keys_say_the_kind_and_the_last_value(wandb, api, project):
    run = logged(wandb, api, project, {"n": 1, "d": {"a": 2}, "s": "x"}, {"n": 3, "d": {"a": 4}, "s": "y"})
    keys = run.history_keys
    assert keys["lastStep"] == 1 and {"n", "d.a", "s", "_step", "_timestamp", "_runtime"} <= set(keys["keys"])
    assert keys["keys"]["n"]["typeCounts"][0]["type"] == "number" and keys["keys"]["n"]["typeCounts"][0]["count"] == 2
    assert keys["keys"]["s"]["typeCounts"][0]["type"] == "string" and keys["keys"]["d.a"]["previousValue"] == 4


def test_what_the_machine_reports_is_beside_the_history(wandb, api, project):
    with wandb.init(project=project, settings=wandb.Settings(x_stats_sampling_interval=0.2)) as run:
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            run.log({"x": 1})
            time.sleep(0.1)
    found = api.run(run.path)
    rows = found.history(stream="system", pandas=False)
    assert len(rows) >= 2 and all(any(key.startswith("system.") for key in row) for row in rows)
    assert all("_timestamp" in row and "_runtime" in row and "x" not in row for row in rows)
    assert any(key.startswith("system.") for key in found.systemMetrics or {})
    assert not any(key.startswith("system.") for row in found.scan_history() for key in row)


def test_the_steps_alone_are_rows(wandb, api, project):
    with wandb.init(project=project) as run:
        run.log({"a": 1})
        run.log({"word": "x"}, step=5)
        run.log({"d": {"b": 1}}, step=7)
    found = api.run(run.path)
    assert [row["_step"] for row in found.scan_history(keys=["_step"])] == [0, 5, 7]
    assert [row["_step"] for row in found.history(keys=["_step"], pandas=False)] == [0, 5, 7]


def test_members_of_objects_that_are_kept_whole_are_keys_of_their_own(wandb, api, project):
    with wandb.init(project=project) as run:
        for i in range(3):
            run.log({"mix": {"a": i, "s": f"x{i}", "deep": {"b": [i], "t": None}}, "plain": i} if i else {"plain": i})
    found = api.run(run.path)

    def rows(*keys):
        return [[row[key] for key in keys] for row in found.scan_history(keys=list(keys))]

    assert rows("mix.a") == [[1], [2]] and rows("mix.s", "plain") == [["x1", 1], ["x2", 2]] and rows("mix.deep.b") == [[[1]], [[2]]]
    assert rows("mix.none") == [] and [row["mix"]["a"] for row in found.scan_history(keys=["mix"])] == [1, 2]
    assert [row["mix.a"] for row in found.history(keys=["mix.a"], pandas=False)] == [1, 2]


@pytest.mark.needs_client("0.22", "export of a history")
def test_an_export_of_the_history_says_that_there_is_none(wandb, api, project, tmp_path):
    from wandb.apis.public.runhistory import IncompleteRunHistoryError

    with wandb.init(project=project) as run:
        run.log({"a": 1})
    found = api.run(run.path)
    with pytest.raises(IncompleteRunHistoryError):
        found.download_history_exports(tmp_path)
    assert found.download_history_exports(tmp_path, require_complete_history=False).contains_live_data
    assert [row["a"] for row in found.scan_history()] == [1]
