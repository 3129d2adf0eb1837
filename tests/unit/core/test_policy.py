import json

import pytest

from oracle.core.errors import InvalidInput
from oracle.core.policy import ClassRule, ThresholdRule, Verdict, parse_policy, policy_to_json

MEANING = {"ACCEPT": "a", "REJECT": "b", "REVIEW": "c"}
THRESHOLD = {
    "kind": "threshold",
    "arguments": {
        "threshold": "300",
        "band": "50",
        "acceptAtOrAbove": False,
        "minConfidence": 600_000,
    },
    "fee_gwei": 1000,
    "max_age_seconds": 60,
    "meaning": MEANING,
}
CLASS = {
    **THRESHOLD,
    "kind": "class",
    "arguments": {
        "verdictByLabel": "0x010203" + "00" * 29,
        "labelCount": 3,
        "minConfidence": 900_000,
    },
}


@pytest.mark.parametrize("given", [THRESHOLD, CLASS])
def test_policy__read_and_written__is_the_same(given):
    assert policy_to_json(parse_policy(json.dumps(given))) == given


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (249, Verdict.ACCEPT),
        (250, Verdict.REVIEW),
        (349, Verdict.REVIEW),
        (350, Verdict.REJECT),
    ],
)
def test_threshold__around_the_band__cuts_where_the_contract_does(value, verdict):
    rule = parse_policy(json.dumps(THRESHOLD)).rule
    assert rule.decide(value, 1_000_000) is verdict
    assert rule.decide(value, 599_999) is Verdict.REVIEW
    mirrored = ThresholdRule(threshold=300, band=50, accept_at_or_above=True, min_confidence=0)
    opposite = {Verdict.ACCEPT: Verdict.REJECT, Verdict.REJECT: Verdict.ACCEPT}
    assert mirrored.decide(value, 0) is opposite.get(verdict, verdict)


def test_threshold__no_band__is_a_clean_cut():
    rule = ThresholdRule(threshold=0, band=0, accept_at_or_above=True, min_confidence=0)
    assert [rule.decide(v, 0) for v in (-1, 0, 1)] == [
        Verdict.REJECT,
        Verdict.ACCEPT,
        Verdict.ACCEPT,
    ]


def test_class__each_label_has_its_verdict__others_are_refused():
    rule = parse_policy(json.dumps(CLASS)).rule
    assert isinstance(rule, ClassRule)
    assert [rule.decide(v, 900_000) for v in range(3)] == [
        Verdict.REJECT,
        Verdict.ACCEPT,
        Verdict.REVIEW,
    ]
    assert rule.decide(1, 899_999) is Verdict.REVIEW
    for value in (-1, 3):
        with pytest.raises(InvalidInput, match="unknown to the policy"):
            rule.decide(value, 1_000_000)


@pytest.mark.parametrize(
    ("base", "change"),
    [
        (CLASS, {"labelCount": 33}),
        (CLASS, {"labelCount": 0, "verdictByLabel": "0x" + "00" * 32}),
        (CLASS, {"verdictByLabel": "0x010203" + "0A" * 29}),
        (CLASS, {"verdictByLabel": "0x010203" + "00" * 30}),
        (CLASS, {"labelCount": 2}),
        (CLASS, {"labelCount": 4}),
        (CLASS, {"verdictByLabel": "0x04" + "00" * 31, "labelCount": 1}),
        (CLASS, {"minConfidence": 1_000_001}),
        (THRESHOLD, {"threshold": 300}),
        (THRESHOLD, {"threshold": "0.5"}),
        (THRESHOLD, {"threshold": str(2**127)}),
        (THRESHOLD, {"threshold": str(2**127 - 1), "band": "1"}),
        (THRESHOLD, {"threshold": str(-(2**127)), "band": "1"}),
        (THRESHOLD, {"band": "-1"}),
        (THRESHOLD, {"extra": 1}),
    ],
)
def test_policy__what_the_contract_can_not_hold__is_refused(base, change):
    given = {**base, "arguments": {**base["arguments"], **change}}
    with pytest.raises(InvalidInput):
        parse_policy(json.dumps(given))


@pytest.mark.parametrize(
    ("base", "change"),
    [
        (CLASS, {"minConfidence": 0}),
        (CLASS, {"minConfidence": 1_000_000}),
        (THRESHOLD, {"band": "0"}),
        (THRESHOLD, {"threshold": "0", "band": str(2**127 - 1)}),
        (THRESHOLD, {"threshold": str(2**127 - 1), "band": "0"}),
        (THRESHOLD, {"threshold": str(-(2**127)), "band": "0"}),
    ],
)
def test_policy__the_most_and_the_least_that_the_contract_holds__is_one(base, change):
    given = {**base, "arguments": {**base["arguments"], **change}}
    assert policy_to_json(parse_policy(json.dumps(given))) == given


def test_policy__of_another_kind__is_refused():
    with pytest.raises(InvalidInput, match="kind"):
        parse_policy(json.dumps({**THRESHOLD, "kind": "other"}))


def test_policy__a_verdict_without_meaning__is_refused():
    with pytest.raises(InvalidInput, match="meaning"):
        parse_policy(json.dumps({**THRESHOLD, "meaning": {"ACCEPT": "a"}}))


def test_class__of_one_label__is_a_policy():
    arguments = {**CLASS["arguments"], "verdictByLabel": "0x02" + "00" * 31, "labelCount": 1}
    rule = parse_policy(json.dumps({**CLASS, "arguments": arguments})).rule
    assert rule.decide(0, 900_000) is Verdict.ACCEPT


@pytest.mark.parametrize(("name", "least"), [("fee_gwei", 0), ("max_age_seconds", 1)])
def test_policy__fee_and_age__are_what_the_registry_holds(name, least):
    for taken in (least, 2**32 - 1):
        assert getattr(parse_policy(json.dumps({**THRESHOLD, name: taken})), name) == taken
    for refused in (least - 1, 2**32):
        with pytest.raises(InvalidInput, match=name):
            parse_policy(json.dumps({**THRESHOLD, name: refused}))
