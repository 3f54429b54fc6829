"""The fluent API: what a training script does."""

import threading
import time

import pytest


def test_a_run_keeps_params_metrics_and_tags(mlflow, experiment):
    with mlflow.start_run(run_name="first") as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"batch": 32, "optimizer": "adam"})
        mlflow.log_metric("loss", 0.5)
        mlflow.log_metrics({"acc": 0.9, "f1": 0.8}, step=3)
        mlflow.set_tag("team", "vision")
        mlflow.set_tags({"a": 1, "b": "two"})
    stored = mlflow.get_run(run.info.run_id)
    assert stored.data.params == {"lr": "0.1", "batch": "32", "optimizer": "adam"}
    assert stored.data.metrics == {"loss": 0.5, "acc": 0.9, "f1": 0.8}
    assert {k: stored.data.tags[k] for k in ("team", "a", "b")} == {"team": "vision", "a": "1", "b": "two"}
    assert stored.info.status == "FINISHED"
    assert stored.info.run_name == "first"
    assert stored.info.experiment_id == experiment
    assert stored.info.end_time >= stored.info.start_time


def test_log_param_gives_back_what_it_was_given(mlflow, experiment):
    with mlflow.start_run():
        assert mlflow.log_param("lr", 0.1) == 0.1


def test_a_run_without_a_name_gets_one(mlflow, experiment):
    with mlflow.start_run() as run:
        assert run.info.run_name
        assert run.data.tags["mlflow.runName"] == run.info.run_name


def test_the_source_and_the_user_are_kept(mlflow, experiment):
    with mlflow.start_run() as run:
        pass
    tags = mlflow.get_run(run.info.run_id).data.tags
    assert tags["mlflow.source.name"]
    assert tags["mlflow.source.type"] == "LOCAL"
    assert tags["mlflow.user"]


def test_a_run_that_raises_is_failed(mlflow, experiment):
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as run:
        1 / 0  # noqa: B018
    assert mlflow.get_run(run.info.run_id).info.status == "FAILED"


def test_a_run_can_be_ended_as_killed(mlflow, experiment):
    run = mlflow.start_run()
    mlflow.end_run("KILLED")
    assert mlflow.get_run(run.info.run_id).info.status == "KILLED"


def test_a_run_is_running_until_it_ends(mlflow, experiment):
    with mlflow.start_run() as run:
        stored = mlflow.get_run(run.info.run_id).info
        assert stored.status == "RUNNING"
        assert stored.end_time is None
    assert mlflow.get_run(run.info.run_id).info.status == "FINISHED"


def test_an_ended_run_can_be_resumed(mlflow, experiment):
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 1, step=0)
    with mlflow.start_run(run_id=run.info.run_id):
        assert mlflow.get_run(run.info.run_id).info.status == "RUNNING"
        mlflow.log_metric("loss", 0.5, step=1)
    stored = mlflow.get_run(run.info.run_id)
    assert stored.data.metrics["loss"] == 0.5
    assert stored.info.status == "FINISHED"


def test_nested_runs_know_their_parent(mlflow, experiment):
    with mlflow.start_run(run_name="parent") as parent:
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metric("inner", 1)
        mlflow.log_metric("outer", 2)
    assert mlflow.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert mlflow.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id
    assert mlflow.get_parent_run(parent.info.run_id) is None
    children = mlflow.search_runs(
        [experiment], filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list"
    )
    assert [c.info.run_id for c in children] == [child.info.run_id]


def test_three_levels_of_nesting(mlflow, experiment):
    with mlflow.start_run() as one, mlflow.start_run(nested=True) as two, mlflow.start_run(nested=True) as three:
        pass
    assert mlflow.get_run(three.info.run_id).data.tags["mlflow.parentRunId"] == two.info.run_id
    assert mlflow.get_run(two.info.run_id).data.tags["mlflow.parentRunId"] == one.info.run_id


def test_start_run_takes_tags_a_description_and_a_parent(mlflow, experiment):
    with mlflow.start_run(tags={"stage": "baseline"}, description="why it runs") as parent:
        pass
    with mlflow.start_run(parent_run_id=parent.info.run_id) as child:
        pass
    stored = mlflow.get_run(parent.info.run_id)
    assert stored.data.tags["stage"] == "baseline"
    assert stored.data.tags["mlflow.note.content"] == "why it runs"
    assert mlflow.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id


