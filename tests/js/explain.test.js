import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { explain } from "../../dapp/client/src/explain.ts";
import { sampleCards } from "./vectors.js";

const [card] = Object.values(sampleCards());
const model = { title: "A model", card, meaning: {}, on_chain: {} };
const DECIDED = { verdict: "accept", trust_level: 1, tx_hash: "0xdd", block_number: 7 };

function costs(...transactions) {
  const account = { decision: DECIDED, prediction: null, request: null, state: "final" };
  return explain({ ...account, transactions }, model).cost;
}

function mined(hash, gas_used, answers) {
  return { state: "final", hash, fee: "0.001 ETH", gas_used, answers };
}

describe("what a decision cost", () => {
  it("is its transaction's cost, where it has one to itself", () => {
    assert.equal(costs(mined("0xdd", 57_000, 1)), "The transaction cost 0.001 ETH and 57000 gas.");
  });

  it("names how many share a transaction", () => {
    assert.equal(
      costs(mined("0xdd", 1_000_000, 25)),
      "The transaction cost 0.001 ETH and 1000000 gas, shared by 25 decisions.",
    );
  });

  it("is the cost of the transaction that decided, not of one that left it out", () => {
    assert.match(costs(mined("0xcc", 900_000, 25), mined("0xdd", 57_000, 1)), /57000 gas\.$/);
  });

  it("of another's transaction is not known", () => {
    assert.equal(costs(), "Its cost is not known.");
  });
});
