"""train_peft.py by two processes against one: the same losses, accuracies and vectors.   python tools/export/two_processes.py [FOLDER DATA.csv]

On the tiny model, before and after the text; with a folder and a file, also the prompt in FOLDER on its own weights. The
processes are started by torchrun and exchange gradients through gloo (`accelerate launch --cpu` starts only one)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from test_programs import TINY, Programs

import predict

HERE = Path(__file__).resolve().parent
LOSS, VECTORS = 1e-3, 1e-3  # losses are printed to 4 digits; vectors are compared to the length of their longest


def train(processes: int, out: Path, data: Path, exported: Path, *more: object) -> tuple[list[tuple[float, float]], torch.Tensor]:
    """Loss and validation accuracy at every check, and the vectors that were kept."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    said = subprocess.run([*launch, HERE / "train_peft.py", data, "--package", exported, "--out", out, *map(str, more)], stdout=subprocess.PIPE, text=True, env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}).stdout
    if ("2 processes share each batch" in said) != (processes == 2): sys.exit(f"{processes} processes were asked for, others ran:\n{said}")
    found = [(float(loss), float(accuracy)) for loss, accuracy in re.findall(r"loss ([\d.]+), validation ([\d.]+)%", said)]
    if not found or not (out / "prompt.json").exists(): sys.exit(f"{processes} processes trained nothing:\n{said}")
    package = predict.load_package(out)
    return found, predict.Prompt(package, package["version"]).texts[0].vectors


def compare(name: str, folder: Path, *given: object) -> bool:
    (one, alone), (two, shared) = (train(count, folder / f"{name}-{count}", *given) for count in (1, 2))
    loss = max(abs(a[0] - b[0]) for a, b in zip(one, two, strict=True))
    vectors = ((alone - shared).abs().max() / alone.abs().max()).item()
    same = [a[1] for a in one] == [b[1] for b in two]
    print(f"{name}: {len(one)} checks, losses {one[0][0]:.4f} to {one[-1][0]:.4f}, largest difference of two processes {loss:.1e} in a loss, {vectors:.1e} in a vector; validation accuracies {'equal' if same else 'DIFFER'}")
    return same and loss <= LOSS and vectors <= VECTORS


class Tiny(Programs):
    def runTest(self) -> None:
        for placement in ("prefix", "suffix"):
            self.write(placement)
            self.assertTrue(compare(f"tiny-{placement}", self.folder, self.folder / "data.csv", self.package, "--weights", TINY))


if __name__ == "__main__":
    import unittest

    agrees = unittest.TextTestRunner(verbosity=0).run(Tiny()).wasSuccessful()
    if len(sys.argv) == 3:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            agrees &= compare("embedded model", Path(folder), sys.argv[2], sys.argv[1], *"--steps 4 --batch-size 4 --train-rows 16 --validation-rows 4".split())
    sys.exit(not agrees)
