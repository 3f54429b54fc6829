"""`wandb.Api()`: runs by filters and orders, their histories, and what it changes and deletes."""

import pytest

RUNS = {
    "a": dict(config={"lr": 0.1, "net": {"depth": 2}, "opt": "adam", "flag": True}, loss=3.0, tags=["x"], group="g1", job_type="train"),
    "b": dict(config={"lr": 0.01, "net": {"depth": 3}, "opt": "sgd", "flag": False}, loss=2.0, tags=["x", "y"], group="g1"),
    "c": dict(config={"lr": 1, "net": {"depth": 10}, "opt": "adam", "extra": None}, loss=1.0, tags=[], group="g2"),
    "d": dict(config={"lr": "auto", "opt": "ünï"}, loss=None, tags=["z w"], group=None),
}


@pytest.fixture(scope="module")
def four(weights):
    """A project with four runs, made once."""
    import uuid

    project = f"four-{uuid.uuid4().hex[:8]}"
    for name, one in RUNS.items():
        with weights.init(project=project, id=name, name=f"run {name}", config=one["config"], tags=one["tags"],
                          group=one["group"], job_type=one.get("job_type")) as run:
            for i in range(3):
                if one["loss"] is not None:
                    run.log({"loss": one["loss"] + 2 - i, "val/acc": i})
            run.summary["final"] = ord(name)
            run.summary["note"] = f"note {name}"
            if name == "d":
                run.finish(exit_code=1)
    return f"default/{project}"


@pytest.mark.parametrize("filters, names", [
    (None, "abcd"), ({}, "abcd"), ({"config.lr": 0.1}, "a"), ({"config.lr.value": 0.1}, "a"), ({"config.lr": 1}, "c"), ({"config.lr": 1.0}, "c"),
    ({"config.opt": "adam"}, "ac"), ({"config.opt": "ünï"}, "d"), ({"config.flag": True}, "a"), ({"config.flag": False}, "b"),
    ({"config.net.depth": 3}, "b"), ({"config.net.value.depth": 3}, "b"), ({"config.net.depth": {"$gt": 2}}, "bc"),
    ({"config.lr": {"$lt": 0.5}}, "ab"), ({"config.lr": {"$gte": 0.1, "$lte": 1}}, "ac"), ({"config.lr": {"$in": [0.1, "auto"]}}, "ad"),
    ({"config.lr": {"$nin": [0.1, "auto"]}}, "bc"), ({"config.opt": {"$ne": "adam"}}, "bd"), ({"config.opt": {"$regex": "^a.*m$"}}, "ac"),
    ({"config.flag": {"$exists": True}}, "ab"), ({"config.flag": {"$exists": False}}, "cd"), ({"config.none": 1}, ""),
    ({"summary_metrics.loss": 2}, "b"), ({"summary_metrics.loss": {"$lt": 3}}, "bc"), ({"summary_metrics.loss": {"$exists": True}}, "abc"),
    ({"summary_metrics.final": {"$gt": 98}}, "cd"), ({"summary_metrics.note": "note b"}, "b"), ({"summary_metrics.val/acc": 2}, "abc"),
    ({"state": "finished"}, "abc"), ({"state": "failed"}, "d"), ({"state": {"$in": ["finished", "failed"]}}, "abcd"),
    ({"state": {"$ne": "finished"}}, "d"), ({"state": "crashed"}, ""), ({"display_name": "run b"}, "b"), ({"displayName": "run b"}, "b"),
    ({"display_name": {"$regex": "^run [ab]$"}}, "ab"), ({"display_name": {"$regex": "(?i)^RUN [A-B]$"}}, "ab"),
    ({"state": {"$regex": "^f"}}, "abcd"), ({"state": {"$regex": "(?i)FAIL|crash"}}, "d"), ({"config.opt": {"$regex": "(?i)^ÜNÏ$"}}, "d"),
    ({"config.opt": {"$regex": "\\Aada(?P<rest>m)\\z"}}, "ac"), ({"display_name": {"$regex": "[[:space:]]a$"}}, "a"), ({"name": "c"}, "c"), ({"name": {"$in": ["a", "d"]}}, "ad"),
    ({"tags": "x"}, "ab"), ({"tags": {"$in": ["y", "z w"]}}, "bd"), ({"tags": {"$nin": ["x"]}}, "cd"), ({"group": "g1"}, "ab"),
    ({"tags": {"$exists": True}}, "abd"), ({"tags": {"$exists": False}}, "c"), ({"tags": None}, "c"), ({"tags": {"$regex": "^[xy]$"}}, "ab"), ({"tags": {"$not": {"$regex": "w$"}}}, "abc"),
    ({"config.net": {"$exists": True}}, "abc"), ({"config.net": {"$exists": False}}, "d"), ({"config.ne": {"$exists": True}}, ""), ({"config.net": None}, "d"),
    ({"jobType": "train"}, "a"), ({"job_type": "train"}, "a"), ({"group": None}, "d"), ({"config.opt": {"$gt": "adam"}}, "bd"), ({"config.opt": {"$lte": "sgd"}}, "abc"),
    ({"display_name": {"$lt": "run c"}}, "ab"), ({"config.opt": {"$gte": "b", "$lt": "t"}}, "b"), ({"entity": "default"}, "abcd"), ({"entity": {"$ne": "default"}}, ""), ({"entity": "other"}, ""),
    ({"config.extra": None}, "abcd"), ({"config.lr": None}, ""), ({"config.flag": None}, "cd"),
    ({"$and": [{"config.opt": "adam"}, {"group": "g2"}]}, "c"), ({"$or": [{"config.lr": 0.1}, {"tags": "z w"}]}, "ad"),
    ({"$not": {"config.opt": "adam"}}, "bd"), ({"$nor": [{"group": "g1"}, {"group": "g2"}]}, "d"), ({"config.lr": {"$not": {"$gt": 0.05}}}, "bd"),
    ({"$or": [{"$and": [{"config.lr": {"$lt": 1}}, {"tags": "y"}]}, {"summary_metrics.loss": 1}]}, "bc"),
    ({"created_at": {"$gt": "2020-01-01T00:00:00"}}, "abcd"), ({"created_at": {"$lt": "2020-01-01"}}, ""), ({"created_at": {"$gt": "2020-01-01T00:00:00Z"}}, "abcd"),
], ids=str)
def test_runs_are_found_by_filters(api, four, filters, names):
    found = api.runs(four, filters=filters, order="+created_at")
    assert sorted(run.id for run in found) == list(names)
    assert len(api.runs(four, filters=filters)) == len(names)


