"""A full disk: 507, nothing acknowledged lost, and work goes on when there is room again.

The data folder stands on a small file system in memory; mounting one needs root.
"""

import os
import subprocess

import pytest

import harness

SIZE = 24 * 1024 * 1024

pytestmark = pytest.mark.martlet_only


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 24 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.fixture
def server(small_disk, tmp_path):
    server = harness.Server(tmp_path)
    server.data = small_disk / "data"
    server.start()
    yield server
    server.kill()


def fill(folder, leave=0):
    """Takes all the room that is left, but `leave` bytes, into a file of its own."""
    ballast = folder / "ballast"
    with open(ballast, "ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
        if leave:
            file.truncate(max(0, file.tell() - leave))
    return ballast


def test_a_full_disk_is_507_and_loses_nothing(server, small_disk):
    raw = harness.Raw(server)
    run_id = raw.new_run()
    kept = b"kept" * 1000
    assert raw.send("PUT", raw.artifact_url(run_id, "kept.bin"), data=kept).status_code == 200
    raw.ok("runs/log-batch", {
        "run_id": run_id, "metrics": [{"key": "m", "value": s, "timestamp": s, "step": s} for s in range(500)],
        "params": [{"key": "p", "value": "v"}],
    })

    ballast = fill(small_disk, leave=300_000)
    upload = raw.send("PUT", raw.artifact_url(run_id, "large.bin"), data=b"x" * 2_000_000)
    assert upload.status_code == 507, f"{upload.status_code} {upload.text[:300]}"
    assert raw.send("GET", raw.artifact_url(run_id, "large.bin")).status_code == 404

    fill(small_disk)
    acknowledged, refused = [], []
    for step in range(1000, 3000):
        metrics = [{"key": f"k{i}", "value": step, "timestamp": step, "step": step} for i in range(100)]
        answer = raw.post("runs/log-batch", {"run_id": run_id, "metrics": metrics})
        (acknowledged if answer.status_code == 200 else refused).append(step)
        if answer.status_code != 200:
            assert answer.status_code == 507, f"{answer.status_code} {answer.text[:300]}"
            if len(refused) == 5:
                break
    assert refused, "the disk was full and nothing was refused"
    assert len(raw.history(run_id, "m")) == 500, "reading must work on a full disk"
    assert raw.send("GET", raw.artifact_url(run_id, "kept.bin")).content == kept

    ballast.unlink()
    raw.ok("runs/log-metric", {"run_id": run_id, "key": "k0", "value": 9, "timestamp": 9000, "step": 9000})
    assert raw.send("PUT", raw.artifact_url(run_id, "large.bin"), data=b"x" * 2_000_000).status_code == 200
    assert [p["step"] for p in raw.history(run_id, "k0")] == [*acknowledged, 9000]
    assert {len(raw.history(run_id, f"k{i}")) for i in range(1, 100)} <= {len(acknowledged)}

    server.kill()
    server.start()
    assert [p["step"] for p in raw.history(run_id, "k0")] == [*acknowledged, 9000]
    assert len(raw.history(run_id, "m")) == 500
    assert raw.send("GET", raw.artifact_url(run_id, "kept.bin")).content == kept
    assert len(raw.send("GET", raw.artifact_url(run_id, "large.bin")).content) == 2_000_000


def test_a_server_on_a_full_disk_says_what_is_wrong_and_starts_again_later(server, small_disk):
    raw = harness.Raw(server)
    run_id = raw.new_run()
    server.stop()
    ballast = fill(small_disk)
    try:
        server.start()
        assert raw.run(run_id)["info"]["run_id"] == run_id
        server.stop()
    except RuntimeError as told:
        assert "full" in str(told).lower() or "space" in str(told).lower()
    ballast.unlink()
    server.start()
    assert raw.run(run_id)["info"]["run_id"] == run_id
