"""Puts runs into MLflow's SQLite database directly: through its API that would take minutes."""

import random
import sqlite3
import uuid

T0 = 1_700_000_000_000


def fill_runs(path, experiment, count, rates, optimizers, teams):
    source = random.Random(4)
    database = sqlite3.connect(path, timeout=60)
    runs, latest, metrics, params, tags = [], [], [], [], []
    for i in range(count):
        run = uuid.uuid4().hex
        runs.append({
            "run_uuid": run, "name": f"sweep-{i:07}", "source_type": "UNKNOWN", "source_name": "",
            "entry_point_name": "", "user_id": "bench", "status": "RUNNING", "start_time": T0 + i * 1000,
            "source_version": "", "lifecycle_stage": "active", "experiment_id": int(experiment),
            "artifact_uri": f"mlflow-artifacts:/{experiment}/{run}/artifacts",
        })
        for key, low, high in (("loss", 0.01, 2), ("val/loss", 0.05, 2.5), ("acc", 0.1, 0.99), ("epoch_time", 3, 90)):
            point = {
                "key": key, "value": source.uniform(low, high), "timestamp": T0, "step": 100, "is_nan": 0,
                "run_uuid": run,
            }
            latest.append(point)
            metrics.append(point)
        settings = {
            "lr": source.choice(rates), "batch_size": source.choice(["32", "64", "128"]),
            "optimizer": source.choice(optimizers), "seed": f"{i:09}",
        }
        params += [{"key": key, "value": value, "run_uuid": run} for key, value in settings.items()]
        labels = {"team": source.choice(teams), "mlflow.runName": f"sweep-{i:07}", "mlflow.user": "bench"}
        tags += [{"key": key, "value": value, "run_uuid": run} for key, value in labels.items()]
    tables = {"runs": runs, "latest_metrics": latest, "metrics": metrics, "params": params, "tags": tags}
    with database:
        for table, rows in tables.items():
            names = ", ".join(rows[0])
            marks = ", ".join(f":{name}" for name in rows[0])
            database.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
    database.close()
