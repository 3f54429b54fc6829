"""Datasets and other inputs of runs."""

import numpy
import pandas
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag

from harness import code


def test_a_pandas_dataset_is_kept_with_its_context(mlflow, experiment):
    frame = pandas.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    dataset = mlflow.data.from_pandas(frame, source="https://example.org/data.csv", name="tiny", targets="y")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training")
        mlflow.log_input(dataset, context="training")
    (stored,) = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    assert stored.dataset.name == "tiny"
    assert stored.dataset.digest == dataset.digest
    assert stored.dataset.source_type == "http"
    assert "https://example.org/data.csv" in stored.dataset.source
    assert '"num_rows": 2' in stored.dataset.profile
    assert "mlflow_colspec" in stored.dataset.schema
    assert [(t.key, t.value) for t in stored.tags] == [("mlflow.data.context", "training")]


def test_a_numpy_dataset_with_targets(mlflow, experiment):
    dataset = mlflow.data.from_numpy(numpy.arange(12.0).reshape(4, 3), targets=numpy.arange(4), name="array")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="eval", tags={"fold": "3"})
    (stored,) = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    assert {t.key: t.value for t in stored.tags} == {"mlflow.data.context": "eval", "fold": "3"}
    assert stored.dataset.name == "array"


def test_several_datasets_of_one_run(mlflow, experiment):
    with mlflow.start_run() as run:
        for number in range(3):
            dataset = mlflow.data.from_numpy(numpy.full(3, number), name=f"part {number}")
            mlflow.log_input(dataset, context=f"context {number}")
    inputs = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    assert {i.dataset.name: i.tags[0].value for i in inputs} == {f"part {n}": f"context {n}" for n in range(3)}


def test_log_inputs_by_the_client(client, run):
    dataset = Dataset(name="d", digest="0123", source_type="local", source="{}", schema="{}", profile="{}")
    client.log_inputs(run, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])
    (stored,) = client.get_run(run).inputs.dataset_inputs
    assert (stored.dataset.name, stored.dataset.digest) == ("d", "0123")


def test_runs_are_found_by_their_dataset(mlflow, client, experiment):
    runs = {}
    for number in range(2):
        with mlflow.start_run() as run:
            mlflow.log_input(mlflow.data.from_numpy(numpy.full(3, number), name=f"set {number}"), context="training")
            runs[number] = run.info.run_id
    with mlflow.start_run():
        pass

    def found(filter_string):
        return {r.info.run_id for r in client.search_runs([experiment], filter_string)}

    assert found("dataset.name = 'set 1'") == {runs[1]}
    assert found("datasets.name LIKE 'set%'") == set(runs.values())
    assert found("dataset.context = 'training'") == set(runs.values())
    assert found("dataset.name IN ('set 0', 'other')") == {runs[0]}
    digest = client.get_run(runs[0]).inputs.dataset_inputs[0].dataset.digest
    assert found(f"dataset.digest = '{digest}'") == {runs[0]}


def test_datasets_of_experiments_are_listed(mlflow, raw, experiment):
    with mlflow.start_run():
        mlflow.log_input(mlflow.data.from_numpy(numpy.arange(3), name="listed"), context="training")
    answer = raw.send(
        "POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", json={"experiment_ids": [experiment]}
    )
    assert answer.status_code == 200, answer.text
    (summary,) = answer.json()["dataset_summaries"]
    assert (summary["experiment_id"], summary["name"], summary["context"]) == (experiment, "listed", "training")


@pytest.mark.parametrize("dataset", [
    {"name": "n" * 501, "digest": "d", "source_type": "s", "source": "s"},
    {"name": "n", "digest": "d" * 37, "source_type": "s", "source": "s"},
    {"name": "n", "digest": "d", "source_type": "s", "source": "s" * 65_536},
])
def test_a_dataset_beyond_the_limits_is_refused(raw, dataset):
    run_id = raw.new_run()
    answer = raw.post("runs/log-inputs", {"run_id": run_id, "datasets": [{"tags": [], "dataset": dataset}]})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")
    assert raw.run(run_id)["inputs"] == {}


def test_inputs_of_an_unknown_run_are_refused(raw):
    dataset = {"name": "n", "digest": "d", "source_type": "s", "source": "s"}
    answer = raw.post("runs/log-inputs", {"run_id": "a" * 32, "datasets": [{"tags": [], "dataset": dataset}]})
    assert answer.status_code in (400, 404)
