// What the chain says about a decision, read through the visitor's own connection.

import type { Hex } from "viem";

import { called, events, type Fields, type Log, type OnChainPrediction, view } from "../abi.js";
import type { Account, Readiness } from "../api.js";
import { type Connection, Unreachable } from "../connection.js";
import { Open, same, type Steps, Wrong } from "./steps.js";

const VERDICTS = ["none", "reject", "accept", "review"];

interface Receipt {
  status: Hex;
  blockNumber: Hex;
  logs: Log[];
}

interface Sent {
  from: string;
  to: string | null;
  input: Hex;
}

interface Registered {
  attestor: string;
  policy: string;
  verifies: boolean;
}

/** Hold a record to the chain. */
export async function checkChain(
  steps: Steps,
  record: Account,
  { chain_id: chain, contract }: Readiness["network"],
  connection: Connection | null,
): Promise<void> {
  const decision = record.decision!;
  const [modelId, subject] = [record.model.id as Hex, record.subject as Hex];
  const reading = <T>(read: (from: Connection) => Promise<readonly [string, T]>) => {
    return async (): Promise<readonly [string, T]> => {
      if (!connection) throw new Open("name a connection of your own, and check again");
      try {
        return await read(connection);
      } catch (error) {
        if (error instanceof Unreachable) throw new Open(error.message);
        throw error;
      }
    };
  };
  const there = await steps.step(
    "Your connection leads to the same chain",
    reading(async (from) => {
      const id = Number(await from.request("eth_chainId", []));
      if (id !== chain) throw new Open(`${from.name} serves chain ${id}, the node chain ${chain}`);
      return [`chain ${id}, through ${from.name}`, true] as const;
    }),
  );
  if (!there || !connection) return;

  await steps.step(
    "The contract holds this very decision",
    reading(async (from) => {
      const found = await view<Fields>(from, "contract", contract, "decisionOf", [
        modelId,
        subject,
      ]);
      if (Number(found["verdict"]) === 0) throw new Wrong("the contract has no such decision");
      same("the verdict", VERDICTS[Number(found["verdict"])], decision.verdict);
      same("the value", found["value"], decision.value);
      same("the confidence", found["confidence"], decision.confidence_ppm);
      same("the trust level", found["trustLevel"], decision.trust_level);
      return [`${decision.verdict}, value ${decision.value}, at ${contract}`, null] as const;
    }),
  );
  const made = await steps.step(
    "Its event names the same model, input and outputs",
    reading(async (from) => {
      const receipt = (await from.request("eth_getTransactionReceipt", [
        decision.tx_hash,
      ])) as Receipt | null;
      if (!receipt) throw new Wrong(`no transaction ${decision.tx_hash} is on this chain`);
      const event = events(receipt.logs, contract).find(
        ({ name, args }) => name === "DecisionMade" && args["subject"] === subject,
      );
      if (!event) throw new Wrong("the transaction made no such decision");
      const said = predictionOf(event.args);
      same("the model", said.modelId, modelId);
      same("the input’s hash", said.inputHash, record.prediction!.input_hash);
      same("the outputs’ hash", said.outputHash, record.prediction!.output_hash);
      same("the value", said.value, record.prediction!.value);
      return [
        `block ${Number(receipt.blockNumber)}, transaction ${decision.tx_hash}`,
        said,
      ] as const;
    }),
  );
  const model = await steps.step(
    "The model is registered with a rule and someone to trust",
    reading(async (from) => {
      const found = await view<Registered>(from, "contract", contract, "modelOf", [modelId]);
      return [`rule ${found.policy}, vouched for by ${found.attestor}`, found] as const;
    }),
  );
  if (!made || !model) return;
  await steps.step(
    "The rule gives this verdict",
    reading(async (from) => {
      const verdict = await view<number>(from, "policy", model.policy, "decide", [made]);
      same("the verdict", VERDICTS[Number(verdict)], decision.verdict);
      return [`asked again, the rule’s contract says ${decision.verdict}`, null] as const;
    }),
  );
  await steps.step(
    "Whoever the contract trusts has vouched",
    reading(async (from) => vouched(from, model, made, decision.tx_hash)),
  );
}

async function vouched(
  from: Connection,
  model: Registered,
  made: OnChainPrediction,
  hash: string,
): Promise<readonly [string, null]> {
  const sent = (await from.request("eth_getTransactionByHash", [hash])) as Sent | null;
  if (!sent) throw new Open("the transaction is not kept there");
  if (!model.verifies) {
    if (sent.from.toLowerCase() === model.attestor.toLowerCase()) {
      return [`${model.attestor} sent the transaction itself`, null];
    }
    throw new Open(`sent by ${sent.from}; the model’s rules may have changed since`);
  }
  const call = called(sent.input);
  if (call?.name !== "relayDecision") throw new Open("the evidence came through another contract");
  const holds = await view<boolean>(from, "attestor", model.attestor, "verify", [
    made,
    call.args[1],
  ]);
  if (!holds) throw new Wrong(`${model.attestor} does not accept the evidence`);
  return [`${model.attestor} accepts the evidence, asked again`, null];
}

function predictionOf(args: Fields): OnChainPrediction {
  const { modelId, subject, inputHash, outputHash, value, confidence, predictedAt } = args;
  return {
    modelId,
    subject,
    inputHash,
    outputHash,
    value,
    confidence,
    predictedAt,
  } as OnChainPrediction;
}
