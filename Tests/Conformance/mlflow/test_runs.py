"""Runs: their life, and searching them."""

import math
import time

import pytest
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException, RestException

from harness import code, now


def test_create_run_keeps_what_it_is_given(client, experiment):
    made = client.create_run(experiment, start_time=1_700_000_000_000, tags={"k": "v"}, run_name="by hand")
    stored = client.get_run(made.info.run_id)
    assert stored.info.start_time == 1_700_000_000_000
    assert stored.info.run_name == "by hand"
    assert stored.info.status == "RUNNING"
    assert stored.info.lifecycle_stage == "active"
    assert stored.data.tags["k"] == "v"
    assert stored.data.tags["mlflow.runName"] == "by hand"
    assert stored.info.artifact_uri == f"mlflow-artifacts:/{experiment}/{made.info.run_id}/artifacts"


def test_run_ids_are_32_hex_digits(run):
    assert len(run) == 32
    int(run, 16)


def test_a_run_without_a_name_gets_one_of_three_words(raw):
    info = raw.ok("runs/create", {"experiment_id": "0"})["run"]["info"]
    assert len(info["run_name"].split("-")) == 3


def test_a_new_run_has_empty_inputs_and_outputs(raw):
    stored = raw.run(raw.new_run())
    assert stored["inputs"] == {}
    assert stored["outputs"] == {}
    assert stored["info"]["run_id"] == stored["info"]["run_uuid"]


def test_the_name_and_its_tag_are_one(client, run):
    client.set_tag(run, "mlflow.runName", "from the tag")
    assert client.get_run(run).info.run_name == "from the tag"
    client.update_run(run, name="from the name")
    assert client.get_run(run).data.tags["mlflow.runName"] == "from the name"


def test_a_name_and_another_name_tag_are_refused(raw):
    answer = raw.post("runs/create", {
        "experiment_id": "0", "run_name": "one", "tags": [{"key": "mlflow.runName", "value": "two"}]
    })
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED", "SCHEDULED", "RUNNING"])
def test_every_status_can_be_set(client, run, status):
    client.update_run(run, status=status)
    assert client.get_run(run).info.status == status


def test_set_terminated_sets_the_end(client, run):
    client.set_terminated(run, "FINISHED", end_time=1_800_000_000_000)
    info = client.get_run(run).info
    assert (info.status, info.end_time) == ("FINISHED", 1_800_000_000_000)


def test_a_run_that_goes_on_keeps_its_last_end(client, run):
    client.set_terminated(run, "FINISHED", end_time=1_800_000_000_000)
    client.update_run(run, status="RUNNING")
    info = client.get_run(run).info
    assert (info.status, info.end_time) == ("RUNNING", 1_800_000_000_000)


def test_delete_and_restore(client, run, experiment):
    client.delete_run(run)
    client.delete_run(run)
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    assert client.search_runs([experiment]) == []
    client.restore_run(run)
    assert client.get_run(run).info.lifecycle_stage == "active"
    assert [r.info.run_id for r in client.search_runs([experiment])] == [run]


def test_an_unknown_run_is_not_found(client):
    with pytest.raises(RestException) as refused:
        client.get_run("f" * 32)
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert f"Run with id={'f' * 32} not found" in refused.value.message


def test_runs_get_accepts_the_old_name_of_the_id(raw):
    run_id = raw.new_run()
    assert raw.get("runs/get", run_uuid=run_id).json()["run"]["info"]["run_id"] == run_id
    assert raw.get("runs/get", run_uuid=run_id, run_id=run_id).status_code == 200


def test_get_parent_run(client, experiment, run):
    child = client.create_run(experiment, tags={"mlflow.parentRunId": run})
    assert client.get_parent_run(child.info.run_id).info.run_id == run


@pytest.fixture
def runs(client, experiment):
    """Six runs, oldest first: loss 0.0 ... 0.5, lr and optimizer in turns, the last two without a loss."""
    made = []
    for number in range(6):
        run = client.create_run(experiment, start_time=1_700_000_000_000 + number, run_name=f"run {number}")
        run_id = run.info.run_id
        metrics = [Metric("loss", number / 10, now(), 0)] if number < 4 else []
        metrics.append(Metric("val/acc score", 1 - number / 10, now(), 0))
        client.log_batch(
            run_id, metrics,
            [Param("lr", str(number % 2)), Param("optimizer", "Adam" if number < 3 else "sgd")],
            [RunTag("even", str(number % 2 == 0)), RunTag("dotted.key", str(number))],
        )
        if number in (0, 5):
            client.set_terminated(run_id)
        made.append(run_id)
    return made


