"""Streams as no well-behaved client sends them: nothing lost, nothing twice, nothing in part."""

import gzip
import json
import threading
import time

import pytest

from wandb_wire import UPSERT, message, step

INF = float("inf")


@pytest.fixture
def run(wire):
    return wire.new_run()


def refused(answer, *statuses):
    assert answer.status_code in (statuses or (400,)), f"{answer.status_code} {answer.text[:300]}"
    assert message(answer)
    return True


def steps(first, last):
    return [step(i) for i in range(first, last)]


def sent(wire, run, first, last):
    answer = wire.lines(run, first, steps(first, last))
    assert answer.status_code == 200, answer.text
    return answer


def test_the_answer_is_what_the_client_reads(wire, run):
    assert sent(wire, run, 0, 3).json() == {"exitcode": None, "limits": {}, "stopped": False}
    assert wire.values(run) == [0, 1, 2] and wire.stored(run)["historyLineCount"] == 3


@pytest.mark.parametrize("entity, other, name", [("default", None, "none"), ("default", "no project", None), ("no-entity", None, None)])
def test_an_unknown_run_is_not_found(wire, run, entity, other, name):
    path = f"/files/{entity}/{other or wire.project}/{name or run}/file_stream"
    assert refused(wire.send("POST", path, json={}), 404)


def test_an_empty_body_and_an_empty_object_are_signs_of_life(wire, run):
    assert wire.stream(run, {}).status_code == 200
    assert wire.send("POST", wire.stream_url(run), data=b"").status_code in (200, 400)
    assert wire.stored(run)["state"] == "running"


BODIES = ["{", "[]", "1", "null", '"x"', '{"files": {"wandb-history.jsonl": 1}}', '{"files": {"wandb-history.jsonl": []}}', "{}{}", "{'files': {}}",
          '{"files": {"wandb-history.jsonl": {"offset": 0}}}', '{"files": {"wandb-history.jsonl": {"offset": 0, "content": null}}}',
          '{"files": {"wandb-history.jsonl": {"offset": 0, "content": "x"}}}', '{"files": {"wandb-history.jsonl": {"offset": 0, "content": [1]}}}',
          '{"files": {"wandb-history.jsonl": {"offset": 0, "content": [null]}}}', '{"files": {"wandb-history.jsonl": {"offset": 0, "content": [{}]}}}',
          b'{"files": "\xff"}', b"\x00", "[" * 100_000]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body)[:60])
def test_a_malformed_body_is_refused(wire, run, body):
    assert refused(wire.send("POST", wire.stream_url(run), data=body if isinstance(body, bytes) else body.encode()))
    assert wire.stored(run)["historyLineCount"] == 0


@pytest.mark.parametrize("offset", [-1, -(2**63), 2**63, 2**64, 1e300, 0.5, "0", None, [], True], ids=str)
@pytest.mark.parametrize("file", ["wandb-history.jsonl", "wandb-events.jsonl", "output.log"])
def test_an_offset_that_is_no_number_of_a_line_is_refused(wire, run, offset, file):
    assert refused(wire.lines(run, offset, ['{"x": 1}'], file=file))
    assert wire.history(run) == [] and wire.console(run) == []


@pytest.mark.parametrize("file", ["wandb-history.jsonl", "output.log"])
def test_an_offset_that_is_missing_is_refused(wire, run, file):
    assert refused(wire.stream(run, {"files": {file: {"content": ['{"x": 1}']}}}))


def test_lines_that_are_sent_again_are_stored_once(wire, run):
    for _ in range(3):
        sent(wire, run, 0, 10)
    assert wire.values(run) == list(range(10)) and wire.stored(run)["historyLineCount"] == 10


@pytest.mark.parametrize("first, last, wanted", [(5, 15, 15), (0, 15, 15), (9, 11, 11), (3, 7, 10), (0, 10, 10), (10, 10, 10)])
def test_chunks_that_overlap_store_nothing_twice(wire, run, first, last, wanted):
    sent(wire, run, 0, 10)
    sent(wire, run, first, last)
    assert wire.values(run) == list(range(wanted)) and wire.stored(run)["historyLineCount"] == wanted


