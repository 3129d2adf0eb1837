// A prediction: what a model said, as one claim that can be hashed, signed and sent.

import { type Address, type Hex, hashStruct, hashTypedData } from "viem";

/** The contract's struct. */
export interface Prediction {
  modelId: Hex;
  subject: Hex;
  inputHash: Hex;
  outputHash: Hex;
  /** In units of the head's last decimal, or a label's index. */
  value: bigint;
  /** Parts per million, 0 if not stated. */
  confidence: number;
  /** Unix time in seconds. */
  predictedAt: number;
}

/** The EIP-712 types of what is signed. */
export const TYPES = {
  Prediction: [
    { name: "modelId", type: "bytes32" },
    { name: "subject", type: "bytes32" },
    { name: "inputHash", type: "bytes32" },
    { name: "outputHash", type: "bytes32" },
    { name: "value", type: "int128" },
    { name: "confidence", type: "uint32" },
    { name: "predictedAt", type: "uint40" },
  ],
  Promise: [
    { name: "prediction", type: "Prediction" },
    { name: "anchorBy", type: "uint40" },
  ],
} as const;

/** EIP-712's `hashStruct` of a prediction. */
export function structHash(prediction: Prediction): Hex {
  return hashStruct({ data: { ...prediction }, primaryType: "Prediction", types: TYPES });
}

/** The EIP-712 domain of a contract of the oracle. */
export function domainOf(chainId: number, contract: Address) {
  return { name: "Decision Oracle", version: "1", chainId, verifyingContract: contract } as const;
}

/** What an attestor's members sign for a prediction. */
export function predictionDigest(chainId: number, attestor: Address, prediction: Prediction): Hex {
  return hashTypedData({
    domain: domainOf(chainId, attestor),
    types: TYPES,
    primaryType: "Prediction",
    message: prediction,
  });
}

/** What an operator signs who promises to anchor a prediction in `log` by `anchorBy`. */
export function promiseDigest(
  chainId: number,
  log: Address,
  prediction: Prediction,
  anchorBy: number,
): Hex {
  return hashTypedData({
    domain: domainOf(chainId, log),
    types: TYPES,
    primaryType: "Promise",
    message: { prediction, anchorBy },
  });
}