def numbers(client, experiment, runs, filter_string="", **options):
    found = client.search_runs([experiment], filter_string, **options)
    return [runs.index(r.info.run_id) for r in found]


@pytest.mark.parametrize(("filter_string", "expected"), [
    ("", {0, 1, 2, 3, 4, 5}),
    ("metrics.loss < 0.2", {0, 1}),
    ("metrics.loss <= 0.2 and metrics.loss > 0", {1, 2}),
    ("metric.loss != 0.1", {0, 2, 3}),
    ("metrics.loss = 0.3", {3}),
    ("metrics.`val/acc score` >= 0.8", {0, 1, 2}),
    ('metrics."val/acc score" < 0.6', {5}),
    ("params.lr = '1'", {1, 3, 5}),
    ("params.lr != '1'", {0, 2, 4}),
    ('param.optimizer = "sgd"', {3, 4, 5}),
    ("params.optimizer LIKE 'A%'", {0, 1, 2}),
    ("params.optimizer LIKE 'a%'", set()),
    ("params.optimizer ILIKE 'a%'", {0, 1, 2}),
    ("parameters.optimizer ILIKE 'S_D'", {3, 4, 5}),
    ("tags.even = 'True' AND params.lr = '0'", {0, 2, 4}),
    ("tags.dotted.key = '3'", {3}),
    ("tags.`dotted.key` = '4'", {4}),
    ("tags.missing != 'x'", set()),
    ("tags.missing IS NULL", {0, 1, 2, 3, 4, 5}),
    ("params.lr IS NOT NULL", {0, 1, 2, 3, 4, 5}),
    ("params.missing IS NOT NULL", set()),
    ("attributes.status = 'FINISHED'", {0, 5}),
    ("status != 'FINISHED'", {1, 2, 3, 4}),
    ("attributes.run_name = 'run 2'", {2}),
    ("run_name LIKE 'run %'", {0, 1, 2, 3, 4, 5}),
    ("run.run_name ILIKE 'RUN 1'", {1}),
    ("attributes.`Run name` = 'run 3'", {3}),
    ("attributes.start_time >= 1700000000003", {3, 4, 5}),
    ("start_time < 1700000000002", {0, 1}),
    ("created = 1700000000002", {2}),
    ("artifact_uri LIKE 'mlflow-artifacts:%'", {0, 1, 2, 3, 4, 5}),
])
def test_filters(client, experiment, runs, filter_string, expected):
    assert set(numbers(client, experiment, runs, filter_string)) == expected


def test_filter_by_a_list_of_run_ids(client, experiment, runs):
    chosen = f"('{runs[1]}', '{runs[4]}')"
    assert set(numbers(client, experiment, runs, f"attributes.run_id IN {chosen}")) == {1, 4}
    assert set(numbers(client, experiment, runs, f"run_id NOT IN {chosen}")) == {0, 2, 3, 5}
    assert set(numbers(client, experiment, runs, f"run_id = '{runs[2]}'")) == {2}


@pytest.mark.parametrize(("order_by", "expected"), [
    (["metrics.loss ASC"], [0, 1, 2, 3, 5, 4]),
    (["metrics.loss DESC"], [3, 2, 1, 0, 5, 4]),
    (["metric.loss"], [0, 1, 2, 3, 5, 4]),
    (["params.optimizer ASC", "metrics.`val/acc score` ASC"], [2, 1, 0, 5, 4, 3]),
    (["params.lr DESC", "start_time ASC"], [1, 3, 5, 0, 2, 4]),
    (["attributes.start_time ASC"], [0, 1, 2, 3, 4, 5]),
    (["start_time DESC"], [5, 4, 3, 2, 1, 0]),
    (["tags.`dotted.key` desc"], [5, 4, 3, 2, 1, 0]),
    (["attributes.run_name ASC"], [0, 1, 2, 3, 4, 5]),
    (None, [5, 4, 3, 2, 1, 0]),
])
def test_orders(client, experiment, runs, order_by, expected):
    assert numbers(client, experiment, runs, order_by=order_by) == expected


