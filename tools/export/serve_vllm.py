"""Usage: python serve_vllm.py IN.csv OUT.csv [--text COLUMN] [--url http://localhost:8000] | --check | --check-server | --write-model FOLDER   (pip install torch transformers accelerate gguf safetensors)

Asks a vLLM server for the answers of the soft prompt in this folder: builds the embeddings of each row with its vectors and sends
them as `prompt_embeds`. serve_vllm.md says how the server is started. --write-model saves the page's own weights as the folder that
it serves, with the answer words' output vectors where those were trained too, so that the folder is this prompt's alone. --check compares the
embeddings, run by transformers here, with the check rows; --check-server asks the server for them instead.

IN.csv is read, and its rows are refused, as by predict.py. A file may have millions of rows: they are sent in pieces (--rows), several at a time (--parallel), and never held together. Answers
are collected in OUT.csv.part; when the program ends early, the same command continues where it was. Where the prompt has a threshold,
needs_review is true for answers that are less probable; --threshold P replaces it, 0 takes all."""
import base64, collections, concurrent.futures, csv, hashlib, io, itertools, json, os, sys, time, urllib.error, urllib.request
from pathlib import Path
import torch
from predict import Prompt, answer_names, arguments, load_base, load_package, predicted, read_table, room, row_ids, sequence, untied
from rows_file import account, answer_line, answered, TOO_LONG, counted, csv_line, fitting, free_names, reasons_of, render

OLDEST = "0.26"  # earlier ones do not know logprob_token_ids in completions
MOST_PROMPTS, MOST_TOKENS = 1024, 128  # of one request: VLLM_MAX_COMPLETION_PROMPTS, and how long logprob_token_ids may be
SAVE_EVERY = 2.0  # seconds of work that a sudden end may cost


def prompt_embeds(model, text, ids, answer=()):
    """What the server reads instead of tokens: [tokens with vectors, hidden], float32, as torch.save writes it, in base64."""
    with torch.no_grad(): embeds = sequence(model, text.vectors, text, ids, answer)[0].contiguous()
    buffer = io.BytesIO()
    torch.save(embeds, buffer)
    return base64.b64encode(buffer.getvalue()).decode()


def prefixes(text):
    """What the model has read of an answer before each of its tokens, every one once: () alone where all answer words are one token."""
    return list(dict.fromkeys(tuple(ids[:at]) for ids in text.labels for at in range(len(ids))))


def requests_of(text, embeds, model="softprompt"):
    """Requests for rows whose embeddings (each row with each prefix, in this order) are given: the log-probability, among all
    tokens, of those that answer words are made of. One token is generated and not used. No `prompt`: an empty one beside the embeddings would be one more."""
    tokens = list(dict.fromkeys(token for ids in text.labels for token in ids))
    return [
        {"model": model, "prompt_embeds": embeds, "max_tokens": 1, "temperature": 0, "logprobs": 1, "logprob_token_ids": tokens[at : at + MOST_TOKENS], "return_tokens_as_token_ids": True}
        for at in range(0, len(tokens), MOST_TOKENS)
    ]


