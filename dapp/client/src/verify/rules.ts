// The oracle's own policies, computed here.

import { hexToBytes } from "viem";

import { InvalidInput } from "../errors.ts";
import type { Rule } from "../receipt/receipt.ts";

/** The numbers of the contract's verdicts. */
export const VERDICTS = ["NONE", "REJECT", "ACCEPT", "REVIEW"] as const;
const [, REJECT, ACCEPT, REVIEW] = VERDICTS.keys() as unknown as [number, number, number, number];

/**
 * The verdict that a policy gives on a value with its confidence.
 * @throws {InvalidInput} the policy knows no such label
 */
export function decide(rule: Rule, value: bigint, confidence: number): number {
  if (rule.kind === "class") {
    const { verdictByLabel, labelCount, minConfidence } = rule.arguments;
    const verdict = hexToBytes(verdictByLabel)[Number(value)];
    if (value < 0n || value >= BigInt(labelCount) || verdict === undefined) {
      throw new InvalidInput(
        `label ${value} is unknown to the policy`,
        `it knows ${labelCount} labels`,
      );
    }
    return confidence < minConfidence ? REVIEW : verdict;
  }
  const { threshold, band, acceptAtOrAbove, minConfidence } = rule.arguments;
  if (confidence < minConfidence) return REVIEW;
  if (value >= threshold + band) return acceptAtOrAbove ? ACCEPT : REJECT;
  if (value < threshold - band) return acceptAtOrAbove ? REJECT : ACCEPT;
  return REVIEW;
}
