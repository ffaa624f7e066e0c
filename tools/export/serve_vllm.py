"""Usage: python serve_vllm.py IN.csv OUT.csv [--text COLUMN] [--url http://localhost:8000] | --check | --write-model FOLDER   (pip install torch transformers accelerate gguf safetensors)

Asks a vLLM server for the answers of the soft prompt in this folder: builds the embeddings of each row with its vectors and sends
them as `prompt_embeds`. serve_vllm.md says how the server is started. --write-model saves the page's own weights as the folder that
it serves, with the answer words' output vectors where those were trained too, so that the folder is this prompt's alone; --check compares the embeddings, run by transformers here, with the check rows: no server is asked."""
import base64, csv, io, json, sys, urllib.request
from pathlib import Path
import torch
from predict import arguments, load_base, load_prompt, read_table, render, row_ids, sequence, shift, with_answers


def prompt_embeds(model, vectors, prompt, text_ids):
    """What the server reads instead of tokens: [tokens with vectors, hidden], float32, as torch.save writes it, in base64."""
    with torch.no_grad(): embeds = sequence(model, vectors, text_ids, prompt)[0].contiguous()
    buffer = io.BytesIO()
    torch.save(embeds, buffer)
    return base64.b64encode(buffer.getvalue()).decode()


def request_of(prompt, embeds, model="softprompt"):
    """One token, chosen among the answer words alone, with the log-probability of each. No `prompt`: an empty one beside the embeddings would be a second request."""
    allowed = [entry["tokenIds"][0] for entry in prompt["labels"]]
    return {"model": model, "prompt_embeds": embeds, "max_tokens": 1, "temperature": 0, "allowed_token_ids": allowed, "logprobs": len(allowed), "return_tokens_as_token_ids": True}


def log_probs_of(prompt, answer):
    """The server's answer -> log-probability of every label. Needs --logprobs-mode processed_logprobs."""
    top = answer["choices"][0]["logprobs"]["top_logprobs"][0]
    missing = [entry["label"] for entry in prompt["labels"] if f"token_id:{entry['tokenIds'][0]}" not in top]
    if missing: sys.exit(f"The server gave no probability for {', '.join(missing)}: start it with --logprobs-mode processed_logprobs (and --max-logprobs {len(prompt['labels'])} or more)")
    return torch.log_softmax(torch.tensor([top[f"token_id:{entry['tokenIds'][0]}"] for entry in prompt["labels"]], dtype=torch.float64), -1)


def main():
    parser = arguments(__doc__)
    parser.add_argument("csv", nargs="*", metavar="IN.csv OUT.csv")
    parser.add_argument("--url", default="http://localhost:8000")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write-model", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    if len(args.csv) not in (0, 2) or not (args.csv or args.check or args.write_model): parser.error("give IN.csv and OUT.csv, or --check, or --write-model")
    prompt, vectors = load_prompt(args.bundle)
    if any(len(entry["tokenIds"]) > 1 for entry in prompt["labels"]): sys.exit("An answer word of this prompt has several tokens; one request asks for one token. Use predict.py.")
    tokenizer, model = load_base(prompt, args.weights)
    model = with_answers(model, prompt, args.bundle)
    names, less = [entry["label"] for entry in prompt["labels"]], shift(prompt)
    if args.write_model:
        model.save_pretrained(args.write_model), tokenizer.save_pretrained(args.write_model)
        print(f"Written to {args.write_model}: serve it with --dtype float32")
    if args.check:
        off = 0.0
        for row in prompt["parityRows"]:
            embeds = torch.load(io.BytesIO(base64.b64decode(prompt_embeds(model, vectors, prompt, row["inputIds"]))), weights_only=True)
            with torch.no_grad(): logits = model(inputs_embeds=embeds[None], use_cache=False).logits[0, -1].double()
            got = torch.log_softmax(logits[[entry["tokenIds"][0] for entry in prompt["labels"]]], -1)
            off = max(off, (got - torch.tensor([row["logProbs"][name] for name in names], dtype=torch.float64)).abs().max().item())
        print(f"{len(prompt['parityRows'])} check rows as prompt embeddings: largest log-probability difference {off:.2e}")
        if off > 5e-3: sys.exit("The check rows do not agree.")
    if args.csv:
        table = read_table(args.csv[0], args.text)
        for row in table:
            body = json.dumps(request_of(prompt, prompt_embeds(model, vectors, prompt, row_ids(tokenizer, prompt, render(prompt["template"], row, args.text))))).encode()
            with urllib.request.urlopen(urllib.request.Request(f"{args.url}/v1/completions", body, {"Content-Type": "application/json"})) as answer: scores = torch.log_softmax(log_probs_of(prompt, json.load(answer)) - less, -1)
            row.update(prediction=names[int(scores.argmax())], confidence=f"{scores.max().exp().item():.6f}")
        with open(args.csv[1], "w", newline="", encoding="utf-8") as target:
            writer = csv.DictWriter(target, list(table[0]) if table else ["prediction", "confidence"])
            writer.writeheader(), writer.writerows(table)


if __name__ == "__main__": main()
