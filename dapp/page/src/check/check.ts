// *Check it myself*: everything that a decision or a promise claims, computed or read again by the visitor's browser.
//
// Nothing is taken from the node but the receipt and the model's file, and both are held to hashes that the
// chain knows; what the chain says comes through the visitor's own connection.

import { createPublicClient, custom, http, type PublicClient } from "viem";

import { ChainError, OracleError } from "../../../client/src/errors.ts";
import { readReceipt } from "../../../client/src/receipt/reader.ts";
import type { Receipt } from "../../../client/src/receipt/receipt.ts";
import type { Check } from "../../../client/src/verify/report.ts";
import { verify } from "../../../client/src/verify/verify.ts";
import { NodeError, text } from "../api.js";
import type { Connection } from "../connection.js";
import { h, show } from "../dom.js";
import { CLAIMS } from "./claims.js";
import { type Outcome, Steps } from "./steps.js";

const WORDS: Record<Outcome, string> = {
  right: "Everything holds.",
  wrong: "Something does not hold. Do not rely on it.",
  open: "What could be checked holds; some of it could not be checked.",
  later:
    "Everything that there is so far holds: the model says this, and the operator signed the promise to anchor it.",
};
const OUTCOMES: Record<Check["outcome"], Outcome> = {
  held: "right",
  failed: "wrong",
  skipped: "open",
};

/** What is checked: the receipt at a path, held to what the page shows of it. */
export interface Checked {
  readonly receipt: string;
  readonly model?: string;
  readonly file: string;
  /** Names, each with what is shown and where it stands in the receipt. */
  readonly shown: readonly (readonly [string, unknown, (receipt: Receipt) => unknown])[];
  /** What it means if all of it holds. */
  readonly holds: string;
}

/** Check what is shown, and show each step. */
export async function runCheck(
  root: HTMLElement,
  checked: Checked,
  connection: Connection | null,
  signal: AbortSignal,
): Promise<void> {
  const steps = new Steps();
  const verdict = h("p", { class: "outcome", role: "status" }, "Checking …");
  show(root, steps.list, verdict);
  const receipt = await receiptOf(checked, steps, signal);
  if (receipt) await checkReceipt(receipt, checked.file, connection, steps);
  signal.throwIfAborted();
  const { outcome } = steps;
  verdict.dataset["outcome"] = outcome;
  verdict.textContent = `${WORDS[outcome]} ${outcome === "right" ? checked.holds : ""}`.trim();
}

/** The receipt, if it is one about what is shown. */
async function receiptOf(
  { receipt: path, model, shown }: Checked,
  steps: Steps,
  signal: AbortSignal,
): Promise<Receipt | null> {
  const claim = "The receipt is about what is shown here";
  try {
    const receipt = readReceipt(await text(path, { model }, signal));
    const apart = shown.find(([, here, there]) => String(here) !== String(there(receipt)));
    const [name, here, there] = apart ?? [];
    const found = apart
      ? `the page shows the ${name} ${here}, the receipt has ${there?.(receipt)}`
      : shown.map(([name]) => name).join(", ");
    steps.add(claim, apart ? "wrong" : "right", found);
    return apart ? null : receipt;
  } catch (error) {
    if (signal.aborted) throw error;
    const said = error instanceof Error ? error.message : String(error);
    steps.add(claim, error instanceof NodeError ? "open" : "wrong", said);
    return null;
  }
}

async function checkReceipt(
  receipt: Receipt,
  file: string,
  connection: Connection | null,
  steps: Steps,
): Promise<void> {
  const { files, runtime } = await import("./run.js");
  let last: Check | null = null;
  let missing: unknown = null;
  const read = files(file);
  try {
    await verify(receipt, {
      files: (name) => read(name).catch((error: unknown) => Promise.reject((missing = error))),
      runtime,
      ...(connection && { client: clientOf(connection) }),
      onCheck: (check) => {
        last = check;
        if (check.outcome !== "failed") tell(steps, check, OUTCOMES[check.outcome]);
      },
    });
  } catch (error) {
    const failed = (last as Check | null)?.outcome === "failed" ? (last as unknown as Check) : null;
    // That a chain, or the node with its files, is away says nothing about the decision.
    const isAway = error instanceof ChainError || missing !== null;
    const said = missing ?? error;
    const what = said instanceof OracleError ? said.message : String(said);
    tell(steps, { ...(failed ?? { name: "run again" }), what }, isAway ? "open" : "wrong");
  }
}

function tell(steps: Steps, { name, what }: Pick<Check, "name" | "what">, outcome: Outcome): void {
  if (what.startsWith("nothing of it is on chain yet"))
    return steps.add(CLAIMS["chain"] ?? name, "later", what);
  const isUnasked = name === "chain" && what.startsWith("no client");
  const found = isUnasked ? "name a connection of your own above, and check again" : what;
  const isChain = name === "chain" && what.startsWith("id ");
  steps.add(CLAIMS[name] ?? name, outcome, isChain ? `chain ${found}` : found);
}

function clientOf(connection: Connection): PublicClient {
  const options = { retryCount: 0 };
  const transport =
    "url" in connection ? http(connection.url, options) : custom(connection.provider, options);
  return createPublicClient({ transport });
}
