"""One server for each worker, a fresh experiment for each test that asks for one."""

import os
import subprocess
import sys
import uuid

# Before mlflow is imported: a server error must show at once and not after minutes of retries.
os.environ.update({
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": os.environ.get("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"),
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
})

import pytest

import harness


def pytest_collection_modifyitems(items):
    absent = "oracle_only" if harness.TARGET == "martlet" else "martlet_only"
    for item in items:
        if item.get_closest_marker(absent):
            item.add_marker(pytest.mark.skip(reason=f"{absent}, and the target is {harness.TARGET}"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Runs a test marked `own_process` in a Python of its own: torch and tensorflow abort beside each other."""
    if pyfuncitem.get_closest_marker("own_process") is None or "MARTLET_TEST_CHILD" in os.environ:
        return None
    test = f"{pyfuncitem.path}::{pyfuncitem.name}"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")} | {"MARTLET_TEST_CHILD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-o", "addopts=", test],
        capture_output=True, text=True, env=environment, cwd=pyfuncitem.config.rootpath, timeout=170,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return True


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The server that all tests of this worker share."""
    server = harness.Server(tmp_path_factory.mktemp("server")).start()
    yield server
    try:
        assert server.is_running(), f"the server died during the tests:\n{server.tail()}"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def tracking(server):
    """The `mlflow` package, set to the server."""
    os.environ["MLFLOW_TRACKING_URI"] = server.url
    import mlflow

    mlflow.set_tracking_uri(server.url)
    return mlflow


@pytest.fixture
def mlflow(tracking, server):
    """The `mlflow` package; whatever a test left open is closed after it."""
    tracking.set_tracking_uri(server.url)
    yield tracking
    while tracking.active_run() is not None:
        tracking.end_run()
    # `set_experiment` also sets a variable, for child processes.
    tracking.tracking.fluent._active_experiment_id = None
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)


@pytest.fixture
def client(mlflow):
    return mlflow.MlflowClient()


@pytest.fixture
def name():
    """A name that no other test uses."""
    return f"test {uuid.uuid4().hex[:12]}"


@pytest.fixture
def experiment(mlflow, name):
    """The id of a fresh experiment, which is also the active one."""
    return mlflow.set_experiment(name).experiment_id


@pytest.fixture
def run(client, experiment):
    """The id of a fresh run in a fresh experiment."""
    return client.create_run(experiment).info.run_id


@pytest.fixture
def raw(server):
    """Plain requests; afterwards the server must still be well."""
    raw = harness.Raw(server)
    yield raw
    raw.session.close()
    assert server.is_healthy(), f"the server is not healthy after the test:\n{server.tail()}"
