"""Which key a command acts with where a signer is set: that one, or none."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from oracle.chain.remote_key import RemoteKey, SignerKind
from oracle.cli.place import account_of, address_of
from oracle.cli.settings import Settings
from oracle.core.errors import ConfigError

OPERATOR = "0x" + "11" * 20


def settings(**changes: object) -> Settings:
    given = {"signer": SecretStr("web3signer:http://name:word@127.0.0.1:9000"), "account": OPERATOR}
    return Settings(**(given | changes))  # type: ignore[arg-type]


async def test_signer__holds_the_key_of_the_account_on_any_chain() -> None:
    for chain_id in (1, 31337):
        key = account_of(settings(), chain_id)
        assert isinstance(key, RemoteKey)
        assert key.kind is SignerKind.WEB3SIGNER
        assert key.address == OPERATOR == address_of(settings(), chain_id)
        assert "word" not in repr(key)
        await key.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"account": None}, "ORACLE_ACCOUNT is not"),
        ({"signer": SecretStr("http://127.0.0.1:9000")}, "does not begin with"),
        ({"signer": SecretStr("clef:127.0.0.1:8551")}, "not http:// or https://"),
        ({"signer": SecretStr("clef:file:///etc/passwd")}, "not http:// or https://"),
        ({"private_key": SecretStr("0x" + "22" * 32)}, "both set"),
        ({"keystore": "operator.json"}, "both set"),
    ],
)
def test_signer__set_wrongly_or_beside_another_key__is_refused(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as refusal:
        account_of(settings(**changes), 31337)
    assert "word" not in str(refusal.value)
    assert refusal.value.remedy


def test_demo__takes_no_signer_from_the_environment() -> None:
    assert settings().for_demo().signer is None
