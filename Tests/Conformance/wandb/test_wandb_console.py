"""What a program prints is kept line by line, as the terminal showed it in the end."""

import json

import pytest

from wandb_wire import step

PRINT = "import sys, wandb\nwith wandb.init(id='r') as run:\n    run.log({{'x': 1}})\n    {}\n"


def test_lines_of_both_streams_are_kept(ran, printed, project):
    ran(PRINT.format("print('one'); print('ünï 漢 🐦'); print(); print('to stderr', file=sys.stderr); print('a\\tb')"))
    found = printed(f"{project}/r")
    assert [line for line in found if line in ("one", "ünï 漢 🐦", "to stderr", "a\tb")] == ["one", "ünï 漢 🐦", "to stderr", "a\tb"]


@pytest.mark.needs_client("0.31", "`Run.console_logs`")
def test_lines_have_numbers_and_times(ran, api, project):
    ran(PRINT.format("[print(f'line {i}') for i in range(50)]"))
    found = [line for line in api.run(f"{project}/r").console_logs() if line.content.startswith("line ")]
    assert [line.content for line in found] == [f"line {i}" for i in range(50)]
    assert all(line.timestamp for line in found)


def test_a_progress_bar_is_the_line_that_it_became(ran, printed, project):
    ran(PRINT.format("""
    import time
    for i in range(101):
        print(f'\\rprogress {i}%', end='', flush=True); time.sleep(0.02)
    print()
    print('after')"""))
    found = printed(f"{project}/r")
    assert [line.strip() for line in found if "progress" in line] == ["progress 100%"] and "after" in found


def test_thousands_of_lines_are_kept_in_order(ran, printed, project):
    ran(PRINT.format("[print(f'line {i}') for i in range(5000)]"))
    assert [line for line in printed(f"{project}/r") if line.startswith("line ")] == [f"line {i}" for i in range(5000)]


@pytest.mark.needs_client("0.31", "`Run.console_logs`")
def test_thousands_of_lines_come_page_by_page(ran, api, project):
    ran(PRINT.format("[print(f'line {i}') for i in range(5000)]"))
    run = api.run(f"{project}/r")
    wanted = [f"line {i}" for i in range(5000)]
    for size in (333, 1000):
        assert [one.content for one in run.console_logs(per_page=size) if one.content.startswith("line ")] == wanted
    assert [one.content for one in run.console_logs(last=10) if one.content.startswith("line ")] == wanted[-10:]


def test_a_long_line_is_kept_as_far_as_the_client_sends_it(ran, printed, project):
    ran(PRINT.format("print('y' * 100_000)"))
    assert sum(line.count("y") for line in printed(f"{project}/r")) >= 4096


# An older one numbers the lines from 0 again, whatever `logLineCount` it is told: they take the place of the first.
@pytest.mark.needs_client("0.31", "numbers that go on for the lines of a resumed run")
def test_a_resumed_run_adds_lines(ran, printed, project):
    for word in ("first", "second"):
        ran(PRINT.format(f"print('the {word}')").replace("id='r'", "id='r', resume='allow'"))
    assert [line for line in printed(f"{project}/r") if line.startswith("the ")] == ["the first", "the second"]


# Plain requests


def log(wire, run, offset, *texts):
    content = [json.dumps({"ts": "2026-11-23T12:22:50.668942", "content": text}) for text in texts]
    answer = wire.lines(run, offset, content, file="output.log")
    assert answer.status_code == 200, answer.text


def test_a_line_that_is_sent_again_is_overwritten(wire):
    run = wire.new_run()
    log(wire, run, 0, "a", "10%")
    log(wire, run, 1, "50%")
    log(wire, run, 1, "100%", "done")
    assert wire.console(run) == ["a", "100%", "done"] and wire.stored(run)["logLineCount"] == 3


@pytest.mark.parametrize("line, text", [
    ("2026-11-23T12:22:50.668942 old style", "old style"), ("2026-11-23T12:22:50.668942 synced\n", "synced"), ("ERROR 2026-11-23T12:22:50.668942 bad", "bad"), ("no time", "no time"),
    ('{"content": "only"}', "only"), ("{broken", "{broken"), ("[1]", "[1]"), ("", ""), ('{"ts": "never", "content": "x"}', "x"),
    (json.dumps({"content": "\x1b[31mred\x1b[0m"}), "\x1b[31mred\x1b[0m"), ('{"content": "a\\u0000b"}', "a\ufffdb"),
])
def test_a_line_of_any_form_is_kept(wire, line, text):
    run = wire.new_run()
    answer = wire.lines(run, 0, [line], file="output.log")
    assert answer.status_code == 200, answer.text
    assert wire.console(run) == [text]


def test_a_line_of_a_megabyte_is_kept(wire):
    run = wire.new_run()
    log(wire, run, 0, "ü" * 1_000_000, "after")
    assert wire.console(run) == ["ü" * 1_000_000, "after"]


def test_console_and_history_are_counted_apart(wire):
    run = wire.new_run()
    log(wire, run, 0, "a", "b", "c")
    assert wire.lines(run, 0, [step(0)]).status_code == 200
    stored = wire.stored(run)
    assert (stored["logLineCount"], stored["historyLineCount"], stored["eventsLineCount"]) == (3, 1, 0)
