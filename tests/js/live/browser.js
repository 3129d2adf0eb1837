// What a dApp does in a browser with the client: a wallet is found, asks on chain, and the receipt is checked here.
// tests/e2e/test_client.py bundles this and opens it in Chromium.

import * as ort from "onnxruntime-web/wasm";
import { createPublicClient, custom } from "viem";

import {
  DecisionContract,
  OracleNode,
  connectWallet,
  encodeInput,
  findWallets,
  verify,
} from "../../../dapp/client/src/index.ts";

ort.env.wasm.wasmPaths = { wasm: "/page/ort-wasm-simd-threaded.wasm" };
ort.env.wasm.numThreads = 1;

globalThis.askAndCheck = async (name) => {
  const node = new OracleNode(location.origin);
  const [found] = await findWallets();
  const client = createPublicClient({ transport: custom(found.provider), pollingInterval: 50 });
  const wallet = await connectWallet(found, await client.getChainId());
  const { card, example, id: modelId } = await node.model(name);
  const contract = new DecisionContract(client);
  const outcome = await contract.decide(wallet, { modelId, input: encodeInput(card, example) });
  const { subject } = outcome.prediction;
  await node.decision(subject, { model: name, wait: 30 });
  const receipt = await node.receiptText(subject, { model: name });
  const checks = await verify(receipt, { client, files: node.files(name), runtime: ort });
  return { subject, verdict: outcome.verdict, checks };
};
