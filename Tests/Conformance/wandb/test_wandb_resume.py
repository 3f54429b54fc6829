"""Runs that go on: resumed, rewound, forked, written by many processes, synced from disk, stopped from outside."""

import json
import pathlib
import subprocess
import sys
import time

import pytest
from native_view import NativeRun

LOG = """
import sys, wandb
first, last = int(sys.argv[1]), int(sys.argv[2])
with wandb.init(id="r", resume=sys.argv[3], config={f"from {first}": last}) as run:
    print(run.resumed, run.starting_step)
    for i in range(first, last):
        run.log({"x": i})
"""


def values(api, path, key="x"):
    return [row[key] for row in api.run(path).scan_history() if key in row]


@pytest.mark.parametrize("resume", ["must", "allow", "auto"])
def test_a_run_goes_on_where_it_was(ran, api, project, resume):
    assert ran(LOG, "0", "5", "allow").split() == ["False", "0"]
    assert ran(LOG, "5", "10", "allow" if resume == "auto" else resume).split() == ["True", "5"]
    rows = list(api.run(f"{project}/r").scan_history())
    assert [(row["_step"], row["x"]) for row in rows] == [(i, i) for i in range(10)]
    assert api.run(f"{project}/r").config == {"from 0": 5, "from 5": 10}
    assert api.run(f"{project}/r").state == "finished"


def test_resume_must_needs_a_run(program, project):
    done = program(LOG, "0", "5", "must")
    assert done.code != 0 and "resume" in done.err and "r" in done.err


def test_resume_never_needs_that_there_is_none(ran, program, api, project):
    ran(LOG, "0", "3", "never")
    done = program(LOG, "3", "6", "never")
    assert done.code != 0 and "UsageError" in done.err
    assert values(api, f"{project}/r") == [0, 1, 2]


def test_resume_auto_finds_the_run_that_crashed(ran, program, api, project):
    crash = LOG.replace('id="r", ', "") + "    import os; os._exit(1)\n"
    text = crash.replace("print(run.resumed", "print(run.id, run.resumed")
    first = program(text, "0", "4", "auto").out.split()
    second = ran(LOG.replace('id="r", ', "").replace("print(run.resumed", "print(run.id, run.resumed"), "4", "8", "auto").split()
    assert second[0] == first[0] and second[1] == "True"
    assert values(api, f"{project}/{first[0]}")[-4:] == [4, 5, 6, 7]


def test_the_summary_of_a_resumed_run_is_kept(ran, api, project):
    text = "import wandb\nwith wandb.init(id='r', resume='allow') as run:\n    run.summary[{!r}] = 1\n    run.log({{{!r}: 2}})\n"
    ran(text.format("a", "b"))
    ran(text.format("c", "d"))
    assert {key: api.run(f"{project}/r").summary[key] for key in "abcd"} == {"a": 1, "b": 2, "c": 1, "d": 2}


def test_processes_that_resume_one_after_another_lose_nothing(ran, api, project):
    for i in range(5):
        ran(LOG, str(i * 10), str(i * 10 + 10), "allow")
    assert values(api, f"{project}/r") == list(range(50))


def test_a_run_begun_anew_under_its_id_is_not_mixed_with_the_old(wandb, api, project):
    for first in (0, 100):
        with wandb.init(project=project, id="r") as run:
            for i in range(first, first + 5):
                run.log({"x": i})
    assert values(api, run.path)[-5:] == [100, 101, 102, 103, 104] and api.run(run.path).state == "finished"


def test_processes_share_a_run(server, program, ran, api, printed, project, tmp_path):
    text = """
import sys, wandb
name = sys.argv[1]
run = wandb.init(id="shared", mode="shared", config={f"of {name}": name}, settings=wandb.Settings(x_label=name, x_primary=name == "p0",
                 x_update_finish_state=name == "p0"))
for i in range(200):
    run.log({f"{name}/x": i, "step of its own": i, "common": f"{name} {i}"})
print(name, "printed")
run.finish()
"""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as threads:
        for done in threads.map(lambda n: program(text, n), ["p0", "p1", "p2"]):
            assert done.code == 0, done.err[-2000:]
    run = api.run(f"{project}/shared")
    rows = list(run.scan_history())
    for name in ("p0", "p1", "p2"):
        assert sorted(row[f"{name}/x"] for row in rows if f"{name}/x" in row) == list(range(200)), name
        assert run.summary[f"{name}/x"] == 199
        assert [row["common"] for row in rows if row.get("common", "").startswith(name)] == [f"{name} {i}" for i in range(200)]
        assert f"{name} printed" in printed(f"{project}/shared")
        assert run.config[f"of {name}"] == name
    assert run.state == "finished"


