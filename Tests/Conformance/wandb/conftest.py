"""The unmodified `wandb` client against the server that the tests of a worker share, and plain requests beside it.

The client is the one of the interpreter: that of requirements.txt, or an older one of ../wandb-<version>/requirements.txt.
"""

import os
import subprocess
import sys
import types
import uuid

import pytest

from known_bugs import KNOWN
from wandb_artifacts import counter, found, fresh, hand, log  # noqa: F401
from wandb_wire import CLIENT, KEY, Wire, client_environment, is_before


def pytest_collection_modifyitems(items):
    for item in items:
        if not item.path.name.startswith("test_wandb_"):
            continue
        if item.name in KNOWN:
            item.add_marker(pytest.mark.xfail(strict=True, reason=f"BUGS.md {KNOWN[item.name]}"))
        if "wire" in item.fixturenames and not {"weights", "program"} & set(item.fixturenames):
            item.add_marker("wire_only")
        for needs in item.iter_markers("needs_client"):
            version, what = needs.args
            if is_before(version):
                item.add_marker(pytest.mark.skip(reason=f"wandb {CLIENT} has no {what}"))


@pytest.fixture(scope="session")
def weights(server, tmp_path_factory):
    """The `wandb` package, set to the server. Its helper process ends with the session."""
    os.environ.update(client_environment(server, tmp_path_factory.mktemp("wandb")), WANDB_CONSOLE="off")
    import wandb

    yield wandb
    wandb.teardown()


@pytest.fixture
def wandb(weights):
    """The `wandb` package; what a test left open is closed after it."""
    yield weights
    while weights.run is not None:
        weights.run.finish()


@pytest.fixture
def api(wandb, server):
    return wandb.Api(overrides={"base_url": server.url}, api_key=KEY, timeout=30)


@pytest.fixture
def printed(api, server):
    """What a run printed, line by line: as the client shows it, or, where it is too old for that, as the server does."""
    def lines(path):
        run = api.run(path)
        if hasattr(type(run), "console_logs"):
            return [line.content for line in run.console_logs()]
        wire = Wire(server, run.project, run.entity)
        try:
            return wire.console(run.id)
        finally:
            wire.close()

    return lines


@pytest.fixture
def project():
    """The name of a project that no other test uses."""
    return f"p-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def wire(server, project):
    """Plain requests; afterwards the server must still be well."""
    wire = Wire(server, project)
    yield wire
    wire.close()
    assert server.is_healthy(), f"the server is not healthy after the test:\n{server.tail()}"


@pytest.fixture
def program(server, tmp_path, project):
    """Runs a Python program that uses wandb in a process of its own; `PROJECT` names a fresh project."""
    def run(text, *arguments, on=server, patience=120, **environment):
        # Nothing of the session's own client: WANDB_SERVICE would make it share the helper process.
        variables = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
        variables |= client_environment(on, tmp_path) | {"WANDB_PROJECT": project} | environment
        done = subprocess.run(
            [sys.executable, "-c", text, *arguments], capture_output=True, text=True, timeout=patience, cwd=tmp_path,
            env=variables,
        )
        return types.SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)

    return run


@pytest.fixture
def ran(program):
    """As `program`, which must succeed; gives what it printed."""
    def run(text, *arguments, **options):
        done = program(text, *arguments, **options)
        assert done.code == 0, done.out[-2000:] + done.err[-3000:]
        return done.out

    return run
