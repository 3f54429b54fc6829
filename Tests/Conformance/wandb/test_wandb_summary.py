"""Runs are found and ordered by what their users wrote into the summary, also over what they logged."""

import json
import uuid

import pytest

# Logged last, and then written.
RUNS = {
    "a": (1.0, {"best": 10, "note": "good one", "flag": True, "net": {"depth": 3}, "loss": 5.0}),
    "b": (2.0, {"best": 9.5, "note": "bad", "flag": False, "net": {"depth": 4}}),
    "c": (3.0, {"best": "none", "list": [1, 2]}),
    "d": (4.0, {}),
}


@pytest.fixture(scope="module")
def summed(weights):
    project = f"summed-{uuid.uuid4().hex[:8]}"
    for name, (loss, summary) in RUNS.items():
        with weights.init(project=project, id=name, name=name) as run:
            run.log({"loss": loss + 1})
            run.log({"loss": loss})
            for key, value in summary.items():
                run.summary[key] = value
    return f"default/{project}"


@pytest.mark.parametrize("filters, names", [
    ({"summary_metrics.best": 10}, "a"), ({"summary_metrics.best": {"$gt": 9}}, "ab"), ({"summary_metrics.best": {"$gte": 9.5, "$lt": 10}}, "b"),
    ({"summary_metrics.best": "none"}, "c"), ({"summary_metrics.best": {"$in": [9.5, "none"]}}, "bc"), ({"summary_metrics.best": {"$ne": 10}}, "bcd"),
    ({"summary_metrics.best": {"$nin": [10, 9.5]}}, "cd"), ({"summary_metrics.best": {"$exists": True}}, "abc"), ({"summary_metrics.best": None}, "d"),
    ({"summary_metrics.note": {"$regex": "^g"}}, "a"), ({"summary_metrics.note": {"$ne": "bad"}}, "acd"), ({"summary_metrics.flag": True}, "a"),
    ({"summary_metrics.flag": False}, "b"), ({"summary_metrics.net.depth": {"$gt": 3}}, "b"), ({"summary_metrics.list": {"$exists": True}}, ""),
    ({"summary_metrics.loss": 5}, "a"), ({"summary_metrics.loss": 1}, ""), ({"summary_metrics.loss": {"$lte": 3}}, "bc"),
    ({"summary_metrics.loss": "high"}, ""), ({"$or": [{"summary_metrics.best": 10}, {"summary_metrics.loss": 4}]}, "ad"),
    ({"$and": [{"summary_metrics.best": {"$gt": 1}}, {"summary_metrics.note": "bad"}]}, "b"), ({"summary_metrics._step": {"$gte": 1}}, "abcd"),
    ({"summary_metrics._step": 7}, ""), ({"summary_metrics._runtime": {"$lt": 600}}, "abcd"),
], ids=str)
def test_what_was_written_is_found(api, summed, filters, names):
    assert sorted(run.id for run in api.runs(summed, filters=filters)) == list(names)
    assert len(api.runs(summed, filters=filters)) == len(names)


@pytest.mark.parametrize("order, names", [
    ("+summary_metrics.best", "bacd"), ("-summary_metrics.best", "abcd"), ("+summary_metrics.loss", "bcda"), ("-summary_metrics.loss", "adcb"),
    ("+summary_metrics.net.depth", "ab"), ("-summary_metrics._step,+display_name", "abcd"),
])
def test_runs_are_ordered_by_what_was_written(api, summed, order, names):
    assert [run.id for run in api.runs(summed, order=order)][: len(names)] == list(names)


def test_what_is_no_value_hides_the_number_that_was_logged(weights):
    """The client leaves `None` and NaN out of what it sends: a list, and what the public API writes."""
    project = f"hidden-{uuid.uuid4().hex[:8]}"
    for name in ("one", "two", "three"):
        with weights.init(project=project, id=name) as run:
            run.log({"loss": 1.0})
            if name == "one":
                run.summary["loss"] = [1, 2]
    weights.Api().run(f"default/{project}/two").summary.update({"loss": None})
    found = weights.Api().runs(f"default/{project}", filters={"summary_metrics.loss": {"$gt": 0}})
    assert [run.id for run in found] == ["three"]
    ordered = weights.Api().runs(f"default/{project}", order="+summary_metrics.loss")
    assert [run.id for run in ordered][0] == "three"


def test_a_summary_that_changes_is_found_by_what_it_says_now(weights):
    project = f"again-{uuid.uuid4().hex[:8]}"
    with weights.init(project=project, id="one") as run:
        run.log({"loss": 1.0})
        run.summary["best"] = 1

    def ids(filters):
        # An `Api` keeps what it was answered before.
        return [run.id for run in weights.Api().runs(f"default/{project}", filters=filters)]

    assert ids({"summary_metrics.best": 1}) == ["one"]
    found = weights.Api().run(f"default/{project}/one")
    found.summary.update({"best": 2, "late": "yes", "loss": 0.25})
    assert ids({"summary_metrics.best": 1}) == [] and ids({"summary_metrics.best": 2}) == ids({"summary_metrics.late": "yes"}) == ["one"]
    assert ids({"summary_metrics.loss": {"$lt": 0.5}}) == ["one"]
    del found.summary["late"]
    found.summary.update()
    assert ids({"summary_metrics.late": "yes"}) == [] and ids({"summary_metrics.best": 2}) == ["one"]
    with weights.init(project=project, id="one", resume="must") as run:
        run.log({"loss": 7.0})
    assert ids({"summary_metrics.loss": 7}) == ["one"] and ids({"summary_metrics.best": 2}) == ["one"]
    assert ids({"summary_metrics.loss": {"$lt": 0.5}}) == []


RUNS_OF = """query Runs($project: String!, $entity: String!, $filters: JSONString) { project(name: $project, entityName: $entity) {
  runs(filters: $filters) { edges { node { name } } } } }"""
LONG = "k" * 1_000_000


@pytest.mark.parametrize("summary", [
    {LONG: {str(index): 1 for index in range(50_000)}}, {"a\u0000b": 1, "t": "\u0000"}, {LONG: 1, "t": LONG}, {str(index): index for index in range(30_000)},
    {"deep": {"er": {"est": float("nan")}}, "list": [{"a": 1}] * 1000}, {"_wandb": {"best": 1}, "": 1, ".": 1, "..": {"": 1}},
    {"x'; DROP TABLE run; --": 1, "%": 1, "?": 1, "$1": 1},
], ids=["long name over many", "zero", "long name and text", "many", "nothing to find", "empty names", "sql"])
def test_a_summary_of_any_shape_holds_up_nobody(wire, summary):
    """It is kept, what can be found is found, and the run goes on."""
    run = wire.new_run()
    answer = wire.lines(run, 0, [json.dumps({"best": 7, **summary})], file="wandb-summary.json")
    assert answer.status_code == 200, answer.text
    assert wire.lines(run, 0, [json.dumps({"_step": 0, "loss": 1.5})]).status_code == 200
    assert wire.values(run, "loss")
    for wanted in ({"summary_metrics.loss": 1.5}, {"summary_metrics.best": 7}):
        asked = wire.ok(RUNS_OF, project=wire.project, entity=wire.entity, filters=json.dumps({"name": run, **wanted}))
        assert [edge["node"]["name"] for edge in asked["project"]["runs"]["edges"]] == [run]
