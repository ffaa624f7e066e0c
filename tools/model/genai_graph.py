"""Writes a Llama, Qwen2 or Qwen3 decoder as ONNX in the dialect of the onnxruntime-genai model builder (`-p int4 -e cpu`, shared embeddings).

One code path for every model that this project ships. Ten op types: GatherBlockQuantized, SimplifiedLayerNormalization,
SkipSimplifiedLayerNormalization, MatMulNBits, GroupQueryAttention, Sigmoid, Mul, and the mask arithmetic
(ReduceSum, Sub, Cast, Shape, Gather, Reshape). Names of nodes and tensors are the builder's.

Weights: linear layers 4 bit in blocks of 32 along the input dimension with *float* zero points, w = (q - zeroPoint) * scale;
embedding and head share one uint8 matrix, w = (q - 128) * scale. The bytes depend on the inputs alone: two runs are equal.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

BLOCK = 32
ALIGNMENT = 64


@dataclass(frozen=True)
class LlamaShape:
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    rope_theta: float
    norm_epsilon: float
    positions: int  # rows of the cos/sin tables: the longest sequence that the graph can run


@dataclass(frozen=True)
class Quantised:
    """`codes` uint8 [rows, columns], `scale` float32 [rows, columns/32]; `zero_point` float32 of that shape (4 bits), or None for
    the middle: 128 of 8 bits, 8 of 4."""

    codes: np.ndarray
    scale: np.ndarray
    zero_point: np.ndarray | None
    bits: int = 8

    def dequantised(self) -> np.ndarray:
        zero_point = np.float32(2 ** (self.bits - 1)) if self.zero_point is None else self.zero_point[..., None]
        blocks = self.codes.reshape(*self.scale.shape, BLOCK).astype(np.float32)
        return ((blocks - zero_point) * self.scale[..., None]).reshape(self.codes.shape)


def stack(parts: list[Quantised]) -> Quantised:
    join = lambda field: np.concatenate([getattr(part, field) for part in parts])
    return Quantised(join("codes"), join("scale"), None if parts[0].zero_point is None else join("zero_point"), parts[0].bits)


def rope_tables(shape: LlamaShape) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin, float32 [positions, head_dim/2]. Angles are rounded to float32 as transformers does; powers and
    cosines are taken in float64, so that the bytes do not depend on a machine's float32 library."""
    exponents = np.arange(0, shape.head_dim, 2, dtype=np.float64) / shape.head_dim
    inverse = (1.0 / shape.rope_theta**exponents).astype(np.float32)
    angles = np.arange(shape.positions, dtype=np.float32)[:, None] * inverse[None, :]
    return np.cos(angles.astype(np.float64)).astype(np.float32), np.sin(angles.astype(np.float64)).astype(np.float32)


class _Writer:
    """Collects nodes and initialisers; tensors go to `NAME_data`, `NAME_data_1`, ... each below `shard_limit` bytes."""

    def __init__(self, file: Path, shard_limit: int):
        self.file, self.shard_limit = file, shard_limit
        self.nodes, self.initialisers, self.value_infos, self.constants = [], [], [], set()
        self.shards: list[bytearray] = [bytearray()]

    def weight(self, name: str, array: np.ndarray) -> str:
        data = np.ascontiguousarray(array).tobytes()
        shard = self.shards[-1]
        if shard and len(shard) + len(data) + ALIGNMENT > self.shard_limit:
            shard = bytearray()
            self.shards.append(shard)
        shard.extend(b"\0" * (-len(shard) % ALIGNMENT))
        tensor = TensorProto(name=name, dims=array.shape, data_type=helper.np_dtype_to_tensor_dtype(array.dtype), data_location=TensorProto.EXTERNAL)
        for key, value in (("location", self.shard_name(len(self.shards) - 1)), ("offset", len(shard)), ("length", len(data))):
            tensor.external_data.add(key=key, value=str(value))
        shard.extend(data)
        self.initialisers.append(tensor)
        return name

    def shard_name(self, index: int) -> str:
        return f"{self.file.name}_data" + (f"_{index}" if index else "")

    def node(self, op: str, name: str, inputs: list[str], outputs: list[tuple[str, int, list] | None], domain: str = "", **attributes) -> str:
        """`outputs` are (name, element type, shape), None for one that is left out. Returns the first name."""
        names = [output[0] if output else "" for output in outputs]
        self.nodes.append(helper.make_node(op, inputs, names, name=name, domain=domain, **attributes))
        for output in outputs:
            if output and not output[0].startswith("present."):
                self.value_infos.append(helper.make_tensor_value_info(*output))
        return names[0]

    def constant(self, name: str, value: np.ndarray) -> str:
        if (known := f"/model/constants/INT64/{name}") in self.constants:
            return known
        self.constants.add(known)
        tensor = helper.make_tensor(known, TensorProto.INT64, value.shape, value.reshape(-1).tolist())
        return self.node("Constant", f"/model/constant_nodes/INT64/{name}", [], [(tensor.name, TensorProto.INT64, list(value.shape))], value=tensor)

    def save(self, graph_inputs: list, graph_outputs: list, producer: str) -> None:
        outputs = {output.name for output in graph_outputs}
        infos = [info for info in self.value_infos if info.name not in outputs]
        graph = helper.make_graph(self.nodes, "main_graph", graph_inputs, graph_outputs, self.initialisers, value_info=infos)
        opsets = [helper.make_opsetid("", 22), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name=producer)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_bytes(model.SerializeToString(deterministic=True))
        for index, shard in enumerate(self.shards):
            (self.file.parent / self.shard_name(index)).write_bytes(bytes(shard))