@pytest.mark.parametrize("order, names", [
    ("+created_at", "abcd"), ("-created_at", "dcba"), ("created_at", "abcd"), (None, "abcd"), ("-display_name", "dcba"), ("-name", "dcba"),
    ("+summary_metrics.loss", "cba"), ("-summary_metrics.loss", "abc"), ("-summary_metrics.final", "dcba"), ("+config.net.depth", "abc"),
    ("+config.net.value.depth", "abc"),
])
def test_runs_come_in_order(api, four, order, names):
    found = [run.id for run in (api.runs(four, order=order) if order else api.runs(four))]
    assert sorted(found) == list("abcd") and [name for name in found if name in names] == list(names)


@pytest.mark.needs_client("0.31", "text of the server in the errors of `Api.runs`")
@pytest.mark.parametrize("filters", [{"$foo": 1}, {"config.lr": {"$foo": 1}}, {"$and": 1}, {"config.lr": {"$in": 1}}, {"created_at": {"$gt": "soon"}}, {"name": {"$regex": "("}}], ids=str)
def test_a_filter_that_makes_no_sense_is_told(api, four, filters):
    with pytest.raises(Exception, match="filters: "):
        len(api.runs(four, filters=filters))


def test_pages_of_runs_have_all_of_them(wandb, api, wire):
    names = [wire.new_run(f"r{i:03}") for i in range(123)]
    for size in (10, 50, 1000):
        assert sorted(run.id for run in api.runs(f"default/{wire.project}", per_page=size)) == names
    assert len(api.runs(f"default/{wire.project}")) == 123
    first = api.runs(f"default/{wire.project}", order="+created_at")[0]
    assert first.id == "r000"


def test_a_run_has_what_was_logged(api, four):
    run = api.run(f"{four}/a")
    assert run.config == RUNS["a"]["config"] and run.summary["loss"] == 3.0 and run.summary["final"] == 97
    assert (run.name, run.group, run.job_type, run.tags, run.state, run.lastHistoryStep) == ("run a", "g1", "train", ["x"], "finished", 2)


@pytest.mark.needs_client("0.31", "`Api.runs(lazy=True)`")
def test_lazy_runs_load_what_is_asked_for(api, four):
    for run in api.runs(four, lazy=True):
        assert run.config.get("opt") == RUNS[run.id]["config"]["opt"] and run.summary["note"] == f"note {run.id}"


@pytest.fixture(scope="module")
def long(weights):
    """The path of a run of 2,500 steps, made once."""
    import uuid

    with weights.init(project=f"long-{uuid.uuid4().hex[:8]}") as run:
        for i in range(2500):
            run.log({"x": i, **({"even": i} if i % 2 == 0 else {}), **({"word": f"w{i}"} if i % 100 == 0 else {})})
    return "/".join(("default", run.project, run.id))


@pytest.mark.parametrize("size", [1, 7, 1000, 5000])
def test_scan_history_has_every_row_once(api, long, size):
    last = 40 if size == 1 else None
    rows = list(api.run(long).scan_history(page_size=size, max_step=last))
    assert [row["_step"] for row in rows] == list(range(last or 2500)) and rows[11]["x"] == 11 and "even" not in rows[11]


