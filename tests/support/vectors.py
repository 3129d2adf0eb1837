"""The JSON vectors that Python, JavaScript and Solidity share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oracle.core.card_reader import card_from_json
from oracle.core.model_card import ModelCard

FOLDER = Path(__file__).resolve().parents[1] / "vectors"


def vectors(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def sample_json(name: str) -> dict[str, Any]:
    return next(item["card"] for item in vectors("cards") if item["card"]["name"] == name)


def sample_card(name: str) -> ModelCard:
    return card_from_json(sample_json(name))


def octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
