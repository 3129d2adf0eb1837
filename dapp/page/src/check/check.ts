// *Check it myself*: everything that a decision claims, computed or read again by the visitor's browser.
//
// Nothing is taken from the node but the receipt and the model's file, and both are held to hashes that the
// chain knows; what the chain says comes through the visitor's own connection.

import { createPublicClient, custom, type PublicClient } from "viem";

import { ChainError, OracleError } from "../../../client/src/errors.ts";
import { readReceipt } from "../../../client/src/receipt/reader.ts";
import type { Receipt } from "../../../client/src/receipt/receipt.ts";
import type { Check } from "../../../client/src/verify/report.ts";
import { verify } from "../../../client/src/verify/verify.ts";
import { type Account, Refused, text } from "../api.js";
import type { Connection } from "../connection.js";
import { h, show } from "../dom.js";
import { CLAIMS } from "./claims.js";
import { type Outcome, Steps } from "./steps.js";

const VERDICTS = ["none", "reject", "accept", "review"];
const WORDS: Record<Outcome, string> = {
  right: "Everything holds: this is what the model says, and what the contract decided.",
  wrong: "Something does not hold. Do not rely on this decision.",
  open: "What could be checked holds; some of it could not be checked.",
};
const OUTCOMES: Record<Check["outcome"], Outcome> = {
  held: "right",
  failed: "wrong",
  skipped: "open",
};

/** Check a decision as it is shown, and show each step. */
export async function runCheck(
  root: HTMLElement,
  account: Account,
  file: string,
  connection: Connection | null,
  signal: AbortSignal,
): Promise<void> {
  const steps = new Steps();
  const verdict = h("p", { class: "outcome", role: "status" }, "Checking …");
  show(root, steps.list, verdict);
  const receipt = await receiptOf(account, steps, signal);
  if (receipt) await checkReceipt(receipt, file, connection, steps);
  signal.throwIfAborted();
  verdict.dataset["outcome"] = steps.outcome;
  verdict.textContent = WORDS[steps.outcome];
}

/** The receipt, if it is one about what is shown. */
async function receiptOf(
  account: Account,
  steps: Steps,
  signal: AbortSignal,
): Promise<Receipt | null> {
  const claim = "The receipt is about the decision that is shown";
  try {
    const query = { model: account.model.id };
    const receipt = readReceipt(await text(`/api/receipts/${account.subject}`, query, signal));
    const apart = difference(account, receipt);
    steps.add(claim, apart ? "wrong" : "right", apart ?? "model, subject, value and verdict");
    return apart ? null : receipt;
  } catch (error) {
    if (signal.aborted) throw error;
    const said = error instanceof Error ? error.message : String(error);
    steps.add(claim, error instanceof Refused ? "open" : "wrong", said);
    return null;
  }
}

/** What the receipt says otherwise than the page; null where they agree. */
function difference(account: Account, { prediction, decision }: Receipt): string | null {
  const pairs: [string, unknown, unknown][] = [
    ["model", account.model.id, prediction.modelId],
    ["subject", account.subject, prediction.subject],
    ["value", account.decision?.value, prediction.value],
    ["verdict", account.decision?.verdict, VERDICTS[decision?.verdict ?? 0]],
  ];
  const apart = pairs.find(([, shown, said]) => String(shown) !== String(said));
  return apart ? `the page shows the ${apart[0]} ${apart[1]}, the receipt has ${apart[2]}` : null;
}

async function checkReceipt(
  receipt: Receipt,
  file: string,
  connection: Connection | null,
  steps: Steps,
): Promise<void> {
  const { files, runtime } = await import("./run.js");
  let last: Check | null = null;
  try {
    await verify(receipt, {
      files: files(file),
      runtime,
      ...(connection && { client: clientOf(connection) }),
      onCheck: (check) => {
        last = check;
        if (check.outcome !== "failed") tell(steps, check, OUTCOMES[check.outcome]);
      },
    });
  } catch (error) {
    const failed = (last as Check | null)?.outcome === "failed" ? (last as unknown as Check) : null;
    // That a chain or a runtime is away says nothing about the decision.
    const isAway = error instanceof ChainError;
    const what = error instanceof OracleError ? error.message : String(error);
    tell(steps, { ...(failed ?? { name: "run again" }), what }, isAway ? "open" : "wrong");
  }
}

function tell(steps: Steps, { name, what }: Pick<Check, "name" | "what">, outcome: Outcome): void {
  const said = name === "chain" && outcome === "open" && what.startsWith("no client");
  const found = said ? "name a connection of your own above, and check again" : what;
  steps.add(CLAIMS[name] ?? name, outcome, name === "chain" && !said ? `chain ${found}` : found);
}

function clientOf(connection: Connection): PublicClient {
  const request = ({ method, params }: { method: string; params?: readonly unknown[] }) =>
    connection.request(method, params ?? []);
  return createPublicClient({ transport: custom({ request }, { retryCount: 0 }) });
}
