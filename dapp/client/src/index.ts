// Decisions from JavaScript, in Node and in the browser.

export * from "./api/node.ts";
export type { StreamEvent, StreamOptions } from "./api/stream.ts";
export type * from "./api/types.ts";
export * from "./chain/abi.ts";
export * from "./chain/contract.ts";
export * from "./chain/found.ts";
export * from "./chain/wallets.ts";
export * from "./errors.ts";
export * from "./explain.ts";
export * from "./model/index.ts";
export * from "./prediction.ts";
export * from "./receipt/input.ts";
export * from "./receipt/merkle.ts";
export * from "./receipt/reader.ts";
export * from "./receipt/receipt.ts";
export type { Check } from "./verify/report.ts";
export { VERDICTS, decide as decideByRule } from "./verify/rules.ts";
export { verify, type VerifyOptions } from "./verify/verify.ts";
export { type Signer, readQuorum } from "./verify/vouching.ts";
