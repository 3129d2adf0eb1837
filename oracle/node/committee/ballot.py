"""Signing and checking, for both sides of a committee."""

from __future__ import annotations

from oracle.chain.signing import Key
from oracle.core.errors import VerificationError
from oracle.core.peer import Envelope, Opinion, Proposal, commitment_to
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, Rule, settle
from oracle.core.signatures import signer_of

FRESH = 60
"""Seconds that a message may be old or ahead."""


async def opinion_of(key: Key, committee: Committee, prediction: Prediction) -> Opinion:
    """The key's signed opinion."""
    signature = await key.sign(committee.opinion(prediction))
    return Opinion(member=key.address, prediction=prediction, signature=signature)


def check_message(
    committee: Committee,
    body: bytes,
    signature: bytes,
    envelope: Envelope,
    *,
    receiver: str,
    now: int,
) -> None:
    """Hold a message to its envelope.

    Raises:
        VerificationError: a stranger's, another sender's, another receiver's, or not fresh.
    """
    if envelope.sender not in committee.members:
        raise VerificationError(f"{envelope.sender} is no member of {committee.attestor}")
    if envelope.receiver != receiver:
        raise VerificationError(f"the message is to {envelope.receiver}, not to {receiver}")
    if abs(envelope.at - now) > FRESH:
        raise VerificationError(
            f"the message is from {envelope.at}, {abs(envelope.at - now)} s from now",
            remedy="set the clocks",
        )
    signer = signer_of(committee.message(body).digest, signature)
    if signer != envelope.sender:
        raise VerificationError(f"the message of {envelope.sender} is signed by {signer}")


def check_opinion(committee: Committee, opinion: Opinion) -> None:
    """Hold an opinion to its signature.

    Raises:
        VerificationError: a stranger's, or signed by another.
    """
    if opinion.member not in committee.members:
        raise VerificationError(f"{opinion.member} is no member of {committee.attestor}")
    signer = signer_of(committee.opinion_digest(opinion.prediction), opinion.signature)
    if signer != opinion.member:
        raise VerificationError(f"the opinion of {opinion.member} is signed by {signer}")


def check_proposal(
    committee: Committee,
    rule: Rule,
    proposal: Proposal,
    *,
    collector: str,
    commitment: bytes | None,
) -> None:
    """Hold a proposal to the opinions that it shows.

    Args:
        collector: who committed to its own opinion before it saw the others'.
        commitment: that commitment; it is not needed for a proposal that another member seconds
            with its vote.

    Raises:
        VerificationError: an opinion is not its member's, a member is heard twice, the opinions do
            not make the prediction, or the collector's own is not what it committed to.
    """
    heard: dict[str, Prediction] = {}
    for opinion in proposal.opinions:
        check_opinion(committee, opinion)
        if opinion.member in heard:
            raise VerificationError(f"{opinion.member} is heard twice in one proposal")
        if opinion.prediction.subject != proposal.prediction.subject:
            raise VerificationError(f"the opinion of {opinion.member} is about another subject")
        heard[opinion.member] = opinion.prediction
    if settle(heard, committee.threshold, rule) != proposal.prediction:
        raise VerificationError("the proposed prediction is not what its opinions make")
    if proposal.seconded:
        second = signer_of(committee.vote_digest(proposal.prediction), proposal.seconded)
        if second not in committee.members or second == collector:
            raise VerificationError(f"the proposal is seconded by {second}, who can not")
        return
    own = heard.get(collector)
    if own is None or commitment is None or commitment_to(own, proposal.salt) != commitment:
        raise VerificationError(
            f"collector {collector} does not show the opinion that it committed to"
        )
