// Numbers, hashes and times as people read them.

import type { Asked, Line, State, Verdict } from "./api.js";
import { type Child, h, svg } from "./dom.js";

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
    return h("span", { class: "badge", "data-kind": over ? "over" : "open" }, STATES[state]);
  }
  const sign = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
  sign.append(svg("path", { d: SIGNS[verdict] }));
  return h("span", { class: "badge", "data-kind": verdict }, sign, VERDICTS[verdict]);
}

/** A long hash, shortened; the whole is its title and can be copied. */
export function hash(text: string): HTMLElement {
  return h("code", { class: "hash", title: text }, short(text));
}

/** `0x53ad…2fad`. */
export function short(text: string): string {
  return text.length > 18 ? `${text.slice(0, 8)}…${text.slice(-6)}` : text;
}

/** A moment, told as how long ago it was; kept right by `refresh`. */
export function ago(at: number | null): HTMLElement | null {
  if (at === null) return null;
  const moment = new Date(at * 1000);
  const time = h("time", { datetime: moment.toISOString(), title: moment.toLocaleString() });
  time.textContent = since(moment);
  return time;
}

/** Bring every told age up to date. */
export function refresh(root: ParentNode): void {
  for (const time of root.querySelectorAll("time[datetime]")) {
    if (!time.classList.contains("whole"))
      time.textContent = since(new Date(time.getAttribute("datetime") ?? 0));
  }
}

/** A moment with date and time. */
export function when(at: number): HTMLElement {
  const moment = new Date(at * 1000);
  const text = moment.toLocaleString(undefined, { dateStyle: "long", timeStyle: "medium" });
  return h("time", { class: "whole", datetime: moment.toISOString() }, text);
}

/** `0.4 s`, `3 min`. */
export function lasted(seconds: number): string {
  if (seconds < 0.001) return "at once";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** `91.3 %` of a text between 0 and 1. */
export function percent(share: string | number): string {
  return `${(Number(share) * 100).toFixed(1).replace(/\.0$/, "")} %`;
}

/** `56,483`. */
export function count(number: number): string {
  return number.toLocaleString("en");
}

/** An amount of ether or the like, in its first digits: `0.0000446`. */
export function amount(ether: string): string {
  const small = /^0\.0*[1-9]\d{2}/.exec(ether);
  return small ? small[0] : Number(ether).toPrecision(4);
}

/** How a decision came to be asked for, in a few words. */
export function askedBy(line: Line): string {
  return {
    chain: "asked on chain",
    api: "asked through the node",
    other: "sent by another program",
  }[line.origin];
}

/** Who asked, in a sentence. */
export function asker(asked: Asked | null): Child {
  if (asked === null)
    return "Nobody asked this node: another program of the operator decided by itself.";
  if (asked.origin === "api") return "It was asked through this node’s own interface.";
  const fee = asked.fee_gwei ? `, and paid a fee of ${count(asked.fee_gwei)} gwei` : "";
  return ["The account ", hash(asked.requester ?? ""), " asked for it on chain", fee, "."];
}

function since(moment: Date): string {
  const seconds = Math.max(0, (Date.now() - moment.getTime()) / 1000);
  if (seconds < 3) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return moment.toLocaleDateString(undefined, { dateStyle: "medium" });
}
