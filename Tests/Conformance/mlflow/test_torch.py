"""A PyTorch training loop, logged by hand, and its model loaded back."""

import pytest

pytestmark = pytest.mark.own_process


def data():
    import torch

    torch.manual_seed(0)
    features = torch.randn(256, 4)
    return features, (features @ torch.tensor([1.0, -2.0, 0.5, 3.0])).unsqueeze(1)


def test_a_training_loop_and_its_model(mlflow, client, experiment):
    import torch

    features, target = data()
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    with mlflow.start_run(run_name="torch") as run:
        mlflow.log_params({"lr": 0.02, "hidden": 8})
        for epoch in range(60):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(features), target)
            loss.backward()
            optimizer.step()
            norm = sum(float(p.grad.norm()) for p in model.parameters())
            mlflow.log_metrics({"train/loss": float(loss), "grad norm": norm}, step=epoch)
        example = features[:2].numpy()
        info = mlflow.pytorch.log_model(model, name="net", input_example=example, pip_requirements=["torch"])
        mlflow.log_text(str(model), "model_summary.txt")
    history = client.get_metric_history(run.info.run_id, "train/loss")
    assert [p.step for p in history] == list(range(60))
    assert history[-1].value < history[0].value / 2
    loaded = mlflow.pytorch.load_model(info.model_uri)
    with torch.no_grad():
        assert torch.allclose(loaded(features), model(features))
    assert client.get_run(run.info.run_id).data.params == {"lr": "0.02", "hidden": "8"}


def test_a_checkpoint_as_an_artifact(mlflow, experiment, tmp_path):
    import torch

    model = torch.nn.Linear(4, 2)
    with mlflow.start_run() as run:
        mlflow.pytorch.log_state_dict(model.state_dict(), "checkpoints/last")
        torch.save({"model": model.state_dict(), "epoch": 3}, tmp_path / "epoch=3.ckpt")
        mlflow.log_artifact(tmp_path / "epoch=3.ckpt", "checkpoints")
    loaded = mlflow.pytorch.load_state_dict(f"{run.info.artifact_uri}/checkpoints/last")
    assert torch.equal(loaded["weight"], model.weight)
    down = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="checkpoints/epoch=3.ckpt")
    assert torch.load(down)["epoch"] == 3


def test_a_loss_that_diverges_is_kept(mlflow, client, experiment):
    import torch

    weight = torch.tensor([1e3], requires_grad=True)
    with mlflow.start_run() as run:
        for step in range(12):
            loss = (weight**4).sum()
            (gradient,) = torch.autograd.grad(loss, weight)
            weight = (weight - 10 * gradient).detach().requires_grad_()
            mlflow.log_metric("loss", float(loss), step=step)
    values = [p.value for p in client.get_metric_history(run.info.run_id, "loss")]
    assert len(values) == 12
    assert values[-1] != values[-1] or values[-1] == 1.7976931348623157e308
