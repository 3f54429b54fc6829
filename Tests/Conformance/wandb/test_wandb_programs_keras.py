"""A Keras model trained with the callbacks of wandb: curves, checkpoints and tables of predictions."""

import hashlib
import json

import pytest

from native_view import NativeRun

# A cold start of tensorflow takes a while on a busy machine.
pytestmark = pytest.mark.timeout(500)

TRAIN = """
import hashlib, json, pathlib
import keras, numpy as np, wandb
from wandb.integration.keras import WandbEvalCallback, WandbMetricsLogger, WandbModelCheckpoint

keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
x = rng.normal(size=(48, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int32")
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2, "softmax")])
model.compile(optimizer=keras.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy", metrics=["accuracy"])

run = wandb.init(config={"epochs": 100, "batch_size": 48})

class Predictions(WandbEvalCallback):
    def add_ground_truth(self, logs=None):
        for i in range(6):
            self.data_table.add_data(i, wandb.Image((x[i].reshape(2, 2) * 60 + 128).clip(0, 255).astype("uint8")), int(y[i]))

    def add_model_predictions(self, epoch, logs=None):
        predicted = self.model.predict(x[:6], verbose=0).argmax(axis=1)
        for i in self.data_table_ref.get_index():
            row = self.data_table_ref.data[i]
            self.pred_table.add_data(epoch, row[0], row[1], row[2], int(predicted[i]))

seen = []
class Seen(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        seen.append([hashlib.sha256(pathlib.Path("best.keras").read_bytes()).hexdigest(), logs])

model.fit(x, y, epochs=100, batch_size=48, validation_split=0.25, verbose=0, callbacks=[
    WandbMetricsLogger(), WandbModelCheckpoint("best.keras", monitor="val_accuracy", save_best_only=True), Seen()])
model.fit(x, y, epochs=2, batch_size=48, verbose=0, callbacks=[
    Predictions(data_table_columns=["idx", "image", "label"], pred_table_columns=["epoch", "idx", "image", "label", "pred"])])
run.finish()
print(json.dumps([run.id, seen]))
"""


def test_a_training_of_keras_is_found_as_it_went(ran, api, project, server, tmp_path):
    id, seen = json.loads(ran(TRAIN, patience=400).splitlines()[-1])
    run = api.run(f"{project}/{id}")
    assert run.state == "finished" and run.config["epochs"] == 100
    check_curves(run, seen)
    check_checkpoints(run, seen, api, project, tmp_path)
    check_tables(run, api, project)
    assert [value for _, value in NativeRun(server, run.path).points("epoch/val_loss")] == [logs["val_loss"] for _, logs in seen]


def check_curves(run, seen):
    rows = list(run.scan_history(keys=["epoch/epoch", "epoch/loss", "epoch/accuracy", "epoch/val_loss", "epoch/val_accuracy", "epoch/learning_rate"]))
    assert [row["epoch/epoch"] for row in rows] == list(range(100))
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert [row[f"epoch/{name}"] for row in rows] == [logs[name] for _, logs in seen]
    assert {round(row["epoch/learning_rate"], 6) for row in rows} == {0.05}
    assert run.summary["epoch/val_loss"] == seen[-1][1]["val_loss"]


def check_checkpoints(run, seen, api, project, tmp_path):
    """One version for each model that was better than those before; the epochs are its aliases."""
    better = [i for i in range(100) if i == 0 or seen[i][0] != seen[i - 1][0]]
    name = f"{project}/run_{run.id}_model"
    versions = {one.version: one for one in api.artifacts("model", name)}
    assert sorted(versions, key=lambda one: int(one[1:])) == [f"v{i}" for i in range(len(better))]
    for i, first in enumerate(better):
        end = better[i + 1] if i + 1 < len(better) else 100
        aliases = {f"epoch_{epoch}" for epoch in range(first, end)} | ({"latest"} if end == 100 else set())
        assert set(versions[f"v{i}"].aliases) == aliases
    with open(api.artifact(f"{name}:latest").file(str(tmp_path)), "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == seen[-1][0]


def check_tables(run, api, project):
    data = api.artifact(f"{project}/val:v0")
    assert data.type == "dataset" and [one.id for one in data.used_by()] == [run.id]
    predictions = list(api.artifacts("evaluation", f"{project}/run_{run.id}_pred"))
    assert sorted(one.version for one in predictions) == ["v0", "v1"]
    table = api.artifact(f"{project}/run_{run.id}_pred:latest").get("eval_data")
    assert table.columns == ["epoch", "idx", "image", "label", "pred"] and [row[:2] for row in table.data] == [[1, i] for i in range(6)]
    assert all(row[2].image.size == (2, 2) for row in table.data) and {row[4] for row in table.data} <= {0, 1}
