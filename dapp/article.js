// The article's snippet, made real: an AI model runs in the dApp, its prediction becomes a decision on chain.
//
//     node dapp/article.js [RPC URL]          (default: http://127.0.0.1:8545)

import "./report.js";
import { Web3 } from "web3";

import { decisionContract, operatorOf } from "./deployment.js";
import { Model } from "./model.js";

// Connect to the chain, and to the contract there.
const web3 = new Web3(process.argv[2] ?? process.env.ORACLE_RPC_URL ?? "http://127.0.0.1:8545");
const { contractABI, contractAddress } = await decisionContract(web3);
const contract = new web3.eth.Contract(contractABI, contractAddress);

// The model, with the chain's clock, and its operator's address.
const myAIModel = await Model.load(new URL("../models/credit", import.meta.url), {
  clock: async () => (await web3.eth.getBlock()).timestamp,
});
const myAddress = await operatorOf(contract, myAIModel.id, await web3.eth.getAccounts());

// Make a prediction …
const data = {};
const prediction = await myAIModel.predict(data);
console.log(`Prediction: ${myAIModel.describe(prediction)}`);

// … and let the contract decide.
await contract.methods
  .makeDecision(prediction)
  .send({ from: myAddress, gas: 100000 })
  .on("receipt", (receipt) => {
    console.log("Decision made successfully");
    console.log(
      `Gas used: ${receipt.gasUsed} of 100000, in transaction ${receipt.transactionHash}`,
    );
  });

const decision = await contract.methods.decisionOf(myAIModel.id, prediction.subject).call();
console.log(`Decision: ${["none", "REJECT", "ACCEPT", "REVIEW"][decision.verdict]}`);