def test_nan_sorts_after_numbers_and_before_nothing(client, experiment, runs):
    client.log_metric(runs[4], "loss", math.nan)
    assert numbers(client, experiment, runs, order_by=["metrics.loss ASC"]) == [0, 1, 2, 3, 4, 5]
    assert numbers(client, experiment, runs, order_by=["metrics.loss DESC"]) == [3, 2, 1, 0, 4, 5]
    assert set(numbers(client, experiment, runs, "metrics.loss < 100")) == {0, 1, 2, 3}
    assert set(numbers(client, experiment, runs, "metrics.loss > -100")) == {0, 1, 2, 3}


def test_filters_look_at_the_latest_value(client, experiment, runs):
    client.log_metric(runs[0], "loss", 0.9, step=1)
    assert set(numbers(client, experiment, runs, "metrics.loss > 0.5")) == {0}


def test_pages_cover_every_run_once(client, experiment, runs):
    seen, token = [], None
    while True:
        page = client.search_runs([experiment], max_results=4, order_by=["metrics.loss ASC"], page_token=token)
        seen += [runs.index(r.info.run_id) for r in page]
        token = page.token
        if not token:
            break
    assert seen == [0, 1, 2, 3, 5, 4]


def test_no_token_after_the_last_page(client, experiment, runs):
    assert client.search_runs([experiment], max_results=6).token is None


def test_view_types(client, experiment, runs):
    client.delete_run(runs[1])
    assert set(numbers(client, experiment, runs)) == {0, 2, 3, 4, 5}
    assert numbers(client, experiment, runs, run_view_type=ViewType.DELETED_ONLY) == [1]
    assert set(numbers(client, experiment, runs, run_view_type=ViewType.ALL)) == {0, 1, 2, 3, 4, 5}


def test_several_experiments_at_once(client, name):
    one, two = (client.create_experiment(f"{name} {i}") for i in range(2))
    runs = {client.create_run(one).info.run_id, client.create_run(two).info.run_id}
    assert {r.info.run_id for r in client.search_runs([one, two])} == runs


def test_no_experiments_find_nothing(raw):
    answer = raw.post("runs/search", {"experiment_ids": []})
    assert answer.status_code == 200
    assert answer.json() == {}


def test_search_runs_as_a_data_frame(mlflow, client, experiment, runs):
    frame = mlflow.search_runs([experiment], order_by=["start_time ASC"])
    assert list(frame["run_id"]) == runs
    assert list(frame["params.lr"]) == ["0", "1"] * 3
    assert frame["metrics.loss"].isna().tolist() == [False] * 4 + [True] * 2
    assert frame["metrics.loss"][3] == 0.3
    assert list(frame["tags.even"]) == ["True", "False"] * 3
    assert str(frame["start_time"].dt.tz) == "UTC"
    by_name = mlflow.search_runs(experiment_names=[client.get_experiment(experiment).name], max_results=2)
    assert len(by_name) == 2


def test_a_frame_of_more_runs_than_a_page(mlflow, raw, experiment):
    for _ in range(30):
        raw.new_run(experiment)
    assert len(mlflow.search_runs([experiment], max_results=25)) == 25
    assert len(mlflow.search_runs([experiment])) == 30


@pytest.mark.parametrize("filter_string", [
    "metrics.loss", "metrics.loss > 'x'", "params.lr > 1", "params.lr = 1", "metrics.a < 1 OR metrics.b < 1",
    "(metrics.a < 1)", "unknown.a = 'b'", "attributes.nothing = 'x'", "metrics.loss LIKE 'a'", "tags.x IN ('a')",
    "status > 'RUNNING'", "params.'", "' or 1=1 --",
])
def test_a_bad_filter_is_the_users_mistake(client, experiment, filter_string):
    try:
        client.search_runs([experiment], filter_string)
    except RestException as refused:
        assert refused.error_code == "INVALID_PARAMETER_VALUE"
        assert refused.get_http_status_code() == 400
    else:
        # Martlet's language is larger than MLflow's: OR, parentheses and IN are an answer there, not an error.
        assert any(word in filter_string for word in (" OR ", "(metrics", " IN "))


