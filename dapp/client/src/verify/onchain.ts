// What a receipt says of the chain, held to it: blocks, events, storage, attestor, policy.

import {
  type Address,
  type Hex,
  type PublicClient,
  type TransactionReceipt,
  decodeEventLog,
  parseAbi,
} from "viem";

import { DECISION_CONTRACT, decisionContractAbi } from "../chain/abi.ts";
import { ChainError, VerificationError } from "../errors.ts";
import { type Prediction, structHash } from "../prediction.ts";
import type { Decided, Place, Receipt } from "../receipt/receipt.ts";
import { type Report, same, sameAddress } from "./report.ts";
import { checkRound } from "./sealed.ts";

export const REMEDY = "do not rely on this receipt; or ask another endpoint";
const PREDICTION =
  "struct Prediction { bytes32 modelId; bytes32 subject; bytes32 inputHash; bytes32 outputHash; int128 value; uint32 confidence; uint40 predictedAt; }";
const attestorAbi = parseAbi([
  PREDICTION,
  "function verify(Prediction prediction, bytes evidence) view returns (bool)",
  "function members() view returns (address[])",
  "function threshold() view returns (uint8)",
]);
const policyAbi = parseAbi([
  PREDICTION,
  "function decide(Prediction prediction) view returns (uint8)",
]);

/** Where state is read: at a block, or at today's where the endpoint keeps no old state. */
type At = { blockNumber: bigint } | { blockTag: "latest" };

/** Whether the endpoint serves the receipt's chain. */
export async function checkChain(receipt: Receipt, client: PublicClient, report: Report) {
  await report.check("chain", async () => {
    const found = await client.getChainId().catch((error: Error) => {
      throw new ChainError(
        `no chain answers: ${error.message.split("\n")[0]}`,
        "try another endpoint",
      );
    });
    same("the receipt's chain id", receipt.chain.id, found, "give a client of the receipt's chain");
    return `id ${found}`;
  });
}

/**
 * The decision in a canonical block, by the right contract, attestor and policy.
 * @param expected the decision contract that the checker relies on
 * @throws {VerificationError} the first that does not hold
 */
export async function checkDecision(
  receipt: Receipt,
  decision: Decided,
  client: PublicClient,
  report: Report,
  expected: Address = DECISION_CONTRACT,
): Promise<void> {
  const { prediction } = receipt;
  const contract = { address: lower(receipt.chain.contract), abi: decisionContractAbi } as const;
  await report.check("contract", () => {
    sameAddress("the decision contract", receipt.chain.contract, expected);
    return `${expected} is the decision contract`;
  });
  const mined = await checkPlace(decision, client, report, "block of the decision");
  await report.check("event", () => checkEvent(receipt, decision, mined));

  const [model, at] = await then(decision, (at) =>
    client.readContract({
      ...contract,
      functionName: "modelOf",
      args: [prediction.modelId],
      ...at,
    }),
  );
  await report.check("attestor", () =>
    checkAttestor(receipt, decision, model.attestor, client, at),
  );
  const { evidence } = decision;
  if (evidence.kind === "sealed" && evidence.round) {
    await checkRound(receipt, { ...evidence, round: evidence.round }, client, report, at);
  }
  await report.check("policy", async () => {
    sameAddress("the policy", decision.policy.contract, model.policy);
    const verdict = await client.readContract({
      address: model.policy,
      abi: policyAbi,
      functionName: "decide",
      args: [prediction],
      ...at,
    });
    same("the policy's verdict", verdict, decision.verdict);
    return `${model.policy} gives this verdict`;
  });
  await report.check("storage", async () => {
    const stored = await client.readContract({
      ...contract,
      functionName: "decisionOf",
      args: [prediction.modelId, prediction.subject],
    });
    same(
      "the stored value, confidence, verdict and trust level",
      [stored.value, stored.confidence, stored.verdict, stored.trustLevel],
      [prediction.value, prediction.confidence, decision.verdict, decision.trustLevel],
      REMEDY,
    );
    same("the time of the decision", stored.decidedAt, decision.timestamp);
    return "the contract's storage says the same as the event";
  });
}

