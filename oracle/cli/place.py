"""Where a node or a command works: a chain, a key on it, models, and a folder for its state."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from oracle.chain.deployment import ContractSpec
from oracle.chain.keys import find_account, find_passphrase, list_keys, unlock
from oracle.chain.local import LOCAL_CHAIN_IDS
from oracle.chain.networks import RPC_URLS, Network, load_network
from oracle.chain.remote_key import RemoteKey, SignerKind
from oracle.chain.rpc import RpcPool
from oracle.chain.signing import Key, LocalKey
from oracle.chain.wire import checksum
from oracle.cli.home import Home
from oracle.cli.settings import Settings, environment
from oracle.core.errors import ConfigError
from oracle.inference.store import CardStore

OPERATOR, REQUESTER, BATCHER = 0, 1, 9
"""Development accounts of a local chain: who answers, and who asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a node works: a chain, a key on it, and a folder for its state.

    Attributes:
        genesis: hash of block 0, which tells apart a local chain from the same one started again.
    """

    settings: Settings
    network: Network
    rpc: RpcPool
    account: Key
    genesis: bytes
    home: Home


def network_of(settings: Settings, *, url: str | None = None) -> Network:
    """The network that the settings name; ``url`` takes the place of its endpoints."""
    urls = [url] if url else settings.urls
    given = {RPC_URLS: ",".join(urls)} if urls else {}
    return load_network(settings.network, {**environment(), **given})


def account_of(settings: Settings, chain_id: int, *, dev_index: int = OPERATOR) -> Key:
    """The key to act with: a remote signer's, the environment's, a keystore's, or a local chain's
    development key.

    Raises:
        ConfigError: there is none that may be used on this chain.
    """
    if settings.signer is not None:
        return remote_key(settings)
    environ = settings.key_environment()
    store = settings.keystore
    if store is not None and not store.is_dir():
        found = [key for key in list_keys(store.parent) if key.path == store]
        if not found:
            raise ConfigError(
                f"{store} is no keystore", remedy="set ORACLE_KEYSTORE to a keystore file or folder"
            )
        return LocalKey(unlock(found[0], find_passphrase(environ, ask_passphrase)))
    return LocalKey(
        find_account(
            chain_id=chain_id,
            folder=store or Home(settings.home).keystore,
            environ=environ,
            address=settings.account,
            prompt=ask_passphrase,
            dev_index=dev_index,
        )
    )


def remote_key(settings: Settings) -> RemoteKey:
    """The key that the settings' signer holds.

    Raises:
        ConfigError: no such signer, no address, or a key here as well.
    """
    assert settings.signer is not None
    kind, _, url = settings.signer.get_secret_value().partition(":")
    if kind not in set(SignerKind):
        raise ConfigError(
            "ORACLE_SIGNER does not begin with web3signer: or clef:",
            remedy="ORACLE_SIGNER=web3signer:http://127.0.0.1:9000, say",
        )
    if settings.account is None:
        raise ConfigError(
            "ORACLE_SIGNER is set and ORACLE_ACCOUNT is not",
            remedy="name the address whose key the signer holds, so that no other signs instead",
        )
    if settings.private_key is not None or settings.keystore is not None:
        raise ConfigError(
            "ORACLE_SIGNER and a key of this machine are both set",
            remedy="unset ORACLE_PRIVATE_KEY and ORACLE_KEYSTORE to use the signer",
        )
    return RemoteKey(SignerKind(kind), url, settings.account, timeout=settings.signer_timeout)


def address_of(settings: Settings, chain_id: int) -> str | None:
    """The operator's address, as far as it is known without a passphrase."""
    note = Home(settings.home).running()
    if settings.account is not None:
        return str(checksum(settings.account.lower()))
    if note is not None and note.chain_id == chain_id:
        return note.operator
    if settings.private_key is not None or chain_id in LOCAL_CHAIN_IDS:
        return account_of(settings, chain_id).address
    store = settings.keystore or Home(settings.home).keystore
    keys = list_keys(store if store.is_dir() else store.parent)
    found = {key.address for key in keys if store.is_dir() or key.path == store}
    return found.pop() if len(found) == 1 else None


def decisions_of(settings: Settings) -> str:
    """The decision contract's address: the settings', the running node's, or this release's."""
    note = Home(settings.home).running()
    known = settings.contract or (note.contract if note else None)
    return known or ContractSpec(contract="DecisionContract").address


def ask_passphrase(question: str) -> str:
    """Ask in the terminal, without showing what is typed; nothing where there is none."""
    import getpass
    import sys

    return getpass.getpass(f"{question}: ") if sys.stdin.isatty() else ""


def models_of(settings: Settings) -> CardStore:
    """The models to serve: those of the settings' folder, else the bundled ones and one's own.

    Raises:
        ConfigError: the bundled models are missing.
    """
    if settings.models is not None:
        return CardStore.open(settings.models)
    store = CardStore.open(bundled_models())
    own = Home(settings.home).models
    for model in CardStore.open(own) if own.is_dir() else ():
        store.add(model)
    return store


def bundled_models() -> Path:
    """The models that come with the package, or with the checkout.

    Raises:
        ConfigError: they are missing.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "models", package.parent / "models"):
        if folder.is_dir():
            return folder
    raise ConfigError(
        "the bundled models are missing from this installation",
        remedy="install the package again, or name a folder with --models",
    )


@asynccontextmanager
async def open_place(
    settings: Settings, *, url: str | None = None, dev_index: int = OPERATOR
) -> AsyncIterator[Place]:
    """Connect to the network, and check that it is the one that was named.

    Args:
        url: RPC endpoint of a chain that was just started.
        dev_index: which development account to act as on a local chain.

    Raises:
        ConfigError: another chain id, no key, no endpoint; a wrong signer.
        Transient: no endpoint answers.
    """
    network = network_of(settings, url=url)
    account = account_of(settings, network.chain_id, dev_index=dev_index)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(account.close)
        rpc = await stack.enter_async_context(RpcPool(network.rpc_urls, chain_id=network.chain_id))
        await rpc.check()
        genesis = await rpc.block(0)
        yield Place(
            settings=settings,
            network=network,
            rpc=rpc,
            account=account,
            genesis=genesis.hash,
            home=Home(settings.home),
        )


def open_beside(
    settings: Settings, *, dev_index: int, alone: int | None = None
) -> AbstractAsyncContextManager[Place]:
    """The running node's chain, as somebody who is not its operator: that key is in use there.

    Args:
        alone: which development account it is where no node runs; ``dev_index`` without it.
    """
    note = Home(settings.home).running()
    url = note.rpc if note and not settings.urls else None
    index = dev_index if note or alone is None else alone
    return open_place(settings, url=url or None, dev_index=index)


def lock_folder(place: Place) -> Path:
    """Where this machine's processes see each other's locks: the user's, not the project's.

    A local chain's key is known to everybody, so there its lock is of that chain alone.
    """
    try:
        root = environment().get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        folder = Path(root) / "decision-oracle"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # a user without a home: only this state folder is left
        folder = place.home.folder
    if not place.network.is_local:
        return folder
    where = place.genesis + place.network.rpc_urls[0].encode()
    return folder / hashlib.sha256(where).hexdigest()[:16]


def local_state(place: Place) -> Path:
    """A local chain's addresses are of that chain alone: the next one starts empty."""
    if place.network.is_local:
        return place.home.folder / "local" / place.genesis.hex()[:8]
    return place.home.folder
