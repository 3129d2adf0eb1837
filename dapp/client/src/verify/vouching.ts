// Who vouched for a decision, and what follows from it, as far as the receipt itself proves it.

import {
  type Address,
  type Hex,
  type TransactionSerialized,
  decodeFunctionData,
  hexToBytes,
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  size,
  slice,
} from "viem";

import { decisionContractAbi } from "../chain/abi.ts";
import { VerificationError } from "../errors.ts";
import { type Prediction, predictionDigest, structHash } from "../prediction.ts";
import { anchorEvidence } from "../receipt/merkle.ts";
import type { ContractEvidence, Decided, Receipt, Rule } from "../receipt/receipt.ts";
import { type Report, same, sameAddress } from "./report.ts";
import { VERDICTS, decide } from "./rules.ts";
import { checkVotes } from "./sealed.ts";
import { hasLowS, signerOf } from "./signatures.ts";

const COMPACT = 64;
const HEAD = 8;
const QUORUM_LEVEL = 2;

/**
 * The decision's evidence and verdict.
 * @param known the model's policy as the checker knows it, besides the one in the receipt
 * @throws {VerificationError} the first that does not hold
 */
export async function checkVouching(
  receipt: Receipt,
  decision: Decided,
  report: Report,
  known?: Rule,
): Promise<void> {
  const { prediction: said } = receipt;
  const { evidence, policy } = decision;
  await report.check("decided in time", () => {
    if (decision.timestamp >= said.predictedAt) {
      return `${decision.timestamp - said.predictedAt} s after the prediction`;
    }
    throw new VerificationError(
      `the block is of ${decision.timestamp}, before the prediction was made at ${said.predictedAt}`,
      "no contract decides so: do not rely on this receipt",
    );
  });
  if (evidence.kind === "transaction") {
    const { raw } = evidence;
    await report.check("signed transaction", () => checkTransaction(receipt, decision, raw));
  } else if (evidence.kind === "quorum") {
    await report.check("signatures", () => checkQuorum(receipt, decision, evidence));
  } else if (evidence.kind === "sealed") {
    const { attestor, round } = evidence;
    if (round) await checkVotes(receipt, decision, { ...evidence, round }, report);
    else report.skip("votes", `the receipt shows none: only the contract ${attestor} can tell`);
  } else if (evidence.kind === "anchor") {
    await report.check("evidence", () => checkAnchored(receipt, evidence));
  } else {
    report.skip("evidence", `only the contract ${evidence.attestor} can check it`);
  }
  const rules = [policy.rule, known].filter((rule) => rule !== undefined);
  if (!rules.length) {
    report.skip("verdict", `only the policy ${policy.contract} can compute it`);
    return;
  }
  await report.check("verdict", () => {
    for (const rule of rules) {
      const verdict = VERDICTS[decide(rule, said.value, said.confidence)];
      same("the verdict", VERDICTS[decision.verdict], verdict);
    }
    return `${VERDICTS[decision.verdict]!.toLowerCase()} follows from the policy's rule`;
  });
}

async function checkTransaction(receipt: Receipt, decision: Decided, raw: Hex): Promise<string> {
  const { call, sender } = await readSigned(raw);
  same("the transaction's hash", keccak256(raw), decision.transaction);
  same("the transaction's chain", call.chainId, receipt.chain.id);
  sameAddress("the contract it calls", call.to, receipt.chain.contract);
  sameAddress("who signed it", sender, receipt.operator);
  const said = called(call.data ?? "0x");
  const expected = structHash(receipt.prediction);
  if (!said.some((each) => structHash(each) === expected)) {
    throw new VerificationError(
      "the signed transaction is about another prediction",
      "somebody took another decision's transaction: do not rely on this receipt",
    );
  }
  same("the trust level", decision.trustLevel, 1);
  const others = said.length > 1 ? ` and ${said.length - 1} others` : "";
  return `of exactly this prediction${others}, by the operator ${sender}`;
}

