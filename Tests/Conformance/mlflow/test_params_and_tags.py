"""Params are written once, tags can change; limits of both."""

import pytest
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException, RestException

from harness import code


def test_a_param_may_be_logged_again_with_the_same_value(client, run):
    client.log_param(run, "lr", 0.1)
    client.log_param(run, "lr", 0.1)
    client.log_batch(run, params=[Param("lr", "0.1")])
    assert client.get_run(run).data.params == {"lr": "0.1"}


def test_a_param_never_changes(client, run):
    client.log_param(run, "lr", 0.1)
    with pytest.raises(MlflowException) as refused:
        client.log_param(run, "lr", 0.2)
    assert (
        f"Changing param values is not allowed. Param with key='lr' was already logged with value='0.1' "
        f"for run ID='{run}'. Attempted logging new value '0.2'." in refused.value.message
    )
    assert client.get_run(run).data.params == {"lr": "0.1"}


def test_a_batch_with_a_changed_param_stores_nothing_else(client, raw, run):
    client.log_param(run, "lr", 0.1)
    answer = raw.post("runs/log-batch", {
        "run_id": run,
        "metrics": [{"key": "m", "value": 1, "timestamp": 1, "step": 0}],
        "params": [{"key": "new", "value": "1"}, {"key": "lr", "value": "0.2"}],
        "tags": [{"key": "t", "value": "1"}],
    })
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")
    message = answer.json()["message"]
    assert "Changing param values is not allowed. Params were already logged=" in message
    assert "'key': 'lr', 'old_value': '0.1', 'new_value': '0.2'" in message
    stored = client.get_run(run).data
    assert stored.params == {"lr": "0.1"}
    assert stored.metrics == {}
    assert "t" not in stored.tags


def test_a_key_twice_in_one_batch_is_refused(raw):
    run_id = raw.new_run()
    answer = raw.post("runs/log-batch", {
        "run_id": run_id, "params": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    })
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")
    assert "Duplicate parameter keys have been submitted" in answer.json()["message"]
    assert "params" not in raw.run(run_id)["data"]


def test_tags_are_changed_and_deleted(client, run):
    client.set_tag(run, "state", "draft")
    client.set_tag(run, "state", "final")
    client.log_batch(run, tags=[RunTag("state", "published"), RunTag("other", "x")])
    tags = client.get_run(run).data.tags
    assert (tags["state"], tags["other"]) == ("published", "x")
    client.delete_tag(run, "state")
    assert "state" not in client.get_run(run).data.tags


def test_deleting_a_missing_tag_is_not_found(client, run):
    with pytest.raises(RestException) as refused:
        client.delete_tag(run, "missing")
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert "No tag with name: missing in run with id" in refused.value.message


@pytest.mark.parametrize("value", ["", " ", "0", "None", "a" * 6000, "línea\nzwei\tdrei", "🐦", "'; DROP TABLE runs; --", "{}"])
def test_params_and_tags_of_any_text(client, run, value):
    client.log_param(run, "p", value)
    client.set_tag(run, "t", value)
    stored = client.get_run(run).data
    assert stored.params["p"] == value
    assert stored.tags["t"] == value


def test_params_of_any_python_type(client, run):
    for key, value in {"i": 1, "f": 1e-5, "b": True, "n": None, "l": [1, 2], "d": {"a": 1}}.items():
        client.log_param(run, key, value)
    assert client.get_run(run).data.params == {
        "i": "1", "f": "1e-05", "b": "True", "n": "None", "l": "[1, 2]", "d": "{'a': 1}"
    }


def test_100_params_and_100_tags_in_one_batch(client, run):
    client.log_batch(run, params=[Param(f"p{i}", str(i)) for i in range(100)])
    client.log_batch(run, tags=[RunTag(f"t{i}", str(i)) for i in range(100)])
    stored = client.get_run(run).data
    assert len(stored.params) == 100
    assert all(stored.tags[f"t{i}"] == str(i) for i in range(100))


def test_more_params_than_one_batch_holds_through_the_fluent_api(mlflow, experiment):
    with mlflow.start_run() as run:
        mlflow.log_params({f"p{i}": i for i in range(250)})
    assert len(mlflow.get_run(run.info.run_id).data.params) == 250


