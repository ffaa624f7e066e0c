"""Runs the programs of an export on the tiny model, in one process.   python -m unittest tools/export/test_programs.py"""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import json
import math
import os
import py_compile
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import predict
import serve_vllm
import train_peft

FIXTURES = HERE.parents[1] / "test" / "fixtures"
TINY = FIXTURES / "tiny-support"
SPLIT = json.loads((FIXTURES / "split.json").read_text("utf-8"))


class Programs(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.package = self.folder / "exported"
        self.package.mkdir()

    def write(self, placement: str) -> None:
        oracle = json.loads((TINY / "oracle.json").read_text("utf-8"))
        card = json.loads((HERE.parents[1] / "public/models/softprompt-studio/tiny-support/studio.json").read_text("utf-8"))
        vectors = np.array(oracle["softPrompt"], "<f4")
        np.save(self.package / "prompt_embeddings.npy", vectors)
        names = [f"label {index}" for index in range(len(oracle["labelTokenIds"]))]
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(TINY / "tokenizer.json"))
        ids = oracle["placements"][placement].get("cue", [])
        cue = {"text": tokenizer.decode(ids), "tokenIds": ids}
        softmax = lambda logits: [x - math.log(sum(math.exp(y) for y in logits)) for x in logits]
        rows = [{"text": tokenizer.decode(row, skip_special_tokens=False) + cue["text"], "inputIds": row + ids, "logProbs": dict(zip(names, softmax(want)))} for row, want in zip(oracle["rows"], oracle["placements"][placement]["labelLogits"])]
        (self.package / "softprompt.json").write_text(json.dumps({
            "formatVersion": 1, "placement": placement, "numVirtualTokens": len(vectors), "tokenDim": vectors.shape[1], "template": "{text}" + cue["text"], **({"cue": cue} if ids else {}), "calibration": None,
            "model": {"id": "softprompt-studio/tiny-support", "weights": card["weights"]}, "init": {"kind": "answer-words", "text": "", "parentVersion": None}, "parityRows": rows,
            "labels": [{"label": name, "word": name, "tokenIds": [token]} for name, token in zip(names, oracle["labelTokenIds"])],
            "data": {"seed": 3, "splitHash": "none"}, "training": {"steps": 6, "batchSize": 4, "learningRate": 0.01, "validateEvery": 3, "warmupSteps": 2, "seed": 5},
        }), encoding="utf-8")
        with open(self.folder / "data.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows([f"{row['text']} {i}", names[i % len(names)]] for i, row in enumerate(rows * 8))

    def run_main(self, module, *arguments: object) -> str:
        out = io.StringIO()
        with mock.patch.object(sys, "argv", ["program", *map(str, arguments)]), contextlib.redirect_stdout(out):
            module.main()
        return out.getvalue()

    def test_every_program_compiles(self) -> None:
        for name in ("predict.py", "train_peft.py", "serve_vllm.py"):
            py_compile.compile(str(HERE / name), cfile=str(self.folder / "x.pyc"), doraise=True)

    def test_the_split_is_the_same_as_in_the_page(self) -> None:
        rows = [{"text": text, "label": label} for text, label in SPLIT["rows"]]
        parts = train_peft.page_split(rows, "text", SPLIT["textHashes"])
        keys = lambda texts: [train_peft.key(text) for text in texts]
        self.assertEqual([keys(rows[i]["text"] for i in part) for part in parts], [keys(SPLIT["texts"][name]) for name in ("train", "validation", "test")])

    def test_a_prompt_trained_before_the_text_loads_unchanged_in_peft(self) -> None:
        from peft import PeftModel

        self.write("prefix")
        out = self.folder / "out"
        said = self.run_main(train_peft, self.folder / "data.csv", "--package", self.package, "--weights", TINY, "--out", out)
        self.assertIn("step 6 of 6", said)
        config = json.loads((out / "adapter_config.json").read_text("utf-8"))
        self.assertEqual((config["peft_type"], config["base_model_name_or_path"]), ("PROMPT_TUNING", "softprompt-studio/tiny-support"))
        prompt, vectors = predict.load_prompt(out)
        tokenizer, base = predict.load_base(prompt, TINY)
        adapted = PeftModel.from_pretrained(base, out).eval()
        for row in prompt["parityRows"]:
            with torch.no_grad():
                logits = adapted(input_ids=torch.tensor([row["inputIds"]]), attention_mask=torch.ones(1, len(row["inputIds"]), dtype=torch.long)).logits[0, -1].double()
            got = torch.log_softmax(logits[[entry["tokenIds"][0] for entry in prompt["labels"]]], -1)
            want = torch.tensor(list(row["logProbs"].values()), dtype=torch.float64)
            self.assertLess((got - want).abs().max().item(), 1e-4)
        self.assertIn("no predictions change", self.run_main(predict, "--check", "--package", out, "--weights", TINY))
        self.assertNotIn(str(self.folder), "".join(file.read_text("utf-8", "ignore") for file in out.iterdir()), "no path of this machine in it")

    def test_granite_reads_the_vectors_after_its_multiplier_from_both_files(self) -> None:
        from peft import PromptTuningConfig, get_peft_model
        from transformers import GraniteConfig, GraniteForCausalLM

        config = json.loads((FIXTURES / "exports" / "granite-genai-fp32" / "config.json").read_text("utf-8"))
        factor = config["embedding_multiplier"]
        self.assertNotEqual(factor, 1)
        torch.manual_seed(3)
        base = GraniteForCausalLM(GraniteConfig(**{k: v for k, v in config.items() if k not in ("architectures", "model_type", "transformers_version", "dtype")})).eval()
        vectors, ids = torch.randn(4, base.config.hidden_size), [5, 9, 300]
        np.save(self.package / "prompt_embeddings.npy", vectors.numpy())
        for placement in ("prefix", "suffix"):
            prompt = {"placement": placement, "model": {"embeddingMultiplier": factor}, "labels": [{"tokenIds": [7]}, {"tokenIds": [8]}, {"tokenIds": [11]}]}
            (self.package / "softprompt.json").write_text(json.dumps(prompt), "utf-8")
            seen = []
            hook = base.model.layers[0].register_forward_pre_hook(lambda module, given, named: seen.append(given[0] if given else named["hidden_states"]), with_kwargs=True)
            got = predict.log_probs(base, predict.load_prompt(self.package)[1], prompt, ids)
            hook.remove()
            entered = seen[0][0, :4] if placement == "prefix" else seen[0][0, 3:]
            self.assertLess((entered - vectors).abs().max().item(), 1e-5, "the first layer reads the vectors as they were trained")
        prompt["placement"] = "prefix"
        model = get_peft_model(base, PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4))
        model.prompt_encoder["default"].embedding.weight.data.copy_(vectors / factor)
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, 3, dtype=torch.long)).logits[0, -1].double()
        want = torch.log_softmax(logits[[7, 8, 11]], -1)
        model.save_pretrained(self.package)
        (self.package / "prompt_embeddings.npy").unlink()
        got = predict.log_probs(base, predict.load_prompt(self.package)[1], prompt, ids)
        self.assertLess((got - want).abs().max().item(), 1e-5)

    def test_training_in_another_place_gives_another_prompt_whose_check_rows_agree(self) -> None:
        for placement in ("suffix", "infix"):
            self.write(placement)
            out = self.folder / placement
            self.run_main(train_peft, self.folder / "data.csv", "--package", self.package, "--weights", TINY, "--out", out)
            self.assertFalse((out / "adapter_config.json").exists())
            self.assertNotEqual((out / "prompt_embeddings.npy").read_bytes(), (self.package / "prompt_embeddings.npy").read_bytes())
            self.assertIn("no predictions change", self.run_main(predict, "--check", "--package", out, "--weights", TINY))

    def test_prompt_embeddings_agree_with_the_check_rows(self) -> None:
        for placement in ("prefix", "suffix", "infix"):
            self.write(placement)
            self.assertRegex(self.run_main(serve_vllm, "--check", "--package", self.package, "--weights", TINY), r"difference \d\.\d+e-0[5-9]")

    def test_trained_answer_words_are_served_with_the_model_and_left_out_when_trained_again(self) -> None:
        self.write("suffix")
        answers = json.loads((TINY / "answers.json").read_text("utf-8"))
        np.save(self.package / "answer_shift.npy", np.array(answers["answerShift"], "<f4"))
        file, served, out = self.package / "softprompt.json", self.folder / "served", self.folder / "out"
        prompt = json.loads(file.read_text("utf-8"))
        for row, logits in zip(prompt["parityRows"], answers["placements"]["suffix"]["labelLogits"]):
            row["logProbs"] = dict(zip(row["logProbs"], torch.log_softmax(torch.tensor(logits, dtype=torch.float64), -1).tolist()))
        file.write_text(json.dumps({**prompt, "formatVersion": 2, "answerVectors": "trained"}), "utf-8")
        said = self.run_main(serve_vllm, "--check", "--write-model", served, "--package", self.package, "--weights", TINY)
        self.assertRegex(said, r"difference \d\.\d+e-0[5-9]")
        model = predict.AutoModelForCausalLM.from_pretrained(served, dtype=torch.float32).eval()
        vectors = predict.load_prompt(self.package)[1]
        for row in prompt["parityRows"]:  # the written model needs no shift
            want = torch.tensor(list(row["logProbs"].values()), dtype=torch.float64)
            self.assertLess((predict.log_probs(model, vectors, prompt, row["inputIds"]) - want).abs().max().item(), 1e-4)
        said = self.run_main(train_peft, self.folder / "data.csv", "--package", self.package, "--weights", TINY, "--out", out)
        self.assertIn("the vectors are trained alone", said)
        again = json.loads((out / "softprompt.json").read_text("utf-8"))
        self.assertEqual((again["formatVersion"], again.get("answerVectors")), (1, None))
        self.assertIn("no predictions change", self.run_main(predict, "--check", "--package", out, "--weights", TINY))

    def test_request_to_a_server_and_its_answer_are_understood(self) -> None:
        self.write("suffix")
        prompt, vectors = predict.load_prompt(self.package)
        _, model = predict.load_base(prompt, TINY)
        (body,) = serve_vllm.requests_of(prompt, [serve_vllm.prompt_embeds(model, vectors, prompt, [5, 6, 7])])
        embeds = torch.load(io.BytesIO(base64.b64decode(body["prompt_embeds"][0])), weights_only=True)
        self.assertEqual(tuple(embeds.shape), (3 + len(vectors), prompt["tokenDim"]))
        self.assertTrue(torch.equal(embeds[3:], vectors))
        self.assertNotIn("prompt", body)  # the server would answer it too
        self.assertEqual(embeds.dtype, torch.float32)
        self.assertEqual(body["logprob_token_ids"], [entry["tokenIds"][0] for entry in prompt["labels"]])
        top = {f"token_id:{token}": -float(i) for i, token in enumerate(body["logprob_token_ids"])}
        (got,) = serve_vllm.log_probs_of(prompt, [{"choices": [{"index": 0, "logprobs": {"top_logprobs": [top]}}]}])
        self.assertAlmostEqual(got.exp().sum().item(), 1.0)
        with self.assertRaises(SystemExit):
            serve_vllm.log_probs_of(prompt, [{"choices": [{"index": 0, "logprobs": {"top_logprobs": [{}]}}]}])

    @unittest.skipUnless("WRITTEN" in os.environ, "check.mjs exports a prompt that writes")
    def test_a_prompt_that_generates_scores_and_generates_as_where_it_was_trained(self) -> None:
        folder, answers = Path(os.environ["WRITTEN"]), self.folder / "answers.csv"
        said = self.run_main(predict, folder / "written.csv", answers, "--check", "--package", folder / "prompt", "--weights", TINY)
        self.assertRegex(said, r"12 check rows, token ids equal in 12: no predictions change, .+e-0[5-9]")
        with open(answers, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["written"] for row in rows], [row["tuned_written"] for row in rows])
        self.assertTrue(any(row["written"] for row in rows))

    @unittest.skipUnless("PROBE" in os.environ, "check.mjs exports a linear probe")
    def test_a_linear_probe_is_served_with_the_model_and_trained_again_as_a_prompt(self) -> None:
        package, served, out = Path(os.environ["PROBE"]) / "probe", self.folder / "served", self.folder / "out"
        prompt, vectors = predict.load_prompt(package)
        self.assertIsNone(prompt["training"])
        said = self.run_main(serve_vllm, "--check", "--write-model", served, "--package", package, "--weights", TINY)
        self.assertRegex(said, r"12 check rows as prompt embeddings: no predictions change, .+e-0[5-9]")
        model = predict.AutoModelForCausalLM.from_pretrained(served, dtype=torch.float32).eval()
        for row in prompt["parityRows"]:
            want = torch.tensor(list(row["logProbs"].values()), dtype=torch.float64)
            self.assertLess((predict.log_probs(model, vectors, prompt, row["inputIds"]) - want).abs().max().item(), 1e-4)
        rows = HERE.parents[1] / "public" / "sample" / "support-messages.csv"
        said = self.run_main(train_peft, rows, "--package", package, "--weights", TINY, "--out", out, "--steps", "2", "--train-rows", "16", "--validation-rows", "8")
        self.assertIn("the vectors are trained alone", said)
        for folder in (package, out):
            self.assertIn("no predictions change", self.run_main(predict, "--check", "--package", folder, "--weights", TINY))


if __name__ == "__main__":
    unittest.main()
