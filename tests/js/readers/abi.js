// All that a reader has to know of a gateway.
const READING = "(int128 value, uint32 confidence, uint40 asOf, uint8 verdict, uint8 trustLevel)";

export const READ_ABI = [
  `function ask(bytes32 modelId, bytes input, uint32 maxAge) view returns (${READING})`,
  `function find(bytes32 modelId, bytes32 subject, uint32 maxAge) view returns (${READING})`,
  "error NoGateway(bytes32 modelId)",
  "error NotVouched(address attestor, bytes32 modelId, bytes32 subject)",
  "error AnotherInput(bytes32 inputHash, bytes32 asked)",
  "error PredictionTooOld(uint40 predictedAt, uint32 maxAge, uint256 timestamp)",
  "error DecisionTooOld(uint40 decidedAt, uint32 maxAge, uint256 timestamp)",
];

/** One line of JSON, big integers as texts. */
export function show(found) {
  const plain = (_, each) => (typeof each === "bigint" ? each.toString() : each);
  console.log(JSON.stringify(found, plain));
}
