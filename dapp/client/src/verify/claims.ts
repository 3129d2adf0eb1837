// What a receipt proves by itself: hashes, signatures, paths; no chain, model or network.

import { keccak256, zeroHash } from "viem";

import { VerificationError } from "../errors.ts";
import { modelIdOf } from "../model/card.ts";
import { describe } from "../model/head.ts";
import { isRequestId } from "../model/subject.ts";
import { promiseDigest } from "../prediction.ts";
import { fieldNames, inputHashOf, wholeInput } from "../receipt/input.ts";
import { batchId, pathLength, predictionLeaf, rootBy } from "../receipt/merkle.ts";
import type { Anchor, AnchorPromise, Receipt } from "../receipt/receipt.ts";
import { readOutputs } from "./outputs.ts";
import { type Report, same, sameAddress } from "./report.ts";
import { signerOf } from "./signatures.ts";

/**
 * Card, input, outputs, value, promise and anchor, as far as the receipt itself proves them.
 * @throws {VerificationError} the first that does not hold
 */
export async function checkClaims(receipt: Receipt, report: Report): Promise<void> {
  const { card, prediction: said } = receipt;
  await report.check("card", () => {
    same("the card's hash", modelIdOf(card), said.modelId);
    return "hashes to the prediction's model id";
  });
  await report.check("input", () => checkInput(receipt));
  await report.check("outputs", () => {
    readOutputs(card, receipt.outputs);
    same("the hash of the outputs", keccak256(receipt.outputs), said.outputHash);
    return "are rounded as the card says, and hash to the output hash";
  });
  await report.check("value", () => {
    const { value, confidence } = readOutputs(card, receipt.outputs);
    same("the value", said.value, value);
    same("the confidence", said.confidence, confidence);
    return `${describe(card, { value, confidence: 0 })} follows from the outputs`;
  });
  if (receipt.promise) await checkPromise(receipt, receipt.promise, report);
  if (receipt.anchor) await checkAnchor(receipt, receipt.anchor, report);
}

function checkInput({ card, input, prediction: said }: Receipt): string {
  if (input.kind === "private") {
    const names = input.fields.map(({ name }) => name);
    same("the input's fields", names, fieldNames(card));
  }
  same("the input's hash", inputHashOf(input), said.inputHash);
  if (isRequestId(said.subject)) {
    const asked = `0x${said.subject.slice(34)}`;
    same("the input hash in the request's id", said.inputHash.slice(0, 34), asked);
  }
  if (input.kind === "plain") return "its bytes hash to the input hash";
  if (wholeInput(input)) return "all fields are shown, and make the commitment";
  const shown = input.fields.flatMap((field) => ("value" in field ? [field.name] : []));
  const count = `${shown.length} of ${input.fields.length} fields`;
  return `${count} are shown and belong to the commitment: ${shown.join(", ") || "none"}`;
}

async function checkPromise(
  { chain, operator, prediction }: Receipt,
  { log, anchorBy, signature }: AnchorPromise,
  report: Report,
): Promise<void> {
  await report.check("promise", async () => {
    const digest = promiseDigest(chain.id, log, prediction, anchorBy);
    const signer = await signerOf(digest, signature);
    sameAddress("the signer of the promise", signer, operator);
    if (anchorBy < prediction.predictedAt) {
      throw new VerificationError(
        `the promise ends at ${anchorBy}, before the prediction was made`,
        "do not rely on this receipt",
      );
    }
    return `signed by ${signer}, to be anchored by ${anchorBy}`;
  });
}

async function checkAnchor(receipt: Receipt, anchor: Anchor, report: Report): Promise<void> {
  const { chain, prediction: said, promise } = receipt;
  const { batch, index, log, proof, timestamp } = anchor;
  await report.check("batch", () => {
    const isFirst = batch.number === 0n;
    if (isFirst !== (batch.previous === zeroHash) || (isFirst && batch.firstIndex !== 0n)) {
      throw new VerificationError(
        `batch ${batch.number} begins at index ${batch.firstIndex} after batch ${batch.previous}, ` +
          "which no log writes",
        "somebody changed the batch's header: do not rely on this receipt",
      );
    }
    const last = batch.firstIndex + BigInt(batch.count) - 1n;
    if (index < batch.firstIndex || index > last) {
      throw new VerificationError(
        `index ${index} is not in batch ${batch.number}, which has ${batch.firstIndex} … ${last}`,
        "somebody took another batch's header: do not rely on this receipt",
      );
    }
    return `number ${batch.number}, id ${batchId(chain.id, log, batch)}`;
  });
  await report.check("proof", () => {
    const wanted = pathLength(index - batch.firstIndex, batch.count);
    same("the length of the proof", proof.length, wanted);
    const root = rootBy(predictionLeaf(index, said), proof);
    same("the root that the proof leads to", root, batch.root);
    return `leads from the prediction at index ${index} to the batch's root`;
  });
  await report.check("anchored in time", () => {
    if (timestamp < said.predictedAt) {
      throw new VerificationError(
        `the batch is of ${timestamp}, before the prediction was made at ${said.predictedAt}`,
        "do not rely on this receipt",
      );
    }
    if (!promise) return "nothing was promised";
    sameAddress("the anchor log", log, promise.log);
    if (timestamp <= promise.anchorBy) {
      return `${promise.anchorBy - timestamp} s before the promise ends`;
    }
    throw new VerificationError(
      `anchored ${timestamp - promise.anchorBy} s later than the operator promised`,
      "the promise with its signature proves it: complain with this receipt",
    );
  });
}
