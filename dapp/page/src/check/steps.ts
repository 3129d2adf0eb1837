// What a check found, claim by claim: each holds, does not hold, or could not be looked at, and why.

import { h } from "../dom.js";

export type Outcome = "right" | "wrong" | "open";

const SIGNS: Record<Outcome, string> = { right: "✓", wrong: "✗", open: "–" };
const SAID: Record<Outcome, string> = {
  right: "holds",
  wrong: "does not hold",
  open: "not checked",
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

  /** All of it in one word: wrong if anything is, open if anything could not be looked at. */
  get outcome(): Outcome {
    if (this.#outcomes.includes("wrong")) return "wrong";
    return this.#outcomes.includes("open") ? "open" : "right";
  }
}
