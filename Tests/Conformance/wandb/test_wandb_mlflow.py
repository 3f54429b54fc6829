"""One run, two clients: what `mlflow` logs `wandb` finds, and the other way round."""

import math

import pytest


def test_a_run_of_mlflow_is_a_run_of_wandb(mlflow, experiment, name, api):
    with mlflow.start_run(run_name="from mlflow", tags={"mlflow.note.content": "noted"}) as run:
        mlflow.log_params({"lr": 0.1, "opt": "adam", "n": 3})
        for i in range(10):
            mlflow.log_metrics({"loss": 1 / (i + 1), "val/acc": i}, step=i)
        mlflow.log_text("hello", "notes/hello ü.txt")
    [found] = api.runs(f"default/{name}")
    assert (found.id, found.name, found.state) == (run.info.run_id, "from mlflow", "finished")
    assert found.config == {"lr": 0.1, "opt": "adam", "n": 3}
    assert {key: found.summary[key] for key in ("loss", "val/acc")} == {"loss": 0.1, "val/acc": 9}
    rows = list(found.scan_history())
    assert [(row["_step"], row["loss"], row["val/acc"]) for row in rows] == [(i, 1 / (i + 1), i) for i in range(10)]
    assert [row["loss"] for row in found.history(keys=["loss"], pandas=False)] == [1 / (i + 1) for i in range(10)]
    assert [file.name for file in found.files()] == ["notes/hello ü.txt"]


@pytest.mark.parametrize("filters, count", [
    ({"config.lr": "0.1"}, 1), ({"config.lr": 0.1}, 1), ({"summary_metrics.loss": {"$lt": 1}}, 1), ({"summary_metrics.loss": {"$gt": 1}}, 0)], ids=str)
def test_filters_of_wandb_find_runs_of_mlflow(mlflow, experiment, name, api, filters, count):
    with mlflow.start_run():
        mlflow.log_param("lr", 0.1)
        mlflow.log_metric("loss", 0.5)
    assert len(api.runs(f"default/{name}", filters=filters)) == count


def test_a_run_of_wandb_is_a_run_of_mlflow(wandb, project, client, mlflow):
    config = {"lr": 0.1, "net": {"depth": 3}, "opt": "adam", "flag": True, "none": None}
    with wandb.init(project=project, name="from wandb", config=config, notes="noted", tags=["t"]) as run:
        for i in range(10):
            run.log({"loss": 1 / (i + 1), "d": {"a": i}, "nan": math.nan, "word": "x"})
    experiment = client.get_experiment_by_name(project)
    [found] = mlflow.search_runs([experiment.experiment_id], output_format="list")
    assert found.info.run_name == "from wandb" and found.info.status == "FINISHED" and found.info.end_time
    assert found.data.params == {"lr": "0.1", "net.depth": "3", "opt": "adam", "flag": "True", "none": "None"}
    assert found.data.metrics["loss"] == 0.1 and found.data.metrics["d.a"] == 9 and math.isnan(found.data.metrics["nan"])
    history = client.get_metric_history(found.info.run_id, "loss")
    assert [(one.step, one.value) for one in history] == [(i, 1 / (i + 1)) for i in range(10)]
    assert found.data.tags["mlflow.note.content"] == "noted" and "t" in found.data.tags
    assert "wandb-metadata.json" in [one.path for one in client.list_artifacts(found.info.run_id)]


@pytest.mark.parametrize("search, count", [
    ("params.lr = '0.1'", 1), ("params.`net.depth` = '3'", 1), ("metrics.loss < 1", 1), ("metrics.loss > 1", 0),
    ("attributes.status = 'FINISHED'", 1), ("attributes.run_name LIKE 'from%'", 1)])
def test_searches_of_mlflow_find_runs_of_wandb(wandb, project, mlflow, client, search, count):
    with wandb.init(project=project, name="from wandb", config={"lr": 0.1, "net": {"depth": 3}}) as run:
        run.log({"loss": 0.5})
    assert len(mlflow.search_runs(experiment_names=[project], filter_string=search, output_format="list")) == count


def test_mlflow_adds_to_a_run_of_wandb(wandb, project, client, api):
    with wandb.init(project=project, config={"lr": 0.1}) as run:
        run.log({"loss": 0.5})
    [found] = client.search_runs([client.get_experiment_by_name(project).experiment_id])
    client.log_param(found.info.run_id, "late", "yes")
    client.log_metric(found.info.run_id, "test/acc", 0.75, step=1)
    client.set_tag(found.info.run_id, "mlflow.runName", "renamed")
    again = api.run(run.path)
    assert again.name == "renamed" and again.config["late"] == "yes" and again.summary["test/acc"] == 0.75
    assert [row["test/acc"] for row in again.scan_history(keys=["test/acc"])] == [0.75]


def test_a_failed_run_is_failed_for_both(program, project, client, api):
    program("import wandb\nrun = wandb.init(id='r')\nrun.log({'x': 1})\nraise ValueError")
    [found] = client.search_runs([client.get_experiment_by_name(project).experiment_id])
    assert found.info.status == "FAILED" and api.run(f"{project}/r").state == "failed"


def test_a_run_deleted_by_one_is_gone_for_the_other(wandb, project, client, api):
    with wandb.init(project=project) as run:
        run.log({"x": 1})
    experiment = client.get_experiment_by_name(project).experiment_id
    [found] = client.search_runs([experiment])
    client.delete_run(found.info.run_id)
    assert len(api.runs(f"default/{project}")) == 0
    client.restore_run(found.info.run_id)
    assert len(wandb.Api().runs(f"default/{project}")) == 1
    api.run(run.path).delete()
    assert client.search_runs([experiment]) == []
