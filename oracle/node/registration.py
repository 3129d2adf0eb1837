"""From a model's folder to what is deployed and registered for it."""

from __future__ import annotations

from collections.abc import Sequence

from oracle.chain.deployment import ContractSpec, ModelSpec
from oracle.core.errors import ConfigError
from oracle.core.model_card import ModelCard
from oracle.core.policy import Rule, ThresholdRule
from oracle.core.sealed import Terms
from oracle.inference.folder import POLICY, StoredModel
from oracle.node.committee.member import rule_of


def policy_contract(rule: Rule) -> ContractSpec:
    """The policy contract of a rule, with its constructor arguments."""
    if isinstance(rule, ThresholdRule):
        return ContractSpec(
            contract="ThresholdPolicy",
            arguments=(rule.threshold, rule.band, rule.accept_at_or_above, rule.min_confidence),
        )
    return ContractSpec(
        contract="ClassPolicy",
        arguments=(rule.verdict_by_label, len(rule.verdicts), rule.min_confidence),
    )


def registration_of(model: StoredModel, attestor: str) -> ModelSpec:
    """How a model is registered with this attestor.

    Raises:
        ConfigError: the model has no policy.
    """
    if model.policy is None:
        raise ConfigError(
            f"model {model.name} has no {POLICY}",
            remedy=f"write {model.folder / POLICY}: which values accept, reject or go to review",
        )
    return ModelSpec(
        name=model.name,
        model_id=model.model_id,
        attestor=attestor,
        policy=policy_contract(model.policy.rule),
        fee_gwei=model.policy.fee_gwei,
        max_age=model.policy.max_age_seconds,
    )


def quorum_attestor(
    members: Sequence[str], threshold: int, decisions: str | None = None
) -> ContractSpec:
    """The ``QuorumAttestor`` of these members.

    Args:
        decisions: the decision contract it serves; this release's where None.
    """
    serves = decisions or ContractSpec(contract="DecisionContract").address
    return ContractSpec(contract="QuorumAttestor", arguments=(serves, list(members), threshold))


def sealed_attestor(
    members: Sequence[str], threshold: int, terms: Terms, decisions: str | None = None
) -> ContractSpec:
    """The ``SealedVoteAttestor`` of these members; arguments as for ``quorum_attestor``."""
    serves = decisions or ContractSpec(contract="DecisionContract").address
    arguments = (serves, list(members), threshold, terms.as_abi())
    return ContractSpec(contract="SealedVoteAttestor", arguments=arguments)


def terms_for(card: ModelCard, *, commit_window: int, reveal_window: int, bond: int) -> Terms:
    """The terms of votes about a model: when two say the same is the card's word.

    Args:
        commit_window, reveal_window: seconds.
        bond: wei.
    """
    return Terms(
        commit_window=commit_window,
        reveal_window=reveal_window,
        bond=bond,
        tolerance=rule_of(card).tolerance,
    )
