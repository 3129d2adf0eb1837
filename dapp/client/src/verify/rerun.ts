// The model, run again: the files that the card names, on the input, held to the outputs.

import { bytesToHex, hexToBytes } from "viem";

import { VerificationError } from "../errors.ts";
import type { FileDigest } from "../model/card.ts";
import { Model, type ReadFile, sha256Of } from "../model/model.ts";
import type { Runtime } from "../model/runtime.ts";
import { wholeInput } from "../receipt/input.ts";
import type { Receipt } from "../receipt/receipt.ts";
import { holdClose, readOutputs } from "./outputs.ts";
import { type Report, same } from "./report.ts";

/**
 * Holds the model's files to the card, and the outputs to another run.
 * @param read gives the card's files by name
 * @param runtime what runs the model; without it, it is not run
 * @throws {VerificationError} the first that does not hold
 * @throws {InferenceError} the model does not run here
 */
export async function checkRerun(
  receipt: Receipt,
  read: ReadFile,
  runtime: Runtime | undefined,
  report: Report,
): Promise<void> {
  const { card, outputs } = receipt;
  const files = new Map<string, Uint8Array>();
  await report.check("model file", async () => {
    for (const digest of [card.model, ...(card.model.external ?? [])]) {
      files.set(digest.file, await readDigested(digest, read));
    }
    return `${card.model.file} has the SHA-256 that the card names`;
  });
  const input = wholeInput(receipt.input);
  if (!input) {
    report.skip("run again", "fields of the input are hidden, so the model can not be run");
    return;
  }
  if (!runtime) {
    report.skip("run again", "no runtime was given to run the model with");
    return;
  }
  await report.check("run again", async () => {
    const model = await Model.ofCard(card, async (name) => files.get(name)!, { runtime });
    const here = bytesToHex((await model.run(hexToBytes(input))).outputs);
    if (here === outputs) return `${versionOf(runtime)} gives the same outputs`;
    holdClose(card, readOutputs(card, here), readOutputs(card, outputs));
    return `${versionOf(runtime)} gives outputs within the card's tolerance`;
  });
}

async function readDigested(digest: FileDigest, read: ReadFile): Promise<Uint8Array> {
  const { file, sha256, size } = digest;
  const remedy = "get the file that the card names, or do not rely on this receipt";
  let bytes: Uint8Array;
  try {
    bytes = await read(file);
  } catch (error) {
    throw new VerificationError(`${file} is missing: ${(error as Error).message}`, remedy);
  }
  same(`the SHA-256 of ${file}`, bytesToHex(await sha256Of(bytes)).slice(2), sha256, remedy);
  same(`the size of ${file}`, bytes.length, size, remedy);
  return bytes;
}

function versionOf({ env }: Runtime): string {
  return `ONNX Runtime ${env?.versions?.web ?? env?.versions?.node ?? ""} in JavaScript`;
}