@pytest.mark.parametrize("least, end", [(0, 10), (10, 20), (995, 1005), (2490, 2600), (2600, 2700), (5, 5), (0, None), (2400, None)])
def test_scan_history_takes_steps(api, long, least, end):
    rows = list(api.run(long).scan_history(min_step=least, max_step=end))
    assert [row["_step"] for row in rows] == list(range(least, min(2500, 2500 if end is None else end)))


@pytest.mark.parametrize("keys, count", [(["x"], 2500), (["x", "even"], 1250), (["_step", "even"], 1250), (["word"], 25), (["word", "x"], 25), (["none"], 0),
                                         (["x", "_timestamp", "_runtime"], 2500)])
def test_scan_history_takes_keys(api, long, keys, count):
    rows = list(api.run(long).scan_history(keys=keys, page_size=700))
    assert len(rows) == count and all(set(keys) <= set(row) for row in rows)
    if "even" in keys:
        assert [row["even"] for row in rows] == list(range(0, 2500, 2))


@pytest.mark.parametrize("samples", [1, 10, 500, 2500, 10_000])
def test_history_is_a_sample(api, long, samples):
    rows = api.run(long).history(samples=samples, pandas=False)
    steps = [row["_step"] for row in rows]
    assert len(rows) == min(samples, 2500) and steps == sorted(set(steps))


@pytest.mark.parametrize("keys, total", [(["x"], 2500), (["even"], 1250), (["even", "x"], 1250), (["word"], 25), (["none"], 0)])
def test_a_sample_of_keys_has_these_and_the_step(api, long, keys, total):
    rows = api.run(long).history(keys=keys, samples=50, pandas=False)
    assert len(rows) == min(50, total) and all(set(row) == {*keys, "_step"} for row in rows)
    assert all(row[key] == row["_step"] for row in rows for key in keys if key != "word")


def test_history_is_a_table_of_pandas(api, long):
    pytest.importorskip("pandas")
    frame = api.run(long).history(keys=["x"], samples=100)
    assert set(frame.columns) == {"_step", "x"} and len(frame) == 100 and (frame["x"] == frame["_step"]).all()
    assert {"x", "even", "_step", "_timestamp", "_runtime"} <= set(api.run(long).history(samples=100).columns)
    other = api.run(long).history(keys=["even"], x_axis="x", samples=100, pandas=False)
    assert len(other) == 100 and all(row["x"] == row["even"] for row in other)


def test_histories_of_many_runs_come_together(api, four):
    rows = api.runs(four).histories(keys=["loss"], format="default")
    assert {row["run_id"] for row in rows} == set("abc") and len(rows) == 9


def test_what_is_changed_through_the_api_is_changed(wandb, api, project):
    with wandb.init(project=project, config={"a": 1}, tags=["t"]) as run:
        run.log({"x": 1})
    found = api.run(run.path)
    found.config["new"], found.config["a"] = {"deep": 1}, 2
    found.summary["s2"] = 3
    found.tags.append("late")
    found.notes, found.name, found.display_name, found.group = "noted", "named", "named", "grouped"
    found.update()
    again = wandb.Api().run(run.path)
    assert again.config == {"a": 2, "new": {"deep": 1}} and (again.summary["s2"], again.summary["x"]) == (3, 1)
    assert sorted(again.tags) == ["late", "t"] and (again.notes, again.name, again.group) == ("noted", "named", "grouped")
    assert again.state == "finished"
    again.summary.update({"s3": 4})
    assert wandb.Api().run(run.path).summary["s3"] == 4


def test_a_run_is_deleted(wandb, api, project):
    for name in ("stays", "goes"):
        with wandb.init(project=project, id=name) as run:
            run.log({"x": 1})
    api.run(f"{project}/goes").delete()
    assert [run.id for run in api.runs(f"default/{project}")] == ["stays"]
    with pytest.raises(wandb.errors.CommError, match="ould not find"):
        wandb.Api().run(f"{project}/goes")


def test_create_run_makes_one_from_outside(api, project):
    made = api.create_run(project=project, entity="default", run_id="made")
    assert made.id == "made" and [run.id for run in api.runs(f"default/{project}")] == ["made"]


def test_projects_are_made_and_listed(api, project):
    api.create_project(project, "default")
    found = api.project(project, entity="default")
    assert found.name == project and found.entity == "default" and project in [one.name for one in api.projects("default")]
    assert len(api.runs(f"default/{project}")) == 0


@pytest.mark.parametrize("path", ["default/no-such-project/r", "no-such-entity/p/r", "default/{four}/zz"])
def test_a_run_that_is_not_there_is_told(api, wandb, four, path):
    with pytest.raises((wandb.errors.CommError, ValueError), match="(?i)could not find|not found"):
        api.run(path.replace("default/{four}", four))


def test_runs_of_a_project_that_is_not_there_are_told(api):
    with pytest.raises(ValueError, match="(?i)could not find"):
        len(api.runs("default/no-such-project"))
