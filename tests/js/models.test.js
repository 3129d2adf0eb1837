import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import * as ort from "onnxruntime-web/wasm";

import { InvalidInput } from "../../dapp/client/src/errors.ts";
import { Model } from "../../dapp/client/src/model/model.ts";
import { loadModel } from "../../dapp/client/src/node.ts";
import { bytesOf, hexOf } from "./vectors.js";

const root = fileURLToPath(new URL("../../models", import.meta.url));
const folders = globSync(`${root}/*/card.json`).map(dirname).sort();

it("there are models to test", () => assert.ok(folders.length >= 3));

for (const folder of folders.filter((path) => existsSync(join(path, "vectors.json")))) {
  describe(`model ${folder.slice(root.length + 1)}`, async () => {
    const { vectors } = JSON.parse(await readFile(join(folder, "vectors.json"), "utf8"));
    let model;
    before(async () => (model = await loadModel(folder)));

    for (const vector of vectors) {
      it(`${vector.note}: the same input, outputs and value as in Python`, async () => {
        const input = bytesOf(vector.input);
        if (model.card.input.encoding === "packed") {
          assert.equal(hexOf(model.encode(vector.features)), vector.input);
        }
        const { inputHash, outputHash, value, confidence } = await model.run(input);
        assert.deepEqual(
          { inputHash, outputHash, value: String(value), confidence },
          {
            inputHash: vector.inputHash,
            outputHash: vector.outputHash,
            value: vector.value,
            confidence: vector.confidence,
          },
        );
      });
    }

    it("refuses bytes that are no input", async () => {
      await assert.rejects(model.run(Uint8Array.of(1)), InvalidInput);
    });
  });
}

describe("a prediction", () => {
  const [folder] = folders;

  it("is the contract's struct: fresh subject, the clock's time", async () => {
    const model = await loadModel(folder, { clock: () => 1_700_000_000n });
    const { vectors } = JSON.parse(await readFile(join(folder, "vectors.json"), "utf8"));
    const [first, second] = await Promise.all([
      model.predict(vectors[0].features),
      model.predict(vectors[0].features),
    ]);
    assert.notEqual(first.subject, second.subject);
    assert.deepEqual(first, {
      modelId: model.id,
      subject: first.subject,
      inputHash: vectors[0].inputHash,
      outputHash: vectors[0].outputHash,
      value: BigInt(vectors[0].value),
      confidence: vectors[0].confidence,
      predictedAt: 1_700_000_000,
    });
  });

  it("is not made by a file that the card does not name", async () => {
    const read = async (name) => {
      const bytes = await readFile(join(folder, name));
      if (name.endsWith(".onnx")) bytes[bytes.length - 1] ^= 1;
      return bytes;
    };
    await assert.rejects(Model.create(read, { runtime: ort }), /SHA-256/);
  });
});
