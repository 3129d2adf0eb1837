"""Whether a member agrees with its committee: a pure reading of the latest decisions.

``/readyz``, ``oracle doctor`` and the metrics tell the same story from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed

from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, Rule
from oracle.journal import votes
from oracle.journal.votes import Case
from oracle.node.committee.member import rule_of
from oracle.node.parts import Parts

RECENT = 50
"""Latest decisions of a model that are looked at."""
FEW = 3
"""With fewer decisions nobody is blamed."""

QUICKER = "the others were quicker, or could not reach this node"
OTHERWISE = "this node computed something else"
BEFORE = "this node had voted for another prediction"
UNCOMPUTED = "this node had not computed it in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRecord:
    """What was heard of another member.

    Attributes:
        heard: opinions about the latest decisions.
        apart: those that do not agree with what this node computed.
    """

    member: str
    heard: int
    apart: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A member's part in the latest decisions about one model.

    Attributes:
        decided: how many decisions.
        agreed, apart: of those that this member computed too, how many agree with it, or do not.
        voted: for how many it gave its vote.
        left_out: of the others, how many by each reason, the commonest first.
        peers: the other members, in the contract's order.
    """

    model_id: bytes
    committee: Committee
    decided: int
    agreed: int
    apart: int
    voted: int
    left_out: Mapping[str, int]
    peers: tuple[PeerRecord, ...]

    @property
    def agreement(self) -> float | None:
        """Share of agreeing among what it computed, 0 to 1; None where it computed nothing."""
        computed = self.agreed + self.apart
        return self.agreed / computed if computed else None

    @property
    def share(self) -> float | None:
        """Share of decisions that it voted for, 0 to 1; None where nothing was decided."""
        return self.voted / self.decided if self.decided else None

    @property
    def sound(self) -> bool:
        """Whether it agrees with most decisions; a few do not tell."""
        return self.agreed + self.apart < FEW or self.agreed > self.apart

    def words(self) -> str:
        """All of it in one line."""
        size = len(self.committee.members)
        found = [f"member of {self.committee.threshold} of {size}"]
        if not self.decided:
            return f"{found[0]}; nothing decided yet"
        found.append(
            f"agrees with {self.agreed} of {self.agreed + self.apart}"
            f" and voted for {self.voted} of the latest {self.decided} decisions"
        )
        found += [f"{count} not voted for: {why}" for why, count in self.left_out.items()]
        found += [
            f"{peer.member} said something else than this node {peer.apart} of {peer.heard} times"
            for peer in self.peers
            if peer.apart
        ]
        return "; ".join(found)


def standing_of(
    committee: Committee, operator: str, rule: Rule, model_id: bytes, cases: Sequence[Case]
) -> Standing:
    """The standing that these decisions give.

    Args:
        operator: this member.
        rule: when two values are the same answer.
    """
    agreed = apart = voted = 0
    reasons: Counter[str] = Counter()
    heard: Counter[str] = Counter()
    otherwise: Counter[str] = Counter()
    for case in cases:
        if case.own is not None:
            same = _same(rule, case.own, case.decided.value)
            agreed, apart = agreed + same, apart + (not same)
        reason = _left_out(rule, case)
        if reason is None:
            voted += 1
        else:
            reasons[reason] += 1
        for member, value in case.heard.items():
            heard[member] += 1
            if case.own is not None and not _same(rule, case.own, value):
                otherwise[member] += 1
    return Standing(
        model_id=model_id,
        committee=committee,
        decided=len(cases),
        agreed=agreed,
        apart=apart,
        voted=voted,
        left_out=dict(reasons.most_common()),
        peers=tuple(
            PeerRecord(member=member, heard=heard[member], apart=otherwise[member])
            for member in committee.members
            if member != operator
        ),
    )


def _same(rule: Rule, own: Prediction, value: int) -> bool:
    return rule.agree(own, changed(own, value=value))


def _left_out(rule: Rule, case: Case) -> str | None:
    """Why this member's vote is not among those for the decision; None where it voted for it."""
    if case.vote is not None:
        return None if case.vote == case.decided else BEFORE
    if case.own is None:
        return f"{UNCOMPUTED} ({case.reason})" if case.reason else UNCOMPUTED
    if not _same(rule, case.own, case.decided.value):
        return OTHERWISE
    return QUICKER


async def standings(parts: Parts) -> list[Standing]:
    """The standing of this node in each of its committees.

    Raises:
        JournalError: the journal can not be read.
    """
    found = []
    for model_id, committee in parts.roles.committees().items():
        cases = await parts.journal.read(
            lambda db, of=model_id: votes.recent_cases(db, of, RECENT)  # type: ignore[misc]
        )
        rule = rule_of(parts.engine.card(model_id))
        found.append(standing_of(committee, parts.operator, rule, model_id, cases))
    return found
