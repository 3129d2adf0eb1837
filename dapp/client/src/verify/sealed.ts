// A round of sealed votes: counted again from the receipt alone, and held to the chain's events.

import {
  type Address,
  type Hex,
  type PublicClient,
  type Log,
  encodeAbiParameters,
  formatLog,
  keccak256,
  numberToHex,
  parseAbi,
  parseAbiParameters,
  parseEventLogs,
  size,
  slice,
  toEventSelector,
} from "viem";

import { VerificationError } from "../errors.ts";
import type { Prediction } from "../prediction.ts";
import type { ContractEvidence, Decided, Opening, Receipt, Round } from "../receipt/receipt.ts";
import { type Report, same } from "./report.ts";
import { type Vote, tally } from "./tally.ts";

const LEVEL = 3;
const REMEDY = "do not rely on this receipt; or ask another endpoint";
const SEALED = parseAbiParameters(
  "uint256, address, bytes32, bytes32, uint256, address, bytes32, bytes32, int128, uint32, bytes32",
);
const abi = parseAbi([
  "struct Opening { bytes32 inputHash; bytes32 outputHash; int128 value; uint32 confidence; bytes32 salt; }",
  "struct Prediction { bytes32 modelId; bytes32 subject; bytes32 inputHash; bytes32 outputHash; int128 value; uint32 confidence; uint40 predictedAt; }",
  "struct VoteTerms { uint32 commitWindow; uint32 revealWindow; uint96 bond; uint8 kind; uint128 tolerance; }",
  "event VoteSealed(bytes32 indexed modelId, bytes32 indexed subject, uint256 round, bytes32 seal)",
  "event VoteRevealed(bytes32 indexed modelId, bytes32 indexed subject, address indexed operator, uint256 round, Opening opening)",
  "event VoteLeaked(bytes32 indexed modelId, bytes32 indexed subject, address indexed operator, uint256 round, address reporter, uint256 reward)",
  "event RoundDecided(bytes32 indexed modelId, bytes32 indexed subject, uint256 round, Prediction prediction, uint32 agreed, uint32 lost)",
  "function terms() view returns (VoteTerms)",
]);
const TOPICS = abi.filter(({ type }) => type === "event").map((event) => toEventSelector(event));
/** Of numbers, in the contract's enumeration of answers. */
const NUMBER = 1;

/** Sealed evidence that shows its round. */
export type ShownEvidence = ContractEvidence & { round: Round };

/**
 * The votes, each as it was sealed, and what they decide, counted here.
 * @throws {VerificationError} the first that does not hold
 */
export async function checkVotes(
  receipt: Receipt,
  decision: Decided,
  evidence: ShownEvidence,
  report: Report,
): Promise<void> {
  const { members = [], round, threshold = 0 } = evidence;
  await report.check("votes", () => {
    const votes = openedVotes(receipt, evidence);
    return (
      `${round.votes.length} of ${members.length} members sealed, ${votes.length} opened the ` +
      "very vote that they had sealed"
    );
  });
  await report.check("tally", () => {
    const said = receipt.prediction;
    const { agreed, opening, predictedAt } = countAgain(receipt, evidence);
    const holds = (name: string, found: unknown, wanted: unknown) =>
      same(`the prediction's ${name}, by the votes,`, found, wanted);
    holds("input hash", said.inputHash, opening.inputHash);
    holds("output hash", said.outputHash, opening.outputHash);
    holds("value", said.value, opening.value);
    holds("confidence", said.confidence, opening.confidence);
    holds("time", said.predictedAt, predictedAt);
    same("the trust level", decision.trustLevel, LEVEL);
    if (decision.timestamp < round.counted.timestamp) {
      throw new VerificationError(
        `the decision is of ${decision.timestamp}, before the round was counted at ` +
          round.counted.timestamp,
        "no contract decides so: do not rely on this receipt",
      );
    }
    return `${agreed.length} members agreed on it, ${threshold} had to`;
  });
}

/**
 * The terms and the events of the round, as the chain has them.
 * @param at where the attestor's terms are read
 * @throws {VerificationError} the first that does not hold
 */
