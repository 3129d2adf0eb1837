// One decision in words, for a person who is no programmer.

import { type Hex, hexToBytes } from "viem";

import type { Account, ModelView } from "./api/types.ts";
import { fromUnits } from "./model/decimals.ts";
import { hasOwnConfidence } from "./model/head.ts";
import { decodeInput } from "./model/model.ts";
import { packedUnits } from "./model/packed.ts";

/** What was asked, said, ruled, vouched and paid, each in a sentence or two. */
export interface Explanation {
  asked: string;
  said: string;
  ruled: string;
  vouched: string;
  cost: string;
}

const LEVELS = ["", "one operator", "a quorum", "a sealed vote or a bond", "a proof"];

/**
 * @param account as `OracleNode.decision` gives it
 * @param model as `OracleNode.model` gives it
 */
export function explain(account: Account, model: ModelView): Explanation {
  const { decision, prediction, request, transactions } = account;
  const paid = transactions.filter(
    ({ state, fee }) => fee && (state === "mined" || state === "final"),
  );
  const fee = paid.find(({ hash }) => hash === decision?.tx_hash) ?? paid[0];
  const isStated = prediction?.confidence && hasOwnConfidence(model.card);
  const sure = isStated ? `, ${percent(prediction.confidence_ppm)} sure` : "";
  return {
    asked: request?.input
      ? `${model.title} was asked about ${inputWords(model, request.input)}.`
      : `${model.title} was asked; its input is not public.`,
    said: prediction ? `It said: ${prediction.text}${sure}.` : "It has not answered.",
    ruled: decision
      ? `The verdict is ${decision.verdict}: ${model.meaning[decision.verdict.toUpperCase()] ?? ""}.` +
        (model.on_chain.policy ? ` The rule: ${model.on_chain.policy.words}` : "")
      : `There is no verdict yet: ${account.state}${account.reason ? `, ${account.reason}` : ""}.`,
    vouched: decision
      ? `${LEVELS[decision.trust_level] ?? "a contract"} vouched for it in transaction ` +
        `${decision.tx_hash}, block ${decision.block_number}.`
      : "Nobody has vouched for it on chain.",
    cost: fee
      ? `The transaction cost ${fee.fee} and ${fee.gas_used} gas${shared(fee.answers)}.`
      : "Its cost is not known.",
  };
}

/** The features of a packed input by name; the shapes of tensors. */
export function inputWords({ card }: Pick<ModelView, "card">, input: Hex): string {
  const bytes = hexToBytes(input);
  if (card.input.encoding === "tensors") {
    const tensors = decodeInput(card, bytes);
    return tensors
      .map(({ dims }, place) => `${card.input.tensors[place]!.name} [${dims.join(" × ")}]`)
      .join(", ");
  }
  const features = card.input.features ?? [];
  const units = packedUnits(features, bytes);
  return features
    .map(({ decimals, labels, name, unit }, place) => {
      const text = labels?.[Number(units[place])] ?? fromUnits(units[place]!, decimals);
      return `${name} ${text}${unit ? ` ${unit}` : ""}`;
    })
    .join(", ");
}

function shared(answers: number): string {
  return answers > 1 ? `, shared by ${answers} decisions` : "";
}

function percent(ppm: number): string {
  return `${Number((ppm / 1e4).toFixed(1))} %`;
}
