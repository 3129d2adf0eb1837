// What only Node has: model folders on disk, run with ONNX Runtime's WebAssembly build.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import * as ort from "onnxruntime-web/wasm";

import { Model, type ModelOptions } from "./model/model.ts";

ort.env.wasm.numThreads = 1;

/** The model in a folder of `models/`. */
export function loadModel(
  folder: string | URL,
  options: Partial<ModelOptions> = {},
): Promise<Model> {
  const path = folder instanceof URL ? fileURLToPath(folder) : folder;
  return Model.create((name) => readFile(resolve(path, name)), { runtime: ort, ...options });
}
