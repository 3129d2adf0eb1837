"""What to do about each of the contracts' refusals, by the error's name."""

from __future__ import annotations

from oracle.core.errors import OracleError, Reverted

REMEDIES: dict[str, str] = {
    "AlreadyDecided": "one (model, subject) is decided once: read that decision",
    "AlreadyRefunded": "nobody answered in time: ask again",
    "CallbackFailedAgain": "mend the contract that is called back, then retry the callback",
    "CallbackGasTooLow": "send the transaction with more gas",
    "CallbackNotFailed": "its callback was delivered, or none was asked for",
    "CaseNotWaiting": "the case was queued already",
    "ChangeNotDue": "wait until the change is due",
    "DeadlineNotPassed": "wait for the deadline, then ask for the refund",
    "DeadlineOutOfRange": "choose a deadline after now and at most two days away",
    "DeadlinePassed": "it can be refunded; ask again",
    "FeeNotWholeGwei": "offer a fee in whole gwei",
    "FeeTooHigh": "offer less than 2^32 gwei",
    "FeeTooLow": "offer at least the model's fee; `oracle model show` and /api/models have it",
    "InputMismatch": "the prediction is about another input than was asked about",
    "ModelChangeDue": "somebody must apply the pending change first: applyModelChange",
    "ModelExists": "the model is registered; its owner can propose a change",
    "ModelIsPaused": "its owner paused it: wait, or ask another model",
    "NoCredit": "there is nothing to withdraw",
    "NotAttestor": "only the model's attestor decides; run the node with its key",
    "NotCarrier": "call it as the carrier that the cover was made with",
    "NotClinic": "call it as the clinic that the desk was made with",
    "NotEntitled": "call it as the account that is entitled to",
    "NotModelOwner": "call it as the model's owner",
    "NotPolicy": "register the model with a policy contract",
    "PredictionInFuture": "wait for the next block, or correct the clock",
    "PredictionTooOld": "predict again",
    "PremiumMismatch": "send exactly the premium",
    "RequestExists": "ask again: the next request has another id",
    "ReserveTooSmall": "add to the reserve first",
    "TrustLevelTooLow": "ask a model that is vouched for more strongly",
    "UnknownLabel": "the policy knows fewer labels than the model: register another policy",
    "UnknownModel": "register it: oracle deploy",
    "UnknownRequest": "check the request's id and the model",
    "OutOfGas": "send it with more gas",
}


def remedy_for(error: OracleError) -> str:
    """The error's own remedy, or the one for the contract's refusal."""
    if error.remedy or not isinstance(error, Reverted):
        return error.remedy
    return REMEDIES.get(error.error, "see docs/architecture.md for what the contract allows")
