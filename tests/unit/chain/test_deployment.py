"""The plan: addresses without a chain, order, and which chains can run the code."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from oracle.chain.artifacts import artifact_names, load_artifact
from oracle.chain.contracts import Model, ModelConfig
from oracle.chain.create2 import (
    PROXY,
    PROXY_SENDER,
    PROXY_TRANSACTION,
    create2_address,
)
from oracle.chain.deployment import (
    ContractSpec,
    ModelSpec,
    differences,
    plan_deployment,
    require_code,
)
from oracle.chain.opcodes import needed_rules, require_rules
from oracle.chain.wire import checksum
from oracle.core.errors import ConfigError, VerificationError

OPERATOR = checksum("0x" + "11" * 20)
POLICY = ContractSpec(contract="ThresholdPolicy", arguments=(1, 2, True, 3))
MODEL = ModelSpec(name="m", model_id=b"\x01" * 32, attestor=OPERATOR.lower(), policy=POLICY)


def test_create2__code_and_salt__both_count() -> None:
    assert create2_address(b"\x00") == create2_address(b"\x00", bytes(32))
    assert create2_address(b"\x00") != create2_address(b"\x01")
    assert create2_address(b"\x00") != create2_address(b"\x00", b"\x01" * 32)


def test_proxy__presigned_transaction__is_from_its_sender_and_creates_the_proxy() -> None:
    assert Account.recover_transaction(PROXY_TRANSACTION) == PROXY_SENDER
    first_contract = keccak(b"\xd6\x94" + bytes.fromhex(PROXY_SENDER[2:]) + b"\x80")[12:]
    assert checksum("0x" + first_contract.hex()) == PROXY


def test_plan__policies_shared__are_deployed_once_and_before_models() -> None:
    other = replace(MODEL, name="n", model_id=b"\x02" * 32)
    plan = plan_deployment([MODEL, other])
    assert [spec.contract for spec in plan.contracts] == ["DecisionContract", "ThresholdPolicy"]
    assert plan.models == (MODEL, other)
    assert MODEL.config == ModelConfig(attestor=OPERATOR, policy=POLICY.address)


def test_plan__other_arguments__other_address() -> None:
    changed = replace(POLICY, arguments=(1, 2, True, 4))
    assert changed.address != POLICY.address
    assert replace(POLICY, salt=b"\x01" * 32).address != POLICY.address


def test_plan__interface__can_not_be_deployed() -> None:
    with pytest.raises(ConfigError, match="IPolicy has no code"):
        _ = ContractSpec(contract="IPolicy").address
    with pytest.raises(ConfigError, match="no artifact of contract 'Nothing'"):
        _ = ContractSpec(contract="Nothing").address


def test_code__immutables_aside__must_be_the_artifacts() -> None:
    artifact = load_artifact("ThresholdPolicy")
    assert artifact.immutables
    deployed = bytearray(artifact.deployed_bytecode)
    start, length = artifact.immutables[0]
    deployed[start : start + length] = b"\x07" * length
    require_code(artifact, "0x1", bytes(deployed))
    deployed[0] ^= 1
    with pytest.raises(VerificationError, match="0x1 hashes to 0x"):
        require_code(artifact, "0x1", bytes(deployed))
    with pytest.raises(VerificationError):
        require_code(artifact, "0x1", artifact.deployed_bytecode + b"\x00")


def test_differences__each_rule__is_named() -> None:
    found = Model(
        attestor=OPERATOR,
        fee_gwei=1,
        change_at=0,
        trust_level=1,
        paused=False,
        verifies=False,
        policy=POLICY.address,
        max_age=0,
        owner=OPERATOR,
        pending_owner=OPERATOR,
    )
    assert differences(found.config, found) == ""
    wanted = ModelConfig(attestor=POLICY.address, policy=OPERATOR, fee_gwei=2, max_age=3)
    said = differences(wanted, found)
    for part in ("attestor is", "policy is", "fee in gwei is 1, not 2", "greatest age is 0, not 3"):
        assert part in said
    assert f"owner {OPERATOR}" in said


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        (b"", "london"),
        (b"\x5f\x00", "shanghai"),
        (b"\x60\x5e\x00", "london"),
        (b"\x7f" + b"\x5e" * 32, "london"),
        (b"\x5f\x5e", "cancun"),
        (b"\x5c", "cancun"),
        (b"\x1e", "osaka"),
        (b"\x00\xfe\x5e", "london"),
    ],
)
def test_rules__by_instruction__pushed_bytes_and_constants_aside(code: bytes, rules: str) -> None:
    assert needed_rules(code) == rules


def test_rules__core_contracts__run_on_every_shipped_network() -> None:
    for name in ("DecisionContract", "ThresholdPolicy", "ClassPolicy"):
        require_rules(name, load_artifact(name).deployed_bytecode, "shanghai")
    with pytest.raises(ConfigError, match="X has instructions of the cancun rules"):
        require_rules("X", b"\x5e", "shanghai")


def test_artifacts__all__have_what_a_consumer_needs() -> None:
    names = artifact_names()
    assert {"DecisionContract", "ThresholdPolicy", "ClassPolicy", "IDecisionConsumer"} <= set(names)
    for name in names:
        artifact = load_artifact(name)
        assert artifact.name == name
        assert artifact.abi
        assert not artifact.source.startswith("contracts/mocks/")
        assert artifact.compiler["version"] == "0.8.37"
        assert len(artifact.deployed_bytecode) <= 24_576, "EIP-170"
