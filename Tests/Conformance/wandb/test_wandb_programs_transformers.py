"""The `Trainer` of Hugging Face with `report_to="wandb"`, on a model of a few thousand weights that is made on the spot."""

import json

import pytest

from native_view import NativeRun

# A cold start of torch and transformers takes a while on a busy machine.
pytestmark = pytest.mark.timeout(500)

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}

TRAIN = """
import json, torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments, set_seed
set_seed(1)
model = GPT2LMHeadModel(GPT2Config(vocab_size=32, n_positions=16, n_embd=8, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0))
data = [{"input_ids": torch.tensor([(i + k) % 32 for k in range(8)]), "labels": torch.tensor([(i + k) % 32 for k in range(8)])} for i in range(16)]
arguments = TrainingArguments("out", report_to="wandb", run_name="tiny", max_steps=8, per_device_train_batch_size=4, learning_rate=0.01,
                              logging_steps=1, eval_strategy="steps", eval_steps=4, save_strategy="steps", save_steps=4, use_cpu=True, disable_tqdm=True)
trainer = Trainer(model=model, args=arguments, train_dataset=data, eval_dataset=data[:4])
trainer.train()
import wandb
id = wandb.run.id
wandb.finish()
print(json.dumps([id, trainer.state.log_history, model.num_parameters()]))
"""


@pytest.mark.needs_client("0.22", "transformers in its environment")
def test_a_training_of_a_transformer_is_found_as_it_went(ran, api, project, server):
    out = ran(TRAIN, patience=400, WANDB_LOG_MODEL="checkpoint", WANDB_WATCH="false", **OFFLINE)
    id, log, weights = json.loads(out.splitlines()[-1])
    run = api.run(f"{project}/{id}")
    assert run.name == "tiny" and run.state == "finished"
    assert run.config["model/num_parameters"] == weights and run.config["learning_rate"] == 0.01 and run.config["model_type"] == "gpt2"
    rows = list(run.scan_history(keys=["train/global_step", "train/loss", "train/learning_rate"]))
    assert [(row["train/global_step"], row["train/loss"], row["train/learning_rate"]) for row in rows] == [
        (one["step"], one["loss"], one["learning_rate"]) for one in log if "loss" in one] and len(rows) == 8
    assert [row["eval/loss"] for row in run.scan_history(keys=["eval/loss"])] == [one["eval_loss"] for one in log if "eval_loss" in one]
    assert run.summary["train/global_step"] == 8 and run.summary["train_loss"] == log[-1]["train_loss"]
    versions = {one.version: one for one in api.artifacts("model", f"{project}/model-tiny")}
    assert {version: sorted(one.aliases) for version, one in versions.items()} == {
        "v0": ["base_model"], "v1": ["checkpoint_global_step_4", "epoch_1.0"], "v2": ["checkpoint_global_step_8", "epoch_2.0"],
        "v3": ["final_model", "latest"]}
    assert {"config.json", "model.safetensors", "trainer_state.json"} <= set(versions["v2"].manifest.entries)
    assert versions["v3"].metadata["train/loss"] == rows[-1]["train/loss"] and versions["v3"].logged_by().id == id
    assert [value for _, value in NativeRun(server, run.path).points("eval/loss")] == [one["eval_loss"] for one in log if "eval_loss" in one]
