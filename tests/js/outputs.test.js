import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { InferenceError } from "../../dapp/client/src/errors.ts";
import { roundOutput, score } from "../../dapp/client/src/model/outputs.ts";
import { subjectOf } from "../../dapp/client/src/model/subject.ts";
import { DTYPES, sizeOf } from "../../dapp/client/src/model/tensors.ts";
import { hexOf, sampleCards, vectors } from "./vectors.js";

const cards = sampleCards();

describe("rounding", () => {
  for (const { number, dtype, decimals, units } of vectors("rounding")) {
    it(`takes ${dtype} ${number} to ${units} units of 10^-${decimals}`, () => {
      const spec = { name: "y", dtype, shape: [1], decimals };
      const data = DTYPES[dtype].from([Number(number)]);
      assert.deepEqual(
        roundOutput(spec, { type: dtype, dims: [1], data }).data,
        BigInt64Array.of(BigInt(units)),
      );
    });
  }

  for (const number of [NaN, Infinity, -Infinity, 1e16]) {
    it(`refuses ${number}`, () => {
      const spec = { name: "y", dtype: "float64", shape: [1], decimals: 3 };
      const tensor = { type: "float64", dims: [1], data: Float64Array.of(number) };
      assert.throws(() => roundOutput(spec, tensor), InferenceError);
    });
  }
});

describe("outputs", () => {
  for (const { card, raw, encoded, outputHash, value, confidence, ambiguous } of vectors(
    "outputs",
  )) {
    it(`${raw.map((x) => Number(x).toFixed(4))} of ${card} are hashed and read as Python does`, () => {
      const { outputs, ...scored } = score(cards[card], [row(raw.map(Number))]);
      assert.equal(hexOf(outputs), encoded);
      assert.deepEqual(scored, { outputHash, value: BigInt(value), confidence, ambiguous });
    });
  }

  it("of another shape than the card's are refused", () => {
    assert.throws(() => score(cards["sample-score"], [row([0.1, 0.2, 0.7])]), InferenceError);
  });

  it("that are no probabilities give no confidence", () => {
    assert.throws(() => score(cards["sample-class"], [row([0.1, 0.2, 1.7])]), InferenceError);
  });

  it("with a label that the card does not know are refused", () => {
    const score1 = { type: "float64", dims: [], data: Float64Array.of(0.5) };
    const label = (text) => ({ type: "string", dims: [1], data: [text] });
    assert.equal(score(cards["sample-tensors"], [score1, label("nein")]).value, 1n);
    assert.throws(
      () => score(cards["sample-tensors"], [score1, label("vielleicht")]),
      InferenceError,
    );
  });
});

describe("subject", () => {
  it("is the hash of a text, and 32 bytes as they are", () => {
    const hash = subjectOf("loan 17");
    assert.match(hash, /^0x[0-9a-f]{64}$/);
    assert.equal(subjectOf(hash.toUpperCase().replace("0X", "0x")), hash);
  });

  it("is never a request's id", () => {
    assert.throws(() => subjectOf("0xd0ec1510" + "00".repeat(28)), /tag of on-chain requests/);
    assert.throws(() => subjectOf(""), /empty/);
  });
});

function row(numbers) {
  const dims = [1, numbers.length];
  assert.equal(sizeOf(dims), numbers.length);
  return { type: "float32", dims, data: Float32Array.from(numbers) };
}
