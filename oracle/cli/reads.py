"""Where gasless reads are served: the operator's word to the gateway, without touching trust."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from oracle.chain.contracts import DecisionContract
from oracle.chain.deployment import StepReport, StepState
from oracle.chain.gateway import gateway_spec, publish, url_template
from oracle.chain.signer import Signer
from oracle.core.errors import InvalidInput
from oracle.inference.store import CardStore


async def serve_reads(
    contract: DecisionContract, signer: Signer, models: CardStore, apis: Sequence[str]
) -> StepReport:
    """Publish that these APIs serve the reads of those models that the signer owns.

    Args:
        apis: base URLs; clients try the first one first.

    Raises:
        InvalidInput: one is no URL of a web server.
        Reverted, Transient: as the signer's.
    """
    for api in apis:
        parts = urlsplit(api)
        if parts.scheme not in ("https", "http") or not parts.netloc or "{" in api:
            raise InvalidInput(
                f"{api!r} is no base URL of an API", remedy="give one such as https://node.example"
            )
    gateway = gateway_spec(contract.address).address
    served = {}
    for model in models:
        known = await contract.model_of(model.model_id, block="latest")
        if known is not None and known.owner == signer.address:
            spec = model.card.input
            size = spec.packed_size if spec.encoding == "packed" else None
            served[model.model_id] = [url_template(api, size) for api in apis]
    changed = await publish(contract.rpc, signer, gateway, served)
    return StepReport(
        subject="gasless reads",
        state=StepState.DONE if changed else StepState.PRESENT,
        note=f"of {len(served)} models at {', '.join(apis)}",
    )
