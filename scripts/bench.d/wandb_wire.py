"""W&B's calls, as small as the cases need them, and the lines that its client streams."""

import base64
import gzip
import json
import uuid

from plan import number, padded
from wire import Client, single

KEY = "a" * 40
PROOF = "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode()
HEADER = f"Authorization: {PROOF}\r\nUser-Agent: wandb-core\r\nAccept-Encoding: gzip\r\n"
PROJECT = "bench"
STEP0 = 1_000_000

UPSERT = """mutation UpsertBucket($name: String, $project: String, $entity: String) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity}) { bucket { id name } inserted } }"""
COUNT = """query Count($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { historyLineCount } } }"""
# The documents of the client for `scan_history` and `history`, as it sends them.
PAGE = """query HistoryPage ($entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!,
  $pageSize: Int!) { project(name: $project, entityName: $entity) { run(name: $run) {
  history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) } } }"""
KEYS_PAGE = """query SampledHistoryPage ($entity: String!, $project: String!, $run: String!, $spec: JSONString!) {
  project(name: $project, entityName: $entity) { run(name: $run) { sampledHistory(specs: [$spec]) } } }"""
SAMPLED = """query RunSampledHistory($project: String!, $entity: String!, $name: String!, $specs: [JSONString!]!) {
  project(name: $project, entityName: $entity) { run(name: $name) { sampledHistory(specs: $specs) } } }"""
FULL = """query RunFullHistory($project: String!, $entity: String!, $name: String!, $samples: Int) {
  project(name: $project, entityName: $entity) { run(name: $name) { history(samples: $samples) } } }"""


class Caller(Client):
    """One keep-alive connection that speaks as W&B's client does."""

    def __init__(self, server, timeout=300):
        super().__init__(server, timeout)
        self.proof = {"Authorization": PROOF, "User-Agent": "wandb-core", "Accept-Encoding": "gzip"}

    def ask(self, query, **variables):
        answer = self.json("POST", "/graphql", question(query, **variables))
        if answer.get("errors"):
            raise RuntimeError(f"GraphQL: {answer['errors'][0]}")
        return answer["data"]

    def new_run(self):
        name = uuid.uuid4().hex[:8]
        return self.ask(UPSERT, name=name)["upsertBucket"]["bucket"]["name"]

    def lines_of(self, run):
        return self.ask(COUNT, run=run)["project"]["run"]["historyLineCount"]

    def native_id(self, run):
        """The id that the native interface knows a run by."""
        path = f"/api/v1/find?workspace=default&experiment={PROJECT}&run={run}"
        return self.json("GET", path)["runID"]


def question(query, **variables):
    return {"query": query, "variables": {"entity": "default", "project": PROJECT} | variables}


def stream_path(run):
    return f"/files/default/{PROJECT}/{run}/file_stream"


def environment(server, folder):
    """Variables for a program that uses wandb. Its files go below the folder."""
    for name in ("config", "cache", "data", "artifacts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "WANDB_BASE_URL": f"http://127.0.0.1:{server.port}", "WANDB_API_KEY": KEY, "WANDB_DIR": str(folder),
        "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false", "WANDB_CONFIG_DIR": str(folder / "config"),
        "WANDB_QUIET": "true", "WANDB_CACHE_DIR": str(folder / "cache"), "WANDB_DATA_DIR": str(folder / "data"),
        "WANDB_DISABLE_GIT": "true", "WANDB_ARTIFACT_DIR": str(folder / "artifacts"), "NETRC": str(folder / "netrc"),
        "WANDB_ENTITY": "default", "WANDB_DISABLE_CODE": "true", "WANDB_PROJECT": PROJECT, "WANDB_CONSOLE": "off",
    }


def value_at(step, scalar):
    """What a scalar of the streamed lines is at a step: a curve with noise, float32 as training loops have it."""
    return single(2.5 / (1 + step % 997 / 50) + (step * 7919 + scalar * 104729) % 100_003 * 1e-6)


def history_line(index, lines, scalars, patch, step0=STEP0, values=None):
    """A line as the client writes it: scalars, `_timestamp` in its exponent form, `_runtime`, `_step`.

    `patch` writes a number that grows from request to request: (width, start, stride) → text.
    """
    values = values or [value_at(index, scalar) for scalar in range(scalars)]
    logged = "".join(f'"train/metric_{scalar}":{value!r},' for scalar, value in enumerate(values))
    return (
        f'{{{logged}"_timestamp":1.795{patch(8, 43_657_054 + index * 10, lines * 10)}97267e+09,'
        f'"_runtime":{patch(6, 100_000 + index // 10, lines // 10)}.{index % 10}417996,'
        f'"_step":{patch(7, step0 + index, lines)}}}'
    )


def stream_body(lines, offset):
    """The body of a request of history lines."""
    content = ",".join(json.dumps(line) if "\x01" not in line else quoted(line) for line in lines)
    return f'{{"files":{{"wandb-history.jsonl":{{"offset":{offset},"content":[{content}]}}}}}}'


def quoted(line):
    """A JSON string of a line that has places to be patched."""
    return '"' + line.replace('"', '\\"') + '"'


def patched_body(lines, scalars):
    """A body of a plan, whose steps, times and offset grow with every request of a connection."""
    content = [history_line(index, lines, scalars, number) for index in range(lines)]
    return stream_body(content, padded(9, 0, lines))


def packed_body(lines, scalars, request):
    """The gzip of what `patched_body` is at the n-th request."""
    def patch(width, start, stride):
        return str(start + request * stride).zfill(width)

    content = [history_line(index, lines, scalars, patch) for index in range(lines)]
    return gzip.compress(stream_body(content, request * lines).encode(), 6)
