// ONNX Runtime's WebAssembly build, which the node serves, and the model's files.

import * as ort from "onnxruntime-web/wasm";

import type { ReadFile } from "../../../client/src/model/model.ts";
import type { Runtime } from "../../../client/src/model/runtime.ts";
import { bytes } from "../api.js";

ort.env.wasm.wasmPaths = { wasm: "/page/ort-wasm-simd-threaded.wasm" };
ort.env.wasm.numThreads = 1;

export const runtime: Runtime = ort;

/** Fetches the model's files by the names in its card. */
export function files(path: string): ReadFile {
  return (name) => bytes(`${path}s/${encodeURIComponent(name)}`);
}