def test_delete_tag_removes_it(mlflow, experiment):
    with mlflow.start_run() as run:
        mlflow.set_tag("temporary", "x")
        mlflow.delete_tag("temporary")
    assert "temporary" not in mlflow.get_run(run.info.run_id).data.tags


def test_metrics_keep_the_timestamp_they_were_given(mlflow, client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 1.5, step=7, timestamp=1_700_000_000_123)
    (point,) = client.get_metric_history(run.info.run_id, "loss")
    assert (point.value, point.step, point.timestamp) == (1.5, 7, 1_700_000_000_123)


def test_last_active_run_and_delete_run(mlflow, experiment):
    with mlflow.start_run() as run:
        pass
    assert mlflow.last_active_run().info.run_id == run.info.run_id
    mlflow.delete_run(run.info.run_id)
    assert mlflow.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    assert mlflow.search_runs([experiment], output_format="list") == []


def test_set_experiment_makes_it_once(mlflow, name):
    first = mlflow.set_experiment(name)
    assert mlflow.set_experiment(name).experiment_id == first.experiment_id
    assert mlflow.set_experiment(experiment_id=first.experiment_id).name == name


def test_experiment_tags_by_the_fluent_api(mlflow, experiment):
    mlflow.set_experiment_tag("owner", "ada")
    mlflow.set_experiment_tags({"field": "vision", "year": 2026})
    tags = mlflow.get_experiment(experiment).tags
    assert (tags["owner"], tags["field"], tags["year"]) == ("ada", "vision", "2026")


def test_asynchronous_logging_arrives_in_full(mlflow, client, experiment):
    with mlflow.start_run() as run:
        futures = [mlflow.log_metric("loss", 1 / (i + 1), step=i, synchronous=False) for i in range(300)]
        mlflow.log_params({"a": 1, "b": 2}, synchronous=False)
        mlflow.set_tags({"mode": "async"}, synchronous=False)
        mlflow.flush_async_logging()
        for future in futures:
            future.wait()
    history = client.get_metric_history(run.info.run_id, "loss")
    assert sorted(p.step for p in history) == list(range(300))
    stored = mlflow.get_run(run.info.run_id)
    assert stored.data.params == {"a": "1", "b": "2"}
    assert stored.data.tags["mode"] == "async"


def test_asynchronous_logging_can_be_switched_on_for_all(mlflow, client, experiment):
    mlflow.config.enable_async_logging(True)
    try:
        with mlflow.start_run() as run:
            for step in range(50):
                mlflow.log_metrics({"loss": 1 / (step + 1), "acc": step / 50}, step=step)
            mlflow.log_param("p", "v")
        mlflow.flush_async_logging()
    finally:
        mlflow.config.enable_async_logging(False)
    assert len(client.get_metric_history(run.info.run_id, "acc")) == 50
    assert mlflow.get_run(run.info.run_id).data.params == {"p": "v"}


def test_threads_that_log_to_one_run_lose_nothing(mlflow, client, experiment):
    with mlflow.start_run() as run:
        run_id = run.info.run_id

        def work(number):
            for step in range(25):
                client.log_metric(run_id, "shared", number, step=step)
                client.log_metric(run_id, f"own/{number}", step, step=step)
            client.log_param(run_id, f"param/{number}", number)
            client.set_tag(run_id, "winner", str(number))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    shared = client.get_metric_history(run_id, "shared")
    assert sorted((p.value, p.step) for p in shared) == [(float(n), s) for n in range(8) for s in range(25)]
    for number in range(8):
        assert len(client.get_metric_history(run_id, f"own/{number}")) == 25
    stored = client.get_run(run_id).data
    assert stored.params == {f"param/{n}": str(n) for n in range(8)}
    assert stored.tags["winner"] in {str(n) for n in range(8)}


def test_system_metrics_are_logged(mlflow, experiment):
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(1)
    try:
        with mlflow.start_run(log_system_metrics=True) as run:
            time.sleep(1.5)
    finally:
        mlflow.set_system_metrics_sampling_interval(None)
        mlflow.set_system_metrics_samples_before_logging(None)
    metrics = mlflow.get_run(run.info.run_id).data.metrics
    assert "system/cpu_utilization_percentage" in metrics
    assert "system/system_memory_usage_megabytes" in metrics
