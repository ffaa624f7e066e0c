"""Accuracies of the frozen tiny model, and what a soft prompt adds, by the recipe of the product (AdamW, 0.07 x embedding RMS)."""

from __future__ import annotations

import math

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

import corpus


def encoded(tokenizer: Tokenizer, part: str, instruction: str = "") -> tuple[list[list[int]], torch.Tensor, torch.Tensor]:
    """-> token ids, policy labels, tone labels of one part of the sample's split."""
    wanted = set(corpus.split()[part])
    rows = [message for message in corpus.messages() if message.id in wanted]
    ids = [tokenizer.encode(instruction + corpus.TEMPLATE.format(text=row.text)).ids for row in rows]
    index = lambda field: torch.tensor([corpus.LABELS.index(getattr(row, field)) for row in rows])
    return ids, index("policy"), index("tone")


def label_logits(model: LlamaForCausalLM, tokenizer: Tokenizer, rows: list[list[int]], soft: torch.Tensor | None = None, placement: str = "suffix") -> torch.Tensor:
    """[rows, labels]; right padding goes after the soft vectors."""
    embed = model.get_input_embeddings().weight
    soft = embed[:0] if soft is None else soft
    parts = [torch.cat([soft, embed[row]] if placement == "prefix" else [embed[row], soft]) for row in rows]
    length = max(map(len, parts))
    inputs = torch.stack([torch.nn.functional.pad(part, (0, 0, 0, length - len(part))) for part in parts])
    mask = torch.tensor([[1] * len(part) + [0] * (length - len(part)) for part in parts])
    hidden = model.model(inputs_embeds=inputs, attention_mask=mask, use_cache=False).last_hidden_state
    last = hidden[torch.arange(len(parts)), torch.tensor([len(part) - 1 for part in parts])]
    words = [tokenizer.encode(word).ids[0] for word in corpus.WORDS]
    return last @ model.lm_head.weight[words].T


@torch.no_grad()
def accuracy(model, tokenizer, rows, gold, soft=None, placement="suffix") -> float:
    predictions = torch.cat([label_logits(model, tokenizer, rows[i : i + 64], soft, placement).argmax(1) for i in range(0, len(rows), 64)])
    return (predictions == gold).float().mean().item()


def accuracies(model, tokenizer) -> dict[str, float]:
    """On the test rows: how often the plain template and the generic instruction give the label, and the tone."""
    result = {}
    for name, instruction in (("bare", ""), ("instruction", corpus.INSTRUCTION)):
        rows, policy, tone = encoded(tokenizer, "test", instruction)
        result[f"{name} label"] = round(accuracy(model, tokenizer, rows, policy), 3)
        result[f"{name} tone"] = round(accuracy(model, tokenizer, rows, tone), 3)
    return result


def tune(model, tokenizer, placement="suffix", steps=150, virtual=10, seed=0, initial="text", rate=0.07, batch=8) -> torch.Tensor:
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    rows, gold, _ = encoded(tokenizer, "train")
    embed = model.get_input_embeddings().weight
    generator = torch.Generator().manual_seed(seed)
    ids = {
        "text": tokenizer.encode(corpus.INITIAL_TEXT).ids,
        "answer-words": [tokenizer.encode(word).ids[0] for word in corpus.WORDS],
        "vocabulary": torch.randint(300, 1300, (virtual,), generator=generator).tolist(),
    }[initial]
    soft = embed[[ids[i % len(ids)] for i in range(virtual)]].clone().requires_grad_(True)
    optimizer = torch.optim.AdamW([soft], lr=rate * embed.pow(2).mean().sqrt().item(), weight_decay=0.0)
    warmup = 10
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: (s + 1) / warmup if s < warmup else 0.5 + 0.5 * math.cos(math.pi * (s - warmup) / max(1, steps - warmup)))
    order: list[int] = []
    for _ in range(steps):
        if len(order) < batch:
            order = torch.randperm(len(rows), generator=generator).tolist()
        chosen, order = order[:batch], order[batch:]
        loss = torch.nn.functional.cross_entropy(label_logits(model, tokenizer, [rows[i] for i in chosen], soft, placement), gold[chosen])
        loss.backward()
        torch.nn.utils.clip_grad_norm_([soft], 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return soft.detach()


def report(model, tokenizer) -> None:
    rows, gold, _ = encoded(tokenizer, "test")
    print(f"untuned, test rows: {accuracies(model, tokenizer)}")
    for options in (dict(steps=60), dict(), dict(seed=1), dict(steps=60, virtual=4), dict(placement="prefix"), dict(initial="answer-words"), dict(initial="vocabulary")):
        soft = tune(model, tokenizer, **options)
        print(f"tuned {options}: {accuracy(model, tokenizer, rows, gold, soft, options.get('placement', 'suffix')):.3f}", flush=True)