def test_what_the_machine_says_of_several_writers_at_once_is_not_the_history(wire):
    from concurrent.futures import ThreadPoolExecutor

    run = wire.new_run()
    def write(number):
        headers = {"X-Wandb-Async-Client-Id": f"w{number}"}
        row = {"_step": number, "_timestamp": 1.79e9, f"d{number}": {"a": 1, "b": 2}}
        files = {"wandb-events.jsonl": {"offset": 0, "content": [json.dumps({"_timestamp": 1.79e9, f"cpu.{number}": number})]},
                 "wandb-history.jsonl": {"offset": 0, "content": [json.dumps(row)]}}
        assert wire.stream(run, {"files": files}, headers=headers).status_code == 200

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    rows = wire.history(run)
    assert [key for row in rows for key in row if key.startswith("system.")] == []
    assert {key: value for row in rows for key, value in row.items() if key[0] == "d"} == {f"d{n}": {"a": 1, "b": 2} for n in range(8)}


def test_a_preempted_run_says_so_until_it_goes_on(wandb, api, project):
    with pytest.raises(RuntimeError), wandb.init(project=project, id="r") as run:
        run.log({"x": 1})
        run.mark_preempting()
        raise RuntimeError("the machine is gone")
    def state():
        api.flush()
        return api.run(f"{project}/r").state

    found = lambda filters: [one.id for one in api.runs(project, filters=filters)]
    assert state() == "preempted" and found({"state": "preempted"}) == ["r"] and found({"state": "failed"}) == []
    with wandb.init(project=project, id="r", resume="must") as run:
        run.log({"x": 2})
    assert state() == "finished" and found({"state": {"$in": ["preempted", "preempting"]}}) == []


def test_a_program_goes_on_in_a_project_that_is_renamed(wandb, api, project, server, tmp_path):
    import requests

    (tmp_path / "a.txt").write_text("a")
    with wandb.init(project=project, id="r") as run:
        run.log({"x": 0})
        before = NativeRun(server, run.path.split("/"))
        for name in (f"{project}-between", f"{project}-new"):
            requests.patch(f"{server.url}/api/v1/experiments/{before.get(f'runs/{before.id}')['experimentID']}", json={"name": name}, timeout=30).raise_for_status()
        run.log({"x": 1})
        run.config["lr"] = 2
        run.log_artifact(str(tmp_path / "a.txt"), name="a", type="dataset").wait()
        run.save(str(tmp_path / "a.txt"), base_path=str(tmp_path))
    found = api.run(f"{project}-new/r")
    assert values(api, f"{project}-new/r") == [0, 1] and found.state == "finished" and found.config["lr"] == 2
    assert [one.name for one in found.logged_artifacts()] == ["a:v0"] and "a.txt" in {file.name for file in found.files()}
    # Who begins by the old name begins anew, by the same id too.
    for id in ("other", "r"):
        with wandb.init(project=project, id=id) as run:
            run.log({"x": 5})
    assert sorted(one.id for one in api.runs(project)) == ["other", "r"] and values(api, f"{project}/r") == [5]
    assert [one.id for one in api.runs(f"{project}-new")] == ["r"] and values(api, f"{project}-new/r") == [0, 1]


def test_a_run_is_rewound_to_a_step(wandb, api, project):
    with wandb.init(project=project, id="r", config={"a": 1}) as run:
        for i in range(10):
            run.log({"x": i, "y": i, "w": f"w{i}"})
    with wandb.init(project=project, id="r", resume_from="r?_step=4") as run:
        run.log({"x": 100})
        run.log({"x": 101})
    rows = list(api.run(run.path).scan_history())
    assert [(row["_step"], row["x"]) for row in rows] == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 100), (6, 101)]
    assert [row["w"] for row in rows if "w" in row] == [f"w{i}" for i in range(5)]
    assert [row["y"] for row in rows if "y" in row] == list(range(5))
    assert api.run(run.path).summary["x"] == 101 and api.run(run.path).config["a"] == 1


