// The checks of a receipt, each as the claim that it looks at, for people.

/** A check's name in the client, to the claim. */
export const CLAIMS: Readonly<Record<string, string>> = {
  card: "The card is this model’s",
  input: "The input is the one that was decided about",
  outputs: "The outputs are the ones that were signed for",
  value: "The value follows from the outputs",
  promise: "The operator signed a promise to anchor it",
  batch: "The batch has a place for it",
  proof: "The path leads from it to the batch’s root",
  "anchored in time": "It was anchored when it was promised",
  "model file": "The model’s file is the one that the card names",
  "run again": "The model, run in this browser, says the same",
  "decided in time": "It was decided after it was said",
  "signed transaction": "The operator signed exactly this",
  signatures: "The committee’s members signed exactly this",
  evidence: "The evidence is about exactly this",
  verdict: "The verdict follows from the rule",
  chain: "Your connection leads to the same chain",
  "block of the anchor": "The batch’s block is in the chain",
  "root on chain": "The chain has the batch’s root",
  contract: "The contract is the published one",
  "block of the decision": "The decision’s block is in the chain",
  event: "Its event names the same model, input and outputs",
  attestor: "Whoever the contract trusts has vouched",
  policy: "The rule’s contract gives this verdict",
  storage: "The contract holds this very decision",
};
