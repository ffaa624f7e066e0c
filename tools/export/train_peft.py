"""Usage: accelerate launch train_peft.py DATA.csv --text COLUMN --label COLUMN --out FOLDER   (pip install torch transformers accelerate peft gguf safetensors)

Trains the prompt in this folder again, from your own CSV: the same text around the row, answer words, settings and seed, the
page's own split and order of rows. One process or many GPUs: `accelerate launch` decides; several processes without a GPU are
started by `ACCELERATE_USE_CPU=true torchrun --nproc-per-node 2 train_peft.py ...`, with the result of one. A prompt before the text is trained
with PEFT and saved as PEFT saves it; one in another place, which PEFT cannot do, by the same loop on its embeddings. The new folder
has check rows of its own: predict.py runs on it, and the studio imports it. No row of the CSV is in it.

--steps, --batch-size, --rate, --seed, --virtual-tokens change what prompt.json says; --train-rows and --validation-rows
take the first rows of those parts; --split COLUMN names a column with train, validation and test; --from-vectors starts from the vectors of this folder."""
import base64, datetime, json, math, re, sys, unicodedata
from pathlib import Path
import numpy as np, torch
from accelerate import Accelerator
from predict import Prompt, arguments, embed, encode, load_base, load_package, log_probs, multiplier, read_table, render, row_ids, sequence
from rows_file import trim


