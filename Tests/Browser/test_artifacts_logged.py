"""Artifacts that a client logged to a real server, on their pages: what the other tests of pages see of a stub."""

import pathlib
import sys
import uuid

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Conformance"))
from versions import logged_version  # noqa: E402


@pytest.fixture(scope="module")
def logged(server):
    """A project with two versions of the artifact `data`; the second has a reference, too."""
    project = f"logged-{uuid.uuid4().hex[:8]}"
    ids = [logged_version(server, b"one", project=project), logged_version(server, b"two!", project=project, shared="s")]
    experiment = server.call("GET", f"find?experiment={project}")["experimentID"]
    collection = server.call("GET", f"versions/{ids[0]}")["collectionID"]
    return {"project": project, "list": f"/e/{experiment}/artifacts", "place": f"/e/{experiment}/artifacts/{collection}", "ids": ids}


def test_a_logged_artifact_is_found_from_the_list_to_its_files(page, logged):
    page.goto(logged["list"])
    page.get_by_role("link", name="data", exact=True).click()
    page.wait_for_url(f"**{logged['place']}")
    page.get_by_role("link", name="v1").first.click()
    page.wait_for_url(f"**{logged['place']}/v1*")
    page.get_by_text("use_artifact").first.wait_for()
    page.keyboard.press("2")
    page.get_by_text("a.txt").first.wait_for()
    page.get_by_text("far").first.wait_for()


def test_a_client_s_address_leads_to_the_version_and_the_diff_tells_what_changed(page, logged):
    page.goto(f"/default/{logged['project']}/artifacts/dataset/data/v1")
    page.wait_for_url(f"**{logged['place']}/v1*")
    page.get_by_text("use_artifact").first.wait_for()
    page.keyboard.press("4")
    page.get_by_text("a.txt").first.wait_for()
    page.get_by_text("far").first.wait_for()


def test_a_new_version_shows_up_without_asking(page, server, logged):
    page.goto(logged["place"])
    page.get_by_role("link", name="v1").first.wait_for()
    logged_version(server, uuid.uuid4().bytes, project=logged["project"])
    page.get_by_role("link", name="v2").first.wait_for()