def log_probs_of(text, answers):
    """The server's answers to requests_of -> log-probability of every label, [rows, labels], as predict.py has it: among the answer
    words where each is one token, else the mean over a word's tokens, among all words."""
    starts, found = prefixes(text), collections.defaultdict(dict)
    for answer in answers:
        for choice in answer["choices"]: found[choice["index"]].update(choice["logprobs"]["top_logprobs"][0])

    def of(row, ids):
        try: return sum(found[row * len(starts) + starts.index(tuple(ids[:at]))][f"token_id:{token}"] for at, token in enumerate(ids)) / len(ids)
        except KeyError: sys.exit(f"The server gave no probability for an answer word. It needs vLLM {OLDEST} or newer, which reads logprob_token_ids.")
    return torch.log_softmax(torch.tensor([[of(row, ids) for ids in text.labels] for row in range(len(found) // len(starts))], dtype=torch.float64), -1)


class Server:
    """A vLLM server: the model that it serves, and how many tokens a prompt may have."""
    def __init__(self, url):
        self.url = url.rstrip("/")
        card = self.ask("/v1/models")["data"][0]
        self.model, self.longest = card["id"], card.get("max_model_len") or sys.maxsize

    def ask(self, path, body=None):
        request = urllib.request.Request(self.url + path, None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=600) as answer: return json.load(answer)
        except urllib.error.HTTPError as error: sys.exit(f"The server refused a request ({error.code}): {error.read(2000).decode('utf-8', 'replace')}")
        except (OSError, ValueError) as error: sys.exit(f"No answer from {self.url}: {error}. Is the server running? The same command continues where this one ended.")

    def log_probs(self, text, embeds):
        answers = [self.ask("/v1/completions", body) for body in requests_of(text, embeds, self.model)]
        if any(len(answer["choices"]) != len(embeds) for answer in answers): sys.exit(f"{self.url} gave another number of answers than it was asked for.")
        return log_probs_of(text, answers)


def in_order(work, pieces, parallel):
    """`work` of each piece, in order, with up to `parallel` pieces under way and no more of them in memory."""
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        waiting = collections.deque()
        try:
            for piece in pieces:
                waiting.append(pool.submit(work, piece))
                if len(waiting) >= parallel: yield waiting.popleft().result()
            while waiting: yield waiting.popleft().result()
        finally:
            for future in waiting: future.cancel()


def digest(files, *more):
    """Names what OUT.csv is made of: the content of files, and settings."""
    sha = hashlib.sha256(json.dumps(more).encode())
    for file in files:
        with open(file, "rb") as source:
            while block := source.read(1 << 20): sha.update(block)
    return sha.hexdigest()


class Answers:
    """OUT.csv while it grows: OUT.csv.part, and OUT.csv.part.json, which says how many rows and bytes of it are complete. What a
    sudden end left beyond that is cut off, and those rows are asked again: no row is lost and none is there twice."""
    def __init__(self, out, of):
        self.out, self.part, self.state, self.of = Path(out), Path(f"{out}.part"), Path(f"{out}.part.json"), of
        rows, size, left = 0, 0, {}
        if self.part.exists() and self.state.exists():
            try:
                state = json.loads(self.state.read_text("utf-8"))
                same, rows, size, left = state["of"] == of, int(state["rows"]), int(state["bytes"]), dict(state["leftOut"])
                if not (0 <= rows and 0 <= size <= self.part.stat().st_size): raise ValueError
            except (ValueError, TypeError, KeyError): sys.exit(f"{self.state} is damaged: delete it to begin again.")
            if not same: sys.exit(f"{self.part} belongs to another prompt, file or setting: delete it, or name another OUT.csv.")
        self.file = open(self.part, "r+b" if rows else "wb")
        if rows: self.file.truncate(size), self.file.seek(size)
        self.done = (rows, size, left) if rows else (0, 0, {})  # assigned as one: an interrupt leaves all or none
        self.saved = time.monotonic()

    def write(self, lines):
        """Adds whole lines; a header is no row."""
        self.file.write(lines.encode("utf-8"))

    @property
    def rows(self): return self.done[0]

    @property
    def left_out(self):
        """Rows without an answer, by the reason."""
        return self.done[2]

    def add(self, lines, answers):
        self.write(lines)
        self.done = self.rows + len(answers), self.file.tell(), collections.Counter(self.left_out) + reasons_of(answers)
        if time.monotonic() - self.saved >= SAVE_EVERY: self.save()

    def save(self):
        self.file.flush(), os.fsync(self.file.fileno())
        new = Path(f"{self.state}.new")
        new.write_text(json.dumps({"of": self.of, "rows": self.done[0], "bytes": self.done[1], "leftOut": self.left_out}), "utf-8")
        os.replace(new, self.state)
        self.saved = time.monotonic()

    def finish(self):
        """Where every row has an answer, the column that would say why one has none goes."""
        self.save(), self.file.close()
        if not self.left_out:
            csv.field_size_limit(sys.maxsize)
            whole = Path(f"{self.part}.new")
            with open(self.part, newline="", encoding="utf-8") as source, open(whole, "w", newline="", encoding="utf-8") as target: target.writelines(csv_line(cells[:-1]) for cells in csv.reader(source))
            os.replace(whole, self.out), self.part.unlink()
        else: os.replace(self.part, self.out)
        self.state.unlink()


def pieces_of(rows, count):
    while piece := list(itertools.islice(rows, count)): yield piece


def answer_file(prompt, table, answers, column, embeds_of, log_probs, rows, parallel, threshold):
    """The rows of a table, from the first that `answers` lacks, as predict.py answers them. `embeds_of` the cells of a row is its
    list of prompt embeddings; it raises Refused where the model cannot read so many tokens."""
    names = answer_names(threshold)
    if answers.rows: collections.deque(itertools.islice(table.rows, answers.rows), maxlen=0)
    else: answers.write(csv_line([*table.columns, *free_names(table.columns, [*names, "not_answered"])]))

    def ready():
        for piece in pieces_of(table.rows, max(1, min(rows, MOST_PROMPTS // len(prefixes(prompt.texts[0]))))): yield piece, list(answered(piece, column, embeds_of))

    def scored(work):
        piece, embeds = work
        sent = [embed for of_row in embeds if not isinstance(of_row, str) for embed in of_row]
        scores = iter(torch.log_softmax(log_probs(sent) - prompt.less, -1) if sent else [])
        return [(cells, of_row if isinstance(of_row, str) else predicted(prompt.labels, next(scores), threshold)) for (_, cells), of_row in zip(piece, embeds)]

    for piece in in_order(scored, ready(), parallel):
        answers.add("".join(answer_line(cells, names, answer) for cells, answer in piece), [answer for _, answer in piece])


def dense(model):
    """The model without the mark of the GGUF file that its weights were read from, in float32, which transformers refuses to save."""
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"): del model.config.quantization_config
    return model


def check(rows, less, log_probs, limit, how):
    """`log_probs`: token ids of a check row -> log-probability of every label. `less`: what calibration subtracts."""
    want = torch.tensor([row["logProbs"] for row in rows], dtype=torch.float64)
    got = torch.stack([torch.log_softmax(log_probs(row["inputIds"]) - less, -1) for row in rows])
    off, changed = (got - want).abs().max().item(), int((got.argmax(1) != want.argmax(1)).sum())
    print(f"{len(want)} check rows {how}: {changed or 'no'} predictions change, largest log-probability difference {off:.2e}")
    if off > limit or changed: sys.exit("The check rows do not agree.")


def main():
    parser = arguments(__doc__)
    parser.add_argument("csv", nargs="*", metavar="IN.csv OUT.csv")
    parser.add_argument("--url", default="http://localhost:8000")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--check-server", action="store_true")
    parser.add_argument("--write-model", type=Path, metavar="FOLDER")
    parser.add_argument("--rows", type=int, default=32, metavar="N", help="rows of one request")
    parser.add_argument("--parallel", type=int, default=4, metavar="N", help="requests under way")
    parser.add_argument("--threshold", type=float, metavar="P")
    args = parser.parse_args()
    if len(args.csv) not in (0, 2) or not (args.csv or args.check or args.check_server or args.write_model): parser.error("give IN.csv and OUT.csv, or --check, --check-server or --write-model")
    if args.rows < 1 or args.parallel < 1: parser.error("--rows and --parallel take 1 or more")
    package = load_package(args.package)
    prompt = Prompt(package, package["version"])
    if not prompt.labels: sys.exit("This prompt generates texts; serve_vllm.py asks for labels. Use predict.py.")
    if len(prompt.voices) > 1 or not prompt.texts: sys.exit("This prompt is several together, or counts words; serve_vllm.py asks one text. Use predict.py.")
    [text] = prompt.texts
    if text.keys is not None: sys.exit("This prompt is keys and values in every layer, which no server takes from a request. Use predict.py.")
    table = args.csv and read_table(args.csv[0], prompt.templates, limited=False, text=args.text)
    if package["policy"]: print("prompt.json has a policy, which this program does not follow: the tuned prompt answers alone. predict.py follows it.", file=sys.stderr)
    threshold = prompt.threshold(args.threshold)
    if threshold is not None and not 0 <= threshold <= 1: parser.error("--threshold takes a probability from 0 to 1, such as 0.8")
    tokenizer, model = load_base(package, args.weights)
    prompt.open(tokenizer, model)
    if text.shift is not None: untied(model)[[ids[0] for ids in text.labels]] += text.shift
    starts = prefixes(text)
    embeds = lambda ids: [prompt_embeds(model, text, ids, start) for start in starts]
    if args.write_model:
        dense(model).save_pretrained(args.write_model), tokenizer.save_pretrained(args.write_model)
        print(f"Written to {args.write_model}: serve it with --dtype float32")
    if args.check:
        def here(ids):
            read = [torch.load(io.BytesIO(base64.b64decode(one)), weights_only=True) for one in embeds(ids)]
            with torch.no_grad(): logits = [torch.log_softmax(model(inputs_embeds=one[None], use_cache=False).logits[0, -1].double(), -1) for one in read]
            return log_probs_of(text, [{"choices": [{"index": i, "logprobs": {"top_logprobs": [{f"token_id:{token}": of[token].item() for ids in text.labels for token in ids}]}} for i, of in enumerate(logits)]}])[0]
        check(package["checkRows"], prompt.less, here, 5e-3, "as prompt embeddings")
    if not (args.csv or args.check_server): return
    server = Server(args.url)
    if args.check_server: check(package["checkRows"], prompt.less, lambda ids: server.log_probs(text, embeds(ids))[0], 1e-2, f"from {args.url}")
    if args.csv:
        longest = min(room(model), server.longest - 1 - len(text.vectors) - max(map(len, starts)))  # one token is generated
        def embeds_of(cells):
            ids = row_ids(tokenizer, text, render(text.template, cells, args.text))
            fitting(len(ids), longest)
            return embeds(ids)
        file = args.package if args.package.is_file() else args.package / "prompt.json"
        answers = Answers(args.csv[1], digest([file, args.csv[0]], args.text, threshold))
        before, began = answers.rows, time.monotonic()
        if before: print(f"{before} rows are answered already; continues after them.")
        try:
            answer_file(prompt, table, answers, args.text, embeds_of, lambda sent: server.log_probs(text, sent), args.rows, args.parallel, threshold)
        except BaseException:
            answers.save(), answers.file.close()
            raise
        answers.finish()
        print(f"Written to {args.csv[1]}: {counted(answers.rows, 'row')}, {(answers.rows - before) / (time.monotonic() - began):.1f} a second")
        if longest < room(model) and answers.left_out.get(TOO_LONG): print(f"The server reads {server.longest} tokens: longer rows are answered when it is started with a larger --max-model-len.")
        print(account(len(table.said().rejected), answers.rows, answers.left_out), file=sys.stderr)


if __name__ == "__main__": main()
