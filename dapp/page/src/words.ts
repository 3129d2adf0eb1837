// What verdicts, stages, hashes and askers are called.

import { OracleError } from "../../client/src/errors.ts";
import { hasOwnConfidence } from "../../client/src/model/head.ts";
import type { Account, Line, Model, ModelLine, State, Verdict } from "./api.js";
import { type Child, h, svg } from "./dom.js";
import { decimal, fee, percent } from "./numbers.js";

export const VERDICTS: Record<Verdict, string> = {
  accept: "Accepted",
  reject: "Rejected",
  review: "For review",
};

const SIGNS: Record<Verdict, string> = {
  accept: "m5 12.5 4.5 4.5L19 7.5",
  reject: "M6.5 6.5l11 11m0-11-11 11",
  review: "M12 6.5v7m0 4v.01",
};

export const STATES: Record<State, string> = {
  seen: "Seen on chain",
  orphaned: "Its block was replaced",
  confirmed: "Accepted for work",
  inferred: "The model has spoken",
  vouched: "Vouched for",
  submitted: "Sent to the chain",
  final: "Final",
  expired: "Too late",
  refused: "Refused",
};

export const TRUST: Record<number, string> = {
  1: "one operator",
  2: "a quorum of a committee",
  3: "a sealed vote, or a bond",
  4: "a proof",
};

/** The verdict, by word, sign and colour. */
export function badge(verdict: Verdict | null, state: State): HTMLElement {
  if (verdict === null) {
    const over = state === "expired" || state === "refused";
    return label(over ? "over" : "open", STATES[state]);
  }
  const sign = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
  sign.append(svg("path", { d: SIGNS[verdict] }));
  return label(verdict, sign, VERDICTS[verdict]);
}

/** Some words as a badge of this kind. */
export function label(kind: string, ...words: Child[]): HTMLElement {
  return h("span", { class: "badge", "data-kind": kind }, words);
}

/** What a verdict means for this model, in the words of who wrote its rule; null where unsaid. */
export function meaningOf(model: ModelLine | null | undefined, verdict: Verdict): string | null {
  return model?.meaning[verdict.toUpperCase()] ?? null;
}

/** The consequence alone, which stands behind the meaning's condition. */
export function consequence(meaning: string): string {
  return meaning.slice(meaning.indexOf(": ") + 1).trim();
}

/** What was said, and how sure the model was of it where that says more than the value does. */
export function saying(
  model: Model | null,
  said: { text: string; confidence: string | null },
): string {
  const text = decimal(said.text);
  if (!said.confidence || !model || !hasOwnConfidence(model.card)) return text;
  const { head } = model.card;
  const isShare = head.kind === "class" && head.scores === "probability" && !head.confidence;
  const share = percent(said.confidence);
  return isShare ? `${text}, with a probability of ${share}` : `${text}, and is ${share} sure`;
}

/** A long hash, shortened; the whole is its title and can be copied. */
export function hash(text: string): HTMLElement {
  return h("code", { class: "hash", title: text }, short(text));
}

/** `0x53ad…2fad`. */
export function short(text: string): string {
  return text.length > 18 ? `${text.slice(0, 8)}…${text.slice(-6)}` : text;
}

/** With its first letter as a sentence has it. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How a decision came to be asked for, in a few words. */
export function askedBy(line: Line): string {
  return {
    chain: "asked on chain",
    api: "asked through the node",
    other: "not asked through this node",
  }[line.origin];
}

/** Who asked, in a sentence. */
export function asker({ request, transactions }: Account, currency?: string): Child {
  if (request === null)
    return transactions.some(({ purpose }) => purpose === "relay")
      ? "A program asked this node, which answered at once and anchored the prediction; then it was shown to the contract."
      : "Nobody asked this node: another program of the operator decided by itself.";
  if (request.origin === "api") return "It was asked through this node’s own interface.";
  const paid = request.fee_gwei ? `, and paid a fee of ${fee(request.fee_gwei, currency)}` : "";
  return ["The account ", hash(request.requester ?? ""), " asked for it on chain", paid, "."];
}

/** What went wrong with the node, the chain or a wallet, and what to do about it. */
export function sayWhy(error: unknown): string {
  if (error instanceof OracleError) return `${capital(error.message)}.`;
  const said = error as { code?: number; shortMessage?: string; message?: string };
  if (said.code === 4001) return "The request was declined in the wallet.";
  return `The wallet answers: ${(said.shortMessage ?? said.message ?? String(error)).slice(0, 300)}`;
}
