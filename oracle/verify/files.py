"""The files that a card names, from a folder: what a model is run again with."""

from __future__ import annotations

from pathlib import Path

from oracle.core.errors import NotFound
from oracle.core.model_card import ModelCard
from oracle.verify.rerun import digests_of


def files_in(card: ModelCard, place: Path) -> dict[str, bytes]:
    """The card's files, from a folder; from an ONNX file only that.

    Raises:
        NotFound: there is nothing.
    """
    if not place.exists():
        raise NotFound(f"{place} does not exist", remedy="name the model's file or folder")
    if place.is_file():
        return {card.model.onnx.file: place.read_bytes()}
    names = [each.file for each in digests_of(card)]
    return {name: (place / name).read_bytes() for name in names if (place / name).is_file()}