def test_a_jump_is_taken(wire, run):
    sent(wire, run, 0, 3)
    sent(wire, run, 10, 13)
    assert wire.values(run) == [0, 1, 2, 10, 11, 12] and wire.stored(run)["historyLineCount"] == 13


def test_a_jump_of_the_console_is_taken(wire, run):
    for offset in (0, 5, 1_000_000):
        assert wire.lines(run, offset, [f"line {offset}"], file="output.log").status_code == 200
    assert [line for line in wire.console(run) if line] == ["line 0", "line 5", "line 1000000"]


@pytest.mark.parametrize("line", ["", " ", "no json", "[1]", "1", "null", '"x"', "{", '{"x": }', '{"x": 1} more', '{"x": nan}', '{"x": 01}', '{"x": 1', "{'x': 1}",
                                  '{"x": "\\ud800"', '{"a": ' * 10_000], ids=lambda line: line[:20] or "empty")
def test_a_line_that_is_no_json_is_told_by_its_number_and_nothing_is_stored(wire, run, line):
    sent(wire, run, 0, 3)
    answer = wire.lines(run, 3, [step(3), step(4), line, step(6)])
    assert refused(answer) and "line 5" in message(answer)
    assert wire.values(run) == [0, 1, 2] and wire.stored(run)["historyLineCount"] == 3
    sent(wire, run, 3, 6)
    assert wire.values(run) == list(range(6))


def test_a_bad_line_of_one_file_leaves_the_others_out_too(wire, run):
    good = json.dumps(step(0))
    files = {"wandb-history.jsonl": {"offset": 0, "content": [good]}, "output.log": {"offset": 0, "content": ["text"]},
             "wandb-events.jsonl": {"offset": 0, "content": ["no json"]}}
    assert refused(wire.stream(run, {"files": files, "complete": True, "exitcode": 0}))
    stored = wire.stored(run)
    assert (stored["historyLineCount"], stored["logLineCount"], stored["state"]) == (0, 0, "running")


@pytest.mark.parametrize("summary", ["no json", "[]", "1", "null"])
def test_a_summary_that_is_no_object_is_refused(wire, run, summary):
    assert wire.lines(run, 0, ['{"a": 1}'], file="wandb-summary.json").status_code == 200
    assert refused(wire.lines(run, 0, [summary], file="wandb-summary.json"))
    assert json.loads(wire.stored(run)["summaryMetrics"])["a"] == 1


def test_values_that_only_python_and_go_write_are_taken(wire, run):
    line = '{"a": NaN, "b": Infinity, "c": -Infinity, "d": 9.223372036854776e+18, "e": 1e-320, "f": {"g": NaN}, "_step": 0}'
    assert wire.lines(run, 0, [line]).status_code == 200
    [row] = wire.history(run)
    assert (row["b"], row["c"], row["d"], row["e"]) == (INF, -INF, 2.0**63, 1e-320) and row["a"] != row["a"] and row["f"]["g"] != row["f"]["g"]


@pytest.mark.parametrize("line, key", [('{"%s": 1}' % ("k" * 5000), None), ('{"": 1, "_step": 0}', ""), ('{"a\\u0000b": 1, "_step": 0}', None), ('{"x": 1, "x": 2, "_step": 0}', "x"),
                                       ('{"x": "a\\u0000b", "_step": 0}', "x"), ('{"x": 1e999, "_step": 0}', "x"), ('{"_step": "zero", "x": 1}', "x"),
                                       ('{"_step": -5, "x": 1}', "x"), ('{"_step": 1e300, "x": 1}', "x"), ('{"_timestamp": "soon", "x": 1}', "x"),
                                       ('{"_timestamp": 1e300, "x": 1}', "x"), ('{"_step": null, "x": 1}', "x"), ("{}", None)], ids=lambda v: str(v)[:40])
