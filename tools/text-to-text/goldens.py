"""Reference values for src/metrics/text.ts, by the package rouge-score and SQuAD's own evaluation (its functions, as published).

    python3 -m venv .cache/text && .cache/text/bin/pip install rouge-score==0.1.2
    .cache/text/bin/python tools/text-to-text/goldens.py > test/fixtures/text/metrics.json
"""

import collections
import json
import random
import re
import string

from rouge_score import rouge_scorer

WORDS = "the a an order Order lamp, lamp router (router) is late and late! again refund -> answer: 2 4711 it's the end. no".split()


def normalise(text: str) -> list[str]:
    text = "".join(ch for ch in text.lower() if ch not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def f1(written: str, wanted: str) -> float:
    a, b = normalise(written), normalise(wanted)
    if not a or not b:
        return float(a == b)
    shared = sum((collections.Counter(a) & collections.Counter(b)).values())
    return 0.0 if shared == 0 else 2 * (shared / len(a)) * (shared / len(b)) / (shared / len(a) + shared / len(b))


rng = random.Random(0)
scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
rows = []
for _ in range(80):
    wanted = [rng.choice(WORDS) for _ in range(rng.randrange(0, 12))]
    written = [w for w in wanted if rng.random() < 0.7] + [rng.choice(WORDS) for _ in range(rng.randrange(0, 5))]
    if rng.random() < 0.2:
        rng.shuffle(written)
    if rng.random() < 0.15:
        written = [w.upper() for w in wanted]
    a, b = " ".join(written), " ".join(wanted)
    rows.append({"written": a, "wanted": b, "exact": int(normalise(a) == normalise(b)), "f1": f1(a, b), "rougeL": scorer.score(b, a)["rougeL"].fmeasure})
print("[\n" + ",\n".join(" " + json.dumps(row) for row in rows) + "\n]")