class Random:
    """mulberry32, as the studio draws: `int` below n, and Fisher-Yates."""
    def __init__(self, seed): self.state = seed & 0xFFFFFFFF
    def next(self):
        self.state = s = (self.state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((s ^ (s >> 15)) * (s | 1)) & 0xFFFFFFFF
        t ^= (t + ((t ^ (t >> 7)) * (t | 61))) & 0xFFFFFFFF
        return ((t ^ (t >> 14)) & 0xFFFFFFFF) / 4294967296
    def int(self, n): return math.floor(self.next() * n)
    def shuffled(self, items):
        out = list(items)
        for i in range(len(out) - 1, 0, -1):
            j = self.int(i + 1)
            out[i], out[j] = out[j], out[i]
        return out


SPACE = re.compile("[\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+")
key = lambda text: SPACE.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip(" ")


def text_hash(text):
    """How prompt.json names a row without holding its text: FNV-1a over UTF-16 units."""
    value, units = 0x811C9DC5, key(text).encode("utf-16-le", "surrogatepass")
    for low, high in zip(units[::2], units[1::2]): value = ((value ^ (low | high << 8)) * 0x01000193) & 0xFFFFFFFF
    return f"{value:08x}"


def page_split(rows, text, hashes):
    """Indices of the three parts, in the page's order: each row is where the page had its text."""
    known = {}
    for i, row in enumerate(rows): known.setdefault(text_hash(row[text]), []).append(i)
    part = lambda name: [known[h].pop(0) for at in range(0, len(hashes[name]), 8) if known.get(h := hashes[name][at : at + 8])]
    return part("train"), part("validation"), part("test")


def new_split(count, seed):
    """For a prompt that says nothing of its rows: drawn by the seed, 50/15/35."""
    order = Random(seed).shuffled(range(count))
    return order[: count // 2], order[count // 2 : count * 65 // 100], order[count * 65 // 100 :]


def plain(value):
    """As prompt.json has it: vectors in base64, and names that begin like that escaped."""
    if isinstance(value, np.ndarray): return {"$float32": base64.b64encode(value.astype("<f4").tobytes()).decode()}
    if isinstance(value, list): return [plain(each) for each in value]
    return {"$" + name if name.startswith("$") else name: plain(each) for name, each in value.items()} if isinstance(value, dict) else value


class Vectors(torch.nn.Module):
    """Vectors after the text, or before its cue: what PEFT's model is for vectors before the text."""
    def __init__(self, base, vectors):
        super().__init__()
        self.base, self.vectors = base, torch.nn.Parameter(vectors)


def main():
    parser = arguments(__doc__)
    parser.add_argument("csv", metavar="DATA.csv")
    parser.add_argument("--label", default="label", metavar="COLUMN")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--split", metavar="COLUMN")
    parser.add_argument("--from-vectors", action="store_true")
    for name in ("steps", "batch-size", "seed", "virtual-tokens", "train-rows", "validation-rows"): parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--rate", type=float)
    args = parser.parse_args()
    accelerator = Accelerator()
    say = accelerator.print
    package = load_package(args.package)
    prompt, run = Prompt(package, package["version"]), package["run"] or {"settings": {}, "initText": ""}
    if not prompt.labels or len(prompt.voices) > 1 or not prompt.texts: sys.exit("This program trains one text with vectors that chooses labels, and this prompt is another.")
    [text] = prompt.texts
    if text.keys is not None: sys.exit("This prompt is keys and values in every layer, which this program cannot train.")
    tokenizer, base = load_base(package, args.weights)
    base.requires_grad_(False)
    prompt.open(tokenizer, base)
    if text.shift is not None:  # PEFT trains vectors alone
        text.shift = None
        run["settings"].pop("answerVectors", None)
        say("The page trained the answer words too; here the vectors are trained alone, and the new prompt answers with the model's own words.")
    settings = {"steps": 150, "batchSize": 8, "learningRate": None, "warmupSteps": 10, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.0, "clipNorm": 1.0, "seed": 0, "validateEvery": 10, "patience": None, "metric": "accuracy", **(run["settings"] if run["settings"].get("steps") else {})}
    for name, value in (("steps", args.steps), ("batchSize", args.batch_size), ("seed", args.seed), ("learningRate", args.rate)):
        if value is not None: settings[name] = value

    names, labels = prompt.labels, text.labels
    single, index = all(len(ids) == 1 for ids in labels), {key(name): i for i, name in enumerate(names)}
    read = read_table(args.csv, prompt.templates, text=args.text, label=args.label, split=args.split)
    table = [row for _, row in read.rows if trim(row[args.text]) and trim(row[args.label])]
    unknown = {row[args.label] for row in table if key(row[args.label]) not in index}
    if unknown: sys.exit(f"The prompt knows no label {', '.join(sorted(unknown)[:5])}; it knows {', '.join(names)}")
    if args.split:
        part = lambda *of: [i for i, row in enumerate(table) if key(row[args.split]) in of]
        train, validation, test = part("train", "training"), part("validation", "valid", "dev"), part("test")
    else:
        hashes = (package["data"] or {}).get("textHashes")
        train, validation, test = page_split(table, args.text, hashes) if hashes else new_split(len(table), settings["seed"])
        named, found = sum(len(part) // 8 for part in (hashes or {}).values()), len(train) + len(validation) + len(test)
        say("A new split: the prompt does not say how the page split its rows." if not hashes else "The page's own split." if found == named else f"The page's own split, as far as it goes: {found} of its {named} rows are in this file.")
    if args.train_rows is not None: train = train[: args.train_rows]
    if args.validation_rows is not None: validation = validation[: args.validation_rows]
    if not train: sys.exit("There are no training rows.")
    say(f"{len(train)} training rows, {len(validation)} validation rows, {len(test)} test rows, which are not used.")
    rows = [(row_ids(tokenizer, text, render(text.template, row, args.text)), index[key(row[args.label])]) for row in table]

    count = args.virtual_tokens or len(text.vectors) or 10
    table_of = base.get_input_embeddings().weight.detach()
    kind, start = settings.get("initialisation", {}).get("kind"), encode(tokenizer, run["initText"])
    if kind == "answer-words" or not start: start = [token for ids in labels for token in ids]
    if kind == "vocabulary":
        top, random = min(5000, len(table_of)), Random(settings["seed"])
        low = min(300, top // 2)
        start = [low + random.int(top - low) for _ in range(count)]
    scale = multiplier(package)
    first = text.vectors if args.from_vectors else table_of[[start[j % len(start)] for j in range(count)]] * scale
    count = len(first)
    rms = table_of.double().pow(2).mean().sqrt().item() * scale
    rate = settings["learningRate"] or 0.07 * rms
    own = scale if text.placement == "prefix" else 1.0  # PEFT's vectors come before the model's multiplier

    if text.placement == "prefix":
        from peft import PromptTuningConfig, get_peft_model
        base.name_or_path = base.config._name_or_path = package["model"]["id"]
        model = get_peft_model(base, PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=count))
        model.prompt_encoder["default"].embedding.weight.data.copy_(first / own)
        current = lambda: model.prompt_encoder["default"].embedding.weight
    else:
        model = Vectors(base, first.clone())
        current = lambda: model.vectors
    model.to(accelerator.device)
    parameters = [current()]

    def logits(batch, answers):
        """Rows (padded on the right, which what comes before cannot see) -> logits at the last position before each answer."""
        longest = max(len(ids) + len(answer) for (ids, _), answer in zip(batch, answers))
        device, vectors = accelerator.device, current()
        emb = lambda ids: embed(base, ids).to(device)[0]
        if text.placement == "prefix":
            embeds = torch.stack([torch.nn.functional.pad(emb([*ids, *answer]), (0, 0, 0, longest - len(ids) - len(answer))) for (ids, _), answer in zip(batch, answers)])
            mask = torch.tensor([[1] * (len(ids) + len(answer)) + [0] * (longest - len(ids) - len(answer)) for (ids, _), answer in zip(batch, answers)], device=device)
            out = model(inputs_embeds=embeds, attention_mask=mask, use_cache=False).logits
        else:
            whole = [sequence(base, vectors, text, ids, answer)[0].to(device) for (ids, _), answer in zip(batch, answers)]
            out = base(inputs_embeds=torch.stack([torch.nn.functional.pad(row, (0, 0, 0, longest + count - len(row))) for row in whole]), use_cache=False).logits
        return [out[i, len(ids) + count - 1 : len(ids) + count + len(answers[i])] for i, (ids, _) in enumerate(batch)]

    counts = [sum(rows[i][1] == c for i in train) for c in range(len(names))]
    weight = lambda label: len(train) / (len(names) * counts[label]) if settings.get("classWeights") else 1.0

    def batch_loss(batch, whole):
        """The part of the mean over `whole` rows that these rows are."""
        answers = [[] if single else labels[label][:-1] for _, label in batch]
        total = 0.0
        for (_, label), out in zip(batch, logits(batch, answers)):
            target = torch.tensor([label] if single else labels[label], device=out.device)
            total = total + weight(label) * torch.nn.functional.cross_entropy(out[:, [ids[0] for ids in labels]] if single else out, target)
        return total / whole

    @torch.no_grad()
    def answers_of(part):
        if not single: return [int(log_probs(base, current().detach() * own, text, rows[i][0]).argmax()) for i in part]
        chunks = [[rows[i] for i in part[at : at + 16]] for at in range(0, len(part), 16)]
        return [int(out[0, [ids[0] for ids in labels]].argmax()) for chunk in chunks for out in logits(chunk, [[]] * len(chunk))]

    def validate():
        return sum(found == rows[i][1] for i, found in zip(validation, answers_of(validation))) / len(validation)

    optimiser = torch.optim.AdamW(parameters, lr=rate / own, betas=(settings["beta1"], settings["beta2"]), eps=settings["epsilon"], weight_decay=settings["weightDecay"])
    steps, warm = settings["steps"], settings["warmupSteps"]
    random, pending, best, without = Random(settings["seed"]), [], (-1.0, 0, current().detach().clone()), 0
    me, world = accelerator.process_index, accelerator.num_processes
    if world > 1: say(f"{world} processes share each batch.")
    for step in range(1, steps + 1):
        batch = []
        while len(batch) < min(settings["batchSize"], len(train)):
            if not pending: pending = random.shuffled(range(len(train)))
            more = min(settings["batchSize"], len(train)) - len(batch)
            batch, pending = batch + pending[:more], pending[more:]
        share = step / warm if step <= warm else (1 + math.cos(math.pi * (step - warm) / (steps - warm + 1))) / 2
        for group in optimiser.param_groups: group["lr"] = rate / own * share
        mine = [rows[train[i]] for i in batch][me::world]
        loss = batch_loss(mine, len(batch)) if mine else current().sum() * 0.0
        optimiser.zero_grad()
        accelerator.backward(loss)
        parameters[0].grad = accelerator.reduce(parameters[0].grad, "sum")
        torch.nn.utils.clip_grad_norm_(parameters, settings["clipNorm"])
        optimiser.step()
        if validation and (step % settings["validateEvery"] == 0 or step == steps):
            accuracy = validate()
            say(f"step {step} of {steps}: loss {accelerator.reduce(loss.detach(), 'sum').item():.4f}, validation {100 * accuracy:.1f}%")
            without = 0 if accuracy > best[0] else without + 1
            if accuracy > best[0]: best = (accuracy, step, current().detach().clone())
            if settings["patience"] and without >= settings["patience"]: break
    if not validation: best = (-1.0, steps, current().detach().clone())
    current().data.copy_(best[2])

    if not accelerator.is_main_process: return
    args.out.mkdir(parents=True, exist_ok=True)
    text.vectors = best[2].cpu() * own
    if text.placement == "prefix": model.save_pretrained(args.out)
    soft = {"placement": text.placement, "vectors": text.vectors.numpy().astype("<f4"), "virtualTokens": count, "hidden": text.vectors.shape[1]}
    voice = {**text.voice, "soft": soft}
    checked = [{**row, "logProbs": log_probs(base.cpu(), text.vectors, text, row["inputIds"]).tolist()} for row in package["checkRows"]]
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    accuracy = best[0] if validation else None
    trained = {**package["run"], "settings": {**settings, "virtualTokens": count, "trainRows": len(train), "learningRate": rate}, "bestStep": best[1], "status": "finished", "seconds": None, "validationAccuracy": accuracy, "validationRows": len(validation)} if package["run"] else None
    version = {**package["version"], "prompt": {**package["version"]["prompt"], "voices": [voice], "calibration": None, "threshold": None}}
    made = {**package, "producer": "train_peft.py", "createdAt": now, "version": version, "run": trained, "checkRows": checked, **dict.fromkeys(("data", "results", "policy", "fallback", "untuned")), "userRows": 0}
    (args.out / "prompt.json").write_text(json.dumps(plain(made), ensure_ascii=False, indent=2) + "\n", "utf-8")
    say(f"Written to {args.out}{f': {100 * best[0]:.1f}% of the validation rows, step {best[1]}' if validation else ''}")


if __name__ == "__main__": main()
