"""Every entry point of the decision contract, from Python, on Anvil."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from oracle.chain.contracts import CallbackStatus, ModelConfig, RequestStatus
from oracle.chain.events import (
    CallbackLog,
    DecisionLog,
    RefundLog,
    RequestByHashLog,
    RequestLog,
    decode_log,
)
from oracle.core.errors import InvalidInput, Reverted
from oracle.core.prediction import request_id, subject_of
from tests.support.world import (
    CLASS_MODEL,
    DEPLOYER,
    FEE_GWEI,
    OPERATOR,
    REQUESTER,
    SCORE_MODEL,
    STRANGER,
    THRESHOLD,
    World,
    address_of,
    sign_prediction,
)

REJECT, ACCEPT, REVIEW = 1, 2, 3


async def test_make_decision__own_reference__is_stored_and_logged(world: World) -> None:
    subject = subject_of("loan 7")
    prediction = await world.prediction(subject)
    receipt = await world.send(OPERATOR, world.contract.encode_make_decision(prediction))

    (log,) = world.logs(receipt)
    assert isinstance(log, DecisionLog)
    assert (log.prediction, log.verdict, log.trust_level) == (prediction, ACCEPT, 1)
    assert (log.block_hash, log.tx_hash) == (receipt.block_hash, receipt.tx_hash)
    decision = await world.contract.decision_of(SCORE_MODEL, subject, block=receipt.block_hash)
    assert decision is not None
    stamp = await world.rpc.block(receipt.block_hash)
    assert (decision.value, decision.confidence, decision.verdict) == (700, 900_000, ACCEPT)
    assert (decision.decided_at, decision.trust_level) == (stamp.timestamp, 1)
    assert decision.callback is CallbackStatus.NONE


async def test_decision_of__block_before__is_not_there_yet(world: World) -> None:
    subject, before = subject_of("loan 8"), await world.head()
    await world.decide(subject)
    assert await world.contract.decision_of(SCORE_MODEL, subject, block=before) is None


@pytest.mark.parametrize(("value", "verdict"), [(499, REJECT), (500, ACCEPT), (-(2**127), REJECT)])
async def test_make_decision__threshold_policy__gives_verdict(
    world: World, value: int, verdict: int
) -> None:
    (log,) = world.logs(await world.decide(subject_of("x"), value=value))
    assert isinstance(log, DecisionLog)
    assert log.verdict == verdict


@pytest.mark.parametrize(
    ("label", "confidence", "verdict"),
    [(0, 600_000, ACCEPT), (1, 1_000_000, REJECT), (0, 1, REVIEW)],
)
async def test_make_decision__class_policy__gives_verdict(
    world: World, label: int, confidence: int, verdict: int
) -> None:
    receipt = await world.decide(
        subject_of("x"), model_id=CLASS_MODEL, value=label, confidence=confidence
    )
    (log,) = world.logs(receipt)
    assert isinstance(log, DecisionLog)
    assert log.verdict == verdict


async def test_make_decision__twice__already_decided(world: World) -> None:
    subject = subject_of("once")
    await world.decide(subject)
    with pytest.raises(Reverted) as caught:
        await world.decide(subject, value=1)
    assert caught.value.error == "AlreadyDecided"
    assert caught.value.arguments == {"modelId": SCORE_MODEL, "subject": subject}


async def test_make_decision__stranger__not_attestor(world: World) -> None:
    prediction = await world.prediction(subject_of("x"))
    with pytest.raises(Reverted) as caught:
        await world.send(STRANGER, world.contract.encode_make_decision(prediction))
    assert caught.value.error == "NotAttestor"
    assert caught.value.arguments == {
        "caller": address_of(STRANGER),
        "attestor": address_of(OPERATOR),
    }


async def test_make_decision__unknown_model__is_named(world: World) -> None:
    with pytest.raises(Reverted) as caught:
        await world.decide(subject_of("x"), model_id=keccak(b"none"))
    assert caught.value.error == "UnknownModel"


async def test_make_decision__tagged_subject_without_request__unknown_request(world: World) -> None:
    subject = bytes.fromhex("d0ec1510") + bytes(28)
    with pytest.raises(Reverted) as caught:
        await world.decide(subject)
    assert caught.value.error == "UnknownRequest"


async def test_request__then_answer__moves_the_fee(world: World) -> None:
    asked, receipt = await world.request(input_=b"four features")
    (log,) = world.logs(receipt)
    assert isinstance(log, RequestLog)
    assert log.input == b"four features"
    assert log.requester == address_of(REQUESTER)
    assert (log.fee_gwei, log.callback_gas) == (FEE_GWEI, 0)
    stored = await world.contract.request_of(SCORE_MODEL, asked, block=receipt.block_hash)
    assert stored is not None
    assert stored.status is RequestStatus.OPEN
    assert (stored.requester, stored.deadline) == (address_of(REQUESTER), log.deadline)

    answered = await world.decide(asked, input_=b"four features")
    block = answered.block_hash
    operator = address_of(OPERATOR)
    assert await world.contract.credit_of(operator, block=block) == FEE_GWEI * 10**9
    after = await world.contract.request_of(SCORE_MODEL, asked, block=block)
    assert after is not None
    assert after.status is RequestStatus.DECIDED


async def test_request__id__is_the_one_computed_off_chain(world: World) -> None:
    requester, head = address_of(REQUESTER), await world.head()
    nonce = await world.contract.nonce_of(requester, block=head)
    expected = request_id(
        chain_id=31337,
        contract=world.contract.address_bytes,
        requester=bytes.fromhex(requester[2:]),
        nonce=nonce,
        model_id=SCORE_MODEL,
        input_hash=keccak(b"input"),
    )
    told = await world.contract.request_id_of(
        requester, nonce, SCORE_MODEL, keccak(b"input"), block=head
    )
    asked, receipt = await world.request()
    assert asked == told == expected
    assert await world.contract.nonce_of(requester, block=receipt.block_hash) == nonce + 1


async def test_request_by_hash__then_answer__is_decided(world: World) -> None:
    calldata = world.contract.encode_request_by_hash(
        SCORE_MODEL,
        keccak(b"private"),
        "ipfs://input",
        callback_gas=0,
        deadline=await world.now() + 600,
    )
    (log,) = world.logs(await world.send(REQUESTER, calldata, value=FEE_GWEI * 10**9))
    assert isinstance(log, RequestByHashLog)
    assert (log.input_hash, log.evidence_uri) == (keccak(b"private"), "ipfs://input")
    (made,) = world.logs(await world.decide(log.request_id, input_=b"private"))
    assert isinstance(made, DecisionLog)


async def test_answer__other_input__input_mismatch(world: World) -> None:
    asked, _ = await world.request()
    with pytest.raises(Reverted) as caught:
        await world.decide(asked, input_=b"another")
    assert caught.value.error == "InputMismatch"


@pytest.mark.parametrize(
    ("fee", "error"),
    [((FEE_GWEI - 1) * 10**9, "FeeTooLow"), (FEE_GWEI * 10**9 + 1, "FeeNotWholeGwei")],
)
async def test_request__wrong_fee__is_refused(world: World, fee: int, error: str) -> None:
    calldata = world.contract.encode_request_decision(
        SCORE_MODEL, b"", callback_gas=0, deadline=await world.now() + 600
    )
    with pytest.raises(Reverted) as caught:
        await world.send(REQUESTER, calldata, value=fee)
    assert caught.value.error == error


@pytest.mark.parametrize("lifetime", [0, 3 * 86_400])
async def test_request__deadline_out_of_range__is_refused(world: World, lifetime: int) -> None:
    with pytest.raises(Reverted) as caught:
        await world.request(lifetime=lifetime)
    assert caught.value.error == "DeadlineOutOfRange"


async def test_refund__before_the_deadline__is_refused(world: World) -> None:
    asked, _ = await world.request()
    with pytest.raises(Reverted) as caught:
        await world.send(STRANGER, world.contract.encode_refund(SCORE_MODEL, asked))
    assert caught.value.error == "DeadlineNotPassed"


async def test_refund__after_the_deadline__credits_the_requester(world: World) -> None:
    asked, _ = await world.request(lifetime=100)
    await world.pass_time(101)
    with pytest.raises(Reverted) as caught:
        await world.decide(asked)
    assert caught.value.error == "DeadlinePassed"

    receipt = await world.send(STRANGER, world.contract.encode_refund(SCORE_MODEL, asked))
    (log,) = world.logs(receipt)
    assert isinstance(log, RefundLog)
    assert (log.requester, log.fee_gwei) == (address_of(REQUESTER), FEE_GWEI)
    credit = await world.contract.credit_of(address_of(REQUESTER), block=receipt.block_hash)
    assert credit == FEE_GWEI * 10**9
    with pytest.raises(Reverted) as again:
        await world.send(STRANGER, world.contract.encode_refund(SCORE_MODEL, asked))
    assert again.value.error == "AlreadyRefunded"


async def test_withdraw__credit__pays_out_once(world: World) -> None:
    asked, _ = await world.request()
    await world.decide(asked)
    fresh = "0x00000000000000000000000000000000DeaDBeef"
    receipt = await world.send(OPERATOR, world.contract.encode_withdraw(fresh))
    assert world.logs(receipt) == ()
    paid = decode_log(receipt.logs[0])
    assert (paid.to.lower(), paid.amount) == (fresh.lower(), FEE_GWEI * 10**9)  # type: ignore[union-attr]
    assert await world.rpc.balance(fresh, receipt.block_hash) == FEE_GWEI * 10**9
    with pytest.raises(Reverted) as caught:
        await world.send(OPERATOR, world.contract.encode_withdraw(fresh))
    assert caught.value.error == "NoCredit"


async def test_relay_decision__signed_attestor__anyone_relays(world: World) -> None:
    attestor, _ = await world.deploy_mock(
        "SignedAttestor", address_of(OPERATOR), address_of(DEPLOYER)
    )
    model_id = keccak(b"relayed")
    config = ModelConfig(attestor=attestor, policy=THRESHOLD.address)
    await world.send(DEPLOYER, world.contract.encode_register_model(model_id, config, ""))
    prediction = await world.prediction(subject_of("relayed"), model_id=model_id)
    evidence = sign_prediction(prediction, signer=OPERATOR, attestor=attestor)

    forged = sign_prediction(prediction, signer=STRANGER, attestor=attestor)
    with pytest.raises(Reverted) as caught:
        await world.send(STRANGER, world.contract.encode_relay_decision(prediction, forged))
    assert caught.value.error == "NotVouched"
    receipt = await world.send(STRANGER, world.contract.encode_relay_decision(prediction, evidence))
    (log,) = world.logs(receipt)
    assert isinstance(log, DecisionLog)
    assert log.prediction == prediction
    model = await world.contract.model_of(model_id, block=receipt.block_hash)
    assert model is not None
    assert model.verifies


async def test_relay_decision__attestor_is_an_address__takes_no_evidence(world: World) -> None:
    prediction = await world.prediction(subject_of("x"))
    with pytest.raises(Reverted) as caught:
        await world.send(OPERATOR, world.contract.encode_relay_decision(prediction, b""))
    assert caught.value.error == "AttestorTakesNoEvidence"


async def test_callback__consumer_fails__decision_stands_and_retry_delivers(world: World) -> None:
    # The requester is an account without code at first, so the callback fails; then it gets code
    # that accepts every call, so that a retry succeeds.
    asked, receipt = await world.request(callback_gas=50_000)
    (request,) = world.logs(receipt)
    assert isinstance(request, RequestLog)
    await world.rpc.call("anvil_setCode", [address_of(REQUESTER), "0xfe"])
    prediction = await world.prediction(asked)
    answered = await world.send(
        OPERATOR, world.contract.encode_make_decision(prediction), gas=500_000
    )
    _, failed = world.logs(answered)
    assert isinstance(failed, CallbackLog)
    assert (failed.delivered, failed.request_id) == (False, asked)
    decision = await world.contract.decision_of(SCORE_MODEL, asked, block=answered.block_hash)
    assert decision is not None
    assert decision.callback is CallbackStatus.FAILED

    retry = world.contract.encode_retry_callback(SCORE_MODEL, asked, request.requester, 0)
    with pytest.raises(Reverted) as caught:
        await world.send(STRANGER, retry)
    assert caught.value.error == "CallbackFailedAgain"
    await world.rpc.call("anvil_setCode", [address_of(REQUESTER), "0x00"])
    retried = await world.send(STRANGER, retry)
    (delivered,) = world.logs(retried)
    assert isinstance(delivered, CallbackLog)
    assert delivered.delivered
    with pytest.raises(Reverted) as again:
        await world.send(STRANGER, retry)
    assert again.value.error == "CallbackNotFailed"


async def test_retry_callback__wrong_nonce__not_requester(world: World) -> None:
    asked, _ = await world.request(callback_gas=50_000)
    await world.rpc.call("anvil_setCode", [address_of(REQUESTER), "0xfe"])
    prediction = await world.prediction(asked)
    await world.send(OPERATOR, world.contract.encode_make_decision(prediction), gas=500_000)
    with pytest.raises(Reverted) as caught:
        await world.send(
            STRANGER,
            world.contract.encode_retry_callback(SCORE_MODEL, asked, address_of(REQUESTER), 9),
        )
    assert caught.value.error == "NotRequester"


async def test_simulate_many__mixed__gives_each_its_reason(world: World) -> None:
    good = world.contract.encode_make_decision(await world.prediction(subject_of("a")))
    unknown = world.contract.encode_make_decision(
        await world.prediction(subject_of("b"), model_id=bytes(32))
    )
    outcomes = await world.contract.simulate_many(
        [(good, 100_000), (unknown, None), (good, 30_000)], sender=address_of(OPERATOR)
    )
    assert outcomes[0] is None
    assert outcomes[1] is not None
    assert outcomes[1].error == "UnknownModel"
    assert outcomes[2] is not None
    assert outcomes[2].error == "OutOfGas"


async def test_make_decision__fits_the_articles_gas_limit(world: World) -> None:
    prediction = await world.prediction(subject_of("the article's"))
    calldata = world.contract.encode_make_decision(prediction)
    receipt = await world.send(OPERATOR, calldata, gas=100_000)
    assert receipt.gas_used < 100_000


async def test_mined_revert__is_explained_from_the_chain(world: World) -> None:
    prediction = await world.prediction(subject_of("x"), model_id=keccak(b"none"))
    with pytest.raises(Reverted) as caught:
        await world.send(OPERATOR, world.contract.encode_make_decision(prediction), gas=200_000)
    assert caught.value.error == "UnknownModel"
    assert "reverted in block" in caught.value.what


def test_encode__value_too_wide__names_the_function(world: World) -> None:
    with pytest.raises(InvalidInput, match="requestDecision"):
        world.contract.encode_request_decision(SCORE_MODEL, b"", callback_gas=2**24, deadline=1)
