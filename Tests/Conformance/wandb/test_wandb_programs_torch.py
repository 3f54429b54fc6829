"""Trainings of PyTorch: Lightning's logger, watched gradients, Accelerate, and processes of one group."""

import json
import pathlib

import pytest

from native_view import NativeRun

# A cold start of torch takes a while on a busy machine.
pytestmark = pytest.mark.timeout(500)

LIGHTNING = """
import json, torch
import pytorch_lightning as pl
from pytorch_lightning.callbacks import LearningRateMonitor, ModelCheckpoint
from pytorch_lightning.loggers import WandbLogger

class Net(pl.LightningModule):
    def __init__(self, width=8, lr=0.05):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.ReLU(), torch.nn.Linear(width, 1))
        self.seen = []

    def training_step(self, batch, index):
        loss = torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        self.seen.append(loss.item())
        return loss

    def validation_step(self, batch, index):
        self.log("val/loss", torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), self.hparams.lr)

pl.seed_everything(1)
x = torch.randn(32, 4)
data = torch.utils.data.TensorDataset(x, x.sum(1, keepdim=True))
loader = torch.utils.data.DataLoader(data, batch_size=8)
logger = WandbLogger(project="PROJECT", name="lightning ü", log_model="all")
best = ModelCheckpoint(dirpath="checkpoints", monitor="val/loss", save_top_k=-1)
trainer = pl.Trainer(max_epochs=3, logger=logger, callbacks=[best, LearningRateMonitor("step")], log_every_n_steps=1, accelerator="cpu",
                     enable_progress_bar=False, enable_model_summary=False)
model = Net(width=16)
trainer.fit(model, loader, loader)
logger.log_table("predictions", columns=["i", "y"], data=[[i, float(v)] for i, v in enumerate(model.net(x[:3]).flatten())])
id = logger.experiment.id
logger.experiment.finish()

folder = WandbLogger.download_artifact(f"default/PROJECT/model-{id}:best", artifact_type="model", use_artifact=False)
again = Net.load_from_checkpoint(folder + "/model.ckpt")
assert again.hparams.width == 16 and torch.isfinite(again.net(x)).all()
print(json.dumps([id, model.seen, float(best.best_model_score), best.best_model_path]))
"""


@pytest.mark.needs_client("0.22", "lightning in its environment")
def test_a_training_of_lightning_is_found_as_it_went(ran, api, project, server):
    id, losses, best, best_path = json.loads(ran(LIGHTNING.replace("PROJECT", project), patience=400).splitlines()[-1])
    run = api.run(f"{project}/{id}")
    assert run.name == "lightning ü" and run.state == "finished" and run.config == {"width": 16, "lr": 0.05}
    assert [row["train/loss_step"] for row in run.scan_history(keys=["train/loss_step"])] == losses and len(losses) == 12
    rows = list(run.scan_history(keys=["trainer/global_step", "val/loss", "epoch"]))
    assert [(row["trainer/global_step"], row["epoch"]) for row in rows] == [(3, 0), (7, 1), (11, 2)]
    assert min(row["val/loss"] for row in rows) == best
    assert {row["lr-Adam"] for row in run.scan_history(keys=["lr-Adam"])} == {0.05}

    versions = {one.version: one for one in api.artifacts("model", f"{project}/model-{id}")}
    assert sorted(versions) == ["v0", "v1", "v2"] and all(one.logged_by().id == id for one in versions.values())
    assert "latest" in versions["v2"].aliases
    [top] = [one for one in versions.values() if "best" in one.aliases]
    assert top.metadata["score"] == best and top.metadata["original_filename"] == pathlib.Path(best_path).name
    table = api.artifact(f"{project}/run-{id}-predictions:latest").get("predictions")
    assert table.columns == ["i", "y"] and len(table.data) == 3
    assert [value for _, value in NativeRun(server, run.path).points("train/loss_step")] == losses


WATCHED = """
import torch, wandb
torch.manual_seed(1)
run = wandb.init()
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
wandb.watch(model, log="all", log_freq=1, log_graph=True)
optimizer = torch.optim.SGD(model.parameters(), 0.01)
for i in range(4):
    x = torch.randn(8, 4)
    loss = model(x).pow(2).mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    run.log({"loss": loss})
run.finish()
print(run.id)
"""


