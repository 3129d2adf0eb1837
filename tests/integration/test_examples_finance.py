"""A lender lends, declines or looks closer: ``contracts/examples/CreditDesk.sol`` on Anvil."""

from enum import IntEnum

import pytest

from oracle.core.errors import Reverted
from tests.support.stage import (
    ALICE,
    BOB,
    CAROL,
    ETHER,
    GWEI,
    MODEL_ID,
    OPERATOR,
    Deployed,
    Stage,
    answer,
    events,
    open_stage,
    request_id_in,
)

FEATURES = bytes(range(24))
FEE = 1000 * GWEI
BORROWER, LENDER, STRANGER = ALICE, BOB, CAROL


class Loan(IntEnum):
    NONE = 0
    APPLIED = 1
    APPROVED = 2
    DECLINED = 3
    IN_REVIEW = 4
    COLLECTED = 5
    REPAID = 6
    CANCELLED = 7


class Verdict(IntEnum):
    REJECT = 1
    ACCEPT = 2
    REVIEW = 3


@pytest.fixture
async def stage(tmp_path):
    async with open_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
async def oracle(stage: Stage) -> Deployed:
    """Scores of three decimals: from 0.55 accepted, below 0.45 rejected, a person in between."""
    return await stage.oracle("ThresholdPolicy", 500, 50, True, 0, fee_gwei=FEE // GWEI)


@pytest.fixture
async def desk(stage: Stage, oracle: Deployed) -> Deployed:
    return await stage.deploy("CreditDesk", oracle.address, MODEL_ID, LENDER, value=10 * ETHER)


async def apply_for_loan(desk: Deployed, oracle: Deployed) -> bytes:
    receipt = await desk.send("applyForLoan", ETHER, FEATURES, sender=BORROWER, value=FEE)
    return request_id_in(receipt, oracle)


async def status_of(desk: Deployed, request_id: bytes) -> Loan:
    return Loan((await desk.read("loanOf", request_id))["status"])


async def test_apply__good_score__loan_is_paid_out(stage, oracle, desk):
    request_id = await apply_for_loan(desk, oracle)
    assert await status_of(desk, request_id) is Loan.APPLIED

    receipt = await answer(oracle, request_id, FEATURES, value=800)

    assert [name for name, _ in events(receipt, oracle)] == ["DecisionMade"]
    decision = await oracle.read("decisionOf", MODEL_ID, request_id)
    assert (decision["verdict"], decision["value"]) == (Verdict.ACCEPT, 800)
    assert await status_of(desk, request_id) is Loan.APPROVED

    with pytest.raises(Reverted) as refusal:
        await desk.send("collect", request_id, sender=STRANGER)
    assert refusal.value.error == "NotEntitled"

    capital = await stage.rpc.balance(desk.address, "latest")
    await desk.send("collect", request_id, sender=BORROWER)
    assert await stage.rpc.balance(desk.address, "latest") == capital - ETHER
    assert await status_of(desk, request_id) is Loan.COLLECTED

    await desk.send("repay", request_id, sender=BORROWER, value=ETHER)
    assert await stage.rpc.balance(desk.address, "latest") == capital
    assert await status_of(desk, request_id) is Loan.REPAID


async def test_apply__bad_score__loan_is_declined(oracle, desk):
    request_id = await apply_for_loan(desk, oracle)
    await answer(oracle, request_id, FEATURES, value=200)
    assert await status_of(desk, request_id) is Loan.DECLINED
    with pytest.raises(Reverted) as refusal:
        await desk.send("collect", request_id, sender=BORROWER)
    assert refusal.value.error == "UnexpectedLoanStatus"


@pytest.mark.parametrize(("approve", "outcome"), [(True, Loan.APPROVED), (False, Loan.DECLINED)])
async def test_apply__borderline_score__lender_decides(oracle, desk, approve, outcome):
    request_id = await apply_for_loan(desk, oracle)
    await answer(oracle, request_id, FEATURES, value=520)
    decision = await oracle.read("decisionOf", MODEL_ID, request_id)
    assert decision["verdict"] == Verdict.REVIEW
    assert await status_of(desk, request_id) is Loan.IN_REVIEW

    with pytest.raises(Reverted) as refusal:
        await desk.send("review", request_id, approve, sender=BORROWER)
    assert refusal.value.error == "NotEntitled"

    await desk.send("review", request_id, approve, sender=LENDER)
    assert await status_of(desk, request_id) is outcome


async def test_answer__about_another_input__is_refused(oracle, desk):
    request_id = await apply_for_loan(desk, oracle)
    with pytest.raises(Reverted) as refusal:
        await answer(oracle, request_id, FEATURES[::-1], value=800)
    assert refusal.value.error == "InputMismatch"
    assert await status_of(desk, request_id) is Loan.APPLIED


async def test_answer__operator_is_paid_the_fee(stage, oracle, desk):
    request_id = await apply_for_loan(desk, oracle)
    await answer(oracle, request_id, FEATURES, value=800)
    assert await oracle.read("creditOf", OPERATOR) == FEE


async def test_cancel__no_answer_in_time__fee_goes_back_to_the_borrower(stage, oracle, desk):
    request_id = await apply_for_loan(desk, oracle)
    with pytest.raises(Reverted) as refusal:
        await desk.send("cancel", request_id, sender=BORROWER)
    assert refusal.value.error == "DeadlineNotPassed"

    await stage.pass_time(3601)
    before = await stage.rpc.balance(BORROWER, "latest")
    await desk.send("cancel", request_id, sender=STRANGER)

    assert await stage.rpc.balance(BORROWER, "latest") == before + FEE
    assert await status_of(desk, request_id) is Loan.CANCELLED
    with pytest.raises(Reverted) as refusal:
        await answer(oracle, request_id, FEATURES, value=800)
    assert refusal.value.error == "AlreadyRefunded"


async def test_callback__desk_asks_for_a_quorum__one_signer_moves_nothing(stage, oracle, desk):
    await require_trust_level(stage, desk, 2)
    request_id = await apply_for_loan(desk, oracle)

    receipt = await answer(oracle, request_id, FEATURES, value=800)

    assert [name for name, _ in events(receipt, oracle)] == ["DecisionMade", "CallbackFailed"]
    decision = await oracle.read("decisionOf", MODEL_ID, request_id)
    assert (decision["verdict"], decision["trustLevel"]) == (Verdict.ACCEPT, 1)
    assert await status_of(desk, request_id) is Loan.APPLIED

    with pytest.raises(Reverted) as refusal:
        await oracle.send("retryCallback", MODEL_ID, request_id, desk.address, 0, sender=STRANGER)
    assert refusal.value.error == "CallbackFailedAgain"


async def test_callback__failed_and_mended__anyone_retries_once(stage, oracle, desk):
    await require_trust_level(stage, desk, 2)
    request_id = await apply_for_loan(desk, oracle)
    await answer(oracle, request_id, FEATURES, value=800)
    await require_trust_level(stage, desk, 1)

    await oracle.send("retryCallback", MODEL_ID, request_id, desk.address, 0, sender=STRANGER)

    assert await status_of(desk, request_id) is Loan.APPROVED
    with pytest.raises(Reverted) as refusal:
        await oracle.send("retryCallback", MODEL_ID, request_id, desk.address, 0, sender=STRANGER)
    assert refusal.value.error == "CallbackNotFailed"


async def require_trust_level(stage: Stage, desk: Deployed, level: int) -> None:
    """Make the desk one that was built to ask for this trust level, by its immutables."""
    code = bytearray(await stage.rpc.code(desk.address, "latest"))
    built_with = await desk.read("requiredTrustLevel")
    for start, length in desk.artifact.immutables:
        if int.from_bytes(code[start : start + length], "big") == built_with:
            code[start : start + length] = level.to_bytes(length, "big")
    await stage.rpc.call("anvil_setCode", [desk.address, "0x" + code.hex()])
    assert await desk.read("requiredTrustLevel") == level
