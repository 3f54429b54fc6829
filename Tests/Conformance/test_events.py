"""A live stream of events over a real socket: what changed, coming back, and the end of the server."""

import contextlib

import pytest
import requests

from harness import Raw, Server

pytestmark = pytest.mark.martlet_only
TOPICS = "experiment:0:runs"


@pytest.fixture
def own(tmp_path):
    server = Server(tmp_path).start()
    yield server
    server.stop()


@contextlib.contextmanager
def stream(server, last=None):
    """The frames of a stream, each as a dictionary of its fields."""
    headers = {} if last is None else {"Last-Event-ID": last}
    url = f"{server.url}/api/v1/events?topics={TOPICS}"
    with requests.get(url, headers=headers, stream=True, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield frames(answer)


def frames(answer):
    fields = {}
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        if line:
            key, _, value = line.partition(":")
            fields[key] = value.strip()
        elif fields:
            yield fields
            fields = {}


def test_a_change_is_told_and_a_viewer_that_comes_back_gets_what_it_missed(own):
    raw = Raw(own)
    with stream(own) as events:
        hello = next(events)
        assert hello["event"] == "hello"
        raw.new_run()
        change = next(events)
        assert change["event"] == "change" and TOPICS in change["data"]
    raw.new_run()
    with stream(own, last=change["id"]) as events:
        assert next(events)["event"] == "hello"
        missed = next(events)
        assert missed["event"] == "change" and int(missed["id"]) > int(change["id"])


@pytest.mark.parametrize("last", ["1", "nonsense", "99999999999999999999"])
def test_a_viewer_with_an_unknown_id_reads_everything_again(own, last):
    with stream(own, last=last) as events:
        assert next(events)["event"] == "hello"
        assert next(events)["event"] == "reset"


def test_streams_end_when_the_server_stops(own):
    with stream(own) as events:
        assert next(events)["event"] == "hello"
        own.process.terminate()
        assert list(events) == []
    assert own.process.wait(15) == 0
