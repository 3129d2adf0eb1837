// The model, run in this browser by ONNX Runtime's WebAssembly build, which the node serves.

import * as ort from "onnxruntime-web/wasm";

import { Model } from "../../../model.js";
import { bytes, type Card } from "../api.js";

ort.env.wasm.wasmPaths = { wasm: "/page/ort-wasm-simd-threaded.wasm" };
ort.env.wasm.numThreads = 1;

export interface Ran {
  inputHash: string;
  outputHash: string;
  value: bigint;
  confidence: bigint;
  ambiguous: boolean;
}

/** Load a model whose files are held to the card's hashes. */
export async function load(card: Card, file: string): Promise<(input: Uint8Array) => Promise<Ran>> {
  const model = await Model.create(async (name: string) =>
    name === "card.json" ? new TextEncoder().encode(JSON.stringify(card)) : bytes(file),
  );
  return (input) => model.run(input) as Promise<Ran>;
}
