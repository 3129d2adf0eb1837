import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { tally } from "../../dapp/client/src/verify/tally.ts";
import { vectors } from "./vectors.js";

describe("opened votes", () => {
  for (const [number, found] of vectors("tally").cases.entries()) {
    it(`of case ${number} decide what the contract says, in any order`, () => {
      const { outcome, threshold } = found;
      const tolerance = found.tolerance === undefined ? undefined : BigInt(found.tolerance);
      const votes = found.votes.map(({ member, value, ...rest }) => ({
        member,
        opening: { ...rest, value: BigInt(value), salt: "0x" },
      }));
      for (const turned of [votes, votes.toReversed()]) {
        const counted = tally(turned, threshold, tolerance);
        assert.equal(counted === undefined, outcome === undefined);
        if (!outcome) continue;
        assert.deepEqual(counted.agreed, outcome.agreed);
        assert.deepEqual(counted.opening, {
          inputHash: outcome.inputHash,
          outputHash: outcome.outputHash,
          value: BigInt(outcome.value),
          confidence: outcome.confidence,
          salt: "0x",
        });
      }
    });
  }
});
