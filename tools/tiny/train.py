"""Trains the tiny model and writes it: model folder, fixture, oracle, figures. Three to four minutes of one core.

    python train.py            # everything
    python train.py --steps 50 --out /tmp/try --fixture /tmp/try-fixture
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

import corpus
from oracle import write_oracle
from tune import accuracies, report

sys.path.insert(0, str(corpus.REPO / "tools" / "model"))
from genai_graph import BLOCK, LlamaShape, Quantised, sha256, write_llama  # noqa: E402
from hub_folder import write_json, write_studio_json  # noqa: E402

MODEL_ID = "softprompt-studio/tiny-support"
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SHAPE = LlamaShape(layers=4, hidden=96, intermediate=256, heads=6, kv_heads=2, head_dim=16, vocabulary=2048, rope_theta=10_000.0, norm_epsilon=1e-5, positions=1024)


def train_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    special = [AddedToken(token, special=True, normalized=False) for token in SPECIAL]
    trainer = trainers.BpeTrainer(vocab_size=SHAPE.vocabulary, special_tokens=special, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(corpus.tokenizer_corpus(), trainer)
    assert tokenizer.get_vocab_size() == SHAPE.vocabulary, tokenizer.get_vocab_size()
    assert all(len(tokenizer.encode(word).ids) == 1 for word in corpus.WORDS)
    return tokenizer


def config() -> LlamaConfig:
    return LlamaConfig(
        vocab_size=SHAPE.vocabulary, hidden_size=SHAPE.hidden, intermediate_size=SHAPE.intermediate, num_hidden_layers=SHAPE.layers, num_attention_heads=SHAPE.heads,
        num_key_value_heads=SHAPE.kv_heads, head_dim=SHAPE.head_dim, max_position_embeddings=SHAPE.positions, rms_norm_eps=SHAPE.norm_epsilon, rope_theta=SHAPE.rope_theta,
        tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, pad_token_id=0, initializer_range=0.08,
    )


def train(model: LlamaForCausalLM, tokenizer: Tokenizer, steps: int, seed: int) -> None:
    """Cross-entropy over all tokens; the answer word weighs as much as the rest of its row together."""
    rng = random.Random(seed)
    messages = corpus.messages()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.98), weight_decay=0.05)
    warmup = min(100, steps // 5)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / warmup) * (0.5 + 0.5 * np.cos(np.pi * step / steps)))
    start = time.time()
    for step in range(steps):
        rows, answers = [], []
        for _ in range(32):
            text, answer = corpus.training_text(rng, rng.choice(messages))
            ids = tokenizer.encode(text).ids[:160]
            rows.append(ids + (tokenizer.encode(answer).ids if answer else [2]))
            answers.append(answer is not None)
        length = max(map(len, rows))
        ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
        losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
        last = mask.sum(1) - 2
        language = (losses * mask[:, 1:]).sum() / mask[:, 1:].sum()
        answer_loss = losses[torch.arange(len(rows)), last][torch.tensor(answers)].mean()
        (0.3 * language + answer_loss).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 100 == 99 or step == steps - 1:
            print(f"step {step + 1}: language {language.item():.3f}, answers {answer_loss.item():.3f}, {time.time() - start:.0f} s", flush=True)


def quantise_linear(weight: torch.Tensor) -> Quantised:
    """4 bit, blocks of 32, asymmetric: the block's smallest weight is code 0, its largest code 15. Scale and minimum are float16
    values as in GGUF's Q4_1."""
    rows = weight.shape[0]
    blocks = weight.detach().float().numpy().reshape(rows, -1, BLOCK)
    low, high = blocks.min(-1), blocks.max(-1)
    scale = ((high - low) / 15).astype(np.float16).astype(np.float32)
    low = low.astype(np.float16).astype(np.float32)
    codes = np.clip(np.round((blocks - low[..., None]) / scale[..., None]), 0, 15).astype(np.uint8)
    return Quantised(codes.reshape(rows, -1), scale, -low / scale)


def quantise_embedding(weight: torch.Tensor) -> Quantised:
    rows = weight.shape[0]
    blocks = weight.detach().float().numpy().reshape(rows, -1, BLOCK)
    scale = (np.abs(blocks).max(-1) / 127).astype(np.float16).astype(np.float32)
    codes = (np.clip(np.round(blocks / scale[..., None]), -127, 127) + 128).astype(np.uint8)
    return Quantised(codes.reshape(rows, -1), scale, None)


