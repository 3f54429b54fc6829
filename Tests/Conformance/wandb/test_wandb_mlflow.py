"""One run, two clients: what `mlflow` logs `wandb` finds, and the other way round."""

import math

import pytest
import requests


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


@pytest.fixture
def registered(mlflow, client, experiment, name):
    """A model of one file that `mlflow` registered, and its run."""
    with mlflow.start_run() as run:
        mlflow.log_text("weights", "model/w.bin")
    client.create_registered_model(name)
    client.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id, description="good")
    client.set_registered_model_alias(name, "best", "1")
    return run.info.run_id


def test_a_model_that_mlflow_registered_is_an_artifact_of_wandb(registered, api, name, tmp_path):
    found = api.artifact(f"default/wandb-registry-model/{name}:best")
    assert (found.version, found.type, found.description) == ("v1", "model", "good")
    assert set(found.aliases) == {"best", "latest"}
    folder = found.download(str(tmp_path / "a"))
    assert (tmp_path / "a" / "w.bin").read_text() == "weights" and folder == str(tmp_path / "a")
    found.verify(str(tmp_path / "a"))
    assert name in {one.name for one in api.registry("model").collections()}
    assert found.logged_by().id == registered


def test_an_alias_of_wandb_is_one_of_mlflow(registered, api, client, name):
    found = api.artifact(f"default/wandb-registry-model/{name}:v1")
    found.aliases.append("production")
    found.save()
    assert client.get_model_version_by_alias(name, "production").version == "1"
    assert sorted(client.get_model_version(name, "1").aliases) == ["best", "production"]


def test_what_wandb_links_into_the_registry_is_a_version_for_mlflow(registered, wandb, project, mlflow, client, name, tmp_path):
    (tmp_path / "w.bin").write_bytes(b"better")
    with wandb.init(project=project) as run:
        artifact = wandb.Artifact("net", type="model")
        artifact.add_file(str(tmp_path / "w.bin"))
        run.log_artifact(artifact).wait()
        run.link_artifact(artifact, f"wandb-registry-model/{name}")
    version = client.get_model_version(name, "2")
    assert (version.current_stage, version.status) == ("None", "READY")
    folder = mlflow.artifacts.download_artifacts(f"models:/{name}/2", dst_path=str(tmp_path / "out"))
    assert (tmp_path / "out" / "w.bin").read_bytes() == b"better", folder
    client.transition_model_version_stage(name, "2", "Production")
    assert [one.version for one in client.get_latest_versions(name, ["Production"])] == ["2"]
    client.delete_model_version(name, "2")
    assert [one.version for one in client.search_model_versions(f"name = '{name}'")] == ["1"]
    assert wandb.Api().artifact(f"default/{project}/net:v0").state == "COMMITTED"


def test_a_registered_version_outlives_its_run(registered, mlflow, client, name, raw_delete, tmp_path):
    raw_delete(registered)
    folder = mlflow.artifacts.download_artifacts(f"models:/{name}/1", dst_path=str(tmp_path / "out"))
    assert (tmp_path / "out" / "w.bin").read_text() == "weights", folder


@pytest.fixture
def raw_delete(server):
    """Deletes the files of a run."""
    def delete(run):
        answer = requests.delete(f"{server.url}/api/v1/runs/{run}/artifacts/content", params={"path": "model"}, timeout=10)
        assert answer.status_code == 204, answer.text
    return delete