def test_a_rewound_run_can_be_resumed(wandb, api, project):
    for options, logged in (({}, range(6)), ({"resume_from": "r?_step=2"}, (30, 40)), ({"resume": "must"}, (50,))):
        with wandb.init(project=project, id="r", **options) as run:
            for value in logged:
                run.log({"x": value})
    assert values(api, run.path) == [0, 1, 2, 30, 40, 50]


def test_a_fork_goes_on_from_a_step_of_another_run(wandb, api, project, server):
    with wandb.init(project=project, id="source", config={"lr": 1}) as run:
        for i in range(10):
            run.log({"x": i})
    with wandb.init(project=project, id="fork", fork_from="source?_step=4") as run:
        for i in (100, 101):
            run.log({"x": i})
    assert values(api, f"{project}/source") == list(range(10))
    rows = list(api.run(f"{project}/fork").scan_history())
    assert [(row["_step"], row["x"]) for row in rows] == [(i, i) for i in range(5)] + [(5, 100), (6, 101)]
    assert api.run(f"{project}/fork").summary["x"] == 101 and api.run(f"{project}/fork").tags == []
    fork = NativeRun(server, run.path.split("/"))
    assert {tag["key"]: tag["value"] for tag in fork.get(f"runs/{fork.id}")["tags"]}["wandb.forkedFrom"] == "source at step 4"


def test_a_fork_has_what_its_source_logged_of_every_kind(wandb, api, project):
    with wandb.init(project=project, id="source") as run:
        for i in range(8):
            run.log({"x": i, "d": {"a": i}, "word": f"w{i}", "only": i} if i < 4 else {"x": i, "d": {"a": i}})
    with wandb.init(project=project, id="fork", fork_from="source?_step=3") as run:
        run.log({"x": 50, "d": {"a": 50}})
    with wandb.init(project=project, id="again", fork_from="fork?_step=4") as run:
        run.log({"x": 60})
    rows = list(api.run(f"{project}/fork").scan_history())
    assert [(row["_step"], row["x"], row["d"]["a"], row.get("word")) for row in rows] == [
        (0, 0, 0, "w0"), (1, 1, 1, "w1"), (2, 2, 2, "w2"), (3, 3, 3, "w3"), (4, 50, 50, None)]
    assert rows[1]["_timestamp"] == list(api.run(f"{project}/source").scan_history())[1]["_timestamp"]
    assert values(api, f"{project}/again") == [0, 1, 2, 3, 50, 60]
    assert api.run(f"{project}/fork").summary["only"] == 3
    assert not [key for row in rows for key in row if key.startswith("system.")]


def test_a_fork_has_the_files_of_what_it_shows(wandb, api, project, tmp_path):
    import numpy

    with wandb.init(project=project, id="source") as run:
        for i in range(4):
            run.log({"image": wandb.Image(numpy.full((4, 4, 3), i, "uint8")), "table": wandb.Table(["a"], [[i]])})
    with wandb.init(project=project, id="fork", fork_from="source?_step=1") as run:
        run.log({"x": 1})
    rows = [row for row in api.run(f"{project}/fork").scan_history() if row.get("image")]
    assert len(rows) == 2
    names = {file.name for file in api.run(f"{project}/fork").files()}
    for row in rows:
        assert {row["image"]["path"], row["table"]["path"]} <= names
        both = [api.run(f"{project}/{name}").file(row["image"]["path"]).download(root=str(tmp_path / name)).name for name in ("source", "fork")]
        assert len({pathlib.Path(path).read_bytes() for path in both}) == 1
    assert len([name for name in names if name.startswith("media/images")]) == 2


def test_a_fork_of_no_run_is_refused(wandb, project):
    with pytest.raises(Exception, match="fork from is not in this project"):
        wandb.init(project=project, id="fork", fork_from="nowhere?_step=4")


