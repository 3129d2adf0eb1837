// Models in JavaScript: cards, encodings, outputs, and the run itself.

export * from "./card.ts";
export * from "./decimals.ts";
export * from "./head.ts";
export * from "./model.ts";
export * from "./nested.ts";
export * from "./outputs.ts";
export * from "./packed.ts";
export type { Runtime, Session } from "./runtime.ts";
export * from "./subject.ts";
export * from "./tensors.ts";
