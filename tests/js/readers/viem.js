// A gasless read with viem alone: node viem.js RPC GATEWAY FUNCTION MODEL INPUT_OR_SUBJECT MAX_AGE
import { BaseError, ContractFunctionRevertedError, createPublicClient, http, parseAbi } from "viem";
import { READ_ABI, show } from "./abi.js";

const [rpc, address, functionName, modelId, about, maxAge] = process.argv.slice(2);
const client = createPublicClient({ transport: http(rpc) });
try {
  const args = [modelId, about, Number(maxAge)];
  show(await client.readContract({ address, abi: parseAbi(READ_ABI), functionName, args }));
} catch (error) {
  const reverted =
    error instanceof BaseError &&
    error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  show({ error: reverted?.data?.errorName ?? error.shortMessage, message: error.message });
}
