"""serve_vllm.py against servers that answer as vLLM does, without vLLM.   python -m unittest tools/export/test_serve.py

MANY_ROWS=1000000 sets how long the file of the memory test is."""

from __future__ import annotations

import base64
import contextlib
import csv
import http.server
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import zlib
from pathlib import Path
from unittest import mock

os.environ["HF_HUB_OFFLINE"] = "1"
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
import predict
import serve_vllm
from made import version, voice
from test_programs import TINY, Programs

HERE = Path(__file__).resolve().parent


class Server:
    """Answers /v1/models and /v1/completions; `score(embeds)` gives what a token's log-probability is looked up in."""

    def __init__(self, score, longest: int = 2048, knows_token_ids: bool = True) -> None:
        self.score, self.longest, self.knows, self.requests, self.before = score, longest, knows_token_ids, [], lambda count: None
        self.rows = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self, value, status: int = 200) -> None:
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.reply({"data": [{"id": "served", "max_model_len": outer.longest}]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(len(body["prompt_embeds"]))
                outer.rows += outer.requests[-1]
                try:
                    outer.before(len(outer.requests))
                    self.reply({"choices": [outer.choice(index, embeds, body) for index, embeds in enumerate(body["prompt_embeds"])]})
                except ValueError as error:
                    self.reply({"error": {"message": str(error)}}, 400)

            def log_message(self, *args) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def choice(self, index: int, embeds: str, body: dict) -> dict:
        score = self.score(embeds)
        asked = body["logprob_token_ids"] if self.knows else []
        return {"index": index, "logprobs": {"top_logprobs": [{f"token_id:{token}": score(token) for token in [0, *asked]}]}}

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def by_content(embeds: str):
    """An answer that depends on the whole row, so that a row mixed up with another shows."""
    value = zlib.crc32(embeds.encode())
    return lambda token: -1 - (value ^ (token * 0x9E3779B1 & 0xFFFFFFFF)) % 977 / 300


class Serving(Programs):
    """Only the fixtures of Programs; its tests run in its own file."""

    def setUp(self) -> None:
        super().setUp()
        self.write("suffix")
        self.out = self.folder / "out.csv"

    def serve(self, score=by_content, **options) -> Server:
        server = Server(score, **options)
        self.addCleanup(server.close)
        return server

    def ask(self, server: Server, data: Path, *more: object) -> str:
        return self.run_main(serve_vllm, data, self.out, "--package", self.package, "--weights", TINY, "--url", server.url, *more)

    def rows(self, count: int, width: int = 0, different: int = sys.maxsize) -> Path:
        data = self.folder / f"{count}.csv"
        with open(data, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "text", "note"])
            for i in range(count):
                writer.writerow([i, f'message, "{i % different}"\nof two lines', "x" * width])
        return data

    def read(self) -> list[dict]:
        with open(self.out, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def changed(self, **fields) -> None:
        file = self.package / "prompt.json"
        file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **fields}), "utf-8")

    def tiny(self):
        """A score by the tiny model, of the embeddings that were sent."""
        _, _, model = self.opened(self.package)

        def score(embeds: str):
            tensor = torch.load(io.BytesIO(base64.b64decode(embeds)), weights_only=True)
            with torch.no_grad():
                found = torch.log_softmax(model(inputs_embeds=tensor[None], use_cache=False).logits[0, -1].double(), -1)
            return lambda token: found[token].item()

        return score

    def test_answers_are_those_of_predict_for_words_of_one_and_of_several_tokens(self) -> None:
        server, (prompt, text, _) = self.serve(self.tiny()), self.opened(self.package)
        tokens, labels = [ids[0] for ids in text.labels], prompt["version"]["prompt"]["task"]["labels"]
        several = [[tokens[0]], [tokens[0], tokens[1]], [tokens[2], tokens[0], tokens[1]]]
        for words in ([[token] for token in tokens[:3]], several):
            named = [label for label, _ in zip(labels, words)]
            with self.subTest(words=words):
                of = version([voice("{text}", named, text.vectors.numpy(), "suffix")], calibration={"meanLogProbs": [-0.4, -1.9, -0.9][: len(named)]}, threshold={"value": 0.5})
                self.changed(version=of, tokens=[{"text": label, "ids": ids} for label, ids in zip(named, words)])
                self.run_main(predict, self.folder / "data.csv", self.folder / "want.csv", "--package", self.package, "--weights", TINY)
                with mock.patch.object(serve_vllm, "MOST_TOKENS", 2):
                    self.ask(server, self.folder / "data.csv", "--rows", 3)
                with open(self.folder / "want.csv", newline="", encoding="utf-8") as file:
                    want = list(csv.DictReader(file))
                got = self.read()
                for a, b in zip(got, want, strict=True):
                    self.assertAlmostEqual(float(a.pop("confidence")), float(b.pop("confidence")), delta=2e-6)
                    self.assertEqual(a, b)
                self.assertEqual(len(serve_vllm.prefixes(self.opened(self.package)[1])), 1 if words is not several else 4)
                self.assertGreater(len({row["prediction"] for row in got}), 1)

    def test_check_rows_from_a_server_agree_and_a_wrong_server_is_noticed(self) -> None:
        arguments = ["--check-server", "--package", self.package, "--weights", TINY, "--url"]
        self.assertRegex(self.run_main(serve_vllm, *arguments, self.serve(self.tiny()).url), r"no predictions change, .+e-0[5-9]")
        with self.assertRaisesRegex(SystemExit, "do not agree"):
            self.run_main(serve_vllm, *arguments, self.serve().url)

    def test_a_thousand_rows_arrive_in_order_whatever_the_pieces_are(self) -> None:
        data, server = self.rows(1000), self.serve()
        self.ask(server, data)
        self.assertEqual(sorted(server.requests), [8] + [32] * 31)  # two are under way at a time
        want = self.out.read_bytes()
        self.assertEqual([row["id"] for row in self.read()], [str(i) for i in range(1000)])
        self.ask(server, data, "--rows", 7, "--parallel", 1)
        self.assertEqual(self.out.read_bytes(), want)
        self.assertEqual([file.name for file in self.folder.glob("out.csv*")], ["out.csv"])

    def test_a_server_that_fails_loses_no_row_and_doubles_none(self) -> None:
        data, server = self.rows(1000), self.serve()
        self.ask(server, data)
        want = self.out.read_bytes()
        self.out.unlink()
        for last in (3, 7, 8):
            server.requests.clear()

            def before(count: int) -> None:
                if count >= last:
                    raise ValueError("no more")

            server.before = before
            with self.assertRaisesRegex(SystemExit, "refused a request .400.: .*no more"):
                self.ask(server, data)
            self.assertFalse(self.out.exists())
            with open(self.folder / "out.csv.part", "ab") as file:  # written after the last save
                file.write(b'7,"half a row')
        server.before = lambda count: None
        self.assertRegex(self.ask(server, data), r"continues after them.\n.*: 1,000 rows")
        self.assertEqual(self.out.read_bytes(), want)

    def test_a_killed_process_loses_no_row_and_doubles_none(self) -> None:
        data, server = self.rows(1000), self.serve()
        self.ask(server, data)
        want, kept = self.out.read_bytes(), []
        self.out.unlink()
        program = "import serve_vllm; serve_vllm.SAVE_EVERY = 0; serve_vllm.main()"
        for last in (1, 6, 11, None):
            server.requests.clear()
            client = subprocess.Popen([sys.executable, "-c", program, str(data), str(self.out), "--package", str(self.package), "--weights", str(TINY), "--url", server.url], cwd=HERE, stdout=subprocess.PIPE)
            server.before = lambda count: os.kill(client.pid, signal.SIGKILL) if count == last else None
            client.communicate()
            self.assertEqual(client.returncode, 0 if last is None else -signal.SIGKILL)
            with contextlib.suppress(FileNotFoundError):
                kept.append(json.loads((self.folder / "out.csv.part.json").read_text("utf-8"))["rows"])
        self.assertEqual(self.out.read_bytes(), want)
        self.assertTrue(kept and kept == sorted(kept) and 0 < kept[-1] < 1000, kept)

    def test_continues_only_with_the_same_prompt_file_and_settings(self) -> None:
        data, server = self.rows(100), self.serve()

        def begin() -> None:
            server.requests.clear()
            server.before = self.failing
            with self.assertRaises(SystemExit):
                self.ask(server, data)
            server.before = lambda count: None

        begin()
        for more in (["--threshold", "0.5"], ["--text", "note"]):
            with self.assertRaisesRegex(SystemExit, "another prompt, file or setting"):
                self.ask(server, data, *more)
        with self.assertRaisesRegex(SystemExit, "another prompt, file or setting"):
            self.ask(server, self.rows(101))
        state = self.folder / "out.csv.part.json"
        good = json.loads(state.read_text("utf-8"))
        for bad in ("", "null", "[]", "{}", "NaN", json.dumps({**good, "bytes": 10**12}), json.dumps({**good, "rows": -1}), json.dumps({**good, "rows": "x"})):
            state.write_text(bad, "utf-8")
            with self.subTest(bad=bad), self.assertRaisesRegex(SystemExit, "is damaged: delete it"):
                self.ask(server, data)
        self.changed(name="another")
        state.write_text(json.dumps(good), "utf-8")
        with self.assertRaisesRegex(SystemExit, "another prompt, file or setting"):
            self.ask(server, data)
        state.unlink()
        self.assertIn("100 rows", self.ask(server, data))

    @staticmethod
    def failing(count: int) -> None:
        if count > 2:
            raise ValueError("no more")

    def test_rows_that_the_server_cannot_read_have_no_answer_and_go_to_a_person(self) -> None:
        data = self.folder / "long.csv"
        data.write_text("text\nshort\n" + "long " * 200 + "\nshort too\n", "utf-8")
        said = self.ask(self.serve(longest=100), data, "--threshold", "0.01")
        self.assertEqual([bool(row["prediction"]) for row in self.read()], [True, False, True])
        self.assertEqual([row["needs_review"] for row in self.read()], ["false", "true", "false"])
        self.assertIn("The server reads 100 tokens", said)

    def test_says_what_is_wrong_with_a_table_or_a_server(self) -> None:
        server, data = self.serve(), self.folder / "bad.csv"
        for content, said in (
            (b"id,words\n1,a\n", "has no column “text”"),
            (b"text\na,b\n", "line 2: it has 2 cells, the header has 1"),
            (b"", "bad.csv is empty"),
        ):
            data.write_bytes(content)
            with self.subTest(said=said), self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()) as stderr:
                self.ask(server, data)
            self.assertIn(said, stderr.getvalue())
            self.assertEqual(list(self.folder.glob("out.csv*")), [])
        data.write_bytes(b"text\na\n")
        with self.assertRaisesRegex(SystemExit, "needs vLLM 0.26 or newer"):
            self.ask(self.serve(knows_token_ids=False), data)
        server.close()
        with self.assertRaisesRegex(SystemExit, "Is the server running"):
            self.ask(server, data)

    def test_memory_does_not_grow_with_a_file_whose_run_is_killed_half_way(self) -> None:
        """Texts repeat after 500 lines, so that the first answers say what the whole file must be; `id` and order show a row that is missing or doubled."""
        server, few, many = self.serve(), 500, int(os.environ.get("MANY_ROWS", "8000"))

        def peak(count: int, last: int | None = None) -> float:
            """MiB that the program used; with `last` it is killed when it asks for that row."""
            server.rows, held, began = 0, 0, time.monotonic()
            command = [sys.executable, "-m", "serve_vllm", self.rows(count, 32_000_000 // many, few), self.out, "--package", self.package, "--weights", TINY, "--url", server.url]
            client = subprocess.Popen([str(part) for part in command], cwd=HERE, stdout=subprocess.PIPE, text=True)

            def before(_: int) -> None:
                nonlocal held
                held = max(held, int(Path(f"/proc/{client.pid}/status").read_text().split("VmHWM:")[1].split()[0]))
                if last is not None and server.rows >= last: os.kill(client.pid, signal.SIGKILL)

            server.before = before
            said = client.communicate()[0].splitlines() or ["killed"]
            print(f"{server.rows} rows were asked for in {time.monotonic() - began:.0f} s, {held / 1024:.0f} MiB: {said}", file=sys.stderr)
            self.assertEqual(client.returncode, 0 if last is None else -signal.SIGKILL)
            return held / 1024

        peaks = [peak(few)]
        answers = [list(row.values())[-2:] for row in self.read()]
        self.out.unlink()
        peaks.append(peak(many, many // 2))
        state = self.folder / "out.csv.part.json"
        kept = json.loads(state.read_text("utf-8"))["rows"] if state.exists() else 0
        peaks.append(peak(many))
        self.assertEqual(server.rows, many - kept)
        with open(self.out, newline="", encoding="utf-8") as got, open(self.folder / f"{many}.csv", newline="", encoding="utf-8") as asked:
            line, row = csv.reader(asked), io.StringIO()
            for i, cells in enumerate(line):
                row.seek(0), row.truncate()
                csv.writer(row).writerow([*cells, *(answers[(i - 1) % few] if i else ["prediction", "confidence"])])
                if got.read(len(row.getvalue())) != row.getvalue(): self.fail(f"line {i} of the file is another one")
            self.assertEqual(got.read(), "")
        self.assertLess(max(peaks) - peaks[0], 16)


for name in [name for name in vars(Programs) if name.startswith("test_")]:
    setattr(Serving, name, None)
del Programs  # so that unittest runs its tests in its own file only

if __name__ == "__main__":
    unittest.main()
