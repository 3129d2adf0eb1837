"""The client of one node: ask it, wait for it, and believe nothing of it that ``verify`` can check.

Calls block, as notebooks and scripts like it. What the network loses is sent again under the same
idempotency key, so that it is decided once.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

from oracle.client.answers import (
    OVER,
    Decision,
    Model,
    Prediction,
    decision_of,
    line_of,
    model_of,
    prediction_of,
    require_final,
)
from oracle.client.http import NodeClient
from oracle.core.errors import ChainError, NotFound, Transient, Undecided
from oracle.core.prediction import subject_of
from oracle.core.receipt import Receipt
from oracle.core.receipt_reader import receipt_from_json

if TYPE_CHECKING:
    import pandas

    from oracle.verify import Report

URL = "http://127.0.0.1:8550"
PAGE = 200
LONGEST_WAIT = 30.0
TRIES, PAUSE = 4, 0.25
REFUSED = "correct the input, and ask again"

Answer = TypeVar("Answer")


class Client:
    """One node.

    Args:
        url: of its API.
        api_key: one of its keys, where it has any.
        rpc: an endpoint of the chain, your own for preference: what ``verify`` reads the chain
            through. Without it everything but the chain is checked.

    Every method raises:
        ConfigError: no node answers there, or it wants another key.
        Transient: it did not answer in time, or can not at the moment.
        InvalidInput: it refuses what was asked, and says why; NotFound and Conflict are such.
    """

    def __init__(
        self, url: str = URL, *, api_key: str | None = None, rpc: str | None = None
    ) -> None:
        self._node = NodeClient(url, api_key)
        self._rpc = rpc
        self._files: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._node.url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._node.close()

    def models(self) -> list[Model]:
        """The models that the node serves."""
        return [self.model(each["id"]) for each in self._node.get("/api/models")["models"]]

    def model(self, name: str) -> Model:
        """A model, by name or id."""
        return model_of(self._node.get(f"/api/models/{quote(name, safe='')}"))

    def decide(
        self,
        model: str,
        input: Any = None,  # noqa: A002 - the API's own word
        *,
        subject: str | None = None,
        private: bool = False,
        timeout: float = 60.0,
        idempotency_key: str | None = None,
    ) -> Decision:
        """Have a model run and its answer put on chain, and wait until it is final.

        Args:
            model: name or id.
            input: features by name or in order, ``{"tensors": {…}}``, or the encoded bytes; a row
                of a data frame does. The model's own example where it is left out.
            subject: what it is about, a text or 32 bytes as 0x hex; one (model, subject) is decided
                once. Random if left out.
            private: put a salted commitment on chain instead of the input's hash.
            timeout: seconds.
            idempotency_key: the same key with the same input is the same decision.

        Raises:
            ChainError: it was refused, or came too late.
            Undecided: it is not final in time; ``decision`` goes on waiting.
        """
        until = time.monotonic() + timeout
        key = idempotency_key or str(uuid.uuid4())
        body = {"model": model, "input": self._input(model, input), "private": private}
        if subject is not None:
            body["subject"] = subject
        account = self._persist(
            lambda: self._node.post(
                "/api/decisions", body | {"wait": _left(until)}, **{"Idempotency-Key": key}
            )
        )
        return self._final(account, until)

    def decision(
        self, about: str | Decision | Prediction, *, model: str | None = None, timeout: float = 0.0
    ) -> Decision:
        """A decision as far as it has come; ``timeout`` gives it so many seconds to be over.

        Args:
            about: its subject.
            model: needed where several models decided about the subject.
        """
        subject, of = _subject(about), model or _model_id(about)
        until = time.monotonic() + timeout
        return decision_of(self._account(subject, of, until))

    def decisions(
        self,
        *,
        model: str | None = None,
        state: str | None = None,
        verdict: str | None = None,
        limit: int | None = PAGE,
    ) -> list[Decision]:
        """The latest decisions, newest first; all of them where ``limit`` is None."""
        found: list[Decision] = []
        cursor: str | None = None
        while True:
            size = PAGE if limit is None else min(PAGE, limit - len(found))
            if size < 1:
                return found
            page = self._node.get(
                "/api/decisions",
                model=model,
                state=state,
                verdict=verdict,
                limit=size,
                cursor=cursor,
            )
            found += [line_of(each) for each in page["decisions"]]
            cursor = page["next"]
            if cursor is None:
                return found

    def frame(self, decisions: Iterable[Decision] | None = None, **wanted: Any) -> pandas.DataFrame:
        """Decisions as a pandas frame, one a row; the latest ones where none are given.

        Args:
            decisions: which; ``wanted`` are the arguments of ``decisions`` otherwise.

        Raises:
            ConfigError: pandas is not installed.
        """
        from oracle.client.frame import frame_of

        return frame_of(self.decisions(**wanted) if decisions is None else decisions)

    def predict(
        self,
        model: str,
        input: Any = None,  # noqa: A002 - the API's own word
        *,
        subject: str | None = None,
        idempotency_key: str | None = None,
    ) -> Prediction:
        """Have a model run and get its answer at once, with the operator's signed promise to anchor
        it; ``anchored`` waits for that. Arguments as those of ``decide``.
        """
        body = {"model": model, "input": self._input(model, input)}
        if subject is not None:
            body["subject"] = subject
        key = idempotency_key or str(uuid.uuid4())
        post = self._node.post
        found = self._persist(lambda: post("/api/predictions", body, **{"Idempotency-Key": key}))
        return prediction_of(found)

    def anchored(self, prediction: Prediction, *, timeout: float = 60.0) -> Prediction:
        """The same prediction, once it is in the anchor log.

        Raises:
            Undecided: it is not within so many seconds.
        """
        until = time.monotonic() + timeout
        while True:
            found = prediction_of(self._prediction(prediction.id))
            if found.state == "anchored":
                return found
            self._pause(until, f"prediction {prediction.id} is not anchored yet")

    def decide_on(self, prediction: Prediction, *, timeout: float = 60.0) -> Decision:
        """Bring an anchored prediction on chain, with its proof, and wait until that is final. Its
        model must have the anchor log as attestor.

        Raises:
            ChainError: the contract refused it.
            Undecided: it is not final in time.
        """
        until = time.monotonic() + timeout
        path = f"/api/predictions/{prediction.id}/decision"
        relay = self._persist(lambda: self._node.post(path, {}))["decision"]
        while True:
            if relay.get("succeeded") is False:
                raise ChainError(
                    f"transaction {relay.get('transaction')} failed",
                    remedy="the node's log and `oracle decisions show` say why",
                )
            try:
                account = self._account(prediction.subject, prediction.model_id, until)
                return self._final(account, until)
            except NotFound:  # not mined yet, or not followed
                self._pause(until, f"prediction {prediction.id} is not decided on yet")
            relay = self._prediction(prediction.id)["decision"]

    def receipt(self, about: str | Decision | Prediction, *, model: str | None = None) -> Receipt:
        """The receipt, read strictly; ``verify`` checks it, ``oracle.core.receipt_json`` writes it.

        Args:
            about: a decision, a prediction, a subject, or a prediction's id.
            model: needed where several models decided about the subject.
        """
        name = about.id if isinstance(about, Prediction) else _subject(about)
        of = None if isinstance(about, Prediction) else model or _model_id(about)
        return receipt_from_json(self._node.get(f"/api/receipts/{name}", model=of))

    def verify(
        self,
        about: str | Decision | Prediction | Receipt,
        *,
        model_file: Path | str | None = None,
        contract: str | None = None,
    ) -> Report:
        """Check a receipt from end to end: hashes, the model run again here, signatures or proof,
        and the chain. No word of the node's is taken; its copy of the model's file is held to the
        card.

        Args:
            about: a receipt, or whose receipt to get.
            model_file: the model's ONNX file or its folder, where the node's is not wanted.
            contract: the decision contract that you rely on; any with this release's code where it
                is left out.

        Returns:
            Every check, held or skipped, in order.

        Raises:
            VerificationError: the first check that does not hold.
            InferenceError: the model does not run on this machine.
        """
        from oracle.client.checking import check
        from oracle.verify.files import files_in

        receipt = about if isinstance(about, Receipt) else self.receipt(about)
        if model_file is not None:
            files = files_in(receipt.card, Path(model_file))
        else:
            files = self._model_files(receipt)
        return check(receipt, files, rpc=self._rpc, contract=contract)

    def _model_files(self, receipt: Receipt) -> dict[str, bytes]:
        """The model's files from the node; what the node does not serve, the check says."""
        model = receipt.card.model
        name = "0x" + receipt.prediction.model_id.hex()
        for digest in (model.onnx, *model.external):
            if digest.sha256 in self._files:
                continue
            path = f"/api/models/{name}/files/{quote(digest.file)}"
            try:
                self._files[digest.sha256] = self._node.octets(path)
            except NotFound:
                return {}
        return {each.file: self._files[each.sha256] for each in (model.onnx, *model.external)}

    def _input(self, model: str, given: Any) -> Any:
        if given is None:
            given = self.model(model).example
        if hasattr(given, "to_dict"):  # a row of a frame
            given = given.to_dict()
        return dict(given) if isinstance(given, Mapping) else given

    def _account(self, subject: str, model: str | None, until: float) -> Any:
        """The account, once it is over or the time is."""
        while True:
            account = self._persist(
                lambda: self._node.get(f"/api/decisions/{subject}", model=model, wait=_left(until))
            )
            if account["state"] in OVER or time.monotonic() >= until:
                return account

    def _final(self, account: Any, until: float) -> Decision:
        if account["state"] not in OVER:
            account = self._account(account["subject"], account["model"]["id"], until)
        waiting = f"go on waiting: client.decision({account['subject']!r}, timeout=60)"
        require_final(account, refused=REFUSED, waiting=waiting)
        return decision_of(account)

    def _prediction(self, id_: str) -> Any:
        return self._persist(lambda: self._node.get(f"/api/predictions/{id_}"))

    def _pause(self, until: float, what: str) -> None:
        if time.monotonic() >= until:
            raise Undecided(what, remedy="wait longer, with timeout=…")
        time.sleep(PAUSE)

    def _persist(self, call: Callable[[], Answer]) -> Answer:
        """Make a call that changes nothing when it is repeated again where nothing answered."""
        for tried in range(1, TRIES):
            try:
                return call()
            except Transient:
                time.sleep(PAUSE * 2**tried)
        return call()


def _left(until: float) -> float:
    return round(min(LONGEST_WAIT, max(0.0, until - time.monotonic())), 1)


def _subject(about: str | Decision | Prediction) -> str:
    return "0x" + subject_of(about).hex() if isinstance(about, str) else about.subject


def _model_id(about: str | Decision | Prediction) -> str | None:
    return None if isinstance(about, str) else about.model_id
