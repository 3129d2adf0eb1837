"""``oracle request``: a decision asked on chain, by an account or through an example dApp."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oracle.cli.console import err, facts, out, say, seconds, show_json, verdict
from oracle.cli.options import AsJson, InputFile, Words
from oracle.cli.running import run

if TYPE_CHECKING:
    from oracle.chain.contracts import Decision
    from oracle.cli.asking import Asked
    from oracle.cli.place import Place
    from oracle.cli.settings import Settings
    from oracle.inference.folder import StoredModel


def request(
    model: Annotated[str, typer.Argument(help="Name or 0x id of the model.")],
    input: Words = None,
    input_file: InputFile = None,
    example: Annotated[
        bool, typer.Option("--example", help="Use an input of the model's test vectors.")
    ] = False,
    via: Annotated[
        str,
        typer.Option(
            help="Who asks: `account`, `dapp` (the example that fits the model), or one of "
            "credit-desk, triage-desk, delivery-cover."
        ),
    ] = "account",
    fee_gwei: Annotated[
        int | None, typer.Option(help="Fee to offer; the model's without it.")
    ] = None,
    by_hash: Annotated[
        bool,
        typer.Option(
            "--by-hash", help="Put only the input's hash on chain; the node gets the input."
        ),
    ] = False,
    uri: Annotated[
        str, typer.Option(help="With --by-hash: where the node may fetch the input instead.")
    ] = "",
    lifetime: Annotated[int, typer.Option(help="Seconds until the deadline.")] = 3600,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the decision.")] = 30.0,
    network: Annotated[str | None, typer.Option(help="The network.")] = None,
    rpc: Annotated[str | None, typer.Option(help="RPC endpoint.")] = None,
    models: Annotated[str | None, typer.Option(help="Folder of models.")] = None,
    json: AsJson = False,
) -> None:
    """Ask for a decision on chain, as a dApp does, pay the fee, and wait for the answer.

    On a local chain a development account asks; elsewhere ORACLE_PRIVATE_KEY or a keystore.
    """
    from oracle.cli.settings import read_settings

    settings = read_settings(network=network, rpc_urls=rpc, models=models)
    hashed = uri if by_hash or uri else None
    run(
        _request(
            *(settings, model, input or [], input_file, example, via),
            *(fee_gwei, lifetime, wait, json, hashed),
        )
    )


async def _request(
    settings: Settings,
    model_name: str,
    words: list[str],
    input_file: str | None,
    example: bool,
    via: str,
    fee_gwei: int | None,
    lifetime: int,
    wait: float,
    json: bool,
    hashed: str | None,
) -> None:
    from oracle.chain.signer import AccountSigner
    from oracle.cli.asking import ask_directly, ask_through, decided
    from oracle.cli.compose import contract_at
    from oracle.cli.dapps import dapp_for
    from oracle.cli.place import REQUESTER, models_of, open_beside

    model = models_of(settings).find(model_name)
    input_bytes = _input_bytes(model, words, input_file, example)
    if hashed is not None:
        _publish(settings, input_bytes, hashed, via)
    async with open_beside(settings, dev_index=REQUESTER) as place:
        contract, _ = await contract_at(place)
        signer = AccountSigner(place.rpc, place.account)
        with err.status("asking …") as status:
            if via == "account":
                asked = await ask_directly(
                    contract,
                    signer,
                    model.model_id,
                    input_bytes,
                    fee_gwei=fee_gwei,
                    lifetime=lifetime,
                    by_hash=hashed,
                )
            else:
                dapp = dapp_for(model.name, "auto" if via == "dapp" else via)
                asked = await ask_through(
                    dapp, contract, signer, model.model_id, input_bytes, fee_gwei=fee_gwei
                )
            began = time.monotonic()
            if not json:
                _show_asked(asked, place)
            status.update("waiting for the decision …")
            decision = await decided(contract, asked, timeout=wait)
        took = time.monotonic() - began
        outcome = None
        if asked.dapp is not None:
            outcome = await asked.dapp.outcome(
                place.rpc, asked.dapp_address, asked.request_id, asked.case
            )
    if json:
        show_json(_as_json(model, asked, decision, outcome))
        return
    _show_decision(model, asked, decision, outcome, took)


def _input_bytes(
    model: StoredModel, words: list[str], input_file: str | None, example: bool
) -> bytes:
    from oracle.cli.asking import input_of_hex
    from oracle.cli.inputs import read_input
    from oracle.core.errors import InvalidInput
    from oracle.core.model_input import InputCodec

    if example:
        if not model.vectors:
            raise InvalidInput(
                f"model {model.name} has no test vectors", remedy="give the input yourself"
            )
        return model.vectors[0].input
    given: Any = read_input(words, input_file)
    if isinstance(given, str):
        return input_of_hex(given)
    if model.card.input.encoding == "tensors" and "tensors" not in given:
        given = {"tensors": given}
    return InputCodec(model.card).encode(given)


def _publish(settings: Settings, input_bytes: bytes, uri: str, via: str) -> None:
    """Give the input to the node, where no URI says where it is."""
    from oracle.cli.client import connect
    from oracle.core.errors import InvalidInput

    if via != "account":
        raise InvalidInput("the example dApps ask with the whole input", remedy="leave out --via")
    if not uri:
        with connect(settings) as node:
            node.put("/api/inputs", input_bytes)


def _show_asked(asked: Asked, place: Place) -> None:
    who = f"{asked.dapp.contract} at {asked.dapp_address}" if asked.dapp else "an account"
    out.print()
    say(
        facts(
            [
                ("asked by", f"{who}, as {place.account.address}"),
                ("request", f"0x{asked.request_id.hex()}"),
                ("transaction", f"0x{asked.receipt.tx_hash.hex()}"),
                ("cost", f"{asked.receipt.gas_used:,} gas, fee {asked.fee_wei // 10**9:,} gwei"),
            ]
        )
    )


def _show_decision(
    model: StoredModel, asked: Asked, decision: Decision, outcome: str | None, took: float
) -> None:
    from rich.text import Text

    from oracle.api.words import percent_text, verdict_word

    word = verdict_word(decision.verdict)
    line = Text.assemble("\n", (model.name, "head"), "  ", verdict(word))
    line.append(f"  {model.card.value_text(decision.value)}", style="head")
    if decision.confidence:
        line.append("  confidence ", style="quiet").append(percent_text(decision.confidence))
    say(line)
    meaning = model.policy.meaning.get(word.upper()) if model.policy else None
    say(
        facts(
            [
                ("which means", meaning),
                ("callback", decision.callback.name.lower() if asked.dapp else None),
                ("the dApp says", outcome),
                ("answered after", seconds(took)),
            ]
        )
    )
    out.print()


def _as_json(
    model: StoredModel, asked: Asked, decision: Decision, outcome: str | None
) -> dict[str, Any]:
    from oracle.api.words import confidence_text, verdict_word

    return {
        "model": {"name": model.name, "id": "0x" + model.model_id.hex()},
        "request_id": "0x" + asked.request_id.hex(),
        "tx_hash": "0x" + asked.receipt.tx_hash.hex(),
        "gas_used": asked.receipt.gas_used,
        "fee_wei": str(asked.fee_wei),
        "verdict": verdict_word(decision.verdict),
        "value": str(decision.value),
        "text": model.card.value_text(decision.value),
        "confidence": confidence_text(decision.confidence),
        "decided_at": decision.decided_at,
        "callback": decision.callback.name.lower(),
        "dapp": {"address": asked.dapp_address, "outcome": outcome} if asked.dapp else None,
    }
