"""A lender lends, declines or looks closer: ``contracts/examples/CreditDesk.sol`` on Anvil."""

from enum import IntEnum

import pytest

from oracle.chain.contracts import CallbackLog, CallbackStatus
from oracle.chain.deployment import ContractSpec
from oracle.chain.events import DecisionLog
from oracle.core.errors import Reverted
from oracle.core.policy import Verdict
from tests.support.dapps import ETHER, GWEI, Dapp, answer, deploy_dapp, register
from tests.support.world import OPERATOR, STRANGER, World, address_of

FEATURES = bytes(range(24))
FEE = 1000 * GWEI
BORROWER, LENDER = 4, 5

POLICY = ContractSpec(contract="ThresholdPolicy", arguments=(500, 50, True, 0))
"""Scores of three decimals: from 0.55 accepted, below 0.45 rejected, a person in between."""
GOOD, BORDERLINE, BAD = 800, 520, 200


class Loan(IntEnum):
    NONE = 0
    APPLIED = 1
    APPROVED = 2
    DECLINED = 3
    IN_REVIEW = 4
    COLLECTED = 5
    REPAID = 6
    CANCELLED = 7


@pytest.fixture
async def model_id(world: World) -> bytes:
    return await register(world, POLICY, fee_gwei=FEE // GWEI)


@pytest.fixture
async def desk(world: World, model_id: bytes) -> Dapp:
    return await deploy_dapp(world, "CreditDesk", model_id, address_of(LENDER), value=10 * ETHER)


async def apply_for_loan(desk: Dapp) -> bytes:
    return await desk.ask(BORROWER, "applyForLoan", ETHER, FEATURES, value=FEE)


async def status_of(desk: Dapp, request_id: bytes) -> Loan:
    return Loan((await desk.read("loanOf", request_id))["status"])


async def test_apply__good_score__loan_is_paid_out_and_back(world, model_id, desk):
    request_id = await apply_for_loan(desk)
    assert await status_of(desk, request_id) is Loan.APPLIED

    (made,) = await answer(world, model_id, request_id, FEATURES, GOOD)

    assert isinstance(made, DecisionLog)
    assert (made.prediction.value, made.verdict) == (GOOD, Verdict.ACCEPT)
    assert await status_of(desk, request_id) is Loan.APPROVED

    with pytest.raises(Reverted) as refusal:
        await desk.send(STRANGER, "collect", request_id)
    assert refusal.value.error == "NotEntitled"

    capital = await desk.balance()
    await desk.send(BORROWER, "collect", request_id)
    assert await desk.balance() == capital - ETHER
    assert await status_of(desk, request_id) is Loan.COLLECTED

    await desk.send(BORROWER, "repay", request_id, value=ETHER)
    assert await desk.balance() == capital
    assert await status_of(desk, request_id) is Loan.REPAID


async def test_apply__bad_score__loan_is_declined(world, model_id, desk):
    request_id = await apply_for_loan(desk)
    await answer(world, model_id, request_id, FEATURES, BAD)
    assert await status_of(desk, request_id) is Loan.DECLINED
    with pytest.raises(Reverted) as refusal:
        await desk.send(BORROWER, "collect", request_id)
    assert refusal.value.error == "UnexpectedLoanStatus"


@pytest.mark.parametrize(("approve", "outcome"), [(True, Loan.APPROVED), (False, Loan.DECLINED)])
async def test_apply__borderline_score__lender_decides(world, model_id, desk, approve, outcome):
    request_id = await apply_for_loan(desk)
    (made,) = await answer(world, model_id, request_id, FEATURES, BORDERLINE)
    assert made.verdict == Verdict.REVIEW
    assert await status_of(desk, request_id) is Loan.IN_REVIEW

    with pytest.raises(Reverted) as refusal:
        await desk.send(BORROWER, "review", request_id, approve)
    assert refusal.value.error == "NotEntitled"

    await desk.send(LENDER, "review", request_id, approve)
    assert await status_of(desk, request_id) is outcome


async def test_answer__about_another_input__is_refused(world, model_id, desk):
    request_id = await apply_for_loan(desk)
    with pytest.raises(Reverted) as refusal:
        await answer(world, model_id, request_id, FEATURES[::-1], GOOD)
    assert refusal.value.error == "InputMismatch"
    assert await status_of(desk, request_id) is Loan.APPLIED


async def test_answer__operator_is_credited_the_fee(world, model_id, desk):
    operator = address_of(OPERATOR)
    before = await world.contract.credit_of(operator, block="latest")
    await answer(world, model_id, await apply_for_loan(desk), FEATURES, GOOD)
    assert await world.contract.credit_of(operator, block="latest") == before + FEE


async def test_cancel__no_answer_in_time__fee_goes_back_to_the_borrower(world, model_id, desk):
    request_id = await apply_for_loan(desk)
    with pytest.raises(Reverted) as refusal:
        await desk.send(BORROWER, "cancel", request_id)
    assert refusal.value.error == "DeadlineNotPassed"

    await world.pass_time(3601)
    before = await world.rpc.balance(address_of(BORROWER), "latest")
    await desk.send(STRANGER, "cancel", request_id)

    assert await world.rpc.balance(address_of(BORROWER), "latest") == before + FEE
    assert await status_of(desk, request_id) is Loan.CANCELLED
    with pytest.raises(Reverted) as refusal:
        await answer(world, model_id, request_id, FEATURES, GOOD)
    assert refusal.value.error == "AlreadyRefunded"


async def test_callback__desk_asks_for_a_quorum__one_signer_moves_nothing(world, model_id, desk):
    await require_trust_level(desk, 2)
    request_id = await apply_for_loan(desk)

    made, failed = await answer(world, model_id, request_id, FEATURES, GOOD)

    assert (made.verdict, made.trust_level) == (Verdict.ACCEPT, 1)
    assert isinstance(failed, CallbackLog)
    decision = await world.contract.decision_of(model_id, request_id, block="latest")
    assert decision.callback is CallbackStatus.FAILED
    assert await status_of(desk, request_id) is Loan.APPLIED

    with pytest.raises(Reverted) as refusal:
        await retry(world, model_id, request_id, desk)
    assert refusal.value.error == "CallbackFailedAgain"


async def test_callback__failed_and_mended__anyone_retries_once(world, model_id, desk):
    await require_trust_level(desk, 2)
    request_id = await apply_for_loan(desk)
    await answer(world, model_id, request_id, FEATURES, GOOD)
    await require_trust_level(desk, 1)

    await retry(world, model_id, request_id, desk)

    assert await status_of(desk, request_id) is Loan.APPROVED
    with pytest.raises(Reverted) as refusal:
        await retry(world, model_id, request_id, desk)
    assert refusal.value.error == "CallbackNotFailed"


async def retry(world: World, model_id: bytes, request_id: bytes, desk: Dapp) -> None:
    calldata = world.contract.encode_retry_callback(model_id, request_id, desk.address, 0)
    await world.send(STRANGER, calldata)


async def require_trust_level(desk: Dapp, level: int) -> None:
    """Make the desk one that was built to ask for this trust level, by its immutables."""
    code = bytearray(await desk.world.rpc.code(desk.address, "latest"))
    built_with = await desk.read("requiredTrustLevel")
    for start, length in desk.artifact.immutables:
        if int.from_bytes(code[start : start + length], "big") == built_with:
            code[start : start + length] = level.to_bytes(length, "big")
    await desk.world.rpc.call("anvil_setCode", [desk.address, "0x" + code.hex()])
    assert await desk.read("requiredTrustLevel") == level
