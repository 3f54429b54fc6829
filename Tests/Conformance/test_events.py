"""A live stream of events over a real socket: what changed, coming back, how often, and the end of the server."""

import contextlib
import json
import threading
import time
from concurrent import futures

import pytest
import requests

from harness import Raw, Server
from wire import eventually, metric, once

pytestmark = pytest.mark.martlet_only
TOPICS = "experiment:0:runs"


@pytest.fixture(scope="module", autouse=True)
def seconds_until_heartbeat(server):
    """Measured by a stream without news while the other tests run."""
    measured = futures.ThreadPoolExecutor(1).submit(heartbeat_of, server)
    yield measured
    measured.cancel()


def heartbeat_of(server):
    with requests.get(f"{server.url}/api/v1/events?topics=nothing", stream=True, timeout=20) as answer:
        started = time.monotonic()
        for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
            if line.startswith(":"):
                return time.monotonic() - started


@pytest.fixture
def own(tmp_path):
    server = Server(tmp_path).start()
    yield server
    server.stop()


@contextlib.contextmanager
def stream(server, last=None, topics=TOPICS, query=""):
    """The frames of a stream, each as a dictionary of its fields."""
    headers = {} if last is None else {"Last-Event-ID": last}
    url = f"{server.url}/api/v1/events?topics={topics}{query}"
    with requests.get(url, headers=headers, stream=True, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
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


def next_change(events):
    return next(frame for frame in events if frame.get("event") == "change")


def told(frame):
    return set(json.loads(frame["data"])["topics"])


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


def test_the_query_resumes_as_the_header_does(own):
    raw = Raw(own)
    with stream(own) as events:
        seen = next(events)["id"]
    raw.new_run()
    with stream(own, query=f"&lastEventID={seen}") as events:
        next(events)
        assert told(next(events)) == {TOPICS}


@pytest.mark.parametrize("last", ["1", "nonsense", "99999999999999999999", "-1"])
def test_a_viewer_with_an_unknown_id_reads_everything_again(own, last):
    with stream(own, last=last) as events:
        assert next(events)["event"] == "hello"
        assert next(events)["event"] == "reset"


def test_ids_of_a_server_before_are_unknown(own):
    with stream(own) as events:
        seen = next(events)["id"]
    own.stop()
    own.start()
    with stream(own, last=seen) as events:
        assert [next(events)["event"], next(events)["event"]] == ["hello", "reset"]


def test_only_the_topics_that_were_asked_for_are_told(own):
    raw = Raw(own)
    mine, other = raw.new_run(), raw.new_run()
    base = f"{own.url}/api/v1/runs"
    with stream(own, topics=f"run:{mine}:metrics,run:{mine}:artifacts,run:{mine}") as events:
        next(events)
        point = {"metrics": [{"key": "a", "value": 1}]}
        raw.send("POST", f"{base}/{other}/log", json=point)
        raw.send("POST", f"{base}/{mine}/log", json=point)
        assert f"run:{mine}:metrics" in told(next_change(events))
        raw.send("PUT", f"{base}/{mine}/artifacts/content?path=a", data=b"a")
        assert f"run:{mine}:artifacts" in told(next_change(events))
        raw.send("PATCH", f"{base}/{mine}", json={"notes": "n"})
        change = next_change(events)
        assert f"run:{mine}" in told(change) and not any(other in topic for topic in told(change))
    with stream(own, topics="experiments") as events:
        next(events)
        raw.send("POST", own.url + "/api/v1/experiments", json={"name": "new"})
        assert told(next_change(events)) == {"experiments"}


def test_a_viewer_gets_at_most_four_frames_a_second_whatever_happens(own):
    raw = Raw(own)
    runs = [raw.new_run() for _ in range(5)]
    is_over = threading.Event()

    def flood(run):
        session = requests.Session()
        while not is_over.is_set():
            body = {"metrics": [{"key": "a", "value": 1}]}
            session.post(f"{own.url}/api/v1/runs/{run}/log", json=body, timeout=10)

    writers = [threading.Thread(target=flood, args=(run,)) for run in runs]
    times, topics = [], set()
    with stream(own, topics=",".join(f"run:{run}:metrics" for run in runs), last="1") as events:
        for writer in writers:
            writer.start()
        for frame in events:
            times.append(time.monotonic())
            if frame["event"] == "change":
                topics |= told(frame)
            if times[-1] - times[0] > 3:
                break
    is_over.set()
    for writer in writers:
        writer.join()
    # Counted over the whole: a busy machine delivers late and then several at once.
    assert 8 <= len(times) <= 4 * (times[-1] - times[0]) + 2
    assert len(topics) == len(runs)


@pytest.mark.parametrize("query, word", [
    ("", "topics"), ("topics=", "topics"), ("topics=" + ",".join(f"t{number}" for number in range(201)), "200"),
    ("topics=a%20b", "topic"), ("topics=a%00b", "U+0000"), ("topics=%ff", "UTF-8"), ("topics=" + "x" * 201, "topic"),
], ids=["none", "empty", "too many", "space", "NUL", "no UTF-8", "long"])
def test_topics_that_cannot_be_are_refused(server, query, word):
    answer = requests.get(f"{server.url}/api/v1/events?{query}", timeout=10)
    assert answer.status_code == 400 and word in answer.json()["message"]


def test_streams_over_the_limit_are_refused_until_one_ends(tmp_path):
    own = Server(tmp_path, arguments=["--max-event-streams", "1"]).start()
    try:
        with stream(own) as events:
            next(events)
            refusal = once(own, "GET", f"/api/v1/events?topics={TOPICS}")
            assert refusal.status == 503 and refusal.headers["retry-after"] == "1"
        assert eventually(lambda: metric(own, "martlet_event_streams") == 0)
        with stream(own) as events:
            assert next(events)["event"] == "hello"
    finally:
        own.stop()


def test_streams_end_when_the_server_stops(own):
    with stream(own) as events:
        assert next(events)["event"] == "hello"
        own.process.terminate()
        assert list(events) == []
    assert own.process.wait(15) == 0


def test_a_stream_without_news_has_a_heartbeat(seconds_until_heartbeat):
    assert 14 < seconds_until_heartbeat.result(20) < 20
