"""Runs of the unmodified `wandb` client: who one is, what a run says of itself, its config and its summary."""

import math
import re

import pytest


def test_the_client_logs_in_and_knows_who_it_is(api):
    assert api.viewer.username and api.viewer.entity == "default" and api.default_entity == "default"


def test_login_verifies_the_key(wandb, server):
    assert wandb.login(key="b" * 40, host=server.url, relogin=True, verify=True)
    assert wandb.login(key="a" * 40, host=server.url, relogin=True, verify=True)


def test_a_run_makes_its_project_and_gets_a_name_of_its_own(wandb, api, project):
    with wandb.init(project=project) as run:
        assert run.entity == "default" and run.project == project and re.fullmatch(r"[a-z0-9]{8}", run.id)
        assert re.fullmatch(r"\w+-\w+-\d+", run.name)
        assert run.url.endswith(f"/default/{project}/runs/{run.id}") and not run.resumed
        assert api.run(run.path).state == "running"
    api.flush()
    found = api.run(run.path)
    assert (found.id, found.name, found.state, found.path) == (run.id, run.name, "finished", ["default", project, run.id])
    assert [one.name for one in api.projects("default") if one.name == project] == [project]


def test_a_run_of_another_entity_makes_the_entity_too(wandb, api, project):
    with wandb.init(entity=f"team-{project}", project=project) as run:
        run.log({"x": 1})
    assert api.run(f"team-{project}/{project}/{run.id}").summary["x"] == 1
    assert [one.name for one in api.projects(f"team-{project}")] == [project]
    with pytest.raises(wandb.errors.CommError, match="ould not find"):
        api.run(f"default/{project}/{run.id}")


def test_two_projects_may_have_a_run_of_the_same_id(wandb, api, project):
    for name in (project, project + "-b"):
        with wandb.init(project=name, id="twin", config={"of": name}) as run:
            run.log({"x": 1})
    assert [api.run(f"{name}/twin").config["of"] for name in (project, project + "-b")] == [project, project + "-b"]


def test_a_run_without_a_project_is_uncategorized(ran, api):
    path = ran("import wandb\nwith wandb.init() as run: run.log({'x': 3})\nprint(run.path)", WANDB_PROJECT="").split()[-1]
    assert path.split("/")[1] == "uncategorized" and api.run(path).summary["x"] == 3


CONFIG = {
    "lr": 0.1, "tiny": 1e-12, "epochs": 10, "big": 2**53 - 1, "flag": True, "off": False, "none": None, "text": "ünï 漢 🐦",
    "quote": "'\"\\", "empty": "", "list": [1, "two", [3]], "net": {"depth": 3, "act": {"name": "relu"}},
    "a.b": 1, "a/b": 2, "with space": 3, "long": "x" * 10_000,
}


def test_config_comes_back_as_it_was_set(wandb, api, project):
    with wandb.init(project=project, config=CONFIG) as run:
        pass
    assert api.run(run.path).config == CONFIG


def test_config_can_be_changed_while_the_run_goes_on(wandb, api, project):
    with wandb.init(project=project, config={"lr": 0.1, "keep": 1}) as run:
        run.config.update({"lr": 0.2}, allow_val_change=True)
        run.config["late"] = "yes"
        run.config.setdefaults({"keep": 2, "fresh": [1, 2]})
        run.config.late_too = {"deep": 1}
    assert api.run(run.path).config == {"lr": 0.2, "keep": 1, "late": "yes", "fresh": [1, 2], "late_too": {"deep": 1}}


def test_a_config_of_two_thousand_keys_comes_back(wandb, api, project):
    config = {f"key {i}": i / 7 for i in range(2000)} | {"large": "y" * 2_000_000}
    with wandb.init(project=project, config=config) as run:
        pass
    assert api.run(run.path).config == config


def test_what_a_run_says_of_itself_comes_back(wandb, api, project):
    with wandb.init(project=project, name="My run ☂", notes="two\nlines", tags=["b", "a", "ü 1"], group="g 1",
                    job_type="train") as run:
        run.tags += ("late",)
        run.notes = "other\nlines"
        run.name = "Renamed ☂"
    found = api.run(run.path)
    assert (found.name, found.notes, found.group, found.job_type) == ("Renamed ☂", "other\nlines", "g 1", "train")
    assert sorted(found.tags) == ["a", "b", "late", "ü 1"]
    assert found.created_at.startswith("20") and found.user.username


def test_tags_with_punctuation_are_tags(wandb, api, project):
    tags = ["a:b", "c=d", "e.f", "wandb", "mlflow.x", "%", "x" * 64]
    with wandb.init(project=project, tags=tags) as run:
        pass
    assert sorted(api.run(run.path).tags) == sorted(tags)


