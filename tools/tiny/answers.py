"""answers.json of the tiny model: PyTorch in float64 (its norms in float32) with a soft verbalizer, whose shift is added to the answer words' output vectors.

    python tools/tiny/answers.py        needs torch and transformers; reads and writes test/fixtures/tiny-support
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

FOLDER = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "tiny-support"
SEED = 7


def rounded(value, digits: int = 9):
    return [rounded(entry) for entry in value] if isinstance(value, list) else float(f"{value:.{digits}g}")


def main() -> None:
    oracle = json.loads((FOLDER / "oracle.json").read_text("utf-8"))
    model = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float64).eval().requires_grad_(False)
    embed, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    labels, targets = oracle["labelTokenIds"], torch.tensor(oracle["targets"])
    generator = torch.Generator().manual_seed(SEED)
    shift = (0.2 * torch.randn(len(labels), embed.shape[1], generator=generator, dtype=torch.float64)).round(decimals=5)
    placements = {}
    for placement, known in oracle["placements"].items():
        soft = torch.tensor(oracle["softPrompt"], dtype=torch.float64, requires_grad=True)
        moved = shift.clone().requires_grad_(True)
        states = []
        for row in oracle["rows"]:
            parts = {"prefix": [soft, embed[row]], "suffix": [embed[row], soft], "infix": [embed[row], soft, embed[known.get("cue", [])]]}[placement]
            states.append(model.model(inputs_embeds=torch.cat(parts)[None], use_cache=False).last_hidden_state[0, -1])
        logits = torch.stack(states) @ (head[labels] + moved).T
        loss = torch.nn.functional.cross_entropy(logits, targets)
        label_grad, answer_grad = torch.autograd.grad(loss, (soft, moved))
        placements[placement] = {"labelLogits": rounded(logits.tolist()), "labelLoss": rounded(loss.item()), "labelGrad": rounded(label_grad.tolist()), "answerGrad": rounded(answer_grad.tolist())}
    record = {"torch": torch.__version__, "answerShift": shift.tolist(), "placements": placements}
    (FOLDER / "answers.json").write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8", newline="\n")
    print({name: entry["labelLoss"] for name, entry in placements.items()})


if __name__ == "__main__":
    main()
