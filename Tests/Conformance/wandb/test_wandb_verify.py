"""`wandb verify`: the client's own examination of a server that somebody hosts."""

from test_wandb_sweeps import command

# A server on loopback has no certificate, and the client says so.
UNENCRYPTED = {"Checking requests to base url", "Checking requests made over signed URLs"}


def test_the_examination_is_passed(server, tmp_path, project):
    done = command(server, tmp_path, project, "verify")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    checks = {line.split("..")[0]: line[-1] for line in done.stdout.splitlines() if line.startswith("Checking")}
    assert len(checks) >= 10
    assert {name for name, sign in checks.items() if sign != "✅"} == UNENCRYPTED, done.stdout
