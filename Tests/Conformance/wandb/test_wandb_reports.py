"""Reports and workspaces, which `wandb-workspaces` makes and `wandb.Api` gives back, and the alerts of runs."""

import importlib
import json

import pytest
import requests

from native_view import NativeRun
from test_login import own  # noqa: F401
from test_wandb_login import team  # noqa: F401
from wandb_wire import KEY, message

UPSERT = """mutation upsertView($id: ID, $entity: String, $project: String, $type: String, $name: String, $spec: String) {
  upsertView(input: {id: $id, entityName: $entity, projectName: $project, type: $type, name: $name, spec: $spec}) {
    view { id type name displayName description spec project { name entityName } } inserted } }"""
READ = "query View($id: ID!) { view(id: $id) { id name spec } }"
DELETE = "mutation deleteView($id: ID!) { deleteView(input: {id: $id, deleteDrafts: true}) { success } }"
ALERT = """mutation NotifyScriptableRunAlert($entity: String!, $project: String!, $run: String!, $title: String!,
    $text: String!, $severity: AlertSeverity = INFO, $wait: Duration) {
  notifyScriptableRunAlert(input: {entityName: $entity, projectName: $project, runName: $run, title: $title, text: $text,
    severity: $severity, waitDuration: $wait}) { success } }"""


@pytest.fixture
def reports(wandb):
    """The package that makes reports, at work with the session's client."""
    return importlib.import_module("wandb_workspaces.reports.v2")


@pytest.fixture
def listed(wandb, server):
    """The reports of a project as they are now: an `Api` keeps what it has read."""
    def read(project):
        return list(wandb.Api(overrides={"base_url": server.url}, api_key=KEY, timeout=30).reports(f"default/{project}"))

    return read


