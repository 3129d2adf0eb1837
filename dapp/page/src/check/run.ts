// The model, run in this browser by ONNX Runtime's WebAssembly build, which the node serves.

import * as ort from "onnxruntime-web/wasm";

import { Model, type Run } from "../../../client/src/model/model.ts";
import { bytes, type Card } from "../api.js";

ort.env.wasm.wasmPaths = { wasm: "/page/ort-wasm-simd-threaded.wasm" };
ort.env.wasm.numThreads = 1;

/** Load a model whose files are held to the card's hashes. */
export async function load(card: Card, file: string): Promise<(input: Uint8Array) => Promise<Run>> {
  const read = async (name: string): Promise<Uint8Array> =>
    name === "card.json" ? new TextEncoder().encode(JSON.stringify(card)) : bytes(file);
  const model = await Model.create(read, { runtime: ort });
  return (input) => model.run(input);
}
