"""What the routes share: the node, its models by name, and the ways to look things up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fastapi import Request
from sqlalchemy.engine import Connection

from oracle.api.keys import ApiKeys, Scope
from oracle.api.policies import describe
from oracle.api.schemas import OnChain, PolicyView
from oracle.core.errors import Conflict, InvalidInput, NotFound
from oracle.core.model_card import ModelCard
from oracle.inference.folder import StoredModel
from oracle.inference.store import CardStore
from oracle.journal import chain_view, promises, requests
from oracle.node.metrics import Metrics
from oracle.node.node import Node
from oracle.node.reading import Reader

_WORD = re.compile(r"0x[0-9a-fA-F]{64}")


@dataclass(slots=True, kw_only=True)
class Context:
    """One node's API.

    Attributes:
        reader: answers gasless reads.
        policies: what was read of policy contracts, which never change, by model and address.
        registrations: what was read last of each model's registration.
    """

    node: Node
    metrics: Metrics
    keys: ApiKeys
    policies: dict[tuple[bytes, str], PolicyView] = field(default_factory=dict)
    registrations: dict[bytes, OnChain] = field(default_factory=dict)
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.node)

    @property
    def models(self) -> CardStore:
        """The served models."""
        return self.node.parts.engine.store

    def card(self, model_id: bytes) -> ModelCard | None:
        """The card of a model, where it is served."""
        return next((each.card for each in self.models if each.model_id == model_id), None)

    def model(self, name_or_id: str) -> StoredModel:
        """A served model by its name or ``0x`` id.

        Raises:
            NotFound: this node serves no such model.
        """
        return self.models.find(name_or_id)

    def model_id(self, name_or_id: str) -> bytes:
        """The id of a served model, or any id as it is: the journal may know more models."""
        if _WORD.fullmatch(name_or_id):
            return bytes.fromhex(name_or_id[2:])
        return self.model(name_or_id).model_id

    async def find(self, subject: bytes, model: str | None) -> bytes:
        """The model that a subject was or is decided by.

        Raises:
            NotFound: nothing is known about it.
            Conflict: several models are; say which.
        """
        if model is not None:
            return self.model_id(model)
        journal = self.node.parts.journal
        asked = await journal.read(lambda db: requests.by_subject(db, subject))
        found = {request.model_id for request in asked}
        served = [model.model_id for model in self.models]

        def decided(db: Connection) -> list[bytes]:
            return [each for each in served if chain_view.find_decision(db, each, subject)]

        found.update(await journal.read(decided))
        found.update(await journal.read(lambda db: promises.models_of(db, subject)))
        if not found:
            raise NotFound(
                f"no decision about 0x{subject.hex()} is known here",
                remedy="check the id; a request shows once its block was followed",
            )
        if len(found) > 1:
            raise Conflict(
                f"{len(found)} models were asked about 0x{subject.hex()}",
                remedy="say which: ?model=" + " or ".join("0x" + each.hex() for each in found),
            )
        return found.pop()

    async def policy(self, model: StoredModel, address: str) -> PolicyView:
        """A model's policy in words."""
        known = self.policies.get((model.model_id, address))
        if known is None:
            known = await describe(self.node.parts.rpc, address, model.card)
            self.policies[model.model_id, address] = known
        return known


def context_of(request: Request) -> Context:
    """The context of the app that a request came to."""
    found = request.app.state.context
    assert isinstance(found, Context)
    return found


def is_trusted_caller(request: Request) -> bool:
    """Whether the caller may see what is not on chain."""
    return context_of(request).keys.allow(request.headers, Scope.READ)


def word_of(text: str, what: str) -> bytes:
    """32 bytes of ``0x`` hex.

    Raises:
        InvalidInput: it is none.
    """
    if _WORD.fullmatch(text) is None:
        raise InvalidInput(
            f"{what} {text[:80]!r} is not 32 bytes", remedy="give 0x and 64 hex digits"
        )
    return bytes.fromhex(text[2:])
