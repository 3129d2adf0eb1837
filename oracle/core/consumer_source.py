"""A model's card as a Solidity contract that asks it: named inputs, packing, labels as an enum.

What it packs is what ``oracle.core.packed`` reads; the tests hold both to the bundled models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from oracle.core.decimals import from_units
from oracle.core.errors import InvalidInput
from oracle.core.model_card import ClassHead, Feature, ModelCard
from oracle.core.solidity_names import Names, comment

MOST_MEMBERS = 256
AT_ONCE = 6
"""Fields packed in one call: more would not fit the compiler's stack."""
WIDTH = 114
CALLBACK_GAS = 120_000
LEVELS = range(1, 5)
TAKEN = (
    "Input",
    "Answer",
    "Label",
    "Verdict",
    "Decision",
    "DecisionConsumer",
    "IDecisionContract",
    "Asked",
    "Answered",
    "NotAsker",
    "FeeNotTaken",
    "OutOfRange",
    "UnknownLabel",
    "NotDecisionContract",
    "TrustLevelTooLow",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One field of the input struct: its type there, its name, and the integer that is packed."""

    feature: Feature
    kind: str
    name: str
    packed: str


def contract_name(card: ModelCard) -> str:
    """The contract's name, such as ``CreditDefaultConsumer``."""
    return Names().kind(card.name) + "Consumer"


def consumer_source(card: ModelCard, model_id: bytes, *, trust_level: int = 1) -> str:
    """The source of a contract that asks this model, for ``solc`` 0.8.27 or newer.

    Args:
        trust_level: the least that a decision has to be vouched for, 1 to 4.

    Raises:
        InvalidInput: no such trust level.
    """
    if trust_level not in LEVELS:
        raise InvalidInput(f"trust level {trust_level} does not exist", remedy="give 1 to 4")
    kinds = Names(*TAKEN, contract_name(card))
    fields = _fields(card, kinds)
    parts = [
        _head(card, model_id, trust_level),
        *(
            _enum(field.kind, field.feature.labels or (), field.feature.name)
            for field in fields
            if field.kind != field.feature.solidity_type
        ),
        *([_enum("Label", card.labels, "the model")] if _is_class(card) else []),
        *([_struct(fields)] if fields else []),
        _state(card, model_id, limited=any(_limits(each) for each in fields)),
        _constructor(trust_level),
        _asking(bool(fields)),
        *([_packing(fields)] if fields else []),
        _answering(card),
    ]
    head, *body = parts
    return head + "\n" + "\n\n".join(body) + "\n}\n"


def _is_class(card: ModelCard) -> bool:
    return isinstance(card.head, ClassHead) and len(card.labels) <= MOST_MEMBERS


def _fields(card: ModelCard, kinds: Names) -> list[_Field]:
    names, found = Names(), []
    for feature in card.input.features:
        name, kind = names.member(feature.name), feature.solidity_type
        packed = f"input.{name}"
        if feature.labels is not None and len(feature.labels) <= MOST_MEMBERS:
            kind = kinds.kind(feature.name)
            packed = f"uint8({packed})"
            if feature.signed:
                packed = f"int{feature.bits}(uint{feature.bits}({packed}))"
            elif feature.bits != 8:
                packed = f"uint{feature.bits}({packed})"
        found.append(_Field(feature=feature, kind=kind, name=name, packed=packed))
    return found


def _head(card: ModelCard, model_id: bytes, trust_level: int) -> str:
    return f"""// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {{DecisionConsumer}} from "decision-oracle/contracts/consumer/DecisionConsumer.sol";
import {{IDecisionContract}} from "decision-oracle/contracts/interfaces/IDecisionContract.sol";
import {{Decision}} from "decision-oracle/contracts/types/Decision.sol";

/// @title {contract_name(card)}
{_doc(f"Asks the model {card.name} and keeps its answers. {card.description}", "")}
/// @dev Written from the model's card; inherit it and act in `_answered`, or deploy it as it is.
contract {contract_name(card)} is DecisionConsumer {{"""


def _enum(kind: str, labels: Sequence[str], what: str) -> str:
    names = Names()
    members = ",\n".join(f"        {names.kind(label)}" for label in labels)
    return (
        f"{_doc(f'The labels of {what}, in their order.')}\n    enum {kind} {{\n{members}\n    }}"
    )


def _struct(fields: Sequence[_Field]) -> str:
    lines = [_doc("What the model is asked about.")]
    lines += [_doc(f"{_words(each.feature)}", tag=f"@param {each.name} ") for each in fields]
    lines.append("    struct Input {")
    lines += [f"        {each.kind} {each.name};" for each in fields]
    return "\n".join([*lines, "    }"])


def _words(feature: Feature) -> str:
    """What a field is, its unit and its range; the range is in that unit."""
    found = feature.description or feature.name
    if feature.labels is not None:
        return found
    unit = f" {feature.unit}" if feature.unit else ""
    low, high = feature.bounds
    if not feature.decimals:
        return f"{found}; {low} to {high}{unit}"
    least, most = (f"{from_units(each, feature.decimals):f}" for each in (low, high))
    return f"{found}; {low} to {high}, in 10^-{feature.decimals}{unit}: {least} to {most}{unit}"


def _state(card: ModelCard, model_id: bytes, *, limited: bool) -> str:
    value = "Label label" if _is_class(card) else "int128 value"
    meaning = (
        _doc("What the model says.", tag="@param label ")
        if _is_class(card)
        else _doc("The model's number, in units of 10^-`DECIMALS`.", tag="@param value ")
    )
    decimals = (
        ""
        if _is_class(card)
        else f"""
    /// @notice The decimals of an answer's value.
    uint8 public constant DECIMALS = {card.decimals};"""
    )
    fault = (
        """
    /// @notice The model gave a label that its card does not name.
    error UnknownLabel(int128 value);"""
        if _is_class(card)
        else ""
    )
    refusal = (
        """
    /// @notice The model was not made for such a number.
    error OutOfRange(string field);"""
        if limited
        else ""
    )
    return f"""    /// @notice What the model's policy says; None while there is no decision.
    enum Verdict {{
        None,
        Reject,
        Accept,
        Review
    }}

    /// @notice A decision on what was asked; all zero while there is none.
{meaning}
    /// @param confidence In parts per million; 0 for not stated.
    /// @param decidedAt The time of the block that decided; 0 while there is no decision.
    /// @param verdict What the model's policy says.
    /// @param trustLevel 1 one signer, 2 quorum, 3 sealed quorum or bond, 4 proven.
    struct Answer {{
        {value};
        uint32 confidence;
        uint40 decidedAt;
        Verdict verdict;
        uint8 trustLevel;
    }}

    /// @notice The model, by its card's hash.
    bytes32 public constant MODEL_ID = 0x{model_id.hex()};
    /// @notice Gas for the answer; raise it where `_answered` does more than a little.
    uint24 public constant CALLBACK_GAS = {CALLBACK_GAS:_};
    /// @notice How long an answer may take, in seconds.
    uint40 public constant PATIENCE = 1 hours;{decimals}

    /// @notice The answers, by the id of their request.
    mapping(bytes32 requestId => Answer answer) public answerOf;
    /// @notice Who asked, and gets the fee back where nobody answers.
    mapping(bytes32 requestId => address asker) public askerOf;

    /// @notice The model was asked.
    event Asked(bytes32 indexed requestId, address indexed asker);
    /// @notice The model's answer arrived.
    event Answered(bytes32 indexed requestId, {value}, Verdict verdict);

    /// @notice The caller did not ask this.
    error NotAsker(address caller, address asker);
    /// @notice The fee could not be passed on.
    error FeeNotTaken(address asker, uint256 fee);{refusal}{fault}"""


def _constructor(trust_level: int) -> str:
    return f"""    /// @notice Fixes whom to ask; decisions of a trust level below {trust_level} are not taken.
    constructor(IDecisionContract decisionContract_) DecisionConsumer(decisionContract_, {trust_level}) {{}}"""  # noqa: E501


def _asking(named: bool) -> str:
    given = "Input calldata input" if named else "bytes calldata input"
    encoded = "packed(input)" if named else "input"
    inner = "Input memory input" if named else "bytes memory input"
    return f"""    /// @notice What asking costs now, in wei.
    function fee() public view virtual returns (uint256) {{
        return uint256(decisionContract.modelOf(MODEL_ID).feeGwei) * 1 gwei;
    }}

    /// @notice Asks the model; the ether sent along is its fee, at least `fee()`.
    /// @return requestId What the answer will be kept under.
    function ask({given}) external payable virtual returns (bytes32 requestId) {{
        requestId = _ask(input, msg.value);
        askerOf[requestId] = msg.sender;
        emit Asked(requestId, msg.sender);
    }}

    /// @notice Gives the fee of a question that nobody answered in time back to who asked.
    function reclaim(bytes32 requestId) external virtual {{
        address asker = askerOf[requestId];
        require(msg.sender == asker, NotAsker(msg.sender, asker));
        delete askerOf[requestId];
        uint256 paid = _reclaimFee(MODEL_ID, requestId);
        (bool taken, ) = asker.call{{value: paid}}("");
        require(taken, FeeNotTaken(asker, paid));
    }}

    /// @notice Asks the model and pays so many wei.
    function _ask({inner}, uint256 paid) internal returns (bytes32 requestId) {{
        uint40 deadline = uint40(block.timestamp) + PATIENCE;
        return _requestDecision(MODEL_ID, {encoded}, paid, CALLBACK_GAS, deadline);
    }}"""


def _packing(fields: Sequence[_Field]) -> str:
    lines = [line for each in fields for line in _limits(each)]
    for start in range(0, len(fields), AT_ONCE):
        items = [each.packed for each in fields[start : start + AT_ONCE]]
        if start:
            items.insert(0, "octets")
        body = wrap(", ".join(items), 100, break_long_words=False)
        inner = "\n".join(f"            {line}" for line in body)
        fits = len(body) == 1 and len(body[0]) < WIDTH - 36
        given = body[0] if fits else f"\n{inner}\n        "
        lines.append(f"        octets = abi.encodePacked({given});")
    return (
        "    /// @notice The input bytes, in the order and the widths of the model's card.\n"
        "    /// @dev Reverts for a number outside the model's range, as nobody would answer.\n"
        "    function packed(Input memory input) public pure returns (bytes memory octets) {\n"
        + "\n".join(lines)
        + "\n    }"
    )


def _limits(field: _Field) -> list[str]:
    """The checks of one field that its type does not make."""
    feature, place = field.feature, f"input.{field.name}"
    if field.kind != feature.solidity_type:
        return []
    low, high = feature.bounds
    least = -(1 << (feature.bits - 1)) if feature.signed else 0
    most = (1 << (feature.bits - feature.signed)) - 1
    within = [f"{place} >= {low}"] if low > least else []
    within += [f"{place} <= {high}"] if high < most else []
    if not within:
        return []
    return [f'        require({" && ".join(within)}, OutOfRange("{field.name}"));']


def _answering(card: ModelCard) -> str:
    if _is_class(card):
        decoding = f"""        int128 value = decision.value;
        require(value >= 0 && value < {len(card.labels)}, UnknownLabel(value));
        Label label = Label(uint8(uint128(value)));
"""
        first, said = "label: label", "label"
    else:
        decoding, first, said = "", "value: decision.value", "decision.value"
    return f"""    /// @inheritdoc DecisionConsumer
    function _onDecision(bytes32, bytes32 requestId, Decision calldata decision) internal override {{
{decoding}        Answer memory answer = Answer({{
            {first},
            confidence: decision.confidence,
            decidedAt: decision.decidedAt,
            verdict: Verdict(decision.verdict),
            trustLevel: decision.trustLevel
        }});
        answerOf[requestId] = answer;
        emit Answered(requestId, {said}, answer.verdict);
        _answered(requestId, answer);
    }}

    /// @notice Acts on an answer; a revert leaves the request open to `retryCallback`, by anyone.
    function _answered(bytes32, Answer memory) internal virtual {{}}"""  # noqa: E501


def _doc(text: str, indent: str = "    ", *, tag: str = "@notice ") -> str:
    lines = wrap(tag + comment(text), WIDTH - len(indent), break_long_words=False)
    return "\n".join(f"{indent}/// {line}" for line in lines)
