"""Usage: python compare.py FOLDER RESULTS.json DATA.csv [--text COLUMN] [--weights FILE]

Label log-probabilities of an exported prompt on the rows of DATA.csv, by PEFT where the folder loads in it (unedited), else by
predict.py, against those that RESULTS.json (of `tune` or `evaluate`) has for its tuned prompt. Exit code 1: off by 0.001 or more."""
import json, sys
from pathlib import Path
import torch
from predict import Prompt, arguments, load_base, load_package, log_probs, read_table, render, row_ids

parser = arguments(__doc__)
parser.add_argument("files", nargs=3, type=Path, metavar="FOLDER RESULTS.json DATA.csv")
args = parser.parse_args()
folder, results, data = args.files
package = load_package(folder)
tokenizer, model = load_base(package, args.weights)
prompt = Prompt(package, package["version"]).open(tokenizer, model)
[text] = prompt.texts
table, names = read_table(data, text=args.text).rows, prompt.labels
rows = next(arm for arm in json.loads(results.read_text("utf-8"))["arms"] if arm["id"] == "tuned")["rows"]
by_peft = (folder / "adapter_config.json").exists()
if by_peft:
    import peft
    adapted = peft.PeftModel.from_pretrained(model, folder).eval()


@torch.no_grad()
def in_peft(ids):
    logits = adapted(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).logits[0, -1].double()
    return torch.log_softmax(logits[[ids[0] for ids in text.labels]], -1)


off = changed = 0
for row in rows:
    ids = row_ids(tokenizer, text, render(text.template, table[int(row["id"]) - 1][1], args.text))
    got = in_peft(ids) if by_peft else log_probs(model, text.vectors, text, ids)
    want = torch.tensor([row["logProbs"][name] for name in names], dtype=torch.float64)
    off, changed = max(off, (got - want).abs().max().item()), changed + int(got.argmax() != want.argmax())
how = f"PEFT {peft.__version__}" if by_peft else "predict.py"
print(f"{len(rows)} rows by {how}: largest log-probability difference {off:.2e}, {changed} answers differ")
sys.exit(off >= 1e-3)