@pytest.mark.parametrize("what", ["metrics", "params", "tags"])
def test_one_more_than_a_batch_may_hold_is_refused_whole(raw, what):
    run_id = raw.new_run()
    entries = {
        "metrics": [{"key": f"k{i}", "value": 1, "timestamp": 1, "step": 0} for i in range(1001)],
        "params": [{"key": f"k{i}", "value": "1"} for i in range(101)],
        "tags": [{"key": f"k{i}", "value": "1"} for i in range(101)],
    }[what]
    answer = raw.post("runs/log-batch", {"run_id": run_id, what: entries})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")
    data = raw.run(run_id)["data"]
    assert "metrics" not in data
    assert "params" not in data
    assert not any(t["key"].startswith("k") for t in data.get("tags", []))


def test_a_batch_of_1000_in_all_is_the_most(raw):
    run_id = raw.new_run()
    metrics = [{"key": f"m{i}", "value": 1, "timestamp": 1, "step": 0} for i in range(950)]
    params = [{"key": f"p{i}", "value": "1"} for i in range(51)]
    answer = raw.post("runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")
    assert "metrics" not in raw.run(run_id)["data"]
    raw.ok("runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params[:50]})


@pytest.mark.parametrize(("path", "body"), [
    ("runs/log-metric", {"key": "k" * 251, "value": 1, "timestamp": 1, "step": 0}),
    ("runs/log-parameter", {"key": "k" * 251, "value": "1"}),
    ("runs/set-tag", {"key": "k" * 251, "value": "1"}),
    ("runs/log-batch", {"metrics": [{"key": "k" * 251, "value": 1, "timestamp": 1, "step": 0}]}),
    ("runs/log-batch", {"params": [{"key": "k" * 251, "value": "1"}]}),
    ("runs/log-batch", {"tags": [{"key": "k" * 251, "value": "1"}]}),
])
def test_a_key_of_251_characters_is_refused(raw, path, body):
    run_id = raw.new_run()
    before = raw.run(run_id)["data"]
    answer = raw.post(path, {"run_id": run_id, **body})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")
    assert "250" in answer.json()["message"]
    assert raw.run(run_id)["data"] == before


def test_a_key_of_250_characters_is_kept(client, run):
    key = "k" * 250
    client.log_metric(run, key, 1)
    client.log_param(run, key, 1)
    client.set_tag(run, key, 1)
    stored = client.get_run(run).data
    assert (stored.metrics[key], stored.params[key], stored.tags[key]) == (1, "1", "1")


@pytest.mark.parametrize("key", ["", "../a", "/a", "a/../b", "a//b", "a/", ".", "..", "a\\b", "a;b", "a%b", "a\nb", "a'b"])
@pytest.mark.parametrize("path", ["runs/log-metric", "runs/log-parameter", "runs/set-tag"])
def test_a_key_that_could_be_a_path_is_refused(raw, path, key):
    run_id = raw.new_run()
    body = {"run_id": run_id, "key": key, "value": 1 if path == "runs/log-metric" else "1"}
    if path == "runs/log-metric":
        body |= {"timestamp": 1, "step": 0}
    answer = raw.post(path, body)
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


def test_long_values_are_cut_and_not_refused(raw):
    run_id = raw.new_run()
    raw.ok("runs/log-parameter", {"run_id": run_id, "key": "p", "value": "v" * 7000})
    raw.ok("runs/set-tag", {"run_id": run_id, "key": "t", "value": "v" * 9000})
    raw.ok("runs/log-batch", {
        "run_id": run_id, "params": [{"key": "q", "value": "w" * 7000}], "tags": [{"key": "u", "value": "w" * 9000}]
    })
    data = raw.run(run_id)["data"]
    assert {p["key"]: len(p["value"]) for p in data["params"]} == {"p": 6000, "q": 6000}
    assert {t["key"]: len(t["value"]) for t in data["tags"] if t["key"] in "tu"} == {"t": 8000, "u": 8000}


def test_a_changed_param_in_one_of_many_client_batches_stops_there(client, run):
    client.log_param(run, "a", "1")
    with pytest.raises(MlflowException):
        client.log_batch(run, [Metric("m", 1, 1, 1)], [Param("a", "2")])
    assert client.get_run(run).data.metrics == {}
