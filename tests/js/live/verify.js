// A receipt on standard input, checked by the client: node verify.js RPC_URL MODEL_FOLDER CONTRACT
//
// Writes the checks as JSON, one that failed included.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import * as ort from "onnxruntime-web/wasm";
import { createPublicClient, http } from "viem";

import { OracleError, verify } from "../../../dapp/client/src/index.ts";

ort.env.wasm.numThreads = 1;
const [url, folder, contract] = process.argv.slice(2);
const checks = [];
try {
  await verify(await text(process.stdin), {
    client: createPublicClient({ transport: http(url) }),
    files: (name) => readFile(join(folder, name)),
    runtime: ort,
    contract,
    onCheck: (check) => checks.push(check),
  });
} catch (error) {
  if (!(error instanceof OracleError)) throw error;
}
console.log(JSON.stringify(checks));