def test_a_program_whose_run_was_deleted_ends(api, project, ran, tmp_path):
    text = """
import time, wandb
run = wandb.init(id="gone")
run.log({"a": 1})
time.sleep(1)
wandb.Api().run(run.path).delete()
run.log({"a": 2})
run.finish()
"""
    begun = time.monotonic()
    ran(text)
    assert time.monotonic() - begun < 90


OFFLINE = """
import wandb
with wandb.init(id="off", mode="offline", config={"lr": 0.1}, tags=["t"], name="n", notes="ü") as run:
    for i in range(300):
        run.log({"x": i, "d": {"a": i}, "nan": float("nan")})
    run.summary["final"] = 7
    open("saved.txt", "w").write("saved")
    run.save("saved.txt")
    print("printed offline")
"""


def sync(tmp_path, ran):
    [folder] = tmp_path.glob("wandb/offline-run-*-off")
    text = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-m', 'wandb', 'sync', *sys.argv[1:]]))"
    ran(text, str(folder))


def test_an_offline_run_is_synced(ran, api, printed, project, tmp_path):
    ran(OFFLINE)
    assert project not in [one.name for one in api.projects("default")]
    sync(tmp_path, ran)
    run = api.run(f"{project}/off")
    assert values(api, f"{project}/off") == list(range(300)) and run.state == "finished"
    assert (run.name, run.notes, run.tags, run.config) == ("n", "ü", ["t"], {"lr": 0.1})
    assert run.summary["final"] == 7 and "saved.txt" in [file.name for file in run.files()]
    assert "printed offline" in printed(f"{project}/off")


def test_an_offline_run_synced_twice_is_there_once(ran, api, project, tmp_path):
    ran(OFFLINE)
    sync(tmp_path, ran)
    for mark in pathlib.Path(tmp_path).glob("wandb/offline-run-*-off/*.synced"):
        mark.unlink()
    sync(tmp_path, ran)
    assert values(api, f"{project}/off") == list(range(300))


def test_a_run_is_stopped_from_outside(server, wandb, api, project, tmp_path):
    from wandb_wire import client_environment
    import os

    # The client interrupts the program, which a program that was started in the background passes over by itself.
    text = """
import signal, time, wandb
signal.signal(signal.SIGINT, signal.default_int_handler)
run = wandb.init(id="r")
for i in range(1200):
    run.log({"x": i}); time.sleep(0.1)
print("never stopped", flush=True)
"""
    # Nothing of the session's own client: WANDB_SERVICE would make it share the helper process.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
    environment |= client_environment(server, tmp_path) | {"WANDB_PROJECT": project, "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"}
    process = subprocess.Popen([sys.executable, "-c", text], env=environment, cwd=tmp_path, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and project not in [one.name for one in api.projects("default")]:
            time.sleep(0.2)
        run = api.run(f"{project}/r")
        # What has no `stop` yet has it in its inner API.
        stopped = run.stop() if hasattr(type(run), "stop") else wandb.apis.internal.Api().stop_run(run_id=run.storage_id)
        assert stopped is not False
        out, _ = process.communicate(timeout=100)
    finally:
        process.kill()
        process.wait()
    assert "never stopped" not in out
    # The client remembers runs that it read.
    api.flush()
    assert api.run(f"{project}/r").state in ("killed", "failed", "finished")


def test_the_answer_of_a_stream_says_that_the_run_is_stopped(wire):
    run = wire.new_run()
    assert wire.stream(run, {}).json()["stopped"] is False
    id = wire.ok("query($e: String!, $p: String!, $r: String!) { project(name: $p, entityName: $e) { run(name: $r) { id } } }",
                 e=wire.entity, p=wire.project, r=run)["project"]["run"]["id"]
    answer = wire.ok("mutation StopRun($id: ID!) { stopRun(input: {id: $id}) { clientMutationId success } }", id=id)
    assert answer["stopRun"]["success"] is True
    assert wire.stream(run, {}).json()["stopped"] is True
    # Who begins it again wants it to go on.
    wire.new_run(run)
    assert json.loads(wire.stream(run, {}).text)["stopped"] in (True, False)
