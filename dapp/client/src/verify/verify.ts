// A receipt, checked from end to end: its checks are returned, or the first fault is thrown.

import type { Address, PublicClient } from "viem";

import type { ReadFile } from "../model/model.ts";
import type { Runtime } from "../model/runtime.ts";
import { readReceipt } from "../receipt/reader.ts";
import type { Receipt, Rule } from "../receipt/receipt.ts";
import { checkAnchored } from "./anchored.ts";
import { checkClaims } from "./claims.ts";
import { checkChain, checkDecision } from "./onchain.ts";
import { type Check, Report } from "./report.ts";
import { checkRerun } from "./rerun.ts";
import { checkVouching } from "./vouching.ts";

export interface VerifyOptions {
  /** A viem client of the receipt's chain: what is said of the chain is held to it. */
  client?: PublicClient;
  /** Gives the model's files by name: they are held to the card. */
  files?: ReadFile;
  /** `onnxruntime-web/wasm` or `onnxruntime-node`: the model is run again. */
  runtime?: Runtime;
  /** The model's policy as the checker knows it, besides the one in the receipt. */
  rule?: Rule;
  /** The decision contract that the checker relies on; this release's if left out. */
  contract?: Address;
  /** Called with each check as soon as its outcome is known. */
  onCheck?: (check: Check) => void;
}

/**
 * Checks a receipt: hashes, signatures, proof and verdict always; the model and the chain where
 * `files`, `runtime` and `client` are given.
 * @param receipt parsed, or its JSON text
 * @returns every check, held or skipped
 * @throws {InvalidInput} it is no receipt
 * @throws {VerificationError} the first check that does not hold
 * @throws {InferenceError} the model does not run here
 * @throws {ChainError} the chain can not be read
 */
export async function verify(
  receipt: Receipt | string,
  options: VerifyOptions = {},
): Promise<Check[]> {
  const found = typeof receipt === "string" ? readReceipt(receipt) : receipt;
  const { anchor, decision } = found;
  const { client, contract, files, rule, runtime } = options;
  const report = new Report(options.onCheck);
  await checkClaims(found, report);
  if (files) await checkRerun(found, files, runtime, report);
  else report.skip("run again", "the model's files were not given");
  if (decision) await checkVouching(found, decision, report, rule);
  if (!anchor && !decision) {
    report.skip("chain", "nothing of it is on chain yet");
  } else if (!client) {
    report.skip("chain", "no client of the chain was given");
  } else {
    await checkChain(found, client, report);
    if (anchor) await checkAnchored(found, anchor, client, report);
    if (decision) await checkDecision(found, decision, client, report, contract);
  }
  return report.checks;
}
