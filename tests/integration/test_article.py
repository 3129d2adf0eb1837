"""The article's snippet, as its reader runs it: ``node dapp/article.js`` on both local chains."""

import asyncio
import re
from pathlib import Path

import pytest
from eth_account import Account

from oracle.chain.contracts import DecisionContract
from oracle.chain.deployment import deploy, plan_deployment
from oracle.chain.local import Engine, dev_account, local_chain
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import AccountSigner
from oracle.chain.toolchain import find_node
from oracle.core.policy import Verdict
from oracle.inference.folder import load_model
from oracle.node.registration import registration_of

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "models" / "credit-default"
GAS_LIMIT = 100_000


async def run_article(url: str) -> tuple[int, str, str]:
    """Exit code, output and errors of the script."""
    process = await asyncio.create_subprocess_exec(
        find_node(),
        ROOT / "dapp" / "article.js",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


@pytest.fixture(params=Engine)
async def chain(request, tmp_path):
    async with local_chain(folder=tmp_path, engine=request.param) as chain:
        yield chain


@pytest.fixture
async def rpc(chain):
    async with RpcPool([chain.url], chain_id=chain.chain_id) as rpc:
        yield rpc


async def deploy_model(rpc: RpcPool, attestor: str) -> DecisionContract:
    signer = AccountSigner(rpc, dev_account(0, chain_id=rpc.chain_id))
    plan = plan_deployment([registration_of(load_model(MODEL), attestor)])
    deployed = await deploy(plan, rpc, signer)
    return DecisionContract(rpc, deployed.address)


async def test_article__model_deployed__makes_a_new_decision_each_time(rpc, chain):
    contract = await deploy_model(rpc, dev_account(0, chain_id=chain.chain_id).address)
    model_id = load_model(MODEL).model_id
    gas = []
    for _ in range(2):
        code, output, errors = await run_article(chain.url)
        assert (code, errors) == (0, "")
        assert "Decision made successfully" in output
        gas.append(int(re.search(r"Gas used: (\d+)", output)[1]))
    assert all(21_000 < used < GAS_LIMIT for used in gas)

    subject, verdict = re.search(r"Decision about 0x([0-9a-f]{64}): (\w+)", output).groups()
    decision = await contract.decision_of(model_id, bytes.fromhex(subject), block="latest")
    assert decision is not None
    assert (Verdict(decision.verdict).name, decision.trust_level) == (verdict, 1)


async def test_article__chain_was_idle_for_long__still_decides(rpc, chain):
    await deploy_model(rpc, dev_account(0, chain_id=chain.chain_id).address)
    await rpc.call("evm_increaseTime", [7 * 24 * 3600])
    code, output, errors = await run_article(chain.url)
    assert (code, errors) == (0, "")
    assert "Decision made successfully" in output


async def test_article__contract_refuses__says_why_and_claims_nothing(rpc, chain):
    operator = dev_account(0, chain_id=chain.chain_id)
    contract = await deploy_model(rpc, operator.address)
    pause = contract.encode("pauseModel", load_model(MODEL).model_id)
    await AccountSigner(rpc, operator).send_transaction(to=contract.address, calldata=pause)
    code, output, errors = await run_article(chain.url)
    assert code == 1
    assert "Decision made successfully" not in output
    assert "ModelIsPaused(modelId=0x" in errors


async def test_article__nothing_deployed__says_what_to_do(chain):
    code, output, errors = await run_article(chain.url)
    assert (code, output) == (1, "")
    assert "no decision contract" in errors
    assert "oracle deploy" in errors


async def test_article__operator_is_elsewhere__says_so(rpc, chain):
    stranger = Account.create().address
    await deploy_model(rpc, stranger)
    code, output, errors = await run_article(chain.url)
    assert (code, output) == (1, "")
    assert stranger in errors


async def test_article__no_chain__says_what_to_do():
    code, output, errors = await run_article("http://127.0.0.1:9")
    assert (code, output) == (1, "")
    assert "no chain answers" in errors
    assert "oracle up" in errors
