// What a decision's receipt tells beyond its account: which members signed, and where it is anchored.

import { readReceipt } from "../../client/src/receipt/reader.ts";
import type { ContractEvidence } from "../../client/src/receipt/receipt.ts";
import { readQuorum } from "../../client/src/verify/vouching.ts";
import { type Child, h, section } from "./dom.js";
import { proofPath } from "./draw/proof.js";
import { hash } from "./words.js";

/** Sections for what a receipt's text tells. */
export function evidenceOf(text: string): Node[] {
  const receipt = readReceipt(text);
  const evidence = receipt.decision?.evidence;
  const found: Node[] = [];
  if (evidence?.kind === "quorum") found.push(section("Who signed", signers(evidence)));
  if (receipt.anchor) {
    found.push(
      section(
        "Its path to the chain",
        h(
          "p",
          {},
          "The chain holds one root for a whole batch of predictions. Hash by hash, this path leads from this prediction to that root; no other prediction fits it.",
        ),
        proofPath(receipt, receipt.anchor),
      ),
    );
  }
  return found;
}

function signers({ bytes, members = [], threshold = 0 }: ContractEvidence): Child[] {
  const signed = new Set(readQuorum(bytes, members).map(({ member }) => member.toLowerCase()));
  return [
    h("p", {}, `${threshold} of ${members.length} members had to agree; ${signed.size} signed.`),
    h(
      "ul",
      { class: "members" },
      members.map((member) => {
        const has = signed.has(member.toLowerCase());
        return h("li", { "data-signed": has }, hash(member), has ? " signed" : " was not needed");
      }),
    ),
  ];
}
