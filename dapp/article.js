// The article's snippet, made real: an AI model makes a prediction, a contract makes the decision.
//
//     node dapp/article.js [RPC URL]          default: http://127.0.0.1:8545

import "./report.js";
import { Web3 } from "web3";

import { loadModel } from "./client/src/node.ts";
import { decisionContract, operatorOf } from "./deployment.js";

// Connect to the chain, and to the contract that `oracle up` or `oracle deploy` put there.
const web3 = new Web3(process.argv[2] ?? process.env.ORACLE_RPC_URL ?? "http://127.0.0.1:8545");
const { contractABI, contractAddress } = await decisionContract(web3);
const contract = new web3.eth.Contract(contractABI, contractAddress);

// A real model, run here. Its predictions carry the chain's time; its operator signs for them.
const myAIModel = await loadModel(new URL("../models/credit-default", import.meta.url), {
  clock: async () => (await web3.eth.getBlock("pending")).timestamp,
});
const myAddress = await operatorOf(contract, myAIModel.id, await web3.eth.getAccounts());

// An application for a loan, and what the model says about it.
const data = {
  seniority: 9,
  term: 60,
  expenses: 73,
  income: 129,
  assets: 0,
  debt: 0,
  amount: 800,
  price: 846,
  home: "rent",
  job: "freelance",
  records: "no",
};
const prediction = await myAIModel.predict(data);
console.log(`${myAIModel.card.title}: ${myAIModel.describe(prediction)}`);

// A dry run costs nothing, and says why if the contract would refuse.
await contract.methods.makeDecision(prediction).call({ from: myAddress }, "pending");

await contract.methods
  .makeDecision(prediction)
  .send({ from: myAddress, gas: 100000 })
  .on("receipt", (receipt) => {
    if (!receipt.status) return;
    console.log("Decision made successfully");
    console.log(`Gas used: ${receipt.gasUsed} of 100000`);
  });

// Anyone can read the decision from the contract.
const { modelId, subject } = prediction;
const { verdict } = await contract.methods.decisionOf(modelId, subject).call();
console.log(`Decision about ${subject}: ${["NONE", "REJECT", "ACCEPT", "REVIEW"][verdict]}`);
