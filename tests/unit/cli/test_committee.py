"""``oracle committee`` and ``up --nodes``: what is parsed, warned of, and shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

from oracle.cli.checkup_committee import agreement_findings, peers_finding
from oracle.cli.committee_chain import concerns, duration, members_from
from oracle.cli.committee_peers import Peer
from oracle.cli.committee_up import MOST, quorum_of
from oracle.cli.machine import Status
from oracle.cli.show_evidence import trust_words
from oracle.cli.watched import ending
from oracle.core.errors import ConfigError, InvalidInput
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, encode_evidence
from oracle.node.registration import quorum_attestor
from oracle.verify.evidence import read_evidence
from tests.support.signatures import sign

KEYS = [Account.from_key(bytes([n]) * 32) for n in range(1, 5)]
MEMBERS = tuple(str(key.address) for key in KEYS)
COMMITTEE = Committee(attestor="0x" + "Aa" * 20, chain_id=31337, members=MEMBERS, threshold=3)
SAID = Prediction(
    model_id=b"m" * 32,
    subject=b"s" * 32,
    input_hash=b"i" * 32,
    output_hash=b"o" * 32,
    value=7,
    confidence=0,
    predicted_at=1,
)


def votes(prediction: Prediction = SAID, of: int = 3) -> dict[str, bytes]:
    digest = COMMITTEE.vote_digest(prediction)
    return {str(key.address): sign(key, digest) for key in KEYS[:of]}


def test_members_from__commas_spaces_and_repeats_of_the_option__are_one_list_in_order():
    assert members_from([f"{MEMBERS[0]},{MEMBERS[1].lower()}", f" {MEMBERS[2]} "]) == MEMBERS[:3]


@pytest.mark.parametrize(
    ("texts", "kind", "said"),
    [
        ([], InvalidInput, "no members"),
        ([","], InvalidInput, "no members"),
        (["0x12"], ConfigError, "no address"),
        (["0x" + "0" * 40], InvalidInput, "zero address"),
        ([MEMBERS[0], MEMBERS[0].lower()], InvalidInput, "twice"),
    ],
)
def test_members_from__what_can_be_no_member__is_refused(texts, kind, said):
    with pytest.raises(kind, match=said):
        members_from(texts)


@pytest.mark.parametrize(
    ("members", "threshold", "said"),
    [(4, 3, []), (4, 2, ["no majority"]), (3, 3, ["everybody"]), (1, 1, []), (2, 1, ["majority"])],
)
def test_concerns__minority_or_everybody__is_warned_of(members, threshold, said):
    found = concerns(members, threshold)
    assert len(found) == len(said)
    assert all(word in text for word, text in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("nodes", "quorum", "threshold"), [(4, 3, 3), (4, None, 3), (1, None, 1), (7, None, 5)]
)
def test_quorum_of__without_one__is_more_than_two_thirds(nodes, quorum, threshold):
    assert quorum_of(nodes, quorum) == threshold


@pytest.mark.parametrize(("nodes", "quorum"), [(0, None), (MOST + 1, None), (4, 5), (4, 0)])
def test_quorum_of__what_can_not_be__is_refused(nodes, quorum):
    with pytest.raises(InvalidInput):
        quorum_of(nodes, quorum)


def test_quorum_attestor__other_order_or_threshold__is_another_address():
    one = quorum_attestor(MEMBERS, 3).address
    assert one == quorum_attestor(MEMBERS, 3).address
    assert len({one, quorum_attestor(MEMBERS, 2).address}) == 2
    assert one != quorum_attestor(MEMBERS[::-1], 3).address


def test_read_evidence__of_three__names_them_and_each_holds():
    found = read_evidence(COMMITTEE, SAID, encode_evidence(COMMITTEE, votes(), SAID.subject))
    assert [(each.member, each.holds) for each in found] == [(m, True) for m in MEMBERS[:3]]


def test_read_evidence__over_another_prediction__does_not_hold():
    evidence = encode_evidence(COMMITTEE, votes(replace(SAID, value=8)), SAID.subject)
    assert {each.holds for each in read_evidence(COMMITTEE, SAID, evidence)} == {False}


def test_read_evidence__a_wallets_signature__is_left_to_the_chain():
    signed = votes() | {MEMBERS[1]: b"whatever the wallet takes"}
    found = read_evidence(COMMITTEE, SAID, encode_evidence(COMMITTEE, signed, SAID.subject))
    assert [each.holds for each in found] == [True, None, True]


@pytest.mark.parametrize("change", [lambda e: e[:-1], lambda e: e + b"\0", lambda e: e[:4]])
def test_read_evidence__cut_or_longer__is_refused(change):
    with pytest.raises(InvalidInput):
        read_evidence(COMMITTEE, SAID, change(encode_evidence(COMMITTEE, votes(), SAID.subject)))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(8, "8 s"), (60, "1 min"), (172_799, "47 h 59 min"), (3600, "1 h 0 min")],
)
def test_duration(seconds, words):
    assert duration(seconds) == words


def test_trust_words__known_and_unknown_levels():
    assert trust_words(2) == "a quorum (level 2)"
    assert trust_words(9) == "unknown (level 9)"


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "ended with 0"), (-9, "was killed by SIGKILL"), (-99, "was killed by signal 99")],
)
def test_ending(status, words):
    assert ending(status) == words


def peer(place: int, *, alive: bool = True) -> Peer:
    what = "" if alive else "does not answer (ConnectError)"
    return Peer(member=MEMBERS[place], url="http://a", alive=alive, ready=alive, what=what)


@pytest.mark.parametrize(("silent", "status"), [(0, Status.OK), (1, Status.NOTE), (2, Status.FAIL)])
def test_peers_finding__too_few_to_decide__fails(silent, status):
    peers = [peer(place, alive=place > silent) for place in (1, 2, 3)]
    found = peers_finding(COMMITTEE, ["credit-default"], peers)
    assert found.status is status
    assert f"{4 - silent} of 4 members answer, 3 are needed" in found.what


def test_peers_finding__url_not_known__says_how_to_write_it_down():
    unknown = Peer(member=MEMBERS[1], url="", what="URL not known")
    found = peers_finding(COMMITTEE, ["m"], [unknown, peer(2), peer(3)])
    assert "oracle committee join" in found.remedy


def test_agreement_findings__only_the_committees_checks__and_failures_fail():
    checks = [
        {"name": "chain", "ok": True, "what": "…"},
        {"name": "committee:a", "ok": True, "what": "agrees"},
        {"name": "committee:b", "ok": False, "what": "agrees with 1 of 9"},
    ]
    found = agreement_findings(checks)
    assert [(each.name, each.status) for each in found] == [
        ("agreement a", Status.OK),
        ("agreement b", Status.FAIL),
    ]
