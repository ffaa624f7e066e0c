"""The small files of a model folder in hub layout, and its `studio.json`."""

from __future__ import annotations

import json
from pathlib import Path

from genai_graph import sha256


def write_json(file: Path, value, indent: int | None = 2) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=indent, ensure_ascii=False, separators=(",", ":") if indent is None else None) + "\n", encoding="utf-8", newline="\n")


def file_list(folder: Path) -> list[dict]:
    """Every file but studio.json itself, sorted by path."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "studio.json"]
    entries = [{"path": file.relative_to(folder).as_posix(), "bytes": file.stat().st_size, "sha256": sha256(file.read_bytes())} for file in files]
    return sorted(entries, key=lambda entry: entry["path"])


def model_sha256(entries: list[dict]) -> str:
    """SHA-256 of the lines "<sha256>  <path>\\n", sorted by path, over every file under onnx/ (`model.sha256` of prompt.json)."""
    return sha256("".join(f"{entry['sha256']}  {entry['path']}\n" for entry in entries if entry["path"].startswith("onnx/")).encode())


def write_studio_json(folder: Path, **fields) -> dict:
    entries = file_list(folder)
    card = {**{key: value for key, value in fields.items() if key != "weights"}, "sha256": model_sha256(entries), "files": entries, "weights": fields["weights"]}
    write_json(folder / "studio.json", card)
    return card
