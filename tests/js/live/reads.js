// A dApp's page that never heard of us: viem alone reads a verified answer, by itself asking a node of another origin.
// tests/e2e/test_reads.py bundles this and opens it in Chromium.

import { createPublicClient, http, parseAbi } from "viem";
import { READ_ABI } from "../readers/abi.js";

globalThis.ask = async ({ rpc, gateway, modelId, input }) => {
  const client = createPublicClient({ transport: http(rpc) });
  const reading = await client.readContract({
    address: gateway,
    abi: parseAbi(READ_ABI),
    functionName: "ask",
    args: [modelId, input, 3600],
  });
  return { value: String(reading.value), trustLevel: reading.trustLevel };
};

globalThis.tryTo = async (url, options) => {
  try {
    return (await fetch(url, options)).status;
  } catch (error) {
    return error.name;
  }
};
