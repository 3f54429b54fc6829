"""`mlflow run` of a local project, and the command-line tools."""

import json
import os
import subprocess
import sys
import textwrap

import pytest
from click.testing import CliRunner


@pytest.fixture
def command(mlflow):
    """Runs `mlflow …` as a user would, but in this process: a new one would import for seconds."""
    from mlflow.cli import cli

    def run(*arguments):
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"
        return done.output

    return run


def test_a_local_project_runs(server, client, experiment, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "MLproject").write_text(textwrap.dedent("""\
        name: tiny
        entry_points:
          main:
            parameters:
              alpha: {type: float, default: 0.1}
            command: "python train.py {alpha}"
    """))
    (project / "train.py").write_text(textwrap.dedent("""\
        import sys
        import mlflow
        with mlflow.start_run():
            mlflow.log_metric("twice", 2 * float(sys.argv[1]))
    """))
    environment = os.environ | {"MLFLOW_TRACKING_URI": server.url}
    environment["PATH"] = os.path.dirname(sys.executable) + os.pathsep + environment["PATH"]
    done = subprocess.run(
        [sys.executable, "-m", "mlflow", "run", str(project), "--env-manager", "local", "--experiment-id", experiment,
         "-P", "alpha=0.5"],
        capture_output=True, text=True, env=environment, timeout=150,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = client.search_runs([experiment])
    assert run.data.params == {"alpha": "0.5"}
    assert run.data.metrics == {"twice": 1.0}
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.project.entryPoint"] == "main"
    assert run.data.tags["mlflow.source.type"] == "PROJECT"


def test_experiments_on_the_command_line(command, client, name):
    command("experiments", "create", "--experiment-name", name)
    made = client.get_experiment_by_name(name)
    assert name in command("experiments", "search")
    command("experiments", "rename", "--experiment-id", made.experiment_id, "--new-name", name + " new")
    command("experiments", "delete", "--experiment-id", made.experiment_id)
    assert client.get_experiment(made.experiment_id).lifecycle_stage == "deleted"
    assert client.get_experiment(made.experiment_id).name == name + " new"


def test_runs_and_artifacts_on_the_command_line(command, client, experiment, run, tmp_path):
    client.log_param(run, "lr", "0.1")
    (tmp_path / "a.txt").write_text("from the command line")
    assert run in command("runs", "list", "--experiment-id", experiment)
    assert json.loads(command("runs", "describe", "--run-id", run))["data"]["params"] == {"lr": "0.1"}
    command("artifacts", "log-artifact", "--local-file", str(tmp_path / "a.txt"), "--run-id", run)
    assert "a.txt" in command("artifacts", "list", "--run-id", run)
    command("artifacts", "download", "--run-id", run, "--artifact-path", "a.txt", "--dst-path", str(tmp_path / "d"))
    assert (tmp_path / "d" / "a.txt").read_text() == "from the command line"


def test_experiments_as_a_file(command, client, experiment, run, tmp_path):
    client.log_metric(run, "loss", 0.5)
    command("experiments", "csv", "--experiment-id", experiment, "--filename", str(tmp_path / "runs.csv"))
    lines = (tmp_path / "runs.csv").read_text().splitlines()
    assert len(lines) == 2
    assert "metrics.loss" in lines[0]
    assert run in lines[1]


def test_the_doctor_and_the_version_of_the_server(server, raw):
    assert raw.send("GET", "/version").text.strip().count(".") == 2
    assert raw.send("GET", "/health").text.strip() == "OK"
