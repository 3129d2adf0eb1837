// A contract's code, held to what was compiled.

import { type Hex, bytesToHex, hexToBytes } from "viem";

/** The code with zeros where its constructor wrote immutables, each at [start, length]. */
export function withoutImmutables(
  code: Hex,
  immutables: readonly (readonly [number, number])[],
): Hex {
  const bytes = hexToBytes(code);
  for (const [start, length] of immutables) bytes.fill(0, start, start + length);
  return bytesToHex(bytes);
}
