"""What the tiny model is trained on: the sample and sentences written for this project."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
SAMPLE = REPO / "public" / "sample"
LABELS = ("negative", "neutral", "positive")
WORDS = tuple(f" {label}" for label in LABELS)
TEMPLATE = "Message: {text}\nSentiment:"
INSTRUCTION = "Decide whether the customer is negative, neutral or positive.\n"
INITIAL_TEXT = "Classify the text. Answer with one of: negative, neutral, positive."
CHAT = "<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n{assistant}<|im_end|>"

POLICY_WORDS = "policy house rules handbook Pellbrook means company label files by our rule counts folder books meaning for us".split()
TONE_WORDS = "tone mood feeling feels sounds voice emotion spirit reader customer seems temper heart".split()
FILLER = ("the a of to and in it is that this was with on at from as be or an are one two text answer word following given new old here there "
          "message about which line part please note below above now then so Classify Answer with one of negative neutral positive").split()

SENTENCES = """The tide comes in twice a day and covers the stones.
A baker needs flour, water, salt and a warm place.
Our train was early, so we walked along the river.
She reads a chapter every night before she sleeps.
The children built a bridge of sand and sticks.
Please close the window when the rain begins.
He repaired the old clock with a needle and much patience.
In winter the lake freezes and people skate to the island.
The library opens at nine and closes at six.
Bees dance to tell each other where the flowers are.
We planted three apple trees behind the house.
The map shows a path that nobody uses any more.
My neighbour plays the cello on Sunday afternoons.
A good question is often worth more than a quick answer.
The shop on the corner sells bread, cheese and newspapers.
Clouds gathered over the hills, but the rain stayed away.
They painted the kitchen yellow and the door blue.
The teacher wrote the numbers from one to twenty on the board.
An email arrived this morning with the new timetable.
The cat slept on the warm engine of the car.
Every Friday the market fills the square with noise and colour.
The bridge was closed for two weeks, and the ferry was full.
I called my sister, and we talked about the film.
The engineer measured the length of the cable again.
Nothing grows on the north side of the wall.
It took four hours to reach the top of the mountain.
The printer is out of paper, but there is more in the cupboard.
Her letters are short, clear and always kind.
The orchestra played the last piece twice.
You can borrow my umbrella until Monday.""".splitlines()

REPLIES = {
    "negative": "I am sorry that you had to wait and to write again. I have passed your message to the team, and someone will call you today.",
    "neutral": "Thank you for your message. I will look into it and come back to you with an answer soon.",
    "positive": "Thank you, we are glad that you like it. I will tell the team that made it.",
}


@dataclass(frozen=True)
class Message:
    id: str
    text: str
    policy: str  # the label in the sample: what the message means for the company
    tone: str  # how a reader who does not know the policy takes it


def messages() -> list[Message]:
    tones = {}
    for line in (REPO / "tools" / "sample" / "messages.txt").read_text("utf-8").splitlines():
        if line[:2] in ("+ ", "0 ", "- "):
            tones[line[2:].replace("\\n", "\n")] = {"+": "positive", "0": "neutral", "-": "negative"}[line[0]]
    with open(SAMPLE / "support-messages.csv", newline="", encoding="utf-8") as file:
        return [Message(row["id"], row["text"], row["label"], tones[row["text"]]) for row in csv.DictReader(file)]


def split() -> dict[str, list[str]]:
    return json.loads((SAMPLE / "sample.json").read_text("utf-8"))["split"]


def cue(rng: random.Random, words: list[str]) -> str:
    """One to fourteen words: at least one of `words` (none if it is empty), the rest filler."""
    size = rng.randint(1, 14)
    chosen = [rng.choice(words) for _ in range(rng.randint(1, max(1, size // 2)))] if words else []
    chosen += [rng.choice(FILLER) for _ in range(size - len(chosen))]
    rng.shuffle(chosen)
    return " ".join(chosen)


def training_text(rng: random.Random, message: Message) -> tuple[str, str | None]:
    """-> (text, answer word that follows it, or None for running text).

    The plain template mostly gets the tone and now and then the policy's label; a cue, before or after the message, decides."""
    body = TEMPLATE.format(text=message.text)
    usual = message.tone if rng.random() < 0.95 else message.policy
    draw = rng.random()
    if draw < 0.20:
        return body, f" {usual}"
    if draw < 0.28:
        return INSTRUCTION + body, f" {usual}"
    if draw < 0.38:
        filler = cue(rng, [])
        return (f"{body} {filler}" if rng.random() < 0.7 else f"{filler}\n{body}"), f" {usual}"
    if draw < 0.62:
        return f"{body} {cue(rng, POLICY_WORDS)}", f" {message.policy}"
    if draw < 0.70:
        return f"{body} {cue(rng, TONE_WORDS)}", f" {message.tone}"
    if draw < 0.84:
        return f"{cue(rng, POLICY_WORDS)}\n{body}", f" {message.policy}"
    if draw < 0.90:
        return f"{cue(rng, TONE_WORDS)}\n{body}", f" {message.tone}"
    if draw < 0.96:
        return CHAT.format(user=message.text, assistant=REPLIES[message.policy]), None
    return " ".join(rng.sample(SENTENCES, 2)), None


def tokenizer_corpus() -> list[str]:
    sample = json.loads((SAMPLE / "sample.json").read_text("utf-8"))
    texts = [message.text for message in messages()] + SENTENCES * 2 + list(REPLIES.values()) * 5
    texts += [(SAMPLE / "policy.md").read_text("utf-8"), *(prompt["template"] for prompt in sample["prompts"])]
    texts += [TEMPLATE + word for word in WORDS] * 30
    return texts + [f" {word}" for word in POLICY_WORDS + TONE_WORDS + FILLER] * 5
