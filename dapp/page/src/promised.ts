// How far a promised prediction has come, in words.

import type { Promised } from "./api.js";
import type { Child } from "./dom.js";
import { ago, clock, count } from "./numbers.js";
import { label } from "./words.js";

export type Stage = "pending" | "overdue" | "anchored" | "decided";

const WORDS: Record<Stage, string> = {
  pending: "Promised",
  overdue: "Promise broken",
  anchored: "Anchored",
  decided: "Decided",
};
const KINDS: Record<Stage, string> = {
  pending: "open",
  overdue: "reject",
  anchored: "anchored",
  decided: "accept",
};

/** Where it stands now. */
export function stageOf({ state, anchor_by }: Promised): Stage {
  if (state !== "pending") return state;
  return Date.now() > anchor_by * 1000 ? "overdue" : "pending";
}

/** The stage, by word and colour. */
export function stageBadge(promised: Promised): HTMLElement {
  const stage = stageOf(promised);
  return label(KINDS[stage], WORDS[stage]);
}

/** Where it is on the chain, or by when it will be. */
export function whereabouts({ state, anchor_by, batch, block }: Promised): Child {
  if (state !== "pending") return `batch ${count(batch ?? 0)}, block ${count(block ?? 0)}`;
  return ["on chain by ", clock(anchor_by), ", ", ago(anchor_by)];
}

/** Its value and confidence, in the form of an account's. */
export function saidOf({ value, confidence }: Promised): {
  text: string;
  confidence: string | null;
} {
  return { text: value, confidence: confidence ? String(confidence / 1e6) : null };
}
