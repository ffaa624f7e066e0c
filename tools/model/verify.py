"""Checks the converted model: checksums, token ids, and the logits of ONNX Runtime (CPU) against PyTorch's.

    python verify.py [--model FOLDER] [--expected test/fixtures/smollm2/expected.json]

Exit status 1 if any figure is off: token ids must be equal, logits within 2e-3.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort
from transformers import AutoTokenizer

from hub_folder import file_list, model_sha256

REPO = Path(__file__).resolve().parents[2]
TOLERANCE = 2e-3


def session_of(model: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(next((model / "onnx").glob("*.onnx")), options, providers=["CPUExecutionProvider"])


def logits(session: ort.InferenceSession, ids: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """[batch, tokens] -> [batch, tokens, vocabulary], with an empty past."""
    feeds = {"input_ids": ids.astype(np.int64), "attention_mask": (np.ones_like(ids) if mask is None else mask).astype(np.int64)}
    for entry in session.get_inputs():
        if entry.name.startswith("past_key_values."):
            feeds[entry.name] = np.zeros((ids.shape[0], entry.shape[1], 0, entry.shape[3]), np.float32)
    return session.run(["logits"], feeds)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=REPO / "public/models/HuggingFaceTB/SmolLM2-135M-Instruct")
    parser.add_argument("--expected", type=Path, default=REPO / "test/fixtures/smollm2/expected.json")
    arguments = parser.parse_args()
    expected = json.loads(arguments.expected.read_text("utf-8"))
    failures = 0

    def report(what: str, value, good: bool) -> None:
        nonlocal failures
        failures += not good
        print(f"{'ok  ' if good else 'FAIL'}  {what}: {value}")

    card = json.loads((arguments.model / "studio.json").read_text("utf-8"))
    entries = file_list(arguments.model)
    report("files are those of studio.json", len(entries), entries == card["files"] and card["sha256"] == model_sha256(entries))
    report("largest file, MB", round(max(entry["bytes"] for entry in entries) / 1e6, 1), all(entry["bytes"] < 50_000_000 for entry in entries))

    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    rows = expected["rows"]
    same = [tokenizer(expected["template"].format(text=row["text"])).input_ids == row["input_ids"] for row in rows]
    report("rows with equal token ids", f"{sum(same)} of {len(same)}", all(same))
    same = [tokenizer.apply_chat_template(chat["messages"], add_generation_prompt=True, return_dict=False) == chat["input_ids"] for chat in expected["chat"]]
    report("chats with equal token ids", f"{sum(same)} of {len(same)}", all(same))
    words = [tokenizer(word).input_ids for word in expected["label_words"]]
    report("answer words are single tokens", words, words == [[token] for token in expected["label_token_ids"]])
    digits = tokenizer.convert_ids_to_tokens(tokenizer("a  5\n\n12").input_ids)
    report("every digit is a word of its own", digits, digits == ["a", "ĠĠ", "5", "ĊĊ", "1", "2"])

    session = session_of(arguments.model)
    label_ids = expected["label_token_ids"]
    worst = {"label logits": 0.0, "top 5 logits": 0.0, "log-sum-exp": 0.0, "right-padded batch, label logits": 0.0}

    def off(key: str, got, want) -> None:
        worst[key] = max(worst[key], float(np.abs(np.asarray(got, np.float64) - np.asarray(want)).max()))

    for row in rows:
        last = logits(session, np.array([row["input_ids"]]))[0, -1].astype(np.float64)
        off("label logits", last[label_ids], row["label_logits"])
        off("top 5 logits", last[row["top5_ids"]], row["top5_logits"])
        off("log-sum-exp", last.max() + np.log(np.exp(last - last.max()).sum()), row["logsumexp"])
    lengths = [len(row["input_ids"]) for row in rows]
    padded = np.full((len(rows), max(lengths)), expected["right_padded_batch"]["pad_id"])
    for index, row in enumerate(rows):
        padded[index, : lengths[index]] = row["input_ids"]
    batch = logits(session, padded, np.arange(max(lengths))[None, :] < np.array(lengths)[:, None])
    for index, want in enumerate(expected["right_padded_batch"]["label_logits"]):
        off("right-padded batch, label logits", batch[index, lengths[index] - 1, label_ids], want)
    for key, value in worst.items():
        report(f"largest difference, {key}", f"{value:.2e}", value <= TOLERANCE)
    for chat in expected["chat"]:
        greedy = logits(session, np.array([chat["input_ids"] + chat["greedy_ids"][:-1]]))[0, len(chat["input_ids"]) - 1 :].argmax(-1).tolist()
        report("greedy text equal", repr(chat["greedy_text"][:40]), greedy == chat["greedy_ids"])
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
