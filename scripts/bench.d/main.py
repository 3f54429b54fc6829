"""Runs the cases; started by scripts/bench."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import cases_files
import cases_import
import cases_operation
import cases_postgres
import cases_read
import cases_wandb
import cases_wandb_artifacts
import cases_wandb_large
import cases_wandb_programs
import cases_wandb_read
import cases_write
from machine import Machine, describe
from report import Report
from servers import Martlet, MLflow

CASES = {
    "start": cases_files.start,
    "ingest": cases_write.ingest,
    "ingest-keys": cases_write.ingest_keys,
    "log-metric": cases_write.log_metric,
    "create-run": cases_write.create_run,
    "token": cases_write.token,
    "reads": cases_read.history_and_charts,
    "search": cases_read.search,
    "size": cases_write.stored_size,
    "files": cases_files.small_files,
    "large": cases_files.large_file,
    "backup": cases_operation.backup,
    "import": cases_import.import_mlflow,
    "postgres": cases_postgres.postgres,
    "wandb-stream": cases_wandb.stream,
    "wandb-programs": cases_wandb_programs.programs,
    "wandb-scan": cases_wandb_read.scan,
    "wandb-charts": cases_wandb_read.charts,
    "wandb-metrics": cases_wandb_large.many_metrics,
    "wandb-artifact": cases_wandb_artifacts.artifact,
}
ROOT = Path(__file__).resolve().parent.parent.parent


class Bench:
    """What a case needs: a fresh Martlet, the rivals that run, the machine's limits, the report."""

    def __init__(self, options, machine, report):
        self.options = options
        self.machine = machine
        self.report = report
        self.is_quick = options.quick
        self.rivals = []
        self.idle_resident = {}
        self.case = ""
        self.started = []
        self.notes = []

    def seconds(self, whole):
        return whole if not self.is_quick else 1.5

    def start_martlet(self, has_login=False, database=None):
        folder = self.machine.scratch / f"martlet-{len(self.started)}"
        server = Martlet(folder, self.options.binary, has_login, database)
        self.started.append(server)
        return server.start()

    def start_rival(self, workers):
        folder = self.machine.scratch / f"mlflow-{workers or 'default'}"
        rival = MLflow(folder, self.options.python, workers)
        self.started.append(rival)
        say(f"starting {rival.name} …")
        rival.start()
        rival.settle()
        self.idle_resident[rival.name] = rival.proportional_bytes() / 1e6
        self.rivals.append(rival)

    def interpreter(self, *name):
        """A Python that has the packages of the tests, and those of the name: the real clients. Made when it is missing."""
        command = [ROOT / "scripts" / "python-env", *name]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")[-2]

    def add(self, what, unit, martlet, rivals=None, target=None, limit=""):
        self.report.add(self.case, what, unit, martlet, rivals, target, limit)

    def note(self, text):
        self.notes.append(f"{self.case}: {text}")

    def run(self, name):
        self.case = name
        say(f"{name} …")
        try:
            CASES[name](self)
            return True
        except Exception:
            traceback.print_exc()
            return False
        finally:
            self.remove_servers()

    def remove_servers(self):
        """Those of a case; the rivals go on."""
        for server in self.started:
            if server not in self.rivals:
                server.remove()

    def stop(self):
        for server in self.started:
            server.remove()


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--only", help=f"cases, by comma: {', '.join(CASES)}")
    parser.add_argument("--quick", action="store_true", help="shorter and smaller: figures are rough")
    parser.add_argument("--no-rival", action="store_true", help="Martlet alone")
    parser.add_argument("--json", help="write the figures to this file as well")
    parser.add_argument("--python", help="interpreter that has mlflow")
    parser.add_argument("--binary", default=os.environ.get("MARTLET_BIN"), help="the martlet to measure")
    parser.add_argument("--scratch", help="folder on the disk to measure; default: a temporary one in .build")
    parser.add_argument("--workers", default="default,1", help="configurations of the rival (default: default,1)")
    return parser.parse_args()


def mlflow_version(python):
    command = [python, "-c", "import importlib.metadata as m; print(m.version('mlflow'))"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main():
    options = arguments()
    # Who is told to end stops what was started first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    base = Path(options.scratch) if options.scratch else ROOT / ".build"
    base.mkdir(parents=True, exist_ok=True)
    names = options.only.split(",") if options.only else list(CASES)
    for name in names:
        if name not in CASES:
            sys.exit(f"no case is named {name}; there are {', '.join(CASES)}")
    scratch = Path(tempfile.mkdtemp(prefix="bench-", dir=base))
    workers = [] if options.no_rival else [None if w == "default" else int(w) for w in options.workers.split(",")]
    report = Report([MLflow("", "", w).name for w in workers], sys.stderr)
    machine = Machine(scratch)
    bench = Bench(options, machine, report)
    failed = []
    try:
        for count in workers:
            bench.start_rival(count)
        failed = [name for name in names if not bench.run(name)]
        report.limits = {"fsync of 4 KB, ms": machine.fsync_milliseconds(1)}
    finally:
        bench.stop()
        if failed:
            say(f"logs are kept in {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    print(describe(), f"fsync of 4 KB {report.limits.get('fsync of 4 KB, ms', 0):.3f} ms", sep="; ")
    if workers:
        print(f"rival: mlflow {mlflow_version(options.python)}, SQLite; × better = ours against theirs")
    print(report.table())
    for note in bench.notes:
        print(f"- {note}")
    if failed:
        print(f"did not finish: {', '.join(failed)}")
    if options.json:
        report.write_json(options.json, describe())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