/** What the operator's transaction decides on: one prediction, or several. */
function called(data: Hex): readonly Prediction[] {
  const { functionName, args } = decodeFunctionData({ abi: decisionContractAbi, data });
  if (functionName === "makeDecisions") return args[0] as unknown as Prediction[];
  same("what it calls", functionName, "makeDecision");
  return [args![0] as unknown as Prediction];
}

async function readSigned(raw: Hex) {
  try {
    const serialized = raw as TransactionSerialized;
    const call = parseTransaction(serialized);
    if (!["legacy", "eip2930", "eip1559"].includes(call.type!) || !hasLowS(call.s)) {
      throw new Error(`type ${call.type}, or a signature with a high s`);
    }
    const sender = await recoverTransactionAddress({ serializedTransaction: serialized as "0x02" });
    return { call, sender };
  } catch (error) {
    throw new VerificationError(
      `${raw.slice(0, 34)}… is no signed transaction: ${(error as Error).message.split("\n")[0]}`,
      "do not rely on this receipt",
    );
  }
}

async function checkQuorum(
  receipt: Receipt,
  decision: Decided,
  { attestor, bytes, members = [], threshold }: ContractEvidence,
): Promise<string> {
  const digest = predictionDigest(receipt.chain.id, attestor, receipt.prediction);
  const wrong: Address[] = [];
  const signatures = readQuorum(bytes, members);
  for (const { member, signature } of signatures) {
    if (signature && !(await isBy(member, digest, signature))) wrong.push(member);
  }
  if (wrong.length) {
    throw new VerificationError(
      `the signature of ${wrong.join(", ")} is not over this prediction`,
      "do not rely on this receipt",
    );
  }
  same("the number of signatures", signatures.length, threshold);
  same("the trust level", decision.trustLevel, QUORUM_LEVEL);
  const asked = signatures.filter(({ signature }) => !signature).length;
  return (
    `${signatures.length} of ${members.length} members signed this prediction` +
    (asked ? `; ${asked} of them are contracts, which only the chain can ask` : "")
  );
}

/** A signer of a quorum; without signature where it is a contract (EIP-1271). */
export interface Signer {
  member: Address;
  signature?: Hex;
}

/**
 * The signatures in a quorum's evidence, in the contract's order.
 * @throws {VerificationError} it is no evidence of this committee
 */
export function readQuorum(evidence: Hex, members: readonly Address[]): Signer[] {
  const bytes = hexToBytes(evidence);
  const view = new DataView(bytes.buffer);
  const length = size(evidence);
  const signers = length < HEAD ? 0 : view.getUint32(0);
  if (length < HEAD || (members.length < 32 && signers >>> members.length)) {
    throw new VerificationError(
      `evidence ${evidence.slice(0, 18)}… names no members of this committee`,
      "give the evidence of a decision by this committee",
    );
  }
  const wallets = view.getUint32(4);
  let at = HEAD;
  const found = members.flatMap((member, place): Signer[] => {
    if (!((signers >>> place) & 1)) return [];
    if ((wallets >>> place) & 1) {
      at += 2 + (at + 2 <= length ? view.getUint16(at) : 0);
      return [{ member }];
    }
    at += COMPACT;
    return [{ member, signature: at <= length ? slice(evidence, at - COMPACT, at) : "0x" }];
  });
  if (at === length) return found;
  throw new VerificationError(
    `evidence of ${length} bytes names ${found.length} signers, who need ${at}`,
    "give the evidence of a decision by this committee",
  );
}

async function isBy(member: Address, digest: Hex, signature: Hex): Promise<boolean> {
  try {
    return (await signerOf(digest, signature)).toLowerCase() === member.toLowerCase();
  } catch {
    return false;
  }
}

function checkAnchored({ anchor }: Receipt, { attestor, bytes }: ContractEvidence): string {
  if (!anchor) {
    throw new VerificationError(
      "the decision rests on an anchored batch, and the receipt has none",
      "ask for the whole receipt",
    );
  }
  sameAddress("the attestor", attestor, anchor.log);
  same("the evidence", bytes, anchorEvidence(anchor.batch, anchor.index, anchor.proof));
  return "the anchored batch, whose proof is checked above";
}
