// *Check it myself*: everything that a decision claims, computed or read again by the visitor's browser.
//
// Nothing is taken from the node but the record, the card and the model's file, and each of these is held to a
// hash; what the chain says comes through the visitor's own connection.

import { hexToBytes, keccak256 } from "viem";

import { modelIdOf } from "../../../client/src/model/card.ts";
import { type Account, get, type Model, type Readiness } from "../api.js";
import { h, show } from "../dom.js";
import type { Connection } from "../connection.js";
import { checkChain } from "./onchain.js";
import { Open, type Outcome, same, Steps, Wrong } from "./steps.js";

const WORDS: Record<Outcome, string> = {
  right: "Everything holds: this is what the model says, and what the contract decided.",
  wrong: "Something does not hold. Do not rely on this decision.",
  open: "What could be checked holds; some of it could not be checked.",
};

/** Check one decision, and show each step. */
export async function runCheck(
  root: HTMLElement,
  about: {
    modelId: string;
    subject: string;
    connection: Connection | null;
    signal: AbortSignal;
  },
): Promise<void> {
  const { modelId, subject, signal } = about;
  const steps = new Steps();
  const verdict = h("p", { class: "outcome", role: "status" }, "Checking …");
  show(root, steps.list, verdict);

  const record = await steps.step("The node has a record of the decision", async () => {
    const account = await get<Account>(`/api/decisions/${subject}`, { model: modelId }, signal);
    if (!account.decision || !account.prediction) throw new Open("it is not decided yet");
    same("the subject", account.subject, subject);
    same("the model", account.model.id, modelId);
    return [`${account.prediction.text}, ${account.decision.verdict}`, account] as const;
  });
  const model = await steps.step("The card is this model’s", async () => {
    const found = await get<Model>(`/api/models/${modelId}`, {}, signal);
    same("the card’s hash", modelIdOf(found.card), modelId);
    return [`its hash is the model’s id, ${modelId}`, found] as const;
  });
  if (record && model) {
    await checkModel(steps, record, model);
    const { network } = await get<Readiness>("/readyz", {}, signal, [503]);
    await checkChain(steps, record, network, about.connection);
  }
  signal.throwIfAborted();
  verdict.dataset["outcome"] = steps.outcome;
  verdict.textContent = WORDS[steps.outcome];
}

async function checkModel(steps: Steps, record: Account, model: Model): Promise<void> {
  const said = record.prediction!;
  const run = await steps.step("The model’s file is the one that the card names", async () => {
    const { load } = await import("./run.js");
    const loaded = await load(model.card, model.file);
    return [`${model.card.model.size} bytes, SHA-256 ${model.card.model.sha256}`, loaded] as const;
  });
  const input = await steps.step("The input is the one that was decided about", async () => {
    const given = record.request?.input;
    if (!given) throw new Open("the input is not public; whoever has it can check its hash");
    const octets = hexToBytes(given as `0x${string}`);
    same("the input’s hash", keccak256(octets), said.input_hash);
    return [`${octets.length} bytes, hash ${said.input_hash}`, octets] as const;
  });
  await steps.step("The model, run in this browser, says the same", async () => {
    if (!run) throw new Open("the model could not be loaded");
    if (!input) throw new Open("there is no input to run it on");
    const ran = await run(input);
    const apart = ran.value - BigInt(said.value);
    const off = apart < 0n ? -apart : apart;
    const allowed = model.card.head.kind === "class" ? 0n : BigInt(model.card.tolerance);
    if (off > allowed)
      throw new Wrong(`it says ${ran.value} here, but ${said.value} in the record`);
    if (off === 0n && ran.outputHash === said.output_hash) {
      return [`value ${ran.value}, outputs’ hash ${ran.outputHash}`, null] as const;
    }
    return [
      `value ${ran.value} here, ${said.value} there: within the card’s tolerance`,
      null,
    ] as const;
  });
}
