"""MLflow's REST calls, as small as the cases need them."""

import http.client
import json
import random
import struct
import time

API = "/api/2.0/mlflow"
T0 = 1_700_000_000_000
STEP0 = 1_000_000_000


class Client:
    """One keep-alive connection."""

    def __init__(self, server, timeout=300, token=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
        self.proof = {} if token is None else {"Authorization": f"Bearer {token}"}

    def call(self, method, path, body=None):
        """Raw bytes of a 200 answer."""
        content = None if body is None else json.dumps(body).encode()
        headers = self.proof | ({"Content-Type": "application/json"} if content is not None else {})
        self.connection.request(method, path, content, headers)
        answer = self.connection.getresponse()
        raw = answer.read()
        if answer.status not in (200, 201, 204):
            raise RuntimeError(f"{method} {path[:120]}: {answer.status} {raw[:300]!r}")
        return raw

    def json(self, method, path, body=None):
        return json.loads(self.call(method, path, body) or b"{}")

    def timed(self, method, path, body=None):
        """(seconds, bytes of the answer)"""
        started = time.perf_counter()
        raw = self.call(method, path, body)
        return time.perf_counter() - started, raw

    def lines(self, path):
        """The lines of an answer that goes on, as they come."""
        self.connection.request("GET", path, headers=self.proof)
        answer = self.connection.getresponse()
        while line := answer.readline():
            yield line

    def create_experiment(self, name):
        return self.json("POST", f"{API}/experiments/create", {"name": name})["experiment_id"]

    def create_run(self, experiment):
        body = {"experiment_id": experiment, "start_time": T0, "user_id": "bench", "run_name": "bench"}
        return self.json("POST", f"{API}/runs/create", body)["run"]["info"]["run_id"]

    def runs(self, count, experiment=None):
        experiment = experiment or self.create_experiment(f"bench-{random.getrandbits(64):x}")
        return [self.create_run(experiment) for _ in range(count)]

    def log_batch(self, run, metrics):
        self.call("POST", f"{API}/runs/log-batch", {"run_id": run, "metrics": metrics})


def single(value):
    """The double nearest to a float32, as a training loop sends it."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def loss(step, random_source, is_single=True):
    """A loss curve with noise."""
    value = 2.5 / (1 + step / 500) + 0.05 * random_source.random()
    return single(value) if is_single else value


def metric(key, value, timestamp, step):
    return f'{{"key": "{key}", "value": {value!r}, "timestamp": {timestamp}, "step": {step}}}'


def batch(run, metrics):
    return f'{{"run_id": "{run}", "metrics": [{", ".join(metrics)}], "params": [], "tags": []}}'
