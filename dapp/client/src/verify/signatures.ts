// Who signed a digest: compact signatures (EIP-2098), each in one form only.

import {
  type Address,
  type Hex,
  compactSignatureToSignature,
  parseCompactSignature,
  recoverAddress,
  serializeSignature,
} from "viem";

import { VerificationError } from "../errors.ts";

/** Half the order of the curve: signatures with a larger s are the other form of one (EIP-2). */
const MOST_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/**
 * The checksummed address that signed.
 * @throws {VerificationError} it is no signature, or has a high s, which contracts refuse
 */
export async function signerOf(digest: Hex, signature: Hex): Promise<Address> {
  const short = `${signature.slice(0, 18)}…`;
  let whole;
  try {
    whole = compactSignatureToSignature(parseCompactSignature(signature));
    if (BigInt(whole.s) <= MOST_S) {
      return await recoverAddress({ hash: digest, signature: serializeSignature(whole) });
    }
  } catch (error) {
    throw new VerificationError(
      `${short} is no signature: ${(error as Error).message}`,
      "do not rely on this receipt",
    );
  }
  throw new VerificationError(
    `${short} is a signature with a high s`,
    "somebody rewrote it; take the form that wallets give",
  );
}

/** Whether a transaction's signature has the one form that chains take. */
export function hasLowS(s: Hex | undefined): boolean {
  return s !== undefined && BigInt(s) <= MOST_S;
}