def test_watched_gradients_are_histograms(ran, api, project, server):
    run = api.run(f"{project}/{ran(WATCHED, patience=400).split()[-1]}")
    rows = list(run.scan_history())
    names = [f"{kind}/{layer}.{part}" for kind in ("gradients", "parameters") for layer in (0, 2) for part in ("weight", "bias")]
    counts = {"0.weight": 32, "0.bias": 8, "2.weight": 8, "2.bias": 1}
    # Parameters are taken before a step, gradients after it.
    for name in names:
        found = [row[name] for row in rows if name in row]
        assert len(found) >= 3, name
        for one in found:
            assert one["_type"] == "histogram" and sum(one["values"]) == counts[name.partition("/")[2]]
            assert len(one.get("bins") or range(65)) == len(one["values"]) + 1
    assert len([row for row in rows if "loss" in row]) == 4
    assert run.summary._json_dict["graph_0"]["_type"] == "graph-file" and run.summary._json_dict["graph_0"]["path"] in [file.name for file in run.files()]
    assert NativeRun(server, run.path).objects()["gradients/0.weight"]["_type"] == "histogram"


ACCELERATED = """
import torch
from accelerate import Accelerator
torch.manual_seed(1)
accelerator = Accelerator(log_with="wandb", cpu=True)
accelerator.init_trackers("PROJECT", config={"lr": 0.1, "layers": 2}, init_kwargs={"wandb": {"name": "fast", "tags": ["acc"]}})
model = torch.nn.Linear(4, 1)
model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), 0.1))
for step in range(6):
    loss = model(torch.ones(2, 4)).pow(2).mean()
    accelerator.backward(loss); optimizer.step(); optimizer.zero_grad()
    accelerator.log({"loss": loss.item()}, step=step * 10)
tracker = accelerator.get_tracker("wandb")
tracker.log_table("t", columns=["a"], data=[[1], [2]], step=60)
id = tracker.tracker.id
accelerator.end_training()
print(id)
"""


@pytest.mark.needs_client("0.22", "accelerate in its environment")
def test_a_training_with_accelerate_is_found(ran, api, project):
    run = api.run(f"{project}/{ran(ACCELERATED.replace('PROJECT', project), patience=400).split()[-1]}")
    assert (run.name, run.tags, run.config, run.state) == ("fast", ["acc"], {"lr": 0.1, "layers": 2}, "finished")
    rows = [row for row in run.scan_history() if "loss" in row]
    assert [row["_step"] for row in rows] == [0, 10, 20, 30, 40, 50] and rows[-1]["loss"] < rows[0]["loss"]
    assert run.summary["t"]["nrows"] == 2


# As torchrun starts it: a process for each rank, and each has a run of its own in one group.
RANK = """
import os, torch, wandb
import torch.distributed as dist
dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
torch.manual_seed(1)
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), 0.01)
run = wandb.init(group="ddp ü", job_type="train", name=f"rank {rank}", config={"rank": rank, "world": world})
for i in range(10):
    loss = model(torch.full((4, 4), float(rank + 1))).pow(2).mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    total = loss.detach().clone()
    dist.all_reduce(total)
    run.log({"loss": loss.item(), "total": total.item()})
run.finish()
dist.destroy_process_group()
"""


def test_processes_of_a_distributed_training_are_one_group(ran, api, project, tmp_path):
    (tmp_path / "train.py").write_text(RANK)
    text = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-m', 'torch.distributed.run', *sys.argv[1:]]))"
    ran(text, "--standalone", "--nproc-per-node", "2", "train.py", patience=400, OMP_NUM_THREADS="1")
    runs = list(api.runs(f"default/{project}", filters={"group": "ddp ü"}, order="+display_name"))
    assert [(run.name, run.state, run.job_type, run.group) for run in runs] == [(f"rank {i}", "finished", "train", "ddp ü") for i in range(2)]
    assert [run.config for run in runs] == [{"rank": i, "world": 2} for i in range(2)]
    first, second = ([row for row in run.scan_history()] for run in runs)
    assert len(first) == len(second) == 10 and [row["total"] for row in first] == [row["total"] for row in second]
    for a, b in zip(first, second):
        assert a["loss"] + b["loss"] == pytest.approx(a["total"], rel=1e-5)