export async function checkRound(
  receipt: Receipt,
  { attestor, bytes, members = [], round }: ShownEvidence,
  client: PublicClient,
  report: Report,
  at: { blockNumber: bigint } | { blockTag: "latest" },
): Promise<void> {
  const { subject, modelId } = receipt.prediction;
  const address = attestor.toLowerCase() as Address;
  await report.check("round", async () => {
    const terms = await client.readContract({ address, abi, functionName: "terms", ...at });
    same("the window for sealing", round.commitWindow, terms.commitWindow);
    same("the window for revealing", round.revealWindow, terms.revealWindow);
    const tolerance = terms.kind === NUMBER ? terms.tolerance : undefined;
    same("the tolerance", round.tolerance, tolerance);
    const found = await client.request({
      method: "eth_getLogs",
      params: [
        {
          address,
          topics: [TOPICS, modelId, subject],
          fromBlock: numberToHex(round.opened.blockNumber),
          toBlock: numberToHex(round.counted.blockNumber),
        },
      ],
    });
    const logs = found.map((log) => formatLog(log) as Log<bigint, number, false>);
    const events = parseEventLogs({ abi, logs }).filter(
      ({ address: by, args }) =>
        by.toLowerCase() === address &&
        args.modelId === modelId &&
        args.subject === subject &&
        args.round === numberOf(bytes),
    );
    const sealed = events.filter((event) => event.eventName === "VoteSealed");
    const closed = events.find((event) => event.eventName === "RoundDecided");
    if (!sealed.length || !closed) {
      throw new VerificationError(
        `in blocks ${round.opened.blockNumber} to ${round.counted.blockNumber} no round ` +
          `${numberOf(bytes)} was counted`,
        REMEDY,
      );
    }
    const predicted = wordsOf(receipt.prediction);
    same("the prediction of the event", wordsOf(closed.args.prediction), predicted, REMEDY);
    await holdMoment("the first seal", round.opened, sealed[0]!.blockNumber, client);
    await holdMoment("the tally", round.counted, closed.blockNumber, client);
    same("the number of sealed votes", round.votes.length, sealed.length);
    const revealed = events.filter((event) => event.eventName === "VoteRevealed");
    const leaked = events.filter((event) => event.eventName === "VoteLeaked");
    round.votes.forEach((vote, place) => {
      const member = members[memberOf(vote.seal)]!.toLowerCase();
      const isBy = (event: { args: { operator: Address } }) =>
        event.args.operator.toLowerCase() === member;
      same(`seal ${place}`, vote.seal, sealed[place]!.args.seal, REMEDY);
      const told = revealed.find(isBy)?.args.opening;
      const opening = `the opening of seal ${place}`;
      same(opening, vote.opening && wordsOf(vote.opening), told && wordsOf(told), REMEDY);
      same(`whether vote ${place} is void`, vote.void ?? false, leaked.some(isBy), REMEDY);
    });
    return "the attestor's events are these seals, openings and this outcome";
  });
}

/** The revealed votes, each held to its seal. */
function openedVotes(receipt: Receipt, evidence: ShownEvidence): Vote[] {
  const { attestor, bytes, members = [], round } = evidence;
  const { modelId, subject } = receipt.prediction;
  const spoken = new Set<number>();
  return round.votes.flatMap(({ opening, seal }) => {
    const member = memberOf(seal);
    const operator = members[member];
    if (operator === undefined || spoken.has(member)) {
      throw new VerificationError(
        `the seal ${seal} is of member ${member}, who is none or has sealed`,
        "do not rely on this receipt",
      );
    }
    spoken.add(member);
    if (!opening) return [];
    const { confidence, inputHash, outputHash, salt, value } = opening;
    const hash = keccak256(
      encodeAbiParameters(SEALED, [
        BigInt(receipt.chain.id),
        attestor.toLowerCase() as Address,
        modelId,
        subject,
        numberOf(bytes),
        operator.toLowerCase() as Address,
        inputHash,
        outputHash,
        value,
        confidence,
        salt,
      ]),
    );
    if (slice(hash, 0, 31) === slice(seal, 0, 31)) return [{ member, opening }];
    throw new VerificationError(
      `the vote of ${operator} is not the one that it sealed`,
      "somebody changed it: do not rely on this receipt",
    );
  });
}

/** What the round's votes decide, and the time that the contract gives it. */
function countAgain(receipt: Receipt, evidence: ShownEvidence) {
  const { members = [], round, threshold = 0 } = evidence;
  const votes = openedVotes(receipt, evidence);
  const now = round.counted.timestamp;
  const sealUntil = round.opened.timestamp + round.commitWindow;
  const revealUntil = sealUntil + round.revealWindow;
  if (now < round.opened.timestamp) throw tooEarly(`counted at ${now}, before it was opened`);
  if (round.votes.length < members.length && now <= sealUntil) {
    throw tooEarly(`counted at ${now}, while votes could be sealed up to ${sealUntil}`);
  }
  if (round.votes.some((vote) => !vote.opening && !vote.void) && now <= revealUntil) {
    throw tooEarly(`counted at ${now}, while votes could be revealed up to ${revealUntil}`);
  }
  const outcome = tally(votes, threshold, round.tolerance);
  if (outcome) return { ...outcome, predictedAt: Math.min(now, sealUntil) };
  throw new VerificationError(
    `${votes.length} revealed votes decide nothing: ${threshold} have to agree`,
    "do not rely on this receipt",
  );
}

function tooEarly(what: string): VerificationError {
  return new VerificationError(
    `the round was ${what}`,
    "no contract counts so: do not rely on this receipt",
  );
}

/** The round that evidence names. */
function numberOf(evidence: Hex): bigint {
  if (size(evidence) === 32) return BigInt(evidence);
  throw new VerificationError(
    `evidence of ${size(evidence)} bytes names no round`,
    "give the evidence of a decision by sealed votes",
  );
}

function memberOf(seal: Hex): number {
  return Number(slice(seal, 31));
}

async function holdMoment(
  name: string,
  { blockNumber, timestamp }: Round["opened"],
  found: bigint,
  client: PublicClient,
): Promise<void> {
  same(`the block of ${name}`, blockNumber, found);
  const block = await client.getBlock({ blockNumber: found });
  same(`the time of ${name}`, timestamp, block.timestamp);
}

function wordsOf(said: Opening | Prediction): string[] {
  const { confidence, inputHash, outputHash, value } = said;
  const own = "salt" in said ? [said.salt] : [said.modelId, said.subject, said.predictedAt];
  return [inputHash, outputHash, value, confidence, ...own].map(String);
}
