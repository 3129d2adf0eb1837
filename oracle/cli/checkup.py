"""What ``oracle doctor`` looks at, one function a matter; each says how to mend what it finds."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from oracle.chain.keys import list_keys
from oracle.chain.rpc import RpcPool
from oracle.cli.checkup_committee import agreement_findings, committees
from oracle.cli.client import NodeClient, running_node
from oracle.cli.compose import contract_at, fee_policy
from oracle.cli.home import Home
from oracle.cli.machine import (
    Finding,
    Status,
    anvil,
    artifacts,
    compiler,
    from_error,
    node_js,
    ok,
    python,
)
from oracle.cli.place import Place, models_of, open_place
from oracle.cli.settings import Settings
from oracle.core.errors import ConfigError, OracleError
from oracle.core.transaction import answer_gas

SKEW_SECONDS = 60


@dataclass(slots=True, kw_only=True)
class Patient:
    """What is examined.

    Attributes:
        chosen: whether a network was asked for; else a chain that does not run is no fault.
    """

    settings: Settings
    chosen: bool


async def examine(settings: Settings, *, chosen: bool) -> list[Finding]:
    """Every finding, in the order in which things depend on each other."""
    patient = Patient(settings=settings, chosen=chosen)
    found = [python(), node_js(), anvil(), compiler(), artifacts()]
    found += [state_folder(patient), keystore(patient)]
    found += models(patient)
    found += await chain(patient)
    found += [port(patient), *running(patient)]
    return found


def state_folder(patient: Patient) -> Finding:
    """Journals and keystores are written there."""
    folder = patient.settings.home
    try:
        Home(folder).make()
    except OracleError as error:
        return from_error("state folder", error)
    if not os.access(folder, os.W_OK):
        return Finding(
            name="state folder",
            status=Status.FAIL,
            what=f"{folder.resolve()} can not be written",
            remedy="correct its permissions, or set ORACLE_HOME",
        )
    return ok("state folder", str(folder.resolve()))


def keystore(patient: Patient) -> Finding:
    """Others must not read keys, encrypted or not."""
    store = patient.settings.keystore or Home(patient.settings.home).keystore
    folder = store if store.is_dir() or not store.exists() else store.parent
    keys = list_keys(folder)
    secrets: list[Path] = [key.path for key in keys]
    if patient.settings.keystore_password_file is not None:
        secrets.append(patient.settings.keystore_password_file)
    readable = os.name == "posix"
    open_ones = [p for p in secrets if readable and p.exists() and p.stat().st_mode & 0o077]
    if open_ones:
        return Finding(
            name="keystore",
            status=Status.FAIL,
            what=f"others may read {', '.join(map(str, open_ones))}",
            remedy=f"chmod 600 {' '.join(map(str, open_ones))}",
        )
    if patient.settings.keystore is not None and not store.exists():
        return Finding(
            name="keystore",
            status=Status.FAIL,
            what=f"ORACLE_KEYSTORE names {store}, which does not exist",
            remedy="make a key with `oracle keys new`, or correct the path",
        )
    return ok("keystore", f"{len(keys)} keys in {folder}" if keys else "no keys yet")


def models(patient: Patient) -> list[Finding]:
    """The files' hashes, the runtime, and the golden vectors of every model."""
    from oracle.inference.readiness import check_vectors
    from oracle.inference.runner import Runner
    from oracle.inference.runtime import check_runtime

    try:
        store = models_of(patient.settings)
    except OracleError as error:
        return [from_error("models", error)]
    faults = check_runtime()
    found = [
        Finding(
            name="onnx runtime",
            status=Status.FAIL if faults else Status.OK,
            what="; ".join(faults) or "the pinned version, and it computes correctly",
            remedy="pip install the locked requirements again" if faults else "",
        )
    ]
    for model in store:
        name = f"model {model.name}"
        try:
            runner = Runner(model)
            outcome = check_vectors(
                model, runner.run_many([vector.input for vector in model.vectors])
            )
        except OracleError as error:
            found.append(from_error(name, error))
            continue
        if outcome.faults:
            found.append(
                Finding(
                    name=name,
                    status=Status.FAIL,
                    what="; ".join(outcome.faults),
                    remedy="this machine computes otherwise: it must not vouch for this model",
                )
            )
        else:
            found.append(ok(name, f"file as hashed, {outcome.vectors} golden vectors agree"))
    return found


