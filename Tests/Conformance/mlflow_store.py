"""Fills a store of MLflow by its real client, or reads all of one: `mlflow_store.py fill|read URI`.

A process of its own, because what mlflow knows of a store stays in the process.
"""

import hashlib
import json
import sys
import tempfile
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelStatus, Metric, Param, RunTag, ViewType

T0 = 1_700_000_000_000


def fill(uri):
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = MlflowClient()
    vision = client.create_experiment("vision", tags={"team": "a b", "mlflow.note.content": "Which **augmentation**?"})
    gone = client.create_experiment("gone")
    language = client.create_experiment("language/größe: 1")

    whole(client, vision)
    hard_histories(client, vision)
    models(client, vision)
    for status in ("FAILED", "KILLED", "RUNNING", "SCHEDULED"):
        run = client.create_run(language, start_time=T0, run_name=f"ends {status}")
        if status != "RUNNING":
            client.update_run(run.info.run_id, status=status)
    parent = client.create_run(language, start_time=T0 + 1, run_name="parent").info.run_id
    client.create_run(language, start_time=T0 + 2, tags={"mlflow.parentRunId": parent})
    binned = client.create_run(language, start_time=T0 + 3).info.run_id
    client.log_metric(binned, "loss", 1.0, timestamp=T0, step=1)
    client.delete_run(binned)
    run = client.create_run(gone, start_time=T0).info.run_id
    client.log_param(run, "p", "v")
    client.delete_experiment(gone)

    registry(client, vision, parent)


def registry(client, experiment, parent):
    """Names with versions from a run, from a logged model and from elsewhere; one of them deleted; a prompt."""
    client.create_registered_model("registered ü", tags={"team": "a b", "empty": ""}, description="What is **best**")
    [run] = [run.info.run_id for run in client.search_runs([experiment]) if run.info.run_name == "everything"]
    client.create_model_version("registered ü", f"runs:/{run}/deep/er", run, tags={"a": "1\n2"}, description="first",
                                run_link="https://ci.example.org/1")
    [net] = [model for model in client.search_logged_models([experiment]) if model.name == "net"]
    client.create_model_version("registered ü", f"models:/{net.model_id}", net.source_run_id, model_id=net.model_id)
    client.create_model_version("registered ü", client.get_run(parent).info.artifact_uri + "/m", parent)
    client.delete_model_version("registered ü", "3")
    client.create_model_version("registered ü", "s3://bucket/model")
    client.set_registered_model_alias("registered ü", "best", "1")
    client.set_registered_model_alias("registered ü", "newest", "4")
    client.transition_model_version_stage("registered ü", "2", "Production")
    client.transition_model_version_stage("registered ü", "1", "Archived")
    client.create_registered_model("nothing yet")
    client.create_prompt("greeting", tags={"kind": "short"})
    client.create_prompt_version("greeting", "Hello {{name}}")


def whole(client, experiment):
    """A run with everything."""
    run = client.create_run(experiment, start_time=T0, run_name="everything", tags={"mlflow.user": "ada"}).info.run_id
    client.log_batch(
        run,
        params=[Param("lr", "0.1"), Param("opt/name", "adam \"w\" ü"), Param("empty", ""), Param("long", "x" * 5000)],
        tags=[RunTag("a.b-c/d", "1\n2"), RunTag("mlflow.note.content", "# Notes\nof a run"), RunTag("ünï", "✓")],
        metrics=[Metric("loss", 1 / (step + 1), T0 + step, step) for step in range(200)],
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "deep" / "er").mkdir(parents=True)
        (root / "empty").write_bytes(b"")
        (root / "deep" / "er" / "bytes.bin").write_bytes(bytes(range(256)) * 5000)
        (root / "deep" / "a b+c%20&?ü.txt").write_text("name")
        client.log_artifacts(run, folder)
    import pandas

    data = pandas.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]})
    with mlflow.start_run(run_id=run):
        mlflow.log_input(mlflow.data.from_pandas(data, name="train"), context="training", tags={"fold": "1"})
        mlflow.log_input(mlflow.data.from_pandas(data[:1], name="test"), context="testing")
    client.set_terminated(run, "FINISHED", T0 + 5_000)


def hard_histories(client, experiment):
    """Histories that are hard to keep."""
    run = client.create_run(experiment, start_time=T0 + 1, run_name="hard").info.run_id
    odd = [float("nan"), float("inf"), float("-inf"), 0.0, -1e-300, 1e300, 3]
    client.log_batch(run, metrics=[Metric("odd", value, T0 + place, place) for place, value in enumerate(odd)])
    same = [Metric("same step", value, T0 + 9 - place, 5) for place, value in enumerate([3.0, 1.0, 2.0])]
    client.log_batch(run, metrics=same)
    client.log_batch(run, metrics=[Metric("twice", 1.0, T0, 1)])
    client.log_batch(run, metrics=[Metric("backwards/steps", float(step), T0 + 100 - step, -step) for step in range(50)])
    client.log_batch(run, metrics=[Metric("far", 1.0, T0, 2**53 + 1), Metric("far", 2.0, 0, -(2**40))])
    client.set_terminated(run, "FAILED", T0 + 9)


