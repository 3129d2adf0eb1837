"""Every setting, read in this one place: flags over environment over ``deploy/networks/*.toml``.

Environment variables begin with ``ORACLE_``; a ``.env`` file is not read. Secrets are held as
``SecretStr``, so that no log or error can show them by accident.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from oracle.core.errors import ConfigError

API_PORT = 8550


class Settings(BaseSettings):
    """What the environment says, with a command's flags laid over it."""

    model_config = SettingsConfigDict(env_prefix="ORACLE_", extra="ignore", frozen=True)

    home: Path = Field(Path(".oracle"), description="State folder.")
    network: str = Field("anvil", description="Name of a file in deploy/networks, or its path.")
    rpc_urls: Annotated[list[SecretStr], NoDecode] = Field(
        default_factory=list, description="RPC endpoints, separated by commas."
    )
    contract: str | None = Field(None, description="Address of the decision contract.")
    models: Path | None = Field(None, description="Folder of models; the bundled ones if unset.")
    peers: Path | None = Field(None, description="TOML file: committee members' API URLs.")

    api_host: str = "127.0.0.1"
    api_port: int = Field(API_PORT, ge=0, le=65535)
    grpc_port: int | None = Field(
        None, ge=0, le=65535, description="The inference protocol's gRPC port; off if unset."
    )
    api_keys: SecretStr | None = Field(
        None, description="[read:|decide:|admin:] and a key or its sha256:… hash, by commas."
    )
    api_rate: float | None = Field(None, gt=0, description="Requests a second of one caller.")
    api_url: str | None = Field(None, description="A running node's API, for the client commands.")
    api_key: SecretStr | None = Field(None, description="The key that client commands send.")

    private_key: SecretStr | None = None
    keystore: Path | None = Field(None, description="Encrypted key file, or a folder of them.")
    account: str | None = Field(None, description="Which key of several, by its address.")
    keystore_password: SecretStr | None = None
    keystore_password_file: Path | None = None
    signer: SecretStr | None = Field(
        None, description="web3signer:URL or clef:URL, which holds the key of `account`."
    )
    signer_timeout: float = Field(10.0, gt=0, description="Seconds for one of its answers.")

    journal: SecretStr | None = Field(
        None, description="Database URL; SQLite in the home if unset."
    )
    evidence: str | None = Field(
        None, description="Folder or fsspec URL of the evidence store; in the home if unset."
    )
    evidence_hosts: str = Field("", description="Where inputs may be fetched from, by commas.")
    drain_seconds: float = Field(
        10.0, ge=0, description="Most seconds to finish what is under way when asked to stop."
    )
    max_fee_gwei: float | None = Field(None, gt=0)
    priority_fee_gwei: float | None = Field(None, ge=0)
    confirmations: int | None = Field(None, ge=1)
    finality: int | None = Field(None, ge=1)

    anchor_within: int = Field(600, ge=1, description="Seconds that a promise to anchor gives.")
    anchor_every: float = Field(60.0, gt=0, description="Seconds at which a batch closes.")
    anchor_count: int = Field(10_000, ge=1, description="Predictions at which a batch closes.")

    @field_validator("rpc_urls", mode="before")
    @classmethod
    def _split(cls, given: Any) -> Any:
        if isinstance(given, str):
            return [url.strip() for url in given.split(",") if url.strip()]
        return given

    @property
    def keys_given(self) -> list[str]:
        """The API keys, as they were given."""
        return self.api_keys.get_secret_value().split(",") if self.api_keys else []

    @property
    def urls(self) -> list[str]:
        """The RPC endpoints, with their credentials."""
        return [url.get_secret_value() for url in self.rpc_urls]

    def for_demo(self) -> Settings:
        """These settings with development keys and nothing of the outside: no key, no endpoint."""
        return self.model_copy(
            update={
                "rpc_urls": [],
                "contract": None,
                "private_key": None,
                "keystore": None,
                "account": None,
                "signer": None,
                "api_keys": None,
                "journal": None,
                "peers": None,
                "evidence": None,
                "evidence_hosts": "",
            }
        )

    def key_environment(self) -> dict[str, str]:
        """The settings about keys, by their environment variables' names."""
        secrets = {
            "ORACLE_PRIVATE_KEY": self.private_key,
            "ORACLE_KEYSTORE_PASSWORD": self.keystore_password,
        }
        given = {name: value.get_secret_value() for name, value in secrets.items() if value}
        if self.keystore_password_file is not None:
            given["ORACLE_KEYSTORE_PASSWORD_FILE"] = str(self.keystore_password_file)
        return given


def read_settings(**flags: Any) -> Settings:
    """The environment's settings, with flags laid over them.

    Raises:
        ConfigError: a value that can not be; the value itself is not repeated.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    return _checked(lambda: Settings(**given))


def environment() -> Mapping[str, str]:
    """The process environment, for what other packages read from it by name."""
    return os.environ


def _checked(build: Callable[[], Settings]) -> Settings:
    try:
        return build()
    except ValidationError as error:
        found = "; ".join(
            f"ORACLE_{'_'.join(str(part) for part in fault['loc'][:1]).upper()}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise ConfigError(found, remedy="correct the environment variable or the flag") from None
