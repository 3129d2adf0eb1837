"""A model that runs on another server, which speaks the Open Inference Protocol.

``engine.toml`` beside the card says where::

    engine = "oip://triton.internal:8000/credit-default"

It is the operator's own file: no request, card or reply ever names an address, redirects are not
followed, and answers are bounded. That the server runs the file that the card names is a promise;
golden vectors are run against it at start, and receipts say that it was remote.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import orjson
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.errors import ConfigError, InferenceError, InvalidInput
from oracle.core.model_card import ModelCard
from oracle.core.tensors import check_shape
from oracle.inference.protocol import body as bodies

FILE = "engine.toml"
MAX_REPLY = 64 * 2**20
RAW = "binary_tensor_data"
"""The extension of raw tensors, which Triton has and MLServer has not."""
_SCHEMES = {"oip": "http", "oips": "https"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model runs.

    Attributes:
        base: the server's ``http`` or ``https`` URL.
        model: its name there.
        version: empty for the server's choice.
    """

    base: str
    model: str
    version: str = ""

    @property
    def url(self) -> str:
        """Where inference is asked for."""
        version = f"/versions/{quote(self.version, safe='')}" if self.version else ""
        return f"{self.base}/v2/models/{quote(self.model, safe='')}{version}/infer"

    def __str__(self) -> str:
        return f"{self.model} at {self.base}"


def parse_address(text: str) -> Address:
    """The address in ``oip://host:port/model`` or ``oip://host:port/model/version``.

    With ``oips`` it is reached by TLS.

    Raises:
        ConfigError: it is none, or carries credentials.
    """
    remedy = "write oip://host:port/model, or oips:// for TLS"
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ConfigError(f"engine {text[:100]!r} is no address", remedy=remedy) from None
    parts = [part for part in url.path.split("/") if part]
    odd = url.query or url.fragment or url.username or url.password
    if url.scheme not in _SCHEMES or not url.hostname or not 1 <= len(parts) <= 2 or odd:
        shown = f"{url.scheme}://{url.hostname}" if odd else text[:100]
        raise ConfigError(f"engine {shown!r} is no address of a model", remedy=remedy)
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    where = host if port is None else f"{host}:{port}"
    return Address(f"{_SCHEMES[url.scheme]}://{where}", *parts)


def read_engine(folder: Path) -> Address | None:
    """Where the model in this folder runs; None where it runs here.

    Raises:
        ConfigError: ``engine.toml`` can not be read.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}", remedy="correct the file, or remove it") from None
    if set(given) != {"engine"} or not isinstance(given["engine"], str):
        raise ConfigError(
            f"{path} has {', '.join(sorted(given)) or 'nothing'}",
            remedy='it has one line: engine = "oip://host:port/model"',
        )
    return parse_address(given["engine"])


class RemoteSession:
    """What a ``Session`` does, done elsewhere."""

    def __init__(self, card: ModelCard, address: Address) -> None:
        self.card = card
        self.address = address
        self._names = [spec.name for spec in card.outputs]
        self._raw: bool | None = None
        self._client = httpx.Client(
            follow_redirects=False, trust_env=False, limits=httpx.Limits(max_connections=16)
        )

    def run(
        self, feeds: Mapping[str, NDArray[Any]], *, seconds: float | None = None
    ) -> list[NDArray[Any]]:
        """The raw outputs in the card's order.

        Raises:
            InferenceError: the server is away or slow, refuses, or answers what the card does not
                know.
        """
        if self._raw is None:
            self._raw = self._takes_raw(seconds)
        content, json_length = bodies.write_request(feeds, self._names, raw=self._raw)
        kind = "application/octet-stream" if self._raw else "application/json"
        headers = {"content-type": kind, "accept-encoding": "identity"}
        if json_length is not None:
            headers[bodies.HEADER] = str(json_length)
        reply, answer = self._exchange("POST", self.address.url, seconds, content, headers)
        if reply.status_code != 200:
            raise self._failed(f"answers {reply.status_code}: {answer[:200]!r}")
        try:
            found = bodies.read_reply(
                answer, reply.headers.get(bodies.HEADER), self.card.limits.max_elements
            )
            return [self._output(found, place) for place in range(len(self._names))]
        except InvalidInput as error:
            raise self._failed(f"answers what the card does not know: {error.what}") from None

    def _takes_raw(self, seconds: float | None) -> bool:
        """Whether the server says that it takes raw tensors; JSON every server takes."""
        reply, answer = self._exchange("GET", self.address.base + "/v2", seconds)
        try:
            about = orjson.loads(answer)
        except orjson.JSONDecodeError:
            return False
        extensions = about.get("extensions") if isinstance(about, dict) else None
        return reply.status_code == 200 and isinstance(extensions, list) and RAW in extensions

    def _exchange(
        self,
        method: str,
        url: str,
        seconds: float | None,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[httpx.Response, bytes]:
        """A request and the bytes of its answer, as far as they are not too many."""
        answer = bytearray()
        try:
            with self._client.stream(
                method, url, content=content, headers=headers, timeout=seconds
            ) as reply:
                for chunk in reply.iter_raw():
                    answer += chunk
                    if len(answer) > MAX_REPLY:
                        raise self._failed(f"answers more than {MAX_REPLY} bytes")
        except httpx.HTTPError as error:
            raise self._failed(f"can not be reached: {type(error).__name__}") from None
        return reply, bytes(answer)

    def _output(self, found: Mapping[str, NDArray[Any]], place: int) -> NDArray[Any]:
        spec = self.card.outputs[place]
        array = found.get(spec.name)
        if array is None or dtypes.name_of(array.dtype) != spec.dtype:
            raise InvalidInput(f"output {spec.name} is missing, or not {spec.dtype}")
        check_shape(array.shape, spec.shape, {}, f"output {spec.name}")
        return array

    def _failed(self, why: str) -> InferenceError:
        return InferenceError(
            f"the server of model {self.card.name}, {self.address}, {why}",
            remedy=f"see that it runs and serves this model, or remove {FILE}",
        )