@pytest.mark.parametrize("order_by", [["metrics.loss SIDEWAYS"], ["nothing.x"], ["attributes.nothing"], [""]])
def test_a_bad_order_is_refused(raw, experiment, order_by):
    answer = raw.post("runs/search", {"experiment_ids": [experiment], "order_by": order_by})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.martlet_only
def test_an_order_named_twice_is_the_users_mistake(raw, experiment):
    body = {"experiment_ids": [experiment], "order_by": ["metrics.a ASC", "metrics.a DESC"]}
    assert raw.post("runs/search", body).status_code == 400


@pytest.mark.parametrize("limit", [-1, 50_001])
def test_a_page_size_out_of_range_is_refused(raw, experiment, limit):
    answer = raw.post("runs/search", {"experiment_ids": [experiment], "max_results": limit})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.martlet_only
def test_a_foreign_page_token_is_refused(raw, experiment):
    answer = raw.post("runs/search", {"experiment_ids": [experiment], "page_token": "nonsense"})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


def test_deleted_runs_refuse_writes_with_the_state_in_the_message(client, run):
    client.delete_run(run)
    for write in (
        lambda: client.log_metric(run, "loss", 1),
        lambda: client.log_param(run, "lr", 1),
        lambda: client.set_tag(run, "t", 1),
        lambda: client.log_batch(run, [Metric("m", 1, 1, 1)], [], []),
        lambda: client.update_run(run, status="FINISHED"),
    ):
        with pytest.raises(MlflowException) as refused:
            write()
        assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
        assert "must be in the 'active' state" in refused.value.message
    client.restore_run(run)
    stored = client.get_run(run)
    assert (stored.data.metrics, stored.data.params) == ({}, {})
    assert stored.info.status == "RUNNING"


def test_two_clients_on_one_run_see_each_other(mlflow, server, run):
    one, two = mlflow.MlflowClient(server.url), mlflow.MlflowClient(server.url)
    for step in range(20):
        one.log_metric(run, "a", step, step=step)
        two.log_metric(run, "b", -step, step=step)
        assert one.get_run(run).data.metrics == {"a": step, "b": -step}
    one.log_param(run, "p", "1")
    with pytest.raises(Exception, match="Changing param values is not allowed"):
        two.log_param(run, "p", "2")


def test_a_run_is_found_the_moment_it_is_made(client, experiment):
    begin = time.monotonic()
    for _ in range(10):
        run_id = client.create_run(experiment).info.run_id
        assert run_id in {r.info.run_id for r in client.search_runs([experiment])}
    assert time.monotonic() - begin < 30


def test_the_user_of_a_run_is_no_tag_unless_it_is_sent_as_one(client, raw, experiment):
    made = client.create_run(experiment)
    for run in (made, client.get_run(made.info.run_id)):
        assert run.info.user_id == "unknown"
        assert run.data.tags == {"mlflow.runName": run.info.run_name}
    tags = [{"key": "mlflow.user", "value": "ana"}]
    both = raw.run(raw.new_run(experiment, user_id="bob", run_name="r", tags=tags))
    assert both["info"]["user_id"] == "bob"
    assert tags[0] in both["data"]["tags"]


def test_the_tag_of_the_user_is_set_found_and_deleted(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    client.set_tag(run_id, "mlflow.user", "ana")
    assert client.get_run(run_id).data.tags["mlflow.user"] == "ana"
    found = client.search_runs([experiment], "tags.`mlflow.user` = 'ana'")
    assert [r.info.run_id for r in found] == [run_id]
    client.delete_tag(run_id, "mlflow.user")
    assert "mlflow.user" not in client.get_run(run_id).data.tags
    with pytest.raises(MlflowException, match="No tag with name: mlflow.user"):
        client.delete_tag(run_id, "mlflow.user")


@pytest.mark.parametrize("status", ["FINISHED", 3, "3"])
def test_a_status_by_its_name_and_by_its_number(raw, status):
    run_id = raw.new_run()
    assert raw.ok("runs/update", {"run_id": run_id, "status": status})["run_info"]["status"] == "FINISHED"