def test_strange_lines_are_stored_or_refused_but_break_nothing(wire, run, line, key):
    answer = wire.lines(run, 0, [line])
    assert answer.status_code in (200, 400), answer.text
    assert isinstance(wire.history(run), list)
    stored = wire.stored(run)["historyLineCount"]
    assert stored == (1 if answer.status_code == 200 else 0)
    sent(wire, run, stored, stored + 3)
    assert wire.values(run)[-3:] == [stored, stored + 1, stored + 2] or answer.status_code == 200


def test_a_line_of_ten_megabytes_is_stored(wire, run):
    text = "ü" * 5_100_000
    assert wire.lines(run, 0, [{"x": text, "_step": 0}]).status_code == 200
    [row] = wire.history(run)
    assert row["x"] == text


def test_a_body_over_64_mib_is_refused(wire, run):
    answer = wire.send("POST", wire.stream_url(run), data=b'{"x": "' + b"y" * (65 << 20) + b'"}')
    assert refused(answer, 413)


def packed(wire, run, data, encoding="gzip"):
    return wire.send("POST", wire.stream_url(run), data=data, headers={"Content-Encoding": encoding, "Content-Type": "application/json"})


def body_of(lines, offset=0):
    return json.dumps({"files": {"wandb-history.jsonl": {"offset": offset, "content": [json.dumps(line) for line in lines]}}}).encode()


def test_a_body_may_be_packed(wire, run):
    body = body_of(steps(0, 1000))
    assert packed(wire, run, gzip.compress(body)).status_code == 200
    half = len(body) // 2
    assert packed(wire, run, gzip.compress(body_of(steps(1000, 1010), 1000)), "GZIP").status_code == 200
    # Members one after another are one text.
    assert packed(wire, run, gzip.compress(body[:half]) + gzip.compress(body[half:])).status_code in (200, 400)
    assert wire.values(run) == list(range(1010))


def test_a_broken_packing_is_refused(wire, run):
    good = gzip.compress(body_of(steps(0, 1000)))
    broken = [b"", b"no gzip", good[:-9], good[:20], good[:-8] + b"\0" * 8, good[:50] + b"\xff\xff\xff" + good[53:], b"\x1f\x8b", body_of(steps(0, 3)), good + b"rest"]
    for data in broken:
        answer = packed(wire, run, data)
        assert answer.status_code in ((200, 400) if data in (b"", broken[-1]) else (400,)), (data[:20], answer.text)
    assert wire.values(run) in ([], list(range(1000)))


def test_a_packing_that_swells_is_refused(wire, run):
    data = gzip.compress(b" " * (300 << 20))
    assert len(data) < 1 << 20
    begun = time.monotonic()
    assert refused(packed(wire, run, data), 400, 413)
    assert time.monotonic() - begun < 20


def test_an_unknown_packing_is_refused(wire, run):
    assert packed(wire, run, b"x", "br").status_code in (400, 415)


def test_files_that_the_server_does_not_know_are_passed_over(wire, run):
    files = {"new.jsonl": {"offset": 0, "content": ["x"]}, "../../x": {"offset": 0, "content": ["x"]}, "wandb-history.jsonl": {"offset": 0, "content": [json.dumps(step(0))]}}
    assert wire.stream(run, {"files": files, "dropped": 3, "uploaded": ["config.yaml", 7], "preempting": "x"}).status_code == 200
    assert wire.values(run) == [0]


@pytest.mark.parametrize("code, state", [(0, "finished"), (1, "failed"), (255, "failed"), (-1, "failed")])
def test_the_end_of_a_stream_is_the_end_of_the_run(wire, run, code, state):
    assert wire.lines(run, 0, steps(0, 2), complete=True, exitcode=code).status_code == 200
    assert wire.stored(run)["state"] == state
    # Sent again, as after an answer that was lost.
    assert wire.lines(run, 0, steps(0, 2), complete=True, exitcode=code).status_code == 200
    assert wire.values(run) == [0, 1] and wire.stored(run)["state"] == state


