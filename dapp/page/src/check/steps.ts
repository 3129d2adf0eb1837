// What a check is: one claim after the other, each either right, wrong, or open for a reason.

import { h } from "../dom.js";

export type Outcome = "right" | "wrong" | "open";

/** One claim that was looked at. */
export interface Finding {
  readonly outcome: Outcome;
  /** What was found, and where it matters what was expected. */
  readonly found: string;
}

/** The claim does not hold. */
export class Wrong extends Error {}

/** The claim can not be looked at, and why. */
export class Open extends Error {}

const SIGNS: Record<Outcome, string> = { right: "✓", wrong: "✗", open: "–" };
const SAID: Record<Outcome, string> = {
  right: "holds",
  wrong: "does not hold",
  open: "not checked",
};

/** A list of claims that fills as they are looked at. */
export class Steps {
  readonly list = h("ol", { class: "steps" });
  readonly findings: Finding[] = [];

  /** Look at one claim; what it throws is its finding. What `look` gives is passed on, null where it failed. */
  async step<T>(
    claim: string,
    look: () => Promise<readonly [found: string, value: T]>,
  ): Promise<T | null> {
    const sign = h("span", { class: "sign", "aria-hidden": "true" }, "…");
    const said = h("span", { class: "unseen" });
    const found = h("span", { class: "found quiet" });
    const item = h("li", {}, sign, h("span", {}, h("strong", {}, claim), said), found);
    this.list.append(item);
    let value: T | null = null;
    let outcome: Outcome = "right";
    try {
      [found.textContent, value] = await look();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      outcome = error instanceof Open ? "open" : "wrong";
      found.textContent = error instanceof Error ? error.message : String(error);
    }
    sign.textContent = SIGNS[outcome];
    said.textContent = `: ${SAID[outcome]}`;
    item.dataset["outcome"] = outcome;
    this.findings.push({ outcome, found: found.textContent ?? "" });
    return value;
  }

  /** All of it in one word: wrong if anything is, open if anything could not be looked at. */
  get outcome(): Outcome {
    const has = (wanted: Outcome): boolean =>
      this.findings.some(({ outcome }) => outcome === wanted);
    if (has("wrong")) return "wrong";
    return has("open") ? "open" : "right";
  }
}

/** Hold what was found to what was claimed. */
export function same(what: string, found: unknown, claimed: unknown): void {
  const plain = (value: unknown): string => String(value).toLowerCase();
  if (plain(found) !== plain(claimed)) {
    throw new Wrong(`${what} is ${found}, but the record says ${claimed}`);
  }
}