def write_llama(file: Path, shape: LlamaShape, weights: dict, producer: str, shard_limit: int = 48_000_000) -> None:
    """`weights`: by the names of transformers' state dict; Quantised for matrices, float32 arrays for norms and biases. q and k in
    transformers' (half-split) RoPE order. Embedding and head are tied. Biases of q, k and v (Qwen2) and norms of q and k (Qwen3)
    are written where `weights` has them."""
    F, I64, I32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32
    ms = "com.microsoft"
    writer = _Writer(file, shard_limit)
    tokens = ["batch_size", "sequence_length"]
    kv_width = shape.kv_heads * shape.head_dim
    attention_width = shape.heads * shape.head_dim

    def float_output(name: str, width: int):
        return (name, F, [*tokens, width])

    def linear(path: str, x: str, matrix: Quantised, name: str | None = None, output: str | None = None) -> str:
        """y = x W^T; `path` as in /model/layers.0/mlp/up_proj."""
        bits = 4 if matrix.zero_point is not None else matrix.bits
        rows, columns = matrix.codes.shape
        stem = (name or path.removeprefix("/").replace("/", ".")) + ".MatMul"
        codes = matrix.codes.reshape(rows, columns // BLOCK, BLOCK)
        if bits == 4:
            codes = codes[..., 0::2] | (codes[..., 1::2] << 4)
        inputs = [x, writer.weight(f"{stem}.weight_Q{bits}", codes), writer.weight(f"{stem}.weight_scales", matrix.scale)]
        if matrix.zero_point is not None:
            inputs.append(writer.weight(f"{stem}.weight_zero_points", matrix.zero_point))
        out = float_output(output or f"{path}/MatMul/output_0", rows)
        return writer.node("MatMulNBits", f"{path}/MatMul_Q{bits}", inputs, [out], ms, K=columns, N=rows, bits=bits, block_size=BLOCK)

    # seqlens_k = (number of attended positions) - 1 per row, total_sequence_length = width of the mask: both int32.
    mask = "/model/attn_mask_reformat/attn_mask_subgraph"
    one = writer.constant("[1]", np.array([1], np.int64))
    total = writer.node("ReduceSum", f"{mask}/ReduceSum", ["attention_mask", one], [(f"{mask}/ReduceSum/output_0", I64, ["batch_size"])], keepdims=0)
    last = writer.node("Sub", f"{mask}/Sub", [total, one], [(f"{mask}/Sub/output_0", I64, ["batch_size"])])
    seqlens = writer.node("Cast", f"{mask}/Sub/Cast", [last], [(f"{mask}/Sub/Cast/output_0", I32, ["batch_size"])], to=I32)
    dims = writer.node("Shape", f"{mask}/Shape", ["attention_mask"], [(f"{mask}/Shape/output_0", I64, [2])])
    scalar_one = writer.constant("1", np.array(1, np.int64))
    width = writer.node("Gather", f"{mask}/Gather", [dims, scalar_one], [(f"{mask}/Gather/output_0", I64, [])], axis=0)
    total_length = writer.node("Cast", f"{mask}/Gather/Cast", [width], [(f"{mask}/Gather/Cast/output_0", I32, [])], to=I32)

    # The head's matrix is the embedding: one uint8 blob, written with the embedding and read again by the head.
    embedding: Quantised = weights["model.embed_tokens.weight"]
    head_codes = writer.weight("lm_head.MatMul.weight_Q8", embedding.codes.reshape(shape.vocabulary, -1, BLOCK))
    head_scales = writer.weight("lm_head.MatMul.weight_scales", embedding.scale)
    flat = writer.constant(f"[{shape.vocabulary}, {shape.hidden}]", np.array([shape.vocabulary, shape.hidden], np.int64))
    table = writer.node("Reshape", "/model/embed_tokens/Reshape", [head_codes, flat], [("/model/embed_tokens/Reshape/output_0", TensorProto.UINT8, [shape.vocabulary, shape.hidden])])
    residual = writer.node("GatherBlockQuantized", "/model/embed_tokens/GatherBlockQuantized", [table, "input_ids", head_scales],
        [float_output("/model/embed_tokens/GatherBlockQuantized/output_0", shape.hidden)], ms, bits=8, block_size=BLOCK, gather_axis=0, quantize_axis=1)

    norm_weight = writer.weight("model.layers.0.input_layernorm.weight", weights["model.layers.0.input_layernorm.weight"])
    x = writer.node("SimplifiedLayerNormalization", "/model/layers.0/input_layernorm/LayerNorm", [residual, norm_weight],
        [float_output("/model/layers.0/input_layernorm/output_0", shape.hidden)], axis=-1, epsilon=shape.norm_epsilon, stash_type=1)
    cos, sin = (writer.weight(name, table) for name, table in zip(("cos_cache", "sin_cache"), rope_tables(shape)))

    def skip_norm(path: str, tensor: str, skip: str, branch: str, last: bool = False) -> tuple[str, str]:
        """-> (normalised, the new residual); the residual leaves as the fourth output."""
        weight = writer.weight(path.removeprefix("/").replace("/", ".") + ".weight", weights[tensor])
        outputs = [float_output(f"{path}/output_0", shape.hidden)]
        if not last:
            outputs += [None, None, float_output(f"{path}/output_3", shape.hidden)]
        normalised = writer.node("SkipSimplifiedLayerNormalization", f"{path}/SkipLayerNorm", [skip, branch, weight], outputs, ms, epsilon=shape.norm_epsilon)
        return normalised, f"{path}/output_3"

    def head_norms(path: str, prefix: str, qkv: str) -> list[str]:
        """Query, key and value apart, the first two with each head normalised."""
        widths = np.array([attention_width, kv_width, kv_width])
        parts = [float_output(f"{path}/attn/qkv_proj/Split/output_{i}", int(width)) for i, width in enumerate(widths)]
        writer.node("Split", f"{path}/attn/qkv_proj/Split", [qkv, writer.constant(f"[{', '.join(map(str, widths))}]", widths)], parts, axis=-1)
        out = [name for name, _, _ in parts]
        for i, kind in enumerate("qk"):
            stem = f"{path}/attn/{kind}_norm"
            reshaped = lambda source, number, width: writer.node("Reshape", f"{stem}/Reshape_{number}",
                [source, writer.constant(f"[0, -1, {width}]", np.array([0, -1, width]))], [float_output(f"{stem}/Reshape_{number}/output_0", width)])
            weight = writer.weight(f"{prefix}attn.{kind}_norm.layernorm.weight", weights[f"{prefix}self_attn.{kind}_norm.weight"])
            heads = writer.node("SimplifiedLayerNormalization", f"{stem}/SimplifiedLayerNormalization", [reshaped(out[i], 1, shape.head_dim), weight],
                [float_output(f"{stem}/SimplifiedLayerNormalization/output_0", shape.head_dim)], axis=-1, epsilon=shape.norm_epsilon, stash_type=1)
            out[i] = reshaped(heads, 2, int(widths[i]))
        return out

    for layer in range(shape.layers):
        path, prefix = f"/model/layers.{layer}", f"model.layers.{layer}."
        if layer:
            x, residual = skip_norm(f"{path}/input_layernorm", prefix + "input_layernorm.weight", residual, down)
        qkv = linear(f"{path}/attn/qkv_proj", x, stack([weights[f"{prefix}self_attn.{part}_proj.weight"] for part in "qkv"]))
        if f"{prefix}self_attn.q_proj.bias" in weights:
            bias = np.concatenate([weights[f"{prefix}self_attn.{part}_proj.bias"] for part in "qkv"])
            qkv = writer.node("Add", f"{path}/attn/qkv_proj/Add", [qkv, writer.weight(f"model.layers.{layer}.attn.qkv_proj.Add.bias", bias)],
                [float_output(f"{path}/attn/qkv_proj/Add/output_0", attention_width + 2 * kv_width)])
        qkv = [qkv, "", ""]
        if f"{prefix}self_attn.q_norm.weight" in weights:
            qkv = head_norms(path, prefix, qkv[0])
        kv_shape = ["batch_size", shape.kv_heads, "total_sequence_length", shape.head_dim]
        attention = writer.node("GroupQueryAttention", f"{path}/attn/GroupQueryAttention",
            [*qkv, f"past_key_values.{layer}.key", f"past_key_values.{layer}.value", seqlens, total_length, cos, sin],
            [float_output(f"{path}/attn/GroupQueryAttention/output_0", attention_width), (f"present.{layer}.key", F, kv_shape), (f"present.{layer}.value", F, kv_shape)],
            ms, num_heads=shape.heads, kv_num_heads=shape.kv_heads, scale=float(shape.head_dim**-0.5), local_window_size=-1, softcap=0.0, do_rotary=1, rotary_interleaved=0)
        mixed = linear(f"{path}/attn/o_proj", attention, weights[prefix + "self_attn.o_proj.weight"])
        x, residual = skip_norm(f"{path}/post_attention_layernorm", prefix + "post_attention_layernorm.weight", residual, mixed)
        gate = linear(f"{path}/mlp/gate_proj", x, weights[prefix + "mlp.gate_proj.weight"])
        up = linear(f"{path}/mlp/up_proj", x, weights[prefix + "mlp.up_proj.weight"])
        wide = lambda name: [float_output(f"{path}/mlp/{name}/output_0", shape.intermediate)]
        sigmoid = writer.node("Sigmoid", f"{path}/mlp/act_fn/Sigmoid", [gate], wide("act_fn/Sigmoid"))
        silu = writer.node("Mul", f"{path}/mlp/act_fn/Mul", [gate, sigmoid], wide("act_fn/Mul"))
        gated = writer.node("Mul", f"{path}/mlp/Mul", [silu, up], wide("Mul"))
        down = linear(f"{path}/mlp/down_proj", gated, weights[prefix + "mlp.down_proj.weight"])

    x, _ = skip_norm(f"/model/layers.{shape.layers}/final_norm_layernorm", "model.norm.weight", residual, down, last=True)
    writer.node("MatMulNBits", "/lm_head/MatMul_Q8", [x, head_codes, head_scales], [float_output("logits", shape.vocabulary)], ms,
        K=shape.hidden, N=shape.vocabulary, bits=8, block_size=BLOCK)

    def info(name: str, kind: int, dims: list):
        return helper.make_tensor_value_info(name, kind, dims)

    def cache(stem: str, length: str) -> list:
        dims = ["batch_size", shape.kv_heads, length, shape.head_dim]
        return [info(f"{stem}.{layer}.{part}", F, dims) for part in ("key", "value") for layer in range(shape.layers)]

    graph_inputs = [info("input_ids", I64, tokens), info("attention_mask", I64, ["batch_size", "total_sequence_length"]), *cache("past_key_values", "past_sequence_length")]
    graph_outputs = [info("logits", F, [*tokens, shape.vocabulary]), *cache("present", "total_sequence_length")]
    assert kv_width * 2 + attention_width == sum(weights[f"model.layers.0.self_attn.{part}_proj.weight"].codes.shape[0] for part in "qkv")
    writer.save(graph_inputs, graph_outputs, producer)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
