"""Usage: python vllm_rows.py FOLDER DATA.csv URL DTYPE CACHE

The first 400 rows of DATA.csv by a vLLM server, through serve_vllm.py, against predict.py with the same prompt: answers, and
log-probabilities of all labels. In float32 every answer must be equal and every log-probability within 0.01; other types are
reported. Says how many rows a second each of them, and the command line, answers. CACHE keeps what predict.py found."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

os.environ["HF_HUB_OFFLINE"] = "1"
import torch

import predict
import serve_vllm

ROWS, LIMIT = 400, 1e-2
ROOT = Path(__file__).resolve().parents[2]
folder, data, url, dtype, cache = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], Path(sys.argv[5])
cache.mkdir(exist_ok=True)

prompt, vectors = predict.load_prompt(folder)
names, less = [entry["label"] for entry in prompt["labels"]], predict.shift(prompt)
tokenizer, model = predict.load_base(prompt)
table = [cells for _, cells in predict.read_table(data, text="text").rows[:ROWS]]
source, out = cache / "rows.csv", cache / "served.csv"
with open(source, "w", newline="", encoding="utf-8") as file:
    writer = csv.DictWriter(file, list(table[0]))
    writer.writeheader(), writer.writerows(table)

with mock.patch.object(sys, "argv", ["serve_vllm.py", "--check-server", "--package", str(folder), "--url", url]):
    try:
        serve_vllm.main()
    except SystemExit as error:
        if dtype == "float32": raise
        print(error)

# Through the program, from file to file; the log-probabilities are kept on their way.
seen: dict[str, torch.Tensor] = {}
asked = serve_vllm.Server.log_probs


def keep(self, prompt, embeds):
    found = asked(self, prompt, embeds)
    starts = len(serve_vllm.prefixes(prompt))
    seen.update((embeds[i * starts], row) for i, row in enumerate(found))
    return found


said = io.StringIO()
with mock.patch.object(sys, "argv", ["serve_vllm.py", str(source), str(out), "--package", str(folder), "--url", url]), mock.patch.object(serve_vllm.Server, "log_probs", keep), redirect_stdout(said):
    serve_vllm.main()
by_server = float(said.getvalue().split(" rows, ")[1].split()[0])
with open(out, newline="", encoding="utf-8") as file: served = list(csv.DictReader(file))

ids = [predict.row_ids(tokenizer, prompt, predict.render(prompt["template"], row)) for row in table]
got = torch.stack([seen[serve_vllm.prompt_embeds(model, vectors, prompt, row)] for row in ids])
kept = cache / f"{folder.parent.name}-{folder.name}.pt"
if not kept.exists():
    began = time.monotonic()
    found = torch.stack([predict.log_probs(model, vectors, prompt, row) for row in ids])
    torch.save((found, ROWS / (time.monotonic() - began)), kept)
want, by_predict = torch.load(kept, weights_only=True)

answers = [names[int(row.argmax())] for row in want - less]
wrong = sum(row["prediction"] != answer for row, answer in zip(served, answers, strict=True))
off, mean = (got - want).abs().max().item(), (got - want).abs().mean().item()
print(f"{len(table)} rows, {dtype}, {prompt['placement']}, answer words of {sorted(len(entry['tokenIds']) for entry in prompt['labels'])} tokens{', calibrated' if less.any() else ''}: {wrong} answers differ from predict.py, largest log-probability difference {off:.1e}, mean {mean:.1e}")


def by_command_line(count: int) -> float:
    """Seconds of `predict` on the first rows, its start included."""
    some = cache / "some.csv"
    with open(some, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader(), writer.writerows(table[:count])
    began = time.monotonic()
    subprocess.run(["node", "--import", "tsx", "src/cli/main.ts", "predict", folder, some, "--text", "text"], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


line = ""
if dtype == "float32" and prompt["placement"] == "suffix":
    rate = (ROWS - 1) / (by_command_line(ROWS) - by_command_line(1))
    line = f", command line (wasm) {rate:.1f} ({by_server / rate:.2f} times)"
print(f"rows a second: the server {by_server:.1f}, predict.py {by_predict:.1f} (the server is {by_server / by_predict:.2f} times as fast){line}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
sys.exit(dtype == "float32" and bool(wrong or off > LIMIT))
