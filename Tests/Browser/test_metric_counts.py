"""Which metrics have charts by themselves, and that all pages count them alike."""

import pytest
from playwright.sync_api import expect
from wandb_http import Run

# As wandb 0.31.0 sends `define_metric("secret", hidden=True)`, `("aux/kept")`, `("aux/*", hidden=True)` and `("epoch", hidden=True)`.
HIDDEN = [{"1": "secret", "6": [3, 2], "7": []}, {"1": "aux/kept", "6": [3]}, {"2": "aux/*", "6": [2], "7": []}, {"1": "epoch", "6": [3, 2]}]
ROWS = [{"_step": step, "loss": 1.0 / (1 + step), "secret": step, "aux/a": 1.0, "aux/kept": 2.0, "epoch": step // 2} for step in range(6)]


@pytest.fixture(scope="module")
def hidden(server):
    run = Run(server, "hidden metrics", "hidden")
    run.log(*ROWS)
    run.configure({"_wandb": {"value": {"m": HIDDEN}}})
    run.machine({"cpu": 3.0})
    run.finish()
    return run


@pytest.fixture(scope="module")
def lone(server):
    """One metric of its own, more of the machine, whose names come first in no order."""
    run = Run(server, "one metric", "lone")
    run.log({"_step": 0, "weight": 3.0}, {"_step": 1, "weight": 4.0})
    run.machine({"cpu": 3.0, "gpu.0.temp": 40.0, "disk./.usageGB": 5.0})
    run.finish()
    return run


@pytest.fixture(scope="module")
def bare(server):
    """Nothing but what the machine reported."""
    run = Run(server, "no metrics", "bare")
    run.machine({"cpu": 3.0, "gpu.0.temp": 40.0})
    run.finish()
    return run


def charted(page, address):
    page.goto(address)
    page.locator("figure canvas").first.wait_for()
    return page.locator("figure").evaluate_all("all => all.map((one) => one.dataset.keys)")


def listed(page):
    return page.locator("section", has=page.get_by_role("heading", name="Metrics")).locator("tbody .value-key")


def counted(page, run, tab):
    page.goto(f"/r/{run.id}/{tab}")
    return page.locator(".toolbar > span.muted").last


def test_a_hidden_metric_has_no_chart_and_stays_in_the_table(page, hidden):
    assert charted(page, f"/r/{hidden.id}/charts") == ["loss", "aux/kept", "system.cpu"]
    expect(page.get_by_text("2 metrics + 1 system · 3 hidden by the program")).to_be_visible()
    # It may be x all the same.
    assert {"m:secret", "m:epoch"} <= set(page.locator("label", has_text="x").locator("select").first.locator("option").evaluate_all("all => all.map((one) => one.value)"))
    page.goto(f"/r/{hidden.id}/metrics")
    for key in ("loss", "secret", "aux/a", "aux/kept", "epoch"):
        expect(page.get_by_role("cell", name=key, exact=True)).to_be_visible()


def test_a_hidden_metric_is_not_on_the_first_screen(page, hidden):
    assert charted(page, f"/r/{hidden.id}") == ["loss", "aux/kept"]
    expect(listed(page)).to_have_text(["loss", "aux/kept"])
    expect(page.get_by_role("link", name="all charts of 2 metrics")).to_be_visible()


@pytest.mark.parametrize("tab", ["charts", ""])
def test_a_metric_that_is_hidden_later_goes(page, server, tab):
    run = Run(server, "hidden metrics", f"later {tab}")
    run.log(*ROWS)
    assert "secret" in "".join(charted(page, f"/r/{run.id}/charts"))
    page.goto(f"/r/{run.id}/{tab}")
    expect(page.locator("figure")).to_have_count(5 if tab else 2)
    # The client sends what was defined some seconds after the first points.
    run.configure({"_wandb": {"value": {"m": HIDDEN}}})
    expect(page.locator("figure[data-keys='loss']")).to_be_visible(timeout=15_000)
    expect(page.locator("figure")).to_have_count(2, timeout=15_000)
    if not tab:
        expect(listed(page)).to_have_text(["loss", "aux/kept"])


def test_a_metric_that_is_hidden_before_it_is_logged_never_comes(page, server):
    run = Run(server, "hidden metrics", "sooner")
    run.log({"_step": 0, "loss": 2.0})
    charted(page, f"/r/{run.id}/charts")
    with page.expect_response(lambda answer: answer.url.endswith("/documents")):
        run.configure({"_wandb": {"value": {"m": HIDDEN}}})
    page.wait_for_timeout(500)
    run.log(*ROWS[1:])
    page.locator("figure[data-keys='aux/kept']").wait_for()
    # With `_runtime` and `_timestamp`.
    expect(page.get_by_role("link", name="metrics 7")).to_be_visible()
    expect(page.get_by_text("2 metrics · 3 hidden by the program")).to_be_visible()
    expect(page.locator("figure")).to_have_count(2)


@pytest.mark.parametrize("list_", [[{"1": "loss", "6": 2}, {"2": "aux/*", "6": "2"}, {"6": [2]}, {"2": "au", "6": [2]}, None, 7], {"1": "loss"}, "loss"])
def test_definitions_that_are_none_hide_nothing(page, server, list_):
    run = Run(server, "hidden metrics", f"broken {type(list_).__name__}")
    run.log(*ROWS)
    run.configure({"_wandb": {"value": {"m": list_}}})
    assert len(charted(page, f"/r/{run.id}/charts")) == 5


def test_all_pages_count_metrics_alike(page, server):
    run = Run(server, "counted metrics", "counted")
    run.log(*({"_step": step, "train/loss": 2.0, "val/loss": 3.0, "lr": 0.1} for step in range(3)))
    run.machine({"cpu": 3.0, "gpu.0.temp": 40.0})
    run.finish()
    page.goto(f"/r/{run.id}")
    expect(page.get_by_role("link", name="all charts of 3 metrics")).to_be_visible()
    expect(page.get_by_role("link", name="all 9 metrics")).to_be_visible()
    expect(counted(page, run, "charts")).to_have_text("3 metrics + 2 system")
    expect(page.get_by_role("button", name="system 2")).to_be_visible()
    page.get_by_label("Metrics").fill("loss")
    expect(page.locator(".toolbar > span.muted").last).to_have_text("2 of 3 metrics + 0 of 2 system")
    expect(counted(page, run, "system")).to_have_text("2 metrics")
    expect(page.locator("figure")).to_have_count(2)
    page.goto(f"/r/{run.id}/metrics")
    expect(page.get_by_role("link", name="metrics 9")).to_be_visible()
    # What clients count for themselves has no charts: `_runtime`, `_timestamp`, twice.
    for name in ("System 2", "Internal 4"):
        page.get_by_role("button", name=name).click()
    expect(page.locator("tbody tr")).to_have_count(9)


def test_what_the_machine_reported_is_no_second_chart(page, server, lone):
    assert charted(page, f"/r/{lone.id}") == ["weight"]
    expect(page.locator("p.all-charts")).to_have_text("")
    experiment = server.call("GET", "find?experiment=one metric")["experimentID"]
    assert charted(page, f"/e/{experiment}") == ["weight"]


def test_what_the_machine_reported_stands_where_there_is_nothing_else(page, server, bare):
    assert charted(page, f"/r/{bare.id}") == ["system.cpu", "system.gpu.0.temp"]
    expect(listed(page)).to_have_text(["system.cpu", "system.gpu.0.temp"])
    expect(page.get_by_role("link", name="all charts of 2 metrics")).to_be_visible()
    expect(counted(page, bare, "charts")).to_have_text("2 metrics")
    experiment = server.call("GET", "find?experiment=no metrics")["experimentID"]
    assert charted(page, f"/e/{experiment}") == ["system.cpu", "system.gpu.0.temp"]