def quantise(model: LlamaForCausalLM) -> dict:
    """-> the weights as written; the model is left holding their dequantised values."""
    weights: dict = {}
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            weights[name] = parameter.detach().numpy().copy()
            continue
        weights[name] = quantise_embedding(parameter) if "embed_tokens" in name else quantise_linear(parameter)
        parameter.data.copy_(torch.from_numpy(weights[name].dequantised()))
    return weights


def write_text_files(folder: Path, tokenizer: Tokenizer) -> None:
    content = json.loads(tokenizer.to_str())
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    write_json(folder / "tokenizer.json", content, indent=None)
    write_json(folder / "tokenizer_config.json", {
        "add_prefix_space": False, "bos_token": SPECIAL[1], "chat_template": CHAT_TEMPLATE, "clean_up_tokenization_spaces": False, "eos_token": SPECIAL[2],
        "model_max_length": SHAPE.positions, "pad_token": SPECIAL[0], "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": SPECIAL[0],
    })
    write_json(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0})
    write_json(folder / "config.json", {
        "architectures": ["LlamaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "head_dim": SHAPE.head_dim,
        "hidden_act": "silu", "hidden_size": SHAPE.hidden, "intermediate_size": SHAPE.intermediate, "max_position_embeddings": SHAPE.positions, "mlp_bias": False, "model_type": "llama",
        "num_attention_heads": SHAPE.heads, "num_hidden_layers": SHAPE.layers, "num_key_value_heads": SHAPE.kv_heads, "rms_norm_eps": SHAPE.norm_epsilon, "rope_scaling": None,
        "rope_theta": SHAPE.rope_theta, "tie_word_embeddings": True, "torch_dtype": "float32", "use_cache": True, "vocab_size": SHAPE.vocabulary,
    })


NOTICE = """tiny-support: a model of 0.6 million parameters for the tests of Softprompt Studio. Apache License, Version 2.0.

Trained by tools/tiny/train.py from random weights, on the bundled sample and on sentences written for this project. It has
seen the texts and the labels of the whole sample, *the test rows included*: what it scores there shows that training a
soft prompt works, and says nothing about how well anything generalises. Do not use it for anything but tests.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=corpus.REPO / "public" / "models" / MODEL_ID)
    parser.add_argument("--fixture", type=Path, default=corpus.REPO / "test" / "fixtures" / "tiny-support")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)  # threads that wait for one another lose more than they win at this size, and sums stay in one order

    tokenizer = train_tokenizer()
    model = LlamaForCausalLM(config()).float()
    train(model, tokenizer, arguments.steps, arguments.seed)
    model.eval()
    before = accuracies(model, tokenizer)
    weights = quantise(model)
    print("float32:", before, "4 bit:", accuracies(model, tokenizer))

    for folder in (arguments.out, arguments.fixture):
        shutil.rmtree(folder, ignore_errors=True)
        write_text_files(folder, tokenizer)
    model.save_pretrained(arguments.out / "scratch")
    (arguments.out / "scratch" / "model.safetensors").rename(arguments.fixture / "model.safetensors")
    shutil.rmtree(arguments.out / "scratch")
    (arguments.out / "NOTICE").write_text(NOTICE, encoding="utf-8", newline="\n")
    shutil.copyfile(corpus.REPO / "public/models/HuggingFaceTB/SmolLM2-135M-Instruct/LICENSE", arguments.out / "LICENSE")
    write_llama(arguments.out / "onnx" / "model_q4.onnx", SHAPE, weights, producer="softprompt-studio tools/tiny")
    file = arguments.fixture / "model.safetensors"
    write_studio_json(arguments.out, id=MODEL_ID, dtype="q4", license="Apache-2.0", parameters=sum(parameter.numel() for parameter in model.parameters()), weights={
        "source": "repository:test/fixtures/tiny-support", "file": file.name, "sha256": sha256(file.read_bytes()),
        "howToLoad": "AutoModelForCausalLM.from_pretrained(\"test/fixtures/tiny-support\", dtype=torch.float32); predict.py --weights test/fixtures/tiny-support"})
    write_oracle(arguments.fixture / "oracle.json", model, tokenizer, arguments.out)
    report(model, tokenizer)


if __name__ == "__main__":
    main()
