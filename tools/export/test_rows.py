"""What the programs of an export read, answer and refuse, by the table that the studio's own reader is held to.   python tools/export/test_rows.py

Without PyTorch only rows_file.py is run. test/fixtures/rows.json has a file for each case and what becomes of it, with a model that is a rule:
a character is a token, it reads 132 of them, and a prompt with "good" in it is good with a probability of 0.75, any other bad with 0.5625."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import importlib.util
import io
import json
import math
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import rows_file

CASES = json.loads((HERE.parents[1] / "test" / "fixtures" / "rows.json").read_text("utf-8"))
TEMPLATE, CONTEXT, THRESHOLD, LABELS = "Text: {text}\nTone:", 132, 0.7, ("bad", "good")
NAMES = ["prediction", "confidence", "needs_review"]
WRONG_USE = 2


def probabilities(prompt: str) -> tuple[float, float]:
    return (0.25, 0.75) if "good" in prompt else (0.5625, 0.4375)


def content(case: dict) -> bytes:
    repeat = case.get("repeat", {"line": "", "times": 0})
    lines = "".join(repeat["line"].replace("{i}", str(i)) for i in range(repeat["times"]))
    return base64.b64decode(case["base64"]) if "base64" in case else (case["content"] + lines).encode()


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.out = self.folder / "out.csv"

    def file(self, case: dict) -> Path:
        path = self.folder / case["file"]
        path.write_bytes(content(case))
        return path

    def assert_answers(self, case: dict) -> None:
        written = self.out.read_bytes().decode()
        if "repeat" in case: self.assertEqual(hashlib.sha256(written.encode()).hexdigest(), case["answersSha256"])
        else: self.assertEqual(written, case["answers"])


class Reading(Case):
    def read(self, case: dict, limited: bool = True) -> rows_file.Table:
        text, template = case.get("text", "text"), case.get("template", TEMPLATE)
        table = rows_file.open_table(self.file(case), limited)
        table.rows = list(table.rows)
        return table.needs([template], text=text)

    def answer(self, case: dict, table: rows_file.Table) -> None:
        text, template = case.get("text", "text"), case.get("template", TEMPLATE)

        def ask(cells: dict) -> list[str]:
            prompt = rows_file.render(template, cells, text)
            rows_file.fitting(len(prompt), CONTEXT - 32)
            bad, good = probabilities(prompt)
            return [LABELS[good > bad], rows_file.decimal(max(bad, good)), "true" if max(bad, good) < THRESHOLD else "false"]

        with contextlib.redirect_stderr(io.StringIO()) as said: rows_file.write_answers(self.out, table, NAMES, rows_file.answered(table.rows, text, ask))
        self.assertEqual(said.getvalue().strip(), case["account"])

    def test_reads_answers_and_refuses_as_the_studio_does(self) -> None:
        for case in CASES:
            for limited in (True, False):  # rows in a list, and one after the other
                with self.subTest(case=case["case"], limited=limited):
                    if "refused" in case:
                        with self.assertRaises(rows_file.Refused) as why: self.read(case, limited)
                        self.assertEqual((str(why.exception), isinstance(why.exception, rows_file.NoColumn)), (case["refused"], case.get("isWrongUse", False)))
                        continue
                    table = self.read(case, limited)
                    self.assertEqual(table.columns, case["columns"])
                    self.assertEqual(len(table.rows) if "repeat" in case else [[line, *cells.values()] for line, cells in table.rows], case["rows"])
                    self.assertEqual([list(row) for row in table.rejected], case["rejected"])
                    self.answer(case, table)
                    self.assert_answers(case)

    def test_records_that_are_cut_by_the_end_of_a_piece_are_read_whole(self) -> None:
        rows = [[f"text {i} " + "x" * (i % 90), 'of "two"\nlines' if i % 3 else "", str(i)] for i in range(9000)]
        lines = "".join(f'"{a}","{b.replace(chr(34), chr(34) * 2)}",{c}\n' for a, b, c in rows)
        for encoding in ("utf-8", "utf-16", "cp1252"):
            path = self.folder / "in.csv"
            path.write_bytes(f"text,é,n\n{lines}".encode(encoding))
            with mock.patch.object(rows_file, "CHUNK", 997): table = rows_file.open_table(path).all()
            self.assertEqual([list(cells.values()) for _, cells in table.rows], rows)

    def test_reads_hostile_files_in_time_that_grows_with_their_size(self) -> None:
        """Of a million characters each; where one is read again and again these take minutes."""
        many = 200_000
        for name, data in {
            "quotes on one line": 'text,n\n"' + 'x"y' * many,
            "quotes without a delimiter": "text\n" + '"x"\n' * many,
            "a quote, then rows": 'text,n\n"a,1\n' + "bad,2\n" * many,
            "a quote in every row": "text,n\n" + '"a,1\n' * many,
            "white space after quotes": "text,n\n" + '"a"' + " " * many + 'b"\n',
            "blank lines": "text,n\n" + "\n" * many + "good,1\n",
            "brackets": "[" * many,
            "a line of brackets": '{"text": ' + "[" * many + "\n",
        }.items():
            path, began = self.folder / "in.csv", time.process_time()
            path.write_text(data, "utf-8")
            with self.subTest(name), contextlib.suppress(rows_file.Refused): rows_file.open_table(path).all()
            self.assertLess(time.process_time() - began, 20, name)

    def test_more_rows_than_the_studio_reads_are_refused_where_they_are_to_be_held(self) -> None:
        path = self.folder / "in.csv"
        path.write_text("text\n" + "x\n" * 400_001, "utf-8")
        with self.assertRaisesRegex(rows_file.Refused, r"^in\.csv has 400,001 rows; files up to 400,000 rows are read\. Split it, and take the parts one after the other\.$"): rows_file.open_table(path).all()
        self.assertEqual(sum(1 for _ in rows_file.open_table(path, limited=False).rows), 400_001)


@unittest.skipUnless(importlib.util.find_spec("torch"), "PyTorch is not installed")
class Answering(Case):
    """predict.py and serve_vllm.py from file to file; only the model is a rule."""

    def setUp(self) -> None:
        super().setUp()
        import predict
        import serve_vllm
        import torch

        score = lambda ids: torch.tensor(probabilities("".join(map(chr, ids))), dtype=torch.float64).log()
        tokenizer = lambda text, **_: mock.Mock(input_ids=[ord(char) for char in text])
        model = mock.Mock(config=mock.Mock(max_position_embeddings=CONTEXT))
        server = mock.Mock(longest=100_000, log_probs=lambda _, embeds: torch.stack([score(json.loads(ids)) for ids in embeds]))
        self.programs = predict, serve_vllm
        for module in self.programs:
            for name, value in {"load_base": lambda *_: (tokenizer, model), "log_probs": lambda _, __, ___, ids: score(ids), "prompt_embeds": lambda _, __, ids, answer: json.dumps(ids), "Server": lambda url: server}.items():
                if hasattr(module, name): self.enterContext(mock.patch.object(module, name, value))

    def run_main(self, module, case: dict) -> tuple[int, str]:
        from made import package, version, voice

        of = version([voice(case.get("template", TEMPLATE), list(LABELS), [[0] * 3] * 2)], threshold={"value": THRESHOLD})
        made = package(of, {label: [i] for i, label in enumerate(LABELS)}, {"weights": None})
        (self.folder / "prompt.json").write_text(json.dumps(made), "utf-8")
        arguments = ["program", str(self.file(case)), str(self.out), "--package", str(self.folder), "--text", case.get("text", "text")]
        with mock.patch.object(sys, "argv", arguments), contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()):
            try: module.main()
            except SystemExit as end: return int(end.code or 0), said.getvalue().strip()
        return 0, said.getvalue().strip()

    def test_every_file_is_answered_or_refused_as_by_the_studio(self) -> None:
        for module in self.programs:
            for case in CASES:
                if module is not self.programs[0] and "repeat" in case: continue  # rows_file.py has read it
                with self.subTest(program=module.__name__, case=case["case"]):
                    self.out.unlink(missing_ok=True)
                    code, said = self.run_main(module, case)
                    if "refused" in case:
                        self.assertEqual((code, said), (WRONG_USE if case.get("isWrongUse") else 1, case["refused"]))
                        self.assertFalse(self.out.exists())
                        continue
                    self.assertEqual(code, 0, said)
                    skipped = [f"{case['file']}: {rows_file.counted(len(case['rejected']), 'row')} skipped, the first in line {line}: {reason}" for line, reason in case["rejected"][:1]]
                    self.assertEqual(said.split("\n"), [*skipped, case["account"]])
                    self.assert_answers(case)


if __name__ == "__main__":
    unittest.main()
