// The few functions that the dApp's modules take from web3, from the lighter library that the page has.

import { type Hex, bytesToHex, getAddress, keccak256, stringToBytes } from "viem";

export const utils = {
  keccak256: (value: Hex | Uint8Array): Hex => keccak256(value),
  bytesToHex: (value: Uint8Array): Hex => bytesToHex(value),
  utf8ToBytes: (text: string): Uint8Array => stringToBytes(text),
  toChecksumAddress: (address: Hex): Hex => getAddress(address),
};
