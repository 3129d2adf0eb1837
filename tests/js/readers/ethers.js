// A gasless read with ethers alone: node ethers.js RPC GATEWAY FUNCTION MODEL INPUT_OR_SUBJECT MAX_AGE
import { Contract, JsonRpcProvider } from "ethers";
import { READ_ABI, show } from "./abi.js";

const [rpc, gateway, read, modelId, about, maxAge] = process.argv.slice(2);
const provider = new JsonRpcProvider(rpc, undefined, { staticNetwork: true });
const contract = new Contract(gateway, READ_ABI, provider);
try {
  const reading = await contract[read](modelId, about, Number(maxAge), { enableCcipRead: true });
  show(reading.toObject());
} catch (error) {
  show({
    error: error.revert?.name ?? error.shortMessage ?? error.message,
    message: error.message,
  });
} finally {
  provider.destroy();
}
