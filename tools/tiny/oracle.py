"""oracle.json of the tiny model, in the format of test/fixtures/models (see its README): PyTorch in float64 on the dequantised weights."""

from __future__ import annotations

import collections
import copy
import functools
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import transformers

import corpus
import tune

VIRTUAL = 4
DATA_SEED = 1007


def rounded(value, digits: int = 9):
    if isinstance(value, list):
        return [rounded(entry, digits) for entry in value]
    return float(f"{value:.{digits}g}")


def logits_of_onnx(session: onnxruntime.InferenceSession, ids: list[int]) -> np.ndarray:
    feeds = {"input_ids": np.array([ids], np.int64), "attention_mask": np.ones((1, len(ids)), np.int64)}
    for entry in session.get_inputs():
        if entry.name.startswith("past_key_values."):
            feeds[entry.name] = np.zeros((1, entry.shape[1], 0, entry.shape[3]), np.float32)
    return session.run(["logits"], feeds)[0][0]


def rms_norm_in_float64(norm, x):
    """transformers' own casts to float32 inside."""
    return norm.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + norm.variance_epsilon))


def write_oracle(file: Path, model, tokenizer, folder: Path) -> None:
    model = copy.deepcopy(model).double().eval()
    for module in model.modules():
        if module.__class__.__name__ == "LlamaRMSNorm":
            module.forward = functools.partial(rms_norm_in_float64, module)
    path = folder / "onnx" / "model_q4.onnx"
    graph = onnx.load(path, load_external_data=False)
    rng = np.random.default_rng(DATA_SEED)
    generator = torch.Generator().manual_seed(DATA_SEED)
    all_rows, gold, _ = tune.encoded(tokenizer, "validation")
    rows = sorted((row[:24] for row in all_rows), key=len)
    rows = [row[: 9 - 2 * index] if index < 2 else row for index, row in enumerate(rows[:3])]
    labels = [tokenizer.encode(word).ids[0] for word in corpus.WORDS] + [tokenizer.encode(" the").ids[0]]
    targets = [0, 1, 2]
    cue = tokenizer.encode("\nTone:").ids
    embed = model.get_input_embeddings().weight.detach()
    soft = torch.from_numpy(np.round(0.1 * rng.standard_normal((VIRTUAL, embed.shape[1])), 5))

    def last_logits(soft_vectors, placement):
        result = []
        for row in rows:
            parts = {"prefix": [soft_vectors, embed[row]], "suffix": [embed[row], soft_vectors], "infix": [embed[row], soft_vectors, embed[cue]]}[placement]
            result.append(model(inputs_embeds=torch.cat(parts)[None], use_cache=False).logits[0, -1])
        return torch.stack(result)

    def losses(soft_vectors, placement):
        logits = last_logits(soft_vectors, placement)
        cross = torch.nn.functional.cross_entropy
        return logits, cross(logits[:, labels], torch.tensor(targets)), cross(logits, torch.tensor([labels[target] for target in targets]))

    placements, norms, finite = {}, {}, {}
    direction = torch.randn(soft.shape, generator=generator, dtype=torch.float64)
    for placement in ("prefix", "suffix", "infix"):
        variable = soft.clone().requires_grad_(True)
        logits, label_loss, full_loss = losses(variable, placement)
        entry = {"labelLogits": rounded(logits[:, labels].tolist())} | ({"cue": cue} if placement == "infix" else {})
        for name, loss in (("label", label_loss), ("full", full_loss)):
            gradient = torch.autograd.grad(loss, variable, retain_graph=True)[0]
            entry |= {f"{name}Loss": rounded(loss.item()), f"{name}Grad": rounded(gradient.tolist())}
            norms[f"{placement}.{name}"] = rounded(gradient.norm().item())
            step, at = 1e-5, 1 if name == "label" else 2
            with torch.no_grad():
                numeric = (losses(soft + step * direction, placement)[at] - losses(soft - step * direction, placement)[at]).item() / (2 * step)
            exact = (gradient * direction).sum().item()
            finite[f"{placement}.{name}"] = rounded(abs(numeric - exact) / abs(exact), 2)
        placements[placement] = entry

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        plain = [model(input_ids=torch.tensor([row]), use_cache=False).logits[0] for row in rows]
    worst = max(np.abs(want.numpy() - logits_of_onnx(session, row)).max() for want, row in zip(plain, rows))
    operators = collections.Counter(f"{node.domain}:{node.op_type}" if node.domain else node.op_type for node in graph.graph.node)

    def described(values):
        kinds = {1: "float", 7: "int64"}
        return [{"name": value.name, "type": kinds[value.type.tensor_type.elem_type], "shape": [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]} for value in values]

    oracle = {
        "name": "tiny-support", "family": "llama", "variant": "q4",
        "exporter": {"name": "softprompt-studio tools/model/genai_graph.py", "version": "1", "call": "tools/tiny/train.py", "post": [], "onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__, "torch": torch.__version__, "transformers": transformers.__version__},
        "torch": torch.__version__, "transformers": transformers.__version__,
        "opset": 22, "opsetImports": {entry.domain or "ai.onnx": entry.version for entry in graph.opset_import}, "ops": dict(sorted(operators.items())),
        "inputs": described(graph.graph.input), "outputs": described(graph.graph.output),
        "dtypeNote": "MatMulNBits 4 bit, block 32, float zero points; embedding and head one uint8 matrix with zero point 128; the oracle computes with the dequantised values",
        "embeddingTensor": "/model/embed_tokens/GatherBlockQuantized/output_0",
        "softPrompt": soft.tolist(), "rows": rows, "labelTokenIds": labels, "targets": targets, "placements": placements,
        "noPrompt": {"labelLogits": rounded([logits[-1, labels].tolist() for logits in plain]), "onnxMaxLogitDiff": rounded(float(worst))},
        "checks": {"gradNorms": norms, "finiteDifferenceRelErr": finite},
        "generatedFrom": {"dataSeed": DATA_SEED, "parameters": sum(parameter.numel() for parameter in model.parameters())},
    }
    file.write_text(json.dumps(oracle, separators=(",", ":")) + "\n", encoding="utf-8", newline="\n")
    print(f"oracle: ONNX Runtime differs by {worst:.2e}, gradient norms {norms}, finite differences {finite}")