def native(server, path, **query):
    answer = requests.get(f"{server.url}/api/v1/{path}", params=query, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


# MARK: the real packages

@pytest.mark.needs_client("0.28.2", "package for reports")
def test_a_report_is_made_read_changed_and_deleted(reports, listed, project):
    report = reports.Report(project=project, entity="default", title="Which rate?", description="of the week")
    report.blocks = [reports.H1("Results"), reports.P("The lower one."), reports.MarkdownBlock("**bold** _text_")]
    report.save()
    assert "/reports/Which-rate?--Vmlld" in report.url

    found = listed(project)
    assert [(one.display_name, one.description) for one in found] == [("Which rate?", "of the week")]
    kinds = [block["type"] for block in found[0].spec["blocks"]]
    assert kinds.index("heading") < kinds.index("markdown-block")
    assert found[0].user["username"] and found[0].created_at <= found[0].updated_at

    again = reports.Report.from_url(found[0].url)
    written = [(type(block).__name__, block.text) for block in again.blocks if getattr(block, "text", "")]
    assert written == [("H1", "Results"), ("P", "The lower one."), ("MarkdownBlock", "**bold** _text_")]
    again.title = "Which one?"
    again.save()
    assert [one.display_name for one in listed(project)] == ["Which one?"]
    assert again.delete() is True
    assert listed(project) == []


@pytest.mark.needs_client("0.28.2", "package for reports")
def test_a_draft_is_no_report_until_it_is_published(reports, listed, project):
    report = reports.Report(project=project, entity="default", title="draft")
    report.save(draft=True)
    assert listed(project) == []
    report.save()
    assert [one.display_name for one in listed(project)] == ["draft"]


@pytest.mark.needs_client("0.28.2", "package for reports")
def test_a_report_with_charts_keeps_them(reports, wandb, project):
    with wandb.init(project=project) as run:
        run.log({"loss": 1.5})
    panels = reports.PanelGrid(
        runsets=[reports.Runset(project=project, entity="default", name="all")],
        panels=[reports.LinePlot(x="Step", y=["loss"]), reports.BarPlot(metrics=["loss"])],
    )
    report = reports.Report(project=project, entity="default", title="with charts", blocks=[panels])
    report.save()
    again = reports.Report.from_url(report.url)
    [grid] = [block for block in again.blocks if isinstance(block, reports.PanelGrid)]
    assert [type(panel).__name__ for panel in grid.panels] == ["LinePlot", "BarPlot"]
    assert grid.runsets[0].name == "all"


@pytest.mark.needs_client("0.28.2", "package for workspaces")
def test_a_workspace_is_saved_and_loaded(wandb, server, project):
    workspaces = importlib.import_module("wandb_workspaces.workspaces")
    with wandb.init(project=project) as run:
        run.log({"loss": 1.5})
    workspace = workspaces.Workspace(entity="default", project=project, name="mine", sections=[
        workspaces.Section(name="first", panels=[importlib.import_module("wandb_workspaces.reports.v2").LinePlot(y=["loss"])]),
    ])
    workspace.save()
    again = workspaces.Workspace.from_url(workspace.url)
    assert again.name == "mine" and [section.name for section in again.sections] == ["first"]
    again.name = "ours"
    again.save()
    assert workspaces.Workspace.from_url(workspace.url).name == "ours"


def test_an_alert_stands_with_the_run(wandb, server, project):
    with wandb.init(project=project) as run:
        run.alert("Low accuracy", "it is 0.1", level="WARN", wait_duration=600)
        run.alert("Low accuracy", "it is 0.2", level="WARN", wait_duration=600)
        run.alert("Done <b>x</b>", "all of it")
        path = (run.entity, run.project, run.id)
    found = native(server, "alerts", run=NativeRun(server, path).id)
    assert [(one["title"], one["text"], one["severity"]) for one in found["alerts"]] == [
        ("Done <b>x</b>", "all of it", "info"), ("Low accuracy", "it is 0.1", "warning"),
    ]
    assert found["total"] == 2 and not found["hasMore"]


# MARK: plain requests

def upsert(wire, **fields):
    return wire.ok(UPSERT, **wire.place(**{"name": "r", "type": "runs", "spec": '{"blocks": []}'} | fields))["upsertView"]


def test_a_name_is_one_view(wire):
    first = upsert(wire)
    second = upsert(wire, spec='{"blocks": [1]}')
    assert first["inserted"] and not second["inserted"] and first["view"]["id"] == second["view"]["id"]
    assert second["view"]["spec"] == '{"blocks": [1]}' and second["view"]["project"]["name"] == wire.project
    other = upsert(wire, type="project-view")
    assert other["inserted"] and other["view"]["type"] == "project-view"


def test_a_specification_is_given_back_as_it_came(wire):
    spec = '{ "b": 1.50,\n"a": "ü\\u0000<script>", "b2": [1e300] }'
    view = upsert(wire, spec=spec)["view"]
    assert view["spec"] == spec
    assert wire.ok(READ, id=view["id"].replace("=", ""))["view"]["spec"] == spec


@pytest.mark.parametrize("fields, words", [
    ({"spec": "{"}, "JSON"),
    ({"spec": "NaN"}, "JSON"),
    ({"spec": '"' + "x" * (5 << 20) + '"'}, "MiB"),
    ({"name": ""}, "name"),
    ({"name": "x" * 251}, "name"),
    ({"name": "a\0b"}, "U+0000"),
    ({"type": ""}, "kind"),
    ({"type": "x" * 65}, "kind"),
    ({"id": "VmlldzozMw"}, "not found"),
    ({"id": "nonsense"}, "not found"),
])
def test_a_bad_view_is_refused(wire, fields, words):
    answer = wire.post(UPSERT, **wire.place(**{"name": "r", "type": "runs", "spec": "{}"} | fields))
    assert answer.status_code in (400, 404) and words in message(answer), answer.text[:300]


@pytest.mark.parametrize("id", ["", "VmlldzozMzMzMzMz", "%", "VmlldzotMQ==", "Vmlldzo5OTk5OTk5OTk5OTk5OTk5OTk5OTk=", "UnVuOjE="])
def test_a_view_that_is_not_there(wire, id):
    assert wire.ok(READ, id=id)["view"] is None
    assert wire.post(DELETE, id=id).status_code == 404


def test_views_come_in_pages(wire):
    for index in range(5):
        upsert(wire, name=f"r{index}")
    query = """query V($entity: String, $project: String, $after: String) { project(name: $project, entityName: $entity) {
      allViews(viewType: "runs", first: 2, after: $after) { edges { node { name } cursor } pageInfo { hasNextPage endCursor } } } }"""
    names, after = [], None
    while True:
        page = wire.ok(query, **wire.place(after=after))["project"]["allViews"]
        names += [edge["node"]["name"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert names == ["r4", "r3", "r2", "r1", "r0"]


@pytest.mark.parametrize("fields, words", [
    ({"title": ""}, "title"),
    ({"title": "x" * 251}, "title"),
    ({"text": "x" * 10_001}, "text"),
    ({"run": "nobody"}, "not found"),
    ({"severity": "LOUD"}, ""),
])
def test_a_bad_alert_is_refused(wire, fields, words):
    run = wire.new_run()
    answer = wire.post(ALERT, **wire.place(**{"run": run, "title": "t", "text": "x"} | fields))
    assert answer.status_code in (200, 400, 404)
    if fields.get("severity") is None:
        assert answer.status_code != 200 and words in message(answer)


@pytest.mark.parametrize("wait, count", [(0, 2), (None, 2), (-5, 2), (60_000, 1), (2**62, 1)])
def test_the_same_alert_waits(wire, server, wait, count):
    run = wire.new_run()
    for _ in range(2):
        wire.ok(ALERT, **wire.place(run=run, title="t", text="x", wait=wait))
    id = NativeRun(server, (wire.entity, wire.project, run)).id
    assert native(server, "alerts", run=id)["total"] == count


def test_who_may_not_write_saves_no_views(team):
    boss = team.wire(team.admin_key)
    view = upsert(boss)["view"]
    run = boss.new_run()
    viewer = team.wire(team.key("vera", "viewer"))
    assert viewer.ok(READ, id=view["id"])["view"]["spec"] == '{"blocks": []}'
    for query, fields in [(UPSERT, {"id": view["id"], "name": "r", "spec": "{}"}), (DELETE, {"id": view["id"]}),
                          (ALERT, {"run": run, "title": "t", "text": "x"})]:
        answer = viewer.post(query, **viewer.place(**fields))
        assert answer.status_code == 403, answer.text
    stranger = team.wire(team.key("nobody", "none"))
    assert stranger.post(READ, id=view["id"]).status_code in (401, 403) or stranger.ok(READ, id=view["id"])["view"] is None
    outsider = team.wire(team.key("otto", "none", inside="editor"))
    assert outsider.ok(READ, id=view["id"])["view"] is None
    assert outsider.post(DELETE, id=view["id"]).status_code == 404
    assert json.loads(boss.ok(READ, id=view["id"])["view"]["spec"]) == {"blocks": []}
