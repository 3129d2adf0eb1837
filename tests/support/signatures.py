"""Signatures by keys that a test holds, without waiting for anybody."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount

from oracle.chain.signing import sign_digest
from oracle.core.peer import Opinion
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee

sign = sign_digest


def opinion_of(account: LocalAccount, committee: Committee, prediction: Prediction) -> Opinion:
    """The account's signed opinion."""
    return Opinion(
        member=str(account.address),
        prediction=prediction,
        signature=sign(account, committee.opinion_digest(prediction)),
    )
