"""Stores that the real mlflow writes and reads, `martlet import`, and how both answers are compared."""

import json
import math
import os
import pathlib
import subprocess
import sys

import harness

WRITER = pathlib.Path(__file__).parent / "mlflow_store.py"
PYTHON_ENVIRONMENT = {
    "MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def python_environment():
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
    return clean | PYTHON_ENVIRONMENT


def write_store(uri, folder):
    """Fills a store by the real client, in a process of its own, and returns what a client reads from it."""
    subprocess.run([sys.executable, str(WRITER), "fill", uri], check=True, cwd=folder, env=python_environment(), timeout=170)
    return read_store(uri, folder)


def read_store(uri, folder):
    """All that an `MlflowClient` answers, as plain data."""
    done = subprocess.run(
        [sys.executable, str(WRITER), "read", uri], check=True, cwd=folder, env=python_environment(), timeout=170,
        capture_output=True, text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def run_import(server, source, *arguments, expected=0, environment=None):
    """The report of an import."""
    done = subprocess.run(
        [harness.martlet_binary(), "import", "mlflow", str(source), "--to", server.url, "--json", *arguments],
        capture_output=True, text=True, timeout=170, env=os.environ | (environment or {}),
    )
    assert done.returncode == expected, f"{done.returncode}: {done.stdout[-3000:]} {done.stderr[-3000:]}"
    return json.loads(done.stdout)


def comparable(store):
    """Without what an import cannot keep: where artifacts are. Infinities are as MLflow's SQL store answers them."""
    def value(number):
        if isinstance(number, float) and math.isinf(number):
            return math.copysign(sys.float_info.max, number)
        return "NaN" if isinstance(number, float) and math.isnan(number) else number

    def plain(part):
        if isinstance(part, dict):
            return {key: plain(inner) for key, inner in part.items() if key not in ("artifact_uri", "artifact_location")}
        return [plain(inner) for inner in part] if isinstance(part, list) else value(part)

    return plain(store)


def assert_same(expected, found):
    expected, found = comparable(expected), comparable(found)
    assert found.keys() == expected.keys()
    for kind in expected:
        assert found[kind].keys() == expected[kind].keys(), kind
        for key in expected[kind]:
            assert found[kind][key] == expected[kind][key], f"{kind} {key}"