def test_the_summary_has_the_last_values_and_what_was_set(wandb, api, project):
    with wandb.init(project=project) as run:
        for i in range(5):
            run.log({"loss": 1 / (i + 1), "d": {"a": {"b": i}}, "word": f"w{i}", "lost": math.nan})
        run.summary["final"] = 42
        run.summary["loss"] = -1
        run.summary["best"] = {"acc": 0.5, "epoch": 3}
        run.summary.update({"text": "ü", "list": [1, 2], "inf": float("-inf"), "flag": True})
    summary = api.run(run.path).summary
    assert (summary["loss"], summary["final"], summary["word"]) == (-1, 42, "w4")
    assert summary["d"]["a"]["b"] == 4 and summary["best"]["acc"] == 0.5 and summary["list"] == [1, 2]
    assert summary["text"] == "ü" and summary["flag"] is True and summary["_step"] == 4
    assert summary["inf"] == -math.inf and math.isnan(summary["lost"])


def test_a_key_can_be_deleted_from_the_summary(wandb, api, project):
    with wandb.init(project=project) as run:
        run.summary["gone"], run.summary["stays"] = 1, 2
        del run.summary["gone"]
    assert "gone" not in api.run(run.path).summary and api.run(run.path).summary["stays"] == 2


def test_what_was_logged_can_be_left_out_of_the_summary(wandb, api, project):
    with wandb.init(project=project) as run:
        run.define_metric("none", summary="none")
        run.log({"none": 1, "gone": 1, "late": 1, "stays": 1, "nested": {"a": 1, "b": {"c": 2}}})
        del run.summary["gone"]
    found = api.run(run.path)
    assert found.summary["stays"] == 1 and not {"none", "gone"} & set(dict(found.summary))
    del found.summary["late"], found.summary["nested"]
    found.summary.update()
    summary = dict(type(api)().run(run.path).summary)
    assert summary["stays"] == 1 and not [key for key in summary if key.startswith(("late", "nested"))]
    [row] = found.scan_history(keys=["none", "gone", "late"])
    assert (row["none"], row["gone"], row["late"]) == (1, 1, 1)


@pytest.mark.parametrize("kind, wanted", [("max", {"max": 9}), ("min", {"min": 1}), ("mean", {"mean": 4.0}), ("first", {"first": 4})])
def test_define_metric_says_what_the_summary_keeps(wandb, api, project, kind, wanted):
    with wandb.init(project=project) as run:
        run.define_metric("acc", summary=kind, step_metric="epoch")
        for i, value in enumerate([4, 9, 1, 2]):
            run.log({"acc": value, "epoch": i})
    found = api.run(run.path)
    assert dict(found.summary["acc"]) == wanted
    assert [(row["acc"], row["epoch"]) for row in found.scan_history()] == [(4, 0), (9, 1), (1, 2), (2, 3)]


def test_define_metric_takes_a_glob(wandb, api, project):
    with wandb.init(project=project) as run:
        run.define_metric("val/*", step_metric="epoch", summary="min")
        for i in range(3):
            run.log({"val/a": 3 - i, "val/b": i, "epoch": i * 10})
    summary = api.run(run.path).summary
    assert summary["val/a"]["min"] == 1 and summary["val/b"]["min"] == 0


@pytest.mark.parametrize("ending, state", [("run.finish()", "finished"), ("run.finish(exit_code=3)", "failed"),
                                           ("raise ValueError('boom')", "failed"), ("import sys; sys.exit(2)", "failed")])
def test_the_end_of_a_program_is_the_end_of_its_run(program, api, project, ending, state):
    program(f"import wandb\nrun = wandb.init(id='r')\nrun.log({{'x': 1}})\n{ending}")
    found = api.run(f"{project}/r")
    assert found.state == state and found.summary["x"] == 1


def test_the_metadata_of_a_run_is_a_file(wandb, api, project):
    with wandb.init(project=project) as run:
        run.log({"x": 1})
    metadata = api.run(run.path).metadata
    assert metadata["python"].startswith("CPython") and metadata["os"] and metadata["startedAt"]


@pytest.mark.parametrize("name", ["a:b", "a;b", "a,b", "a#b", "a?b", "a/b", "a\\b", "a'b", "100%"])
def test_an_id_with_a_character_that_no_address_can_hold_is_refused(wandb, project, name):
    with pytest.raises((wandb.errors.UsageError, wandb.errors.CommError)):
        wandb.init(project=project, id=name)


@pytest.mark.parametrize("name", ["a b", "ünï-漢", "a+b", "x" * 64, "A.b_c-d", "(1)", "a&b=c"])
def test_an_id_with_other_characters_is_found_again(wandb, api, project, name):
    with wandb.init(project=project, id=name) as run:
        run.log({"x": 1})
    assert [(one.id, one.state, one.summary.get("x")) for one in api.runs(f"default/{project}")] == [(name, "finished", 1)]
