// What a check found, claim by claim: each holds, does not hold, could not be looked at, or has nothing
// to be looked at yet, and why.

import { h } from "../dom.js";

export type Outcome = "right" | "wrong" | "open" | "later";

const SIGNS: Record<Outcome, string> = { right: "✓", wrong: "✗", open: "–", later: "…" };
const SAID: Record<Outcome, string> = {
  right: "holds",
  wrong: "does not hold",
  open: "not checked",
  later: "not there yet",
};

/** A list of claims that fills as they are looked at. */
export class Steps {
  readonly list = h("ol", { class: "steps" });
  readonly #outcomes: Outcome[] = [];

  /** Add what was found about a claim. */
  add(claim: string, outcome: Outcome, found: string): void {
    this.#outcomes.push(outcome);
    this.list.append(
      h(
        "li",
        { "data-outcome": outcome },
        h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[outcome]),
        h("span", {}, h("strong", {}, claim), h("span", { class: "unseen" }, `: ${SAID[outcome]}`)),
        h("span", { class: "found quiet" }, found),
      ),
    );
  }

  /** All of it in one word, the worst that there is. */
  get outcome(): Outcome {
    const order: readonly Outcome[] = ["wrong", "open", "later"];
    return order.find((each) => this.#outcomes.includes(each)) ?? "right";
  }
}
