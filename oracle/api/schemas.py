"""The JSON of the API, as pydantic models: what may come in, and what goes out.

Numbers that a JSON reader may not keep exactly (int128 values, wei) are strings; times are Unix
seconds; hashes, ids and addresses are ``0x`` hex.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_WAIT = 60.0

Hash = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$", description="32 bytes")]
VerdictWord = Literal["accept", "reject", "review"]
StateWord = Literal[
    "seen",
    "orphaned",
    "confirmed",
    "inferred",
    "vouched",
    "submitted",
    "final",
    "expired",
    "refused",
]


class DecisionAsk(BaseModel):
    """A decision to be made."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str = Field(min_length=1, max_length=128, description="Name or 0x id of the model.")
    input: dict[str, Any] | list[Any] | str = Field(
        description='Features as an object or a list in the card\'s order; `{"tensors": {…}}`; or '
        "the encoded input bytes as 0x hex. Numbers beyond 2^53 are given as strings."
    )
    subject: str | None = Field(
        default=None,
        min_length=1,
        max_length=1024,
        description="What the decision is about: 32 bytes as 0x hex, or any text, which is hashed. "
        "One (model, subject) is decided once. Random if left out.",
    )
    private: bool = Field(
        default=False,
        description="Put a salted commitment on chain instead of the input's hash: fields can then "
        "be shown one by one, and the input forgotten.",
    )
    wait: float | int = Field(
        default=0, ge=0, le=MAX_WAIT, description="Seconds to wait for the decision to be final."
    )


class ModelRef(BaseModel):
    """Which model."""

    name: str | None = Field(description="Null where this node does not serve the model any more.")
    id: Hash


class Value(BaseModel):
    """The value, as the chain stores it and as people read it."""

    value: str = Field(description="The int128 on chain.")
    decimals: int = Field(description="The value's unit is 10**-decimals.")
    text: str = Field(description="With its decimals, or the label's name.")
    label: str | None = Field(description="The label's name, of a classifier.")


class PredictionView(Value):
    """What the model said."""

    input_hash: Hash
    output_hash: Hash
    confidence: str | None = Field(description="0 to 1; null where the model states none.")
    confidence_ppm: int = Field(description="Parts per million, as on chain; 0 is not stated.")
    predicted_at: int


class DecisionView(Value):
    """What the contract made of it."""

    verdict: VerdictWord
    confidence: str | None
    confidence_ppm: int
    trust_level: int = Field(description="1 one signer, 2 quorum, 3 sealed quorum, 4 proven.")
    decided_at: int
    block_number: int
    tx_hash: Hash
    callback: Literal["none", "delivered", "failed"]


class RequestView(BaseModel):
    """What was asked."""

    origin: Literal["chain", "api"]
    input: str | None = Field(
        description="The input bytes as hex; null for callers without a key where it is private."
    )
    input_hidden: Literal["key", "absent"] | None = Field(
        description="Why there is no input: it is not on chain and shown only to who has a key; or "
        "this node has none, as it was not found, or is forgotten."
    )
    input_hash: Hash | None
    requester: str | None
    deadline: int | None
    callback_gas: int
    fee_gwei: int
    block_number: int | None
    tx_hash: Hash | None
    tries: int


class AttemptView(BaseModel):
    """One signed form of a transaction."""

    hash: Hash
    nonce: int
    max_fee_wei: str
    priority_fee_wei: str
    signed_at: int


class TransactionView(BaseModel):
    """A transaction of this node's about the decision; gas and fee are those of all of it."""

    purpose: Literal["answer", "answers", "commit", "reveal", "tally", "anchor", "relay"] = Field(
        description="`answer` carries the decision, `answers` this one and others, `relay` that on "
        "an anchored prediction; `commit`, `reveal` and `tally` are steps of a vote on chain."
    )
    answers: int = Field(
        description="How many decisions it carries, which share its gas and its fee: both are the "
        "whole transaction's. 1 where it carries this one alone, 0 for a step of a vote."
    )
    state: Literal["queued", "signed", "sent", "mined", "final", "dropped"]
    hash: Hash | None
    nonce: int | None
    block_number: int | None
    succeeded: bool | None
    value_wei: str = Field(description="What went along, such as a bond.")
    gas_limit: int
    gas_used: int | None
    gas_price_wei: str | None
    fee_wei: str | None
    fee: str | None = Field(description="In the chain's currency.")
    attempts: list[AttemptView]


class Stage(BaseModel):
    """One line of the timeline."""

    state: StateWord
    at: float = Field(description="Unix seconds.")
    seconds: float = Field(description="Since the stage before.")
    note: str


class Account(BaseModel):
    """One decision's whole account."""

    model: ModelRef
    subject: Hash
    state: StateWord
    reason: str | None = Field(description="Why it was refused or expired, or the last try failed.")
    seconds: float | None = Field(description="From the first stage to the last so far.")
    request: RequestView | None
    prediction: PredictionView | None
    decision: DecisionView | None
    transactions: list[TransactionView]
    timeline: list[Stage]