def test_lines_that_come_again_late_do_not_begin_the_run_anew(wire, run):
    printed = {"files": {"output.log": {"offset": 0, "content": ["one", "two"]}}}
    assert wire.stream(run, printed).status_code == 200
    assert wire.lines(run, 0, steps(0, 2), complete=True, exitcode=0).status_code == 200
    for late in (lambda: wire.lines(run, 0, steps(0, 2)), lambda: wire.stream(run, printed), lambda: wire.stream(run, {})):
        assert late().status_code == 200 and wire.stored(run)["state"] == "finished"
    assert wire.lines(run, 2, steps(2, 3)).status_code == 200
    assert wire.stored(run)["state"] == "running" and wire.values(run) == [0, 1, 2]


def test_writers_at_once_do_not_write_over_each_other(wire, run):
    wire.lines(run, 0, steps(0, 3))

    def write(writer, first, values):
        content = [json.dumps({"_step": first + i, "_timestamp": 1_790_000_000 + value, "x": value} | ({"t": "text"} if value % 2 else {}))
                   for i, value in enumerate(values)]
        body = {"files": {"wandb-history.jsonl": {"offset": first, "content": content}}}
        assert wire.stream(run, body, headers={"X-Wandb-Async-Client-Id": writer}).status_code == 200

    write("a", 0, range(100, 105))
    write("b", 0, range(200, 205))
    write("b", 0, range(200, 205))
    write("a", 3, range(103, 108))
    in_threads(8, lambda number: write(f"w{number}", 0, range(1000 * number + 1000, 1000 * number + 1050)))
    rows = wire.history(run)
    assert [row["x"] for row in rows[:16]] == [0, 1, 2, *range(100, 105), *range(200, 205), *range(105, 108)]
    assert sorted(row["x"] for row in rows[16:]) == sorted(1000 * n + 1000 + i for n in range(8) for i in range(50))
    assert [row["_step"] for row in rows] == list(range(416))
    assert all((row.get("t") == "text") == (row["x"] % 2 == 1) for row in rows[3:])


@pytest.mark.parametrize("last", [2**63 - 1, 2**63 - 2, 2**62])
def test_behind_the_last_step_of_all_no_line_is_numbered(wire, run, server, last):
    wire.lines(run, 0, [step(0), {"_step": last, "_timestamp": 1_790_000_000, "x": 1}])
    body = {"files": {"wandb-history.jsonl": {"offset": 0, "content": [json.dumps({"_timestamp": 1_790_000_001, "x": n}) for n in range(3)]}}}
    assert refused(wire.stream(run, body, headers={"X-Wandb-Async-Client-Id": "a"}))
    assert server.is_healthy() and wire.values(run) == [0, 1]


def test_a_program_that_goes_on_after_a_stop_is_not_stopped(wire, run):
    id = wire.ok(UPSERT, **wire.place(name=run))["upsertBucket"]["bucket"]["id"]
    stop = "mutation($id: ID!) { stopRun(input: {id: $id}) { success } }"
    wire.ok(stop, id=id)
    assert wire.lines(run, 0, steps(0, 2)).json()["stopped"] is True
    wire.stream(run, {"complete": True, "exitcode": 255})
    # It is begun again at once; and whoever stops what has ended stops nothing.
    wire.ok(stop, id=id)
    wire.new_run(run)
    assert wire.lines(run, 2, steps(2, 4)).json()["stopped"] is False
    assert wire.lines(run, 4, steps(4, 6)).json()["stopped"] is False and wire.stored(run)["state"] == "running"


