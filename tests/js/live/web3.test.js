// A running node, driven with web3.js alone: what a dApp does that knows the contract's ABI and nothing
// of us. tests/integration/test_client.py starts the node.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { it } from "node:test";

import { Web3 } from "web3";

import { decisionContract } from "../../../dapp/deployment.js";

const { ORACLE_NODE_URL, ORACLE_RPC_URL, REQUESTER_KEY } = process.env;
const web3 = new Web3(ORACLE_RPC_URL);
const [requester] = web3.eth.accounts.wallet.add(REQUESTER_KEY);
const { contractABI, contractAddress } = await decisionContract(web3);
const contract = new web3.eth.Contract(contractABI, contractAddress);

it("web3.js asks on chain, the node answers, and the event is there", async () => {
  const { models } = await (await fetch(`${ORACLE_NODE_URL}/api/models`)).json();
  const folder = new URL(`../../../models/${models[0].name}/`, import.meta.url);
  const { vectors } = JSON.parse(await readFile(new URL("vectors.json", folder), "utf8"));
  const [{ input, value, outputHash }] = vectors;
  const { feeGwei } = await contract.methods.modelOf(models[0].id).call();
  const { timestamp } = await web3.eth.getBlock("latest");

  const receipt = await contract.methods
    .requestDecision(models[0].id, input, 0, timestamp + 600n)
    .send({ from: requester.address, value: String(BigInt(feeGwei) * 10n ** 9n), gas: "200000" });
  const { requestId } = receipt.events.DecisionRequested.returnValues;

  let made;
  for (let tried = 0; !made && tried < 200; tried++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    [made] = await contract.getPastEvents("DecisionMade", {
      filter: { subject: requestId },
      fromBlock: receipt.blockNumber,
    });
  }
  assert.equal(made.returnValues.outputHash, outputHash);
  assert.equal(made.returnValues.value, BigInt(value));
  const { verdict } = await contract.methods.decisionOf(models[0].id, requestId).call();
  assert.equal(verdict, made.returnValues.verdict);
});
