"""What programs show: masks and boxes over images, tables with images in them, and what they wrote for TensorBoard."""

import json

import pytest

from native_view import NativeRun

pytestmark = pytest.mark.timeout(500)

SEEN = """
import numpy as np, wandb
run = wandb.init()
pixels = (np.arange(16 * 16 * 3) % 256).reshape(16, 16, 3).astype("uint8")
mask = np.zeros((16, 16), dtype="uint8"); mask[4:9, 4:9] = 1; mask[10:, 10:] = 2
classes = {0: "nothing", 1: "cat ü", 2: "dog"}
for step in range(2):
    run.log({
        "media": [wandb.Image(pixels, caption="first ü"), wandb.Image(255 - pixels, caption="second")],
        "masked": wandb.Image(pixels, masks={"predictions": {"mask_data": mask, "class_labels": classes},
                                             "truth": {"mask_data": mask * 0, "class_labels": classes}}),
        "boxed": wandb.Image(pixels, boxes={"predictions": {"class_labels": classes, "box_data": [
            {"position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.6}, "class_id": 1, "box_caption": "cat 0.9", "scores": {"acc": 0.9}},
            {"position": {"middle": [8, 8], "width": 4, "height": 2}, "domain": "pixel", "class_id": 2, "scores": {"acc": 0.5 + step}}]}}),
        "both": [wandb.Image(pixels, masks={"predictions": {"mask_data": mask}})] * 2,
        "page": wandb.Html("<p>" + str(step) + "</p>"),
        "cloud": wandb.Object3D(np.arange(30, dtype=float).reshape(10, 3)),
    })
run.finish()
print(run.id)
"""


@pytest.mark.needs_client("0.22", "masks with the Pillow of today")
def test_masks_and_boxes_are_with_their_images(ran, api, project, tmp_path, server):
    run = api.run(f"{project}/{ran(SEEN, patience=400).split()[-1]}")
    first, second = list(run.scan_history())
    files = {file.name for file in run.files(per_page=500)}

    assert first["media"]["count"] == 2 and first["media"]["captions"] == ["first ü", "second"] and set(first["media"]["filenames"]) <= files
    assert (first["media"]["width"], first["media"]["height"], first["media"]["format"]) == (16, 16, "png")
    masks = first["masked"]["masks"]
    assert set(masks) == {"predictions", "truth"} and all(mask["_type"] == "mask" and mask["path"] in files for mask in masks.values())
    assert [set(masks) for masks in first["both"]["all_masks"]] == [{"predictions"}] * 2

    for step, row in enumerate((first, second)):
        box = row["boxed"]["boxes"]["predictions"]
        assert box["_type"] == "boxes2D" and box["path"] in files
        with run.file(box["path"]).download(str(tmp_path / "down"), replace=True) as file:
            drawn = json.load(file)["box_data"]
        assert [one["class_id"] for one in drawn] == [1, 2] and drawn[0]["box_caption"] == "cat 0.9" and drawn[1]["scores"] == {"acc": 0.5 + step}
        assert row["page"]["path"] in files and row["cloud"]["path"] in files
    # What the numbers of a mask stand for is told in the config of the run.
    named = [one for key, one in run.rawconfig["_wandb"]["mask/class_labels"].items() if key.startswith("masked")]
    assert named and all(one["value"] == {"0": "nothing", "1": "cat ü", "2": "dog"} for one in named)
    objects = NativeRun(server, run.path).objects()
    assert {"media", "masked", "boxed", "both", "page", "cloud"} <= set(objects) and objects["masked"]["_type"] == "image-file"


TABLES = """
import numpy as np, wandb
run = wandb.init()
# No pixels of 0 and 1 only: older clients take 1 for white then.
pixels = np.full((16, 16, 3), 7, dtype="uint8")
classes = wandb.Classes([{"id": 1, "name": "cat ü"}, {"id": 2, "name": "dog"}])
box = {"predictions": {"class_labels": {1: "cat ü"}, "box_data": [{"position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.6}, "class_id": 1}]}}
for step in range(2):
    run.log({"seen": wandb.Table(columns=["i", "image"], data=[[i, wandb.Image(pixels + i + step, boxes=box, classes=classes)] for i in range(3)])})
run.finish()
print(run.id)
"""


def test_tables_with_images_come_back_with_them(ran, api, project):
    run = api.run(f"{project}/{ran(TABLES, patience=400).split()[-1]}")
    assert [(row["seen"]["_type"], row["seen"]["nrows"]) for row in run.scan_history()] == [("table-file", 3)] * 2
    for step in range(2):
        table = api.artifact(f"{project}/run-{run.id}-seen:v{step}").get("seen")
        assert [row[0] for row in table.data] == [0, 1, 2]
        assert [row[1].image.getpixel((3, 3)) for row in table.data] == [(7 + i + step,) * 3 for i in range(3)]


# Without tensorflow, which is not needed and takes as long to start as all the rest.
BOARD = """
import sys
sys.modules["tensorflow"] = None
import numpy as np, torch, wandb
run = wandb.init(sync_tensorboard=True)
from torch.utils.tensorboard import SummaryWriter
with SummaryWriter("logs") as writer:
    for step in range(20):
        writer.add_scalar("train/loss", 1 / (step + 1), step)
        writer.add_scalar("accuracy", step / 20, step)
    writer.add_histogram("weights", np.arange(100), 20)
    writer.add_image("picture", np.zeros((3, 8, 8), dtype="uint8"), 21)
    writer.add_text("note", "text", 22)
run.finish()
print(run.id)
"""


def test_what_was_written_for_tensorboard_is_there_too(ran, api, project, server):
    run = api.run(f"{project}/{ran(BOARD, patience=400).split()[-1]}")
    assert run.state == "finished"
    rows = list(run.scan_history())
    # Numbers of TensorBoard are of 32 bits.
    losses = {row["global_step"]: row["train/loss"] for row in rows if "train/loss" in row}
    assert losses == {step: pytest.approx(1 / (step + 1)) for step in range(20)}
    assert {row["global_step"]: row["accuracy"] for row in rows if "accuracy" in row} == {step: pytest.approx(step / 20) for step in range(20)}
    [weights] = [row["weights"] for row in rows if "weights" in row]
    assert weights["_type"] == "histogram" and sum(weights["values"]) == pytest.approx(100)
    files = {file.name for file in run.files()}
    [picture] = [row["picture"] for row in rows if "picture" in row]
    assert picture["_type"] == "images/separated" and set(picture["filenames"]) <= files
    # The file of TensorBoard itself is kept.
    assert any("tfevents" in name for name in files)
    assert len(NativeRun(server, run.path).points("train/loss")) == 20