class DecisionLine(BaseModel):
    """One decision in a list."""

    model: ModelRef
    subject: Hash
    origin: Literal["chain", "api", "other"] = Field(
        description="Who asked; other: nobody, another transaction decided it."
    )
    state: StateWord
    reason: str | None
    verdict: VerdictWord | None
    value: str | None = Field(description="The int128 on chain.")
    decimals: int | None = Field(description="The value's unit is 10**-decimals.")
    text: str | None = Field(description="The value with its decimals, or the label's name.")
    confidence: str | None
    trust_level: int | None
    tx_hash: Hash | None
    block_number: int | None
    at: float | None = Field(
        description="When the node first knew of it, or of the decision's block; Unix seconds."
    )


class DecisionList(BaseModel):
    """Decisions, newest first."""

    decisions: list[DecisionLine]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


class PolicyView(BaseModel):
    """How the model's policy turns a prediction into a verdict."""

    address: str
    kind: Literal["threshold", "class", "other"]
    words: str = Field(description="The rule in plain words.")
    high_from: str | None = Field(
        default=None, description="Of a threshold: values from here on are high."
    )
    low_below: str | None = Field(default=None, description="Values below this are low.")
    accept_high: bool | None = Field(
        default=None, description="Whether high values are accepted and low ones rejected."
    )


class OnChain(BaseModel):
    """The model's registration."""

    registered: bool
    current: bool = Field(
        default=True, description="False while the chain is away: it is as it was read last."
    )
    attested_here: bool = Field(description="Whether this node's operator is the attestor.")
    attestor: str | None = None
    owner: str | None = None
    trust_level: int | None = None
    fee_gwei: int | None = None
    max_age: int | None = None
    paused: bool | None = None
    change_at: int | None = None
    policy: PolicyView | None = None


class ModelLine(BaseModel):
    """One model in a list."""

    name: str
    id: Hash
    title: str
    kind: Literal["score", "class"]
    labels: list[str]
    features: list[str]
    meaning: dict[str, str] = Field(description="What each verdict means for this model.")


class ModelList(BaseModel):
    """The models of this node."""

    models: list[ModelLine]


class ModelView(ModelLine):
    """One model: its card, how it is judged, and where it stands on chain."""

    description: str
    card: dict[str, Any] = Field(description="The model card; its canonical JSON hashes to the id.")
    example: dict[str, str] | str | None = Field(
        description="An input to try, from the test vectors."
    )
    on_chain: OnChain
    file: str = Field(description="Where the .onnx file is served.")


class VerdictCounts(BaseModel):
    """How often a model decided which way."""

    accept: int
    reject: int
    review: int


class RecentValue(BaseModel):
    """One of a model's latest values."""

    value: str
    text: str
    verdict: VerdictWord


class PeerView(BaseModel):
    """What this node heard of another member about the latest decisions."""

    member: str
    heard: int
    apart: int = Field(description="Those that do not agree with what this node computed.")


class VoterView(BaseModel):
    """One member's part in the latest rounds of sealed votes."""

    member: str
    sealed: int
    revealed: int
    agreed: int = Field(description="Opened votes that agree with the outcome.")
    apart: int
    lost: int = Field(description="Bonds lost: never opened, or given away.")


class CommitteeView(BaseModel):
    """The node's part in the latest decisions of a committee."""

    threshold: int
    members: list[str]
    decided: int
    agreed: int = Field(description="Decisions that agree with what this node computed.")
    apart: int
    voted: int = Field(description="Decisions that this node gave its vote for.")
    peers: list[PeerView] = Field(description="Of a committee that signs.")
    rounds: int | None = Field(None, description="Closed ones, of a committee that votes on chain.")
    voters: list[VoterView] = Field([], description="Its members, in the contract's order.")


class ModelFigures(BaseModel):
    """A model's record on this chain, as this node followed it."""

    decided: int
    verdicts: VerdictCounts
    recent: list[RecentValue] = Field(description="Newest first.")
    median_gas: int | None = Field(
        description="Of what each of the latest decisions took of this node, in all transactions."
    )
    committee: CommitteeView | None
    held_out: str | None = Field(description="Figures from the model's README, as Markdown.")


class Alive(BaseModel):
    """The process runs."""

    status: Literal["ok"]
    version: str


class CheckView(BaseModel):
    """One thing that has to hold."""

    name: str
    ok: bool
    what: str


class Readiness(BaseModel):
    """Whether the node can do its work, and what keeps it from that."""

    ready: bool
    not_ready: list[str]
    checks: list[CheckView]
    network: dict[str, Any] = Field(
        description="Chain id, contract, gateway for gasless reads, operator, the chain's currency."
    )
