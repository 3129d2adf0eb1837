// Hex digits as bytes, without the library that only checks and asks need.

/** The bytes of `0x` and pairs of digits. */
export function octets(hex: string): Uint8Array {
  return Uint8Array.from(hex.slice(2).match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