def test_a_run_that_was_asked_to_stop_and_ends_was_killed(wire, run):
    id = wire.ok(UPSERT, **wire.place(name=run))["upsertBucket"]["bucket"]["id"]
    assert wire.ok("mutation($id: ID!) { stopRun(input: {id: $id}) { success } }", id=id)["stopRun"]["success"]
    assert wire.lines(run, 0, steps(0, 2)).json()["stopped"] is True
    assert wire.stream(run, {"complete": True, "exitcode": 255}).status_code == 200
    assert wire.stored(run)["state"] == "killed"


def in_threads(count, work):
    errors = []

    def guarded(number):
        try:
            work(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors[0]


def test_threads_that_send_the_same_chunk_at_once_store_it_once(wire, run):
    for first in range(0, 1000, 200):
        in_threads(4, lambda _, first=first: sent(wire, run, first, first + 200))
    assert wire.values(run) == list(range(1000)) and wire.stored(run)["historyLineCount"] == 1000


def test_threads_that_send_the_chunks_of_a_run_with_overlaps_lose_nothing_in_order(wire, run):
    # Each sends all chunks in order; the chunks of one are cut at other places than those of another.
    def send_all(number):
        size = 37 + number * 23
        for first in range(0, 600, size):
            sent(wire, run, first, min(600, first + size))

    in_threads(3, send_all)
    assert wire.values(run) == list(range(600))


def test_a_run_begun_by_many_at_once_is_one_run(wire):
    in_threads(6, lambda _: wire.new_run("same"))
    count = wire.ok("query($p: String!) { project(name: $p, entityName: \"default\") { runCount } }", p=wire.project)
    assert count["project"]["runCount"] == 1


def test_very_many_files_in_one_request_are_refused(wire):
    run = wire.new_run()
    files = {f"f{index}": {"offset": 0, "content": ["x"]} for index in range(50_000)}
    answer = wire.stream(run, {"files": files})
    assert answer.status_code == 400, answer.text[:300]


FORK = """mutation($entity: String!, $project: String!, $name: String!, $config: JSONString) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, config: $config}) { bucket { name } } }"""


@pytest.mark.parametrize("point, wanted", [
    ({"run_id": "source", "step": 1}, [0, 1]), ({"run_id": "source", "step": 1.0}, [0, 1]), ({"run_id": "source", "step": -1}, []),
    ({"run_id": "source", "step": 1e300}, []), ({"run_id": "source", "step": "1"}, []), ({"run_id": "source"}, []), ({"run_id": 5, "step": 1}, []),
    ("source", []), (None, []), ([], [])], ids=str)
def test_a_branch_point_that_makes_no_sense_forks_nothing(wire, point, wanted):
    source = wire.new_run()
    sent(wire, source, 0, 4)
    if isinstance(point, dict) and point.get("run_id") == "source":
        point = point | {"run_id": source}
    name = f"fork-of-{source}"
    config = json.dumps({"_wandb": {"value": {"branch_point": point}}})
    assert wire.ok(FORK, **wire.place(name=name, config=config))["upsertBucket"]["bucket"]["name"] == name
    assert wire.values(name) == wanted
    # The same again, and a run that is said to be a fork of itself.
    wire.ok(FORK, **wire.place(name=name, config=config))
    wire.ok(FORK, **wire.place(name=source, config=json.dumps({"_wandb": {"value": {"branch_point": {"run_id": source, "step": 2}}}})))
    assert wire.values(name) == wanted and wire.values(source) == [0, 1, 2, 3]


def test_a_fork_copies_no_file_that_leads_out_of_the_run(wire):
    source = wire.new_run()
    lines = [{"i": {"_type": "image-file", "path": path}, "_step": i, "x": i} for i, path in enumerate(["../../x", "/etc/passwd", "a\x00b", "", "none.png"])]
    assert wire.lines(source, 0, lines).status_code == 200
    config = json.dumps({"_wandb": {"value": {"branch_point": {"run_id": source, "step": 9}}}})
    wire.ok(FORK, **wire.place(name="fork-" + source, config=config))
    assert wire.values("fork-" + source) == [0, 1, 2, 3, 4] and wire.files("fork-" + source) == {}