def models(client, experiment):
    """Models with scores, on a dataset and on none, read and made by runs."""
    run = client.create_run(experiment, start_time=T0 + 2, run_name="trains").info.run_id
    made = client.create_logged_model(
        experiment, name="net", source_run_id=run, params={"depth": "3"}, tags={"kind": "cnn"}, model_type="agent"
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sub").mkdir()
        (Path(folder) / "sub" / "weights.bin").write_bytes(b"\0\1" * 40_000)
        (Path(folder) / "MLmodel").write_text("flavors: {}\n")
        client.log_model_artifacts(made.model_id, folder)
    client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)
    client.create_logged_model(experiment, name="pending")
    client.log_metric(run, "acc", 0.9, timestamp=T0 + 3, step=2, model_id=made.model_id)
    client.log_outputs(run, models=[LoggedModelOutput(made.model_id, step=4)])
    client.log_inputs(run, models=[LoggedModelInput(made.model_id)])
    client.set_terminated(run, "FINISHED", T0 + 8)


def digest_of(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*")) if path.is_file()
    }


def files(uri):
    with tempfile.TemporaryDirectory() as folder:
        try:
            mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder)
        except Exception as error:  # A run without files has no folder.
            if not any(word in str(error) for word in ("No such", "does not exist", "No artifacts", "not found")):
                raise
        found = digest_of(folder)
        return {name.removeprefix("artifacts/"): digest for name, digest in found.items()}


def read(uri):
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    store = {"experiments": {}, "runs": {}, "models": {}}
    for experiment in client.search_experiments(view_type=ViewType.ALL):
        if experiment.name == "Default":
            continue
        store["experiments"][experiment.experiment_id] = {
            "name": experiment.name, "stage": experiment.lifecycle_stage, "created": experiment.creation_time,
            "tags": dict(experiment.tags),
        }
        for run in client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=5000):
            # A search of MLflow leaves out the models that a run read.
            store["runs"][run.info.run_id] = run_of(client, client.get_run(run.info.run_id))
        for model in client.search_logged_models([experiment.experiment_id]):
            store["models"][model.model_id] = model_of(client, model)
    store["registry"] = registry_of(client)
    return store


def registry_of(client):
    """By name; where files are is not kept by an import, what they are is."""
    prompts = "tags.`mlflow.prompt.is_prompt` = 'true'"
    registry = {}
    for model in [*client.search_registered_models(), *client.search_registered_models(prompts)]:
        versions = {}
        asked = f"name = '{model.name}'"
        for one in [*client.search_model_versions(asked), *client.search_model_versions(f"{asked} AND {prompts}")]:
            source = one.source if one.source.startswith(("models:", "runs:", "s3:", "dummy")) else "here"
            versions[str(one.version)] = {
                "stage": one.current_stage, "description": one.description or "", "source": source, "run": one.run_id or "",
                "link": one.run_link or "", "tags": dict(one.tags), "created": one.creation_timestamp,
                "updated": one.last_updated_timestamp,
                "files": files(f"models:/{model.name}/{one.version}") if source.startswith(("models:", "runs:")) else {},
            }
        registry[model.name] = {
            "description": model.description or "", "tags": dict(model._tags), "versions": versions,
            "aliases": {alias: str(version) for alias, version in model.aliases.items()},
            "created": model.creation_timestamp, "updated": model.last_updated_timestamp,
        }
    return registry


def run_of(client, run):
    info = run.info
    return {
        "experiment": info.experiment_id, "name": info.run_name, "status": info.status, "user": info.user_id,
        "start": info.start_time, "end": info.end_time, "stage": info.lifecycle_stage,
        "params": dict(run.data.params), "tags": dict(run.data.tags), "latest": dict(run.data.metrics),
        "history": {
            key: [[point.timestamp, point.step, point.value]
                  for point in sorted(client.get_metric_history(info.run_id, key),
                                      key=lambda point: (point.timestamp, point.step, str(point.value)))]
            for key in sorted(run.data.metrics)
        },
        "datasets": sorted(
            [[i.dataset.name, i.dataset.digest, i.dataset.source_type, i.dataset.source, i.dataset.schema,
              i.dataset.profile, sorted((tag.key, tag.value) for tag in i.tags)]
             for i in (run.inputs.dataset_inputs if run.inputs else [])]
        ),
        "model inputs": sorted(i.model_id for i in (run.inputs.model_inputs if run.inputs else []) or []),
        "model outputs": sorted([o.model_id, o.step] for o in (run.outputs.model_outputs if run.outputs else []) or []),
        "files": files(info.artifact_uri) if info.lifecycle_stage == "active" else {},
    }


def model_of(client, model):
    return {
        "experiment": model.experiment_id, "name": model.name, "type": model.model_type or "",
        "status": str(model.status), "run": model.source_run_id or "", "created": model.creation_timestamp,
        "updated": model.last_updated_timestamp, "params": dict(model.params), "tags": dict(model.tags),
        "metrics": sorted([m.key, m.value, m.step, m.timestamp, m.run_id] for m in model.metrics or []),
        "files": files(model.artifact_location),
    }


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(sys.argv[2])
    else:
        print(json.dumps(read(sys.argv[2])))
