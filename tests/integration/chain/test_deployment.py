"""Deploying for real, to Anvil and to Hardhat, whole and again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.chain.addresses import addresses_path, load_addresses, save_addresses
from oracle.chain.contracts import DecisionContract, ModelConfig
from oracle.chain.create2 import PROXY, PROXY_CODE
from oracle.chain.deployment import ContractSpec, StepReport, StepState, deploy, plan_deployment
from oracle.chain.local import LocalChain, dev_account
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import AccountSigner
from oracle.core.errors import ConfigError, VerificationError
from tests.support.world import DEPLOYER, THRESHOLD, address_of, models


@pytest.fixture(params=["anvil", "hardhat_chain"])
def chain(request: pytest.FixtureRequest) -> LocalChain:
    found: LocalChain = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def rpc(chain: LocalChain) -> AsyncIterator[RpcPool]:
    async with RpcPool([chain.url], chain_id=chain.chain_id) as pool:
        snapshot = await pool.call("evm_snapshot")
        yield pool
        await pool.call("evm_revert", [snapshot])


def signer(rpc: RpcPool) -> AccountSigner:
    return AccountSigner(rpc, dev_account(DEPLOYER, chain_id=31337))


async def test_deploy__empty_chain__every_step_is_done(rpc: RpcPool) -> None:
    told: list[StepReport] = []
    plan = plan_deployment(models())
    done = await deploy(plan, rpc, signer(rpc), progress=told.append)
    assert await rpc.code(PROXY, "latest") == PROXY_CODE
    assert done.address == plan.decision_contract.address
    assert tuple(told) == done.steps
    assert all(step.state is StepState.DONE for step in done.steps)
    first = next(step for step in done.steps if step.address == done.address)
    assert done.block_number == first.block_number
    model = await DecisionContract(rpc, done.address).model_of(models()[0].model_id, block="latest")
    assert model is not None
    assert model.config == models()[0].config


async def test_deploy__again__sends_nothing_and_finds_the_block(rpc: RpcPool) -> None:
    plan = plan_deployment(models())
    first = await deploy(plan, rpc, signer(rpc))
    sent = await rpc.nonce(address_of(DEPLOYER), "latest")
    again = await deploy(plan, rpc, signer(rpc))
    assert await rpc.nonce(address_of(DEPLOYER), "latest") == sent
    assert {step.state for step in again.steps} == {StepState.PRESENT}
    assert again.block_number == first.block_number


async def test_deploy__cut_off_half_way__resumes(rpc: RpcPool) -> None:
    await deploy(plan_deployment(models()[:1]), rpc, signer(rpc))
    done = await deploy(plan_deployment(models()), rpc, signer(rpc))
    states = {(step.subject, step.state) for step in done.steps}
    assert ("DecisionContract", StepState.PRESENT) in states
    assert ("ClassPolicy", StepState.DONE) in states
    assert ("class", StepState.DONE) in states


async def test_deploy__other_code_at_the_address__names_both_hashes(rpc: RpcPool) -> None:
    plan = plan_deployment()
    address = plan.decision_contract.address
    method = (
        "anvil_setCode" if "anvil" in await rpc.call("web3_clientVersion") else "hardhat_setCode"
    )
    await rpc.call(method, [address, "0x6001"])
    with pytest.raises(VerificationError, match=f"{address} hashes to 0x.{{64}}, that of .* to 0x"):
        await deploy(plan, rpc, signer(rpc))


async def test_deploy__immutables__are_masked(rpc: RpcPool) -> None:
    strict = ContractSpec(contract="ThresholdPolicy", arguments=(1, 2, False, 3))
    done = await deploy(plan_deployment(others=[strict, THRESHOLD]), rpc, signer(rpc))
    assert strict.address != THRESHOLD.address
    again = await deploy(done.plan, rpc, signer(rpc))
    assert {step.state for step in again.steps} == {StepState.PRESENT}


async def test_deploy__model_has_other_rules__is_reported_with_owner(rpc: RpcPool) -> None:
    await deploy(plan_deployment(models()), rpc, signer(rpc))
    score, classes = models()
    changed = replace(score, fee_gwei=5)
    with pytest.raises(ConfigError) as caught:
        await deploy(plan_deployment([changed, classes]), rpc, signer(rpc))
    assert "score: fee in gwei is 1000, not 5" in caught.value.what
    assert address_of(DEPLOYER) in caught.value.what
    assert caught.value.remedy


async def test_deploy__empty_wallet__names_address_balance_and_need(rpc: RpcPool) -> None:
    from eth_account import Account

    poor = Account.create()
    with pytest.raises(ConfigError, match=f"{poor.address} has 0 .* and needs"):
        await deploy(plan_deployment(), rpc, AccountSigner(rpc, poor))


async def test_signer__fee_ceiling_below_the_base_fee__config_error(rpc: RpcPool) -> None:
    account = dev_account(DEPLOYER, chain_id=31337)
    with pytest.raises(ConfigError, match="the ceiling is 1e-09"):
        await AccountSigner(rpc, account, max_fee_gwei=1e-9).send_transaction(to=PROXY)


async def test_addresses__saved_and_loaded__are_the_same(rpc: RpcPool, tmp_path: Path) -> None:
    done = await deploy(plan_deployment(models()), rpc, signer(rpc))
    path = addresses_path(31337, tmp_path)
    assert path.is_relative_to(tmp_path)
    assert load_addresses(path) is None
    written = save_addresses(path, done)
    assert load_addresses(path) == written
    assert set(written.models) == {"score", "class"}
    assert written.contracts[THRESHOLD.address] == "ThresholdPolicy"
    path.write_text("{}")
    with pytest.raises(ConfigError, match="damaged"):
        load_addresses(path)


def test_model_config__as_abi__keeps_the_solidity_order() -> None:
    config = ModelConfig(attestor="0xa", policy="0xb", fee_gwei=1, max_age=2)
    assert config.as_abi() == ("0xa", "0xb", 1, 2)
