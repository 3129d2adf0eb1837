import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { readCard } from "../../dapp/client/src/model/card.ts";
import { InvalidInput } from "../../dapp/client/src/errors.ts";
import { tensorOf } from "../../dapp/client/src/model/nested.ts";
import { decodePacked, encodePacked } from "../../dapp/client/src/model/packed.ts";
import { DTYPES, decodeTensors, encodeTensors } from "../../dapp/client/src/model/tensors.ts";
import { bytesOf, hexOf, sampleCards, vectors } from "./vectors.js";

const cards = sampleCards();

describe("model card", () => {
  for (const { card, modelId } of vectors("cards")) {
    it(`${card.name} has the id that Python gives it`, () => {
      assert.equal(readCard(JSON.stringify(card)).modelId, modelId);
    });
  }

  it("has the same id whatever the order of its fields", () => {
    const [{ card, modelId }] = vectors("cards");
    const turned = Object.fromEntries(Object.entries(card).reverse());
    assert.equal(readCard(JSON.stringify(turned, null, 4)).modelId, modelId);
  });

  for (const text of ["{", "null", '{"schema": "another"}', '{"decimals": 0.5}']) {
    it(`is not ${text}`, () => assert.throws(() => readCard(text), InvalidInput));
  }
});

describe("packed encoding", () => {
  const { accept, refuse } = vectors("packed");

  for (const { card, integers, hex, tensors } of accept) {
    it(`gives the model ${hex} as Python does`, () => {
      const { input } = cards[card];
      const decoded = decodePacked(input, bytesOf(hex));
      decoded.forEach(({ type, data }, place) => {
        const wanted = tensors[input.tensors[place].name];
        const number = type.endsWith("int64") ? BigInt : Number;
        assert.deepEqual(Array.from(data), wanted.map(number));
      });
    });

    it(`writes ${hex} from decimal texts`, () => {
      const { features } = cards[card].input;
      const texts = integers.map((units, at) => decimal(units, features[at].decimals));
      assert.equal(hexOf(encodePacked(features, texts)), hex);
    });
  }

  for (const { card, name, hex } of refuse) {
    it(`refuses an input that is ${name}`, () => {
      assert.throws(() => decodePacked(cards[card].input, bytesOf(hex)), InvalidInput);
    });
  }

  const { features } = cards["sample-score"].input;
  const given = { age: 42, income: 51999.985, balance: -0.01, home: "own" };

  it("takes features by name, labels by name, and rounds half to even", () => {
    assert.equal(hexOf(encodePacked(features, given)), "0x2a004f587effffffffffff01");
  });

  for (const [flaw, wrong] of Object.entries({
    "lacks a feature": { age: 42, income: 1, balance: 0 },
    "has an unknown one": { ...given, colour: "red" },
    "is out of range": { ...given, age: 17 },
    "is NaN": { ...given, income: NaN },
    "is infinite": { ...given, income: Infinity },
    "is no number": { ...given, income: "1e3" },
    "is null": { ...given, income: null },
    "is a boolean": { ...given, age: true },
    "is no label": { ...given, home: "boat" },
    "is too short": [42, 1, 0],
  })) {
    it(`refuses an input that ${flaw}`, () => {
      assert.throws(() => encodePacked(features, wrong), InvalidInput);
    });
  }
});

describe("tensors encoding", () => {
  const { accept, refuse } = vectors("tensors");
  const isKnown = ({ dtype }) => dtype in DTYPES;

  for (const { name, tensors, hex } of accept.filter((vector) => vector.tensors.every(isKnown))) {
    const made = tensors.map(({ dtype, shape, elements }) => {
      const { kind } = DTYPES[dtype];
      const read = { float: Number, int: BigInt, uint: BigInt }[kind] ?? ((x) => x);
      return { ...tensorOf(elements.map(read), dtype, name), dims: shape };
    });

    it(`writes ${name}`, () => assert.equal(hexOf(encodeTensors(made)), hex));

    it(`reads ${name}`, () => {
      const read = decodeTensors(bytesOf(hex), null, 1000);
      assert.deepEqual(read.map(plain), made.map(plain));
    });
  }

  for (const { name, hex } of accept.filter((vector) => !vector.tensors.every(isKnown))) {
    it(`refuses ${name}, which JavaScript can not run`, () => {
      assert.throws(() => decodeTensors(bytesOf(hex), null, 1000), InvalidInput);
    });
  }

  for (const { name, hex, maxElements } of refuse) {
    it(`refuses ${name}`, () => {
      assert.throws(() => decodeTensors(bytesOf(hex), null, maxElements), InvalidInput);
    });
  }

  it("holds one symbol to one extent", () => {
    const specs = ["ids", "mask"].map((name) => ({ name, dtype: "int32", shape: [1, "length"] }));
    const row = (length) => tensorOf([Array(length).fill(1)], "int32", "row");
    assert.equal(decodeTensors(encodeTensors([row(3), row(3)]), specs, 10).length, 2);
    assert.throws(() => decodeTensors(encodeTensors([row(3), row(2)]), specs, 10), InvalidInput);
  });
});

describe("nested lists", () => {
  for (const [flaw, value, type] of [
    ["ragged lists", [[1, 2], [3]], "float32"],
    ["lists of uneven depth", [1, [2]], "float32"],
    ["a fraction for an integer", [1.5], "int32"],
    ["an integer beyond the dtype", [256], "uint8"],
    ["a negative unsigned integer", [-1], "uint64"],
    ["a float beyond the dtype", [1e39], "float32"],
    ["a text for a number", ["one"], "float32"],
    ["a number for a text", [1], "string"],
  ]) {
    it(`refuses ${flaw}`, () => assert.throws(() => tensorOf(value, type, "x"), InvalidInput));
  }
});

function plain({ type, dims, data }) {
  return { type, dims: [...dims], data: Array.from(data) };
}

function decimal(units, decimals) {
  if (decimals === 0) return units;
  const digits = units.replace("-", "").padStart(decimals + 1, "0");
  const sign = units.startsWith("-") ? "-" : "";
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
