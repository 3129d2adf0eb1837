"""The models this node knows, found by id or by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from oracle.core.errors import Conflict, NotFound
from oracle.inference.folder import CARD, StoredModel, load_model

__all__ = ["CardStore", "StoredModel"]


class CardStore:
    """Verified models by id and by name; no two share either.

    Args:
        models: verified models.

    Raises:
        Conflict: two models of one name.
    """

    def __init__(self, models: Iterable[StoredModel] = ()) -> None:
        self._by_id: dict[bytes, StoredModel] = {}
        for model in models:
            self.add(model)

    @classmethod
    def open(cls, root: Path) -> CardStore:
        """Every model in the folders of ``root``, by name.

        Raises:
            NotFound: ``root`` does not exist.
            InvalidInput: a card, vectors, a policy or a graph is not acceptable.
            VerificationError: a file is not the one that its card names.
        """
        if not root.is_dir():
            raise NotFound(f"{root} does not exist", remedy="name the folder of models")
        folders = sorted(path.parent for path in root.glob(f"*/{CARD}"))
        return cls(load_model(folder) for folder in folders)

    def add(self, model: StoredModel) -> None:
        """Know one more model.

        Raises:
            Conflict: another model has its name.
        """
        for known in self:
            if known.name == model.name and known.model_id != model.model_id:
                raise Conflict(
                    f"two models are named {model.name}: {known.folder} and {model.folder}",
                    remedy="rename one card",
                )
        self._by_id[model.model_id] = model

    def find(self, model: bytes | str) -> StoredModel:
        """The model of an id (32 bytes, or ``0x`` and 64 hex digits) or of a name.

        Raises:
            NotFound: none is known by that id or name.
        """
        for known in self:
            if model in (known.model_id, known.name, "0x" + known.model_id.hex()):
                return known
        shown = "0x" + model.hex() if isinstance(model, bytes) else model
        names = ", ".join(known.name for known in self) or "none"
        raise NotFound(f"no model {shown!r} is known here", remedy=f"known are: {names}")

    def __iter__(self) -> Iterator[StoredModel]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)