/** Whether a transaction stands in that block, and the block in the chain. */
export async function checkPlace(
  place: Place,
  client: PublicClient,
  report: Report,
  name: string,
): Promise<TransactionReceipt> {
  const { blockHash, blockNumber, timestamp, transaction } = place;
  let mined: TransactionReceipt | undefined;
  await report.check(name, async () => {
    const head = await client.getBlockNumber({ cacheTime: 0 });
    if (head < BigInt(blockNumber)) {
      throw new VerificationError(
        `block ${blockNumber} does not exist: the chain ends at ${head}`,
        REMEDY,
      );
    }
    const block = await client.getBlock({ blockNumber: BigInt(blockNumber) });
    if (block.hash !== blockHash) {
      throw new VerificationError(
        `block ${blockNumber} is ${block.hash} on the chain; the receipt's, ${blockHash}, is not in it`,
        "it was reorganised away: ask for the receipt again",
      );
    }
    same("the block's time", timestamp, block.timestamp);
    mined = await client.getTransactionReceipt({ hash: transaction }).catch(() => undefined);
    if (mined?.blockHash === blockHash && mined.status === "success") {
      return `${blockNumber} is in the chain, ${head - BigInt(blockNumber) + 1n} deep`;
    }
    throw new VerificationError(`transaction ${transaction} did not succeed in that block`, REMEDY);
  });
  return mined!;
}

function checkEvent(receipt: Receipt, decision: Decided, mined: TransactionReceipt): string {
  const log = mined.logs.find(({ logIndex }) => logIndex === decision.logIndex);
  const wrong = (what: string, remedy = REMEDY) => new VerificationError(what, remedy);
  if (!log) throw wrong(`the transaction has no log ${decision.logIndex}`);
  const { contract } = receipt.chain;
  if (log.address.toLowerCase() !== contract.toLowerCase()) {
    throw wrong(
      `log ${decision.logIndex} is of the contract ${log.address}, not of ${contract}`,
      "another contract imitates the event: do not rely on this receipt",
    );
  }
  const event = decodeEventLog({ abi: decisionContractAbi, data: log.data, topics: log.topics });
  if (event.eventName !== "DecisionMade") throw wrong(`log ${decision.logIndex} is no decision`);
  const { verdict, trustLevel, ...prediction } = event.args;
  same(
    "the event's prediction",
    structHash(prediction as Prediction),
    structHash(receipt.prediction),
  );
  same("the event's verdict", verdict, decision.verdict);
  same("the event's trust level", trustLevel, decision.trustLevel);
  return "DecisionMade says the same, prediction and verdict";
}

async function checkAttestor(
  receipt: Receipt,
  { evidence }: Decided,
  attestor: Address,
  client: PublicClient,
  at: At,
): Promise<string> {
  const when = "blockNumber" in at ? "then" : "today (the endpoint keeps no older state)";
  if (evidence.kind === "transaction") {
    sameAddress("the model's attestor", attestor, receipt.operator);
    return `${attestor} was the model's attestor ${when}`;
  }
  sameAddress("the model's attestor", attestor, evidence.attestor);
  const contract = { address: attestor, abi: attestorAbi, ...at } as const;
  if (evidence.members) {
    const members = await client.readContract({ ...contract, functionName: "members" });
    const threshold = await client.readContract({ ...contract, functionName: "threshold" });
    const plain = (list: readonly Hex[]) => list.map((member) => member.toLowerCase());
    same("the committee", plain(evidence.members), plain(members));
    same("the committee's threshold", evidence.threshold, threshold);
  }
  const args = [receipt.prediction, evidence.bytes] as const;
  const vouched = await client.readContract({ ...contract, functionName: "verify", args });
  if (vouched) return `${attestor}, the model's ${when}, takes the evidence`;
  throw new VerificationError(`the attestor ${attestor} does not take the evidence`, REMEDY);
}

/** State as it was at a place; today's where the endpoint keeps no old state. */
async function then<State>(
  { blockNumber }: Place,
  read: (at: At) => Promise<State>,
): Promise<[State, At]> {
  const at: At = { blockNumber: BigInt(blockNumber) };
  try {
    return [await read(at), at];
  } catch {
    return [await read({ blockTag: "latest" }), { blockTag: "latest" }];
  }
}

/** An address as viem takes it, however it is written. */
export function lower(address: Address): Address {
  return address.toLowerCase() as Address;
}
