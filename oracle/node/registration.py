"""From a model's folder to what is deployed and registered for it."""

from __future__ import annotations

from oracle.chain.deployment import ContractSpec, ModelSpec
from oracle.core.errors import ConfigError
from oracle.core.policy import Rule, ThresholdRule
from oracle.inference.folder import POLICY, StoredModel


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
