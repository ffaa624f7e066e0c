"""Runs the programs of an export on the tiny model, in one process.   python -m unittest tools/export/test_programs.py"""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import json
import os
import py_compile
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

os.environ["HF_HUB_OFFLINE"] = "1"
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import predict
import serve_vllm
import train_peft
from made import package, tiny, version, voice

FIXTURES = HERE.parents[1] / "test" / "fixtures"
TINY = FIXTURES / "tiny-support"
SPLIT = json.loads((FIXTURES / "split.json").read_text("utf-8"))


class Programs(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.package = self.folder / "exported"
        self.package.mkdir()

    def write(self, placement: str, **fields) -> dict:
        settings = {"initialisation": {"kind": "answer-words"}, "steps": 6, "batchSize": 4, "learningRate": 0.01, "validateEvery": 3, "warmupSteps": 2, "seed": 5}
        prompt = tiny(placement, run={"settings": settings, "initText": ""}, **fields)
        prompt["model"]["id"] = "softprompt-studio/tiny-support"
        (self.package / "prompt.json").write_text(json.dumps(prompt), encoding="utf-8")
        names, rows = prompt["version"]["prompt"]["task"]["labels"], prompt["checkRows"]
        with open(self.folder / "data.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows([f"{row['cells']['text']} {i}", names[i % len(names)]] for i, row in enumerate(rows * 8))
        return prompt

    def opened(self, folder: Path, model=None):
        """The prompt of a folder, the one text that it is, and its model."""
        package = predict.load_package(folder)
        tokenizer, base = predict.load_base(package, TINY)
        prompt = predict.Prompt(package, package["version"]).open(tokenizer, model or base)
        return package, prompt.texts[0], base

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
        prompt, text, base = self.opened(out)
        adapted = PeftModel.from_pretrained(base, out).eval()
        for row in prompt["checkRows"]:
            with torch.no_grad():
                logits = adapted(input_ids=torch.tensor([row["inputIds"]]), attention_mask=torch.ones(1, len(row["inputIds"]), dtype=torch.long)).logits[0, -1].double()
            got = torch.log_softmax(logits[[ids[0] for ids in text.labels]], -1)
            want = torch.tensor(row["logProbs"], dtype=torch.float64)
            self.assertLess((got - want).abs().max().item(), 1e-4)
        self.assertIn("no predictions change", self.run_main(predict, "--check", "--package", out, "--weights", TINY))
        self.assertNotIn(str(self.folder), "".join(file.read_text("utf-8", "ignore") for file in out.iterdir()), "no path of this machine in it")

    def test_granite_reads_the_vectors_after_its_multiplier_as_peft_does(self) -> None:
        from peft import PromptTuningConfig, get_peft_model
        from transformers import GraniteConfig, GraniteForCausalLM

        config = json.loads((FIXTURES / "exports" / "granite-genai-fp32" / "config.json").read_text("utf-8"))
        factor = config["embedding_multiplier"]
        self.assertNotEqual(factor, 1)
        torch.manual_seed(3)
        base = GraniteForCausalLM(GraniteConfig(**{k: v for k, v in config.items() if k not in ("architectures", "model_type", "transformers_version", "dtype")})).eval()
        vectors, ids = torch.randn(4, base.config.hidden_size), [5, 9, 300]
        labels = {"a": [7], "b": [8], "c": [11]}
        for placement in ("suffix", "prefix"):
            made = package(version([voice("{text}", list(labels), vectors.numpy(), placement)]), labels, {"embeddingMultiplier": factor})
            (self.package / "prompt.json").write_text(json.dumps(made), "utf-8")
            found = predict.load_package(self.package)
            [text] = predict.Prompt(found, found["version"]).open(None, base).texts
            seen = []
            hook = base.model.layers[0].register_forward_pre_hook(lambda module, given, named: seen.append(given[0] if given else named["hidden_states"]), with_kwargs=True)
            got = predict.log_probs(base, text.vectors, text, ids)
            hook.remove()
            entered = seen[0][0, :4] if placement == "prefix" else seen[0][0, 3:]
            self.assertLess((entered - vectors).abs().max().item(), 1e-5, "the first layer reads the vectors as they were trained")
        model = get_peft_model(base, PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4))
        model.prompt_encoder["default"].embedding.weight.data.copy_(vectors / factor)
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, 3, dtype=torch.long)).logits[0, -1].double()
        want = torch.log_softmax(logits[[7, 8, 11]], -1)
        self.assertLess((got - want).abs().max().item(), 1e-5)

    def test_training_in_another_place_gives_another_prompt_whose_check_rows_agree(self) -> None:
        for placement in ("suffix", "infix"):
            self.write(placement)
            out = self.folder / placement
            self.run_main(train_peft, self.folder / "data.csv", "--package", self.package, "--weights", TINY, "--out", out)
            self.assertFalse((out / "adapter_config.json").exists())
            self.assertFalse(torch.equal(self.opened(out)[1].vectors, self.opened(self.package)[1].vectors))
            self.assertIn("no predictions change", self.run_main(predict, "--check", "--package", out, "--weights", TINY))

    def test_prompt_embeddings_agree_with_the_check_rows(self) -> None:
        for placement in ("prefix", "suffix", "infix"):
            self.write(placement)
            self.assertRegex(self.run_main(serve_vllm, "--check", "--package", self.package, "--weights", TINY), r"difference \d\.\d+e-0[5-9]")

    def test_trained_answer_words_are_served_with_the_model_and_left_out_when_trained_again(self) -> None:
        answers = json.loads((TINY / "answers.json").read_text("utf-8"))
        self.write("suffix", shift=answers["answerShift"], logits=answers["placements"]["suffix"]["labelLogits"])
        served, out = self.folder / "served", self.folder / "out"
        said = self.run_main(serve_vllm, "--check", "--write-model", served, "--package", self.package, "--weights", TINY)
        self.assertRegex(said, r"difference \d\.\d+e-0[5-9]")
        self.assert_served(self.package, served)
        said = self.run_main(train_peft, self.folder / "data.csv", "--package", self.package, "--weights", TINY, "--out", out)
        self.assertIn("the vectors are trained alone", said)
        self.assertIsNone(self.opened(out)[1].shift)
        self.assertIn("no predictions change", self.run_main(predict, "--check", "--package", out, "--weights", TINY))

    def assert_served(self, folder: Path, served: Path) -> None:
        """The written model needs no shift."""
        model = predict.AutoModelForCausalLM.from_pretrained(served, dtype=torch.float32).eval()
        prompt, text, _ = self.opened(folder, model)
        text.shift = None
        for row in prompt["checkRows"]:
            want = torch.tensor(row["logProbs"], dtype=torch.float64)
            less = predict.Prompt(prompt, prompt["version"]).less
            got = torch.log_softmax(predict.log_probs(model, text.vectors, text, row["inputIds"]) - less, -1)
            self.assertLess((got - want).abs().max().item(), 1e-4)

    def test_request_to_a_server_and_its_answer_are_understood(self) -> None:
        self.write("suffix")
        _, text, model = self.opened(self.package)
        (body,) = serve_vllm.requests_of(text, [serve_vllm.prompt_embeds(model, text, [5, 6, 7])])
        embeds = torch.load(io.BytesIO(base64.b64decode(body["prompt_embeds"][0])), weights_only=True)
        self.assertEqual(tuple(embeds.shape), (3 + len(text.vectors), text.vectors.shape[1]))
        self.assertTrue(torch.equal(embeds[3:], text.vectors))
        self.assertNotIn("prompt", body)  # the server would answer it too
        self.assertEqual(embeds.dtype, torch.float32)
        self.assertEqual(body["logprob_token_ids"], [ids[0] for ids in text.labels])
        top = {f"token_id:{token}": -float(i) for i, token in enumerate(body["logprob_token_ids"])}
        (got,) = serve_vllm.log_probs_of(text, [{"choices": [{"index": 0, "logprobs": {"top_logprobs": [top]}}]}])
        self.assertAlmostEqual(got.exp().sum().item(), 1.0)
        with self.assertRaises(SystemExit):
            serve_vllm.log_probs_of(text, [{"choices": [{"index": 0, "logprobs": {"top_logprobs": [{}]}}]}])

    def test_keys_and_values_are_refused_with_a_sentence(self) -> None:
        self.write("kv")
        for program, arguments in ((serve_vllm, ["--check"]), (train_peft, ["rows.csv", "--out", self.folder / "out"])):
            with self.assertRaisesRegex(SystemExit, "keys and values in every layer"):
                self.run_main(program, *arguments, "--package", self.package, "--weights", TINY)

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
        said = self.run_main(serve_vllm, "--check", "--write-model", served, "--package", package, "--weights", TINY)
        self.assertRegex(said, r"12 check rows as prompt embeddings: no predictions change, .+e-0[5-9]")
        self.assert_served(package, served)
        rows = HERE.parents[1] / "public" / "sample" / "support-messages.csv"
        said = self.run_main(train_peft, rows, "--package", package, "--weights", TINY, "--out", out, "--steps", "2", "--train-rows", "16", "--validation-rows", "8")
        self.assertIn("the vectors are trained alone", said)
        for folder in (package, out):
            self.assertIn("no predictions change", self.run_main(predict, "--check", "--package", folder, "--weights", TINY))


if __name__ == "__main__":
    unittest.main()
