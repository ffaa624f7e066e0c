"""prompt.json for the tests of the programs."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path

import numpy as np

TINY = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "tiny-support"


def log_softmax(logits: list[float]) -> list[float]:
    top = max(logits)
    total = top + math.log(sum(math.exp(value - top) for value in logits))
    return [value - total for value in logits]


def coded(values) -> dict:
    return {"$float32": base64.b64encode(np.array(values, "<f4").tobytes()).decode()}


def voice(template: str, labels: list[str], vectors=None, placement: str = "prefix", shift=None, weight: float = 1) -> dict:
    """A text whose answer words are its labels."""
    soft = vectors is not None and {"placement": placement, "vectors": coded(vectors), "virtualTokens": len(vectors), "hidden": len(vectors[0]), **({} if shift is None else {"answerShift": coded(shift)})}
    return {"kind": "text", "weight": weight, "template": template, "words": [{"label": label, "word": label} for label in labels], "soft": soft or None}


def keyed(oracle: dict, keys: dict, names: list[str], template: str) -> dict:
    """A text with keys and values before its cue."""
    soft = {"placement": "kv", "vectors": coded(keys["vectors"]), "virtualTokens": len(oracle["softPrompt"]), "hidden": len(oracle["softPrompt"][0]), "heads": keys["heads"]}
    return {**voice(template, names), "soft": soft}


def version(voices: list[dict], name: str = "tuned 1", **fields) -> dict:
    task = {"kind": "classify", "labels": [word["label"] for word in voices[0]["words"]]}
    return {"name": name, "prompt": {"task": task, "voices": voices, "calibration": None, "threshold": None, **fields}}


def package(of: dict, tokens: dict, model: dict, rows: list[dict] = (), **fields) -> dict:
    return {
        "format": "softprompt", "formatVersion": 1, "name": "tone", "handle": "TONE", "model": model, "tokens": [{"text": text, "ids": ids} for text, ids in tokens.items()], "version": of,
        "fallback": None, "policy": None, "checkRows": list(rows), "run": None, "data": None, "endTokenIds": [], **fields,
    }


def tiny(placement: str = "suffix", shift=None, logits=None, template: str = "{text}", of: dict = {}, **fields) -> dict:
    """A prompt on the tiny model, with the numbers of the oracle: PyTorch in float64. `of`: fields of what answers."""
    from tokenizers import Tokenizer

    oracle = json.loads((TINY / "oracle.json").read_text("utf-8"))
    card = json.loads((TINY.parents[2] / "public/models/softprompt-studio/tiny-support/studio.json").read_text("utf-8"))
    tokenizer = Tokenizer.from_file(str(TINY / "tokenizer.json"))
    names = [f"label {index}" for index in range(len(oracle["labelTokenIds"]))]
    keys = json.loads((TINY / "keys.json").read_text("utf-8")) if placement == "kv" else None
    known = keys or oracle["placements"][placement]
    ids = known.get("cue", [])
    cue = tokenizer.decode(ids)
    rows = [
        {"cells": {"text": tokenizer.decode(row, skip_special_tokens=False)}, "inputIds": row + ids, "logProbs": log_softmax(want), "target": None}
        for row, want in zip(oracle["rows"], logits or known["labelLogits"])
    ]
    tokens = {**{name: [token] for name, token in zip(names, oracle["labelTokenIds"])}, **({cue: ids} if ids else {})}
    own = keyed(oracle, keys, names, template + cue) if keys else voice(template + cue, names, oracle["softPrompt"], placement, shift)
    asked = version([own], **of)
    return package(asked, tokens, {"id": str(TINY), "weights": card["weights"], "embeddingMultiplier": 1}, rows, **fields)
