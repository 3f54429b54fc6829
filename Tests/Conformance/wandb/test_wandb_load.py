"""Much at once: long runs, many programs, many keys. Nothing is timed; everything must arrive."""

from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = pytest.mark.timeout(400)


def test_twenty_thousand_steps_of_three_scalars_arrive_whole(wandb, api, project):
    with wandb.init(project=project) as run:
        for i in range(20_000):
            run.log({"a": i, "b": i / 7, "c": -i})
    found = api.run(run.path)
    rows = list(found.scan_history(page_size=5000))
    assert [(row["_step"], row["a"], row["b"], row["c"]) for row in rows] == [(i, i, i / 7, -i) for i in range(20_000)]
    assert found.summary["a"] == 19_999 and found.lastHistoryStep == 19_999 and len(found.history(samples=500, pandas=False)) == 500


def test_sixteen_programs_at_once_arrive_whole(program, api, printed, project):
    text = """
import sys, wandb
number = int(sys.argv[1])
with wandb.init(id=f"r{number:02}", config={"number": number}, group="all") as run:
    for i in range(500):
        run.log({"x": i, "y": i * number})
    print(f"printed by {number}")
"""
    with ThreadPoolExecutor(16) as threads:
        for done in threads.map(lambda number: program(text, str(number), patience=300), range(16)):
            assert done.code == 0, done.err[-2000:]
    runs = list(api.runs(f"default/{project}", order="+created_at"))
    assert sorted(run.id for run in runs) == [f"r{number:02}" for number in range(16)]
    for run in runs:
        number = run.config["number"]
        assert run.id == f"r{number:02}" and run.state == "finished" and run.group == "all"
        assert [(row["x"], row["y"]) for row in run.scan_history()] == [(i, i * number) for i in range(500)]
        assert f"printed by {number}" in printed(f"{project}/{run.id}")


def test_threads_of_one_program_log_runs_of_their_own(ran, api, project):
    ran("""
import threading, wandb
def train(number):
    run = wandb.init(id=f"t{number}", reinit="create_new")
    for i in range(200):
        run.log({"x": i * number})
    run.finish()
# Clients before 0.22 lose the key where several threads are the first to log in.
wandb.login()
threads = [threading.Thread(target=train, args=(number,)) for number in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
""")
    for number in range(6):
        assert [row["x"] for row in api.run(f"{project}/t{number}").scan_history()] == [i * number for i in range(200)]


def test_many_keys_over_many_steps_arrive_whole(wandb, api, project):
    with wandb.init(project=project) as run:
        for i in range(100):
            run.log({f"layer {key}/grad": i * 1000 + key for key in range(300)})
    rows = list(api.run(run.path).scan_history())
    assert len(rows) == 100
    assert all(row[f"layer {key}/grad"] == i * 1000 + key for i, row in enumerate(rows) for key in range(300))