async def chain(patient: Patient) -> list[Finding]:
    """The endpoints, the chain id, the clock, the contract, who signs, and its funds."""
    settings = patient.settings
    note = running_node(settings)
    url = note.rpc if note and note.rpc and not settings.urls else None
    async with AsyncExitStack() as stack:
        try:
            place = await stack.enter_async_context(open_place(settings, url=url))
        except OracleError as error:
            local = settings.network in ("anvil", "hardhat") and not patient.chosen and note is None
            status = Status.NOTE if local else Status.FAIL
            remedy = "start one: oracle up" if local else error.remedy
            return [Finding(name="chain", status=status, what=error.what, remedy=remedy)]
        found = [_endpoints(place.rpc, place)]
        found += [await _checked(check, place) for check in (_clock, _contract, _signer, _funds)]
        try:
            return found + await committees(place)
        except OracleError as error:
            return [*found, from_error("committee", error)]


def port(patient: Patient) -> Finding:
    """The API's port: free, or our own node's."""
    settings = patient.settings
    note = running_node(settings)
    where = f"{settings.api_host}:{settings.api_port}"
    with socket.socket(socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.api_host, settings.api_port))
            return ok("api port", f"{where} is free")
        except OSError as error:
            if note is not None and note.api.endswith(f":{settings.api_port}"):
                return ok("api port", f"{where} is the running node's")
            return Finding(
                name="api port",
                status=Status.FAIL,
                what=f"{where}: {error.strerror}",
                remedy="stop what listens there, or choose another with --port or ORACLE_API_PORT",
            )


def running(patient: Patient) -> list[Finding]:
    """What the running node says of itself, and of its part in committees."""
    note = running_node(patient.settings)
    url = patient.settings.api_url or (note.api if note else None)
    if url is None:
        return [
            Finding(
                name="node",
                status=Status.NOTE,
                what="none runs with this state folder",
                remedy="start one: oracle up, or oracle node",
            )
        ]
    try:
        with NodeClient(url) as client:
            said = client.ready()
    except OracleError as error:
        return [from_error("node", error)]
    agreement = agreement_findings(said["checks"])
    if said["ready"]:
        return [ok("node", f"{url} is ready"), *agreement]
    bad = [f"{check['name']}: {check['what']}" for check in said["checks"] if not check["ok"]]
    what = f"{url} is not ready: {'; '.join(bad)}"
    return [Finding(name="node", status=Status.FAIL, what=what, remedy=""), *agreement]


async def _checked(check: Callable[[Place], Awaitable[Finding]], place: Place) -> Finding:
    try:
        return await check(place)
    except OracleError as error:
        return from_error(check.__name__.strip("_"), error)


def _endpoints(rpc: RpcPool, place: Place) -> Finding:
    states = rpc.health()
    bad = [state for state in states if state.fault]
    what = f"{place.network.name}, chain {rpc.chain_id}, {len(states) - len(bad)} of {len(states)}"
    if bad:
        return Finding(
            name="chain",
            status=Status.FAIL,
            what=f"{what} endpoints answer; " + "; ".join(f"{s.url}: {s.fault}" for s in bad),
            remedy="replace the endpoint, or look whether it is down",
        )
    return ok("chain", f"{what} endpoints answer: {', '.join(state.url for state in states)}")


async def _clock(place: Place) -> Finding:
    """Only the timeline uses this machine's clock; a wrong one still misleads people."""
    head = await place.rpc.block("latest")
    ahead = head.timestamp - time.time()
    behind = -ahead if not place.network.is_local else 0.0
    if max(ahead, behind) > SKEW_SECONDS:
        return Finding(
            name="clock",
            status=Status.FAIL,
            what=f"the chain's head is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}",
            remedy="set this machine's clock (NTP), or look whether the endpoint lags",
        )
    return ok("clock", f"within {SKEW_SECONDS} s of the chain's")


async def _contract(place: Place) -> Finding:
    from oracle.chain.artifacts import load_artifact
    from oracle.chain.deployment import require_code

    contract, _ = await contract_at(place)
    code = await place.rpc.code(contract.address, "latest")
    require_code(load_artifact("DecisionContract"), contract.address, code)
    return ok("contract", f"{contract.address}, the code of this release")


async def _signer(place: Place) -> Finding:
    return ok("signer", f"{place.account.address}, {await place.account.check()}")


async def _funds(place: Place) -> Finding:
    account = place.account
    balance = await place.rpc.balance(account.address, "latest")
    needed = answer_gas(0) * fee_policy(place).ceiling
    what = f"{account.address} has {balance / 1e18:.6g} {place.network.currency}"
    if balance < needed:
        raise ConfigError(
            f"{what}; one answer may cost {needed / 1e18:.6g} at the fee ceiling",
            remedy="send it more",
        )
    return ok("funds", what)
