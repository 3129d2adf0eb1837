import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";

import * as ort from "onnxruntime-web/wasm";

import { InvalidInput, VerificationError } from "../../dapp/client/src/errors.ts";
import { readReceipt } from "../../dapp/client/src/receipt/reader.ts";
import { stageOf } from "../../dapp/client/src/receipt/receipt.ts";
import { verify } from "../../dapp/client/src/verify/verify.ts";
import { vectors } from "./vectors.js";

const { model, good, bad } = vectors("receipts");
const onnx = await readFile(new URL(`../../${model}`, import.meta.url));
const files = async () => onnx;

ort.env.wasm.numThreads = 1;

describe("a good receipt", () => {
  for (const [name, receipt] of Object.entries(good)) {
    it(`that is ${name} holds without a chain, the model run again`, async () => {
      const told = [];
      const checks = await verify(JSON.stringify(receipt), {
        files,
        runtime: ort,
        onCheck: (check) => told.push(check),
      });
      assert.deepEqual(checks, told);
      assert.ok(checks.every(({ outcome }) => outcome === "held" || outcome === "skipped"));
      const rerun = checks.find((check) => check.name === "run again");
      assert.equal(rerun.outcome, name === "redacted" ? "skipped" : "held", rerun.what);
    });
  }

  it("says how far it has come", () => {
    const stages = ["pending", "anchored", "decided"];
    assert.deepEqual(
      stages.map((name) => stageOf(readReceipt(JSON.stringify(good[name])))),
      stages,
    );
  });

  it("is checked without the model where nobody gives it, and says so", async () => {
    const checks = await verify(JSON.stringify(good.decided));
    const skipped = checks.filter(({ outcome }) => outcome === "skipped").map(({ name }) => name);
    assert.deepEqual(skipped, ["run again", "chain"]);
  });
});

describe("a bad receipt", () => {
  for (const flaw of bad) {
    it(`with ${flaw.name} is refused with the reason that Python gives`, async () => {
      const broken = Buffer.from(onnx);
      if (flaw.flip !== undefined) broken[flaw.flip] ^= 1;
      const told = [];
      await assert.rejects(
        verify(textOf(flaw), {
          files: async () => broken,
          runtime: ort,
          onCheck: (check) => told.push(check),
        }),
        (error) => {
          assert.ok(error instanceof InvalidInput || error instanceof VerificationError, error);
          assert.match(error.message, new RegExp(flaw.reason));
          return true;
        },
      );
      const failed = told.filter(({ outcome }) => outcome === "failed");
      assert.equal(failed.length, told.length ? 1 : 0);
    });
  }

  it("with a model file that is missing is refused", async () => {
    const missing = async () => {
      throw new Error("404");
    };
    await assert.rejects(
      verify(JSON.stringify(good.pending), { files: missing, runtime: ort }),
      /model\.onnx is missing: 404/,
    );
  });

  for (const text of ["", "{", "[]", "7", '{"a": 1, "a": 2}', '{"schema": null}']) {
    it(`such as ${text || "nothing"} is no receipt`, () => {
      assert.throws(() => readReceipt(text), InvalidInput);
    });
  }
});

/** The text of a bad receipt: a good one, changed as the vector says. */
function textOf({ of, patch = [], text }) {
  const found = structuredClone(good[of]);
  for (const { op, path, value } of patch) {
    const way = path.split("/").slice(1);
    const last = way.pop();
    const parent = way.reduce((at, name) => at[name], found);
    if (op !== "remove") parent[last] = value;
    else if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  }
  const written = JSON.stringify(found);
  return text ? written.replace(...text) : written;
}
