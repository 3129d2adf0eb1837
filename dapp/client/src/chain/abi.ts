// Written by dapp/client/abi.mjs from the compiled contract; do not edit.

/** Where the decision contract is, on every chain: CREATE2 computes it from the bytecode. */
export const DECISION_CONTRACT = "0x1eeb9eCC95Dfad3ab198628A16B47b756118dC2e";

/** What the code of an anchor log hashes to with its immutables zeroed, and where these stand in it. */
export const ANCHOR_LOG_CODE = {
  hash: "0x33b164169e388261dcc9128f7d12d7ec974ed1a3a1ab6873bfd7d9e390ceabed",
  immutables: [
    [405, 32],
    [438, 32],
    [1092, 32],
    [1481, 32],
    [1725, 32],
    [1998, 32],
    [2235, 32],
  ],
} as const;

export const decisionContractAbi = [
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "subject", type: "bytes32" },
    ],
    name: "AlreadyDecided",
    type: "error",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "requestId", type: "bytes32" },
    ],
    name: "AlreadyRefunded",
    type: "error",
  },
  {
    inputs: [{ name: "attestor", type: "address" }],
    name: "AttestorTakesNoEvidence",
    type: "error",
  },
  { inputs: [], name: "AttestorZero", type: "error" },
  {
    inputs: [
      { name: "requestId", type: "bytes32" },
      { name: "requester", type: "address" },
    ],
    name: "CallbackFailedAgain",
    type: "error",
  },
  {
    inputs: [
      { name: "needed", type: "uint256" },
      { name: "available", type: "uint256" },
    ],
    name: "CallbackGasTooLow",
    type: "error",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "requestId", type: "bytes32" },
    ],
    name: "CallbackNotFailed",
    type: "error",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "changeAt", type: "uint40" },
    ],
    name: "ChangeNotDue",
    type: "error",
  },
  { inputs: [{ name: "confidence", type: "uint32" }], name: "ConfidenceTooHigh", type: "error" },
  {
    inputs: [
      { name: "requestId", type: "bytes32" },
      { name: "deadline", type: "uint40" },
    ],
    name: "DeadlineNotPassed",
    type: "error",
  },
  {
    inputs: [
      { name: "deadline", type: "uint40" },
      { name: "latest", type: "uint256" },
    ],
    name: "DeadlineOutOfRange",
    type: "error",
  },
  {
    inputs: [
      { name: "requestId", type: "bytes32" },
      { name: "deadline", type: "uint40" },
    ],
    name: "DeadlinePassed",
    type: "error",
  },
  { inputs: [], name: "FailedCall", type: "error" },
  { inputs: [{ name: "sent", type: "uint256" }], name: "FeeNotWholeGwei", type: "error" },
  { inputs: [{ name: "sent", type: "uint256" }], name: "FeeTooHigh", type: "error" },
  {
    inputs: [
      { name: "sentGwei", type: "uint32" },
      { name: "requiredGwei", type: "uint32" },
    ],
    name: "FeeTooLow",
    type: "error",
  },
  {
    inputs: [
      { name: "requestId", type: "bytes32" },
      { name: "inputHash", type: "bytes32" },
    ],
    name: "InputMismatch",
    type: "error",
  },
  {
    inputs: [
      { name: "balance", type: "uint256" },
      { name: "needed", type: "uint256" },
    ],
    name: "InsufficientBalance",
    type: "error",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "changeAt", type: "uint40" },
    ],
    name: "ModelChangeDue",
    type: "error",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "owner", type: "address" },
    ],
    name: "ModelExists",
    type: "error",
  },
  { inputs: [], name: "ModelIdZero", type: "error" },
  { inputs: [{ name: "modelId", type: "bytes32" }], name: "ModelIsPaused", type: "error" },
  { inputs: [{ name: "account", type: "address" }], name: "NoCredit", type: "error" },
  { inputs: [{ name: "modelId", type: "bytes32" }], name: "NoPendingChange", type: "error" },
  {
    inputs: [
      { name: "caller", type: "address" },
      { name: "attestor", type: "address" },
    ],
    name: "NotAttestor",
    type: "error",
  },
  {
    inputs: [
      { name: "caller", type: "address" },
      { name: "owner", type: "address" },
    ],
    name: "NotModelOwner",
    type: "error",
  },
  {
    inputs: [
      { name: "caller", type: "address" },
      { name: "pendingOwner", type: "address" },
    ],
    name: "NotPendingOwner",
    type: "error",
  },
  { inputs: [{ name: "policy", type: "address" }], name: "NotPolicy", type: "error" },
  {
    inputs: [
      { name: "requestId", type: "bytes32" },
      { name: "requester", type: "address" },
      { name: "nonce", type: "uint256" },
    ],
    name: "NotRequester",
    type: "error",
  },
  {
    inputs: [
      { name: "attestor", type: "address" },
      { name: "modelId", type: "bytes32" },
      { name: "subject", type: "bytes32" },
    ],
    name: "NotVouched",
    type: "error",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "paused", type: "bool" },
    ],
    name: "PauseUnchanged",
    type: "error",
  },
  {
    inputs: [
      { name: "predictedAt", type: "uint40" },
      { name: "timestamp", type: "uint256" },
    ],
    name: "PredictionInFuture",
    type: "error",
  },
  {
    inputs: [
      { name: "predictedAt", type: "uint40" },
      { name: "maxAge", type: "uint32" },
      { name: "timestamp", type: "uint256" },
    ],
    name: "PredictionTooOld",
    type: "error",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "requestId", type: "bytes32" },
    ],
    name: "RequestExists",
    type: "error",
  },
  {
    inputs: [
      { name: "bits", type: "uint8" },
      { name: "value", type: "uint256" },
    ],
    name: "SafeCastOverflowedUintDowncast",
    type: "error",
  },
  { inputs: [{ name: "attestor", type: "address" }], name: "TrustLevelZero", type: "error" },
  { inputs: [{ name: "modelId", type: "bytes32" }], name: "UnknownModel", type: "error" },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "requestId", type: "bytes32" },
    ],
    name: "UnknownRequest",
    type: "error",
  },
  {
    inputs: [
      { name: "policy", type: "address" },
      { name: "verdict", type: "uint8" },
    ],
    name: "UnknownVerdict",
    type: "error",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      { indexed: true, name: "requestId", type: "bytes32" },
      { indexed: true, name: "requester", type: "address" },
    ],
    name: "CallbackFailed",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      { indexed: true, name: "requestId", type: "bytes32" },
      { indexed: true, name: "requester", type: "address" },
    ],
    name: "CallbackRetried",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      { indexed: true, name: "subject", type: "bytes32" },
      { indexed: false, name: "inputHash", type: "bytes32" },
      { indexed: false, name: "outputHash", type: "bytes32" },
      { indexed: false, name: "value", type: "int128" },
      { indexed: false, name: "confidence", type: "uint32" },
      { indexed: false, name: "predictedAt", type: "uint40" },
      { indexed: false, name: "verdict", type: "uint8" },
      { indexed: false, name: "trustLevel", type: "uint8" },
    ],
    name: "DecisionMade",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      { indexed: true, name: "requestId", type: "bytes32" },
      { indexed: true, name: "requester", type: "address" },
      { indexed: false, name: "input", type: "bytes" },
      { indexed: false, name: "callbackGas", type: "uint24" },
      { indexed: false, name: "deadline", type: "uint40" },
      { indexed: false, name: "feeGwei", type: "uint32" },
    ],
    name: "DecisionRequested",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      { indexed: true, name: "requestId", type: "bytes32" },
      { indexed: true, name: "requester", type: "address" },
      { indexed: false, name: "inputHash", type: "bytes32" },
      { indexed: false, name: "evidenceURI", type: "string" },
      { indexed: false, name: "callbackGas", type: "uint24" },
      { indexed: false, name: "deadline", type: "uint40" },
      { indexed: false, name: "feeGwei", type: "uint32" },
    ],
    name: "DecisionRequestedByHash",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      {
        components: [
          { name: "attestor", type: "address" },
          { name: "policy", type: "address" },
          { name: "feeGwei", type: "uint32" },
          { name: "maxAge", type: "uint32" },
        ],
        indexed: false,
        name: "config",
        type: "tuple",
      },
      { indexed: false, name: "trustLevel", type: "uint8" },
    ],
    name: "ModelChangeApplied",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [{ indexed: true, name: "modelId", type: "bytes32" }],
    name: "ModelChangeCancelled",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      {
        components: [
          { name: "attestor", type: "address" },
          { name: "policy", type: "address" },
          { name: "feeGwei", type: "uint32" },
          { name: "maxAge", type: "uint32" },
        ],
        indexed: false,
        name: "config",
        type: "tuple",
      },
      { indexed: false, name: "trustLevel", type: "uint8" },
      { indexed: false, name: "changeAt", type: "uint40" },
    ],
    name: "ModelChangeProposed",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      { indexed: true, name: "owner", type: "address" },
      { indexed: true, name: "pendingOwner", type: "address" },
    ],
    name: "ModelOwnershipTransferStarted",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      { indexed: true, name: "previousOwner", type: "address" },
      { indexed: true, name: "owner", type: "address" },
    ],
    name: "ModelOwnershipTransferred",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [{ indexed: true, name: "modelId", type: "bytes32" }],
    name: "ModelPaused",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      { indexed: true, name: "owner", type: "address" },
      {
        components: [
          { name: "attestor", type: "address" },
          { name: "policy", type: "address" },
          { name: "feeGwei", type: "uint32" },
          { name: "maxAge", type: "uint32" },
        ],
        indexed: false,
        name: "config",
        type: "tuple",
      },
      { indexed: false, name: "trustLevel", type: "uint8" },
      { indexed: false, name: "cardURI", type: "string" },
    ],
    name: "ModelRegistered",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [{ indexed: true, name: "modelId", type: "bytes32" }],
    name: "ModelUnpaused",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "modelId", type: "bytes32" },
      { indexed: true, name: "requestId", type: "bytes32" },
      { indexed: true, name: "requester", type: "address" },
      { indexed: false, name: "feeGwei", type: "uint32" },
    ],
    name: "RequestRefunded",
    type: "event",
  },
  {
    anonymous: false,
    inputs: [
      { indexed: true, name: "account", type: "address" },
      { indexed: true, name: "to", type: "address" },
      { indexed: false, name: "amount", type: "uint256" },
    ],
    name: "Withdrawn",
    type: "event",
  },
  {
    inputs: [],
    name: "CHANGE_DELAY",
    outputs: [{ name: "", type: "uint40" }],
    stateMutability: "view",
    type: "function",
  },
  {
    inputs: [{ name: "modelId", type: "bytes32" }],
    name: "acceptModelOwnership",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [{ name: "modelId", type: "bytes32" }],
    name: "applyModelChange",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [{ name: "modelId", type: "bytes32" }],
    name: "cancelModelChange",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [{ name: "account", type: "address" }],
    name: "creditOf",
    outputs: [{ name: "", type: "uint256" }],
    stateMutability: "view",
    type: "function",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "subject", type: "bytes32" },
    ],
    name: "decisionOf",
    outputs: [
      {
        components: [
          { name: "value", type: "int128" },
          { name: "confidence", type: "uint32" },
          { name: "decidedAt", type: "uint40" },
          { name: "verdict", type: "uint8" },
          { name: "trustLevel", type: "uint8" },
          { name: "callback", type: "uint8" },
        ],
        name: "",
        type: "tuple",
      },
    ],
    stateMutability: "view",
    type: "function",
  },
  {
    inputs: [
      {
        components: [
          { name: "modelId", type: "bytes32" },
          { name: "subject", type: "bytes32" },
          { name: "inputHash", type: "bytes32" },
          { name: "outputHash", type: "bytes32" },
          { name: "value", type: "int128" },
          { name: "confidence", type: "uint32" },
          { name: "predictedAt", type: "uint40" },
        ],
        name: "prediction",
        type: "tuple",
      },
    ],
    name: "makeDecision",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [
      {
        components: [
          { name: "modelId", type: "bytes32" },
          { name: "subject", type: "bytes32" },
          { name: "inputHash", type: "bytes32" },
          { name: "outputHash", type: "bytes32" },
          { name: "value", type: "int128" },
          { name: "confidence", type: "uint32" },
          { name: "predictedAt", type: "uint40" },
        ],
        name: "predictions",
        type: "tuple[]",
      },
      { name: "gasEach", type: "uint256" },
    ],
    name: "makeDecisions",
    outputs: [{ name: "made", type: "bool[]" }],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [{ name: "modelId", type: "bytes32" }],
    name: "modelChangeOf",
    outputs: [
      {
        components: [
          {
            components: [
              { name: "attestor", type: "address" },
              { name: "policy", type: "address" },
              { name: "feeGwei", type: "uint32" },
              { name: "maxAge", type: "uint32" },
            ],
            name: "config",
            type: "tuple",
          },
          { name: "trustLevel", type: "uint8" },
          { name: "verifies", type: "bool" },
          { name: "sharesFees", type: "bool" },
        ],
        name: "",
        type: "tuple",
      },
    ],
    stateMutability: "view",
    type: "function",
  },
  {
    inputs: [{ name: "modelId", type: "bytes32" }],
    name: "modelOf",
    outputs: [
      {
        components: [
          { name: "attestor", type: "address" },
          { name: "feeGwei", type: "uint32" },
          { name: "changeAt", type: "uint40" },
          { name: "trustLevel", type: "uint8" },
          { name: "paused", type: "bool" },
          { name: "verifies", type: "bool" },
          { name: "sharesFees", type: "bool" },
          { name: "policy", type: "address" },
          { name: "maxAge", type: "uint32" },
          { name: "owner", type: "address" },
          { name: "pendingOwner", type: "address" },
        ],
        name: "",
        type: "tuple",
      },
    ],
    stateMutability: "view",
    type: "function",
  },
  {
    inputs: [{ name: "requester", type: "address" }],
    name: "nonceOf",
    outputs: [{ name: "", type: "uint256" }],
    stateMutability: "view",
    type: "function",
  },
  {
    inputs: [{ name: "modelId", type: "bytes32" }],
    name: "pauseModel",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      {
        components: [
          { name: "attestor", type: "address" },
          { name: "policy", type: "address" },
          { name: "feeGwei", type: "uint32" },
          { name: "maxAge", type: "uint32" },
        ],
        name: "config",
        type: "tuple",
      },
    ],
    name: "proposeModelChange",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "requestId", type: "bytes32" },
    ],
    name: "refund",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      {
        components: [
          { name: "attestor", type: "address" },
          { name: "policy", type: "address" },
          { name: "feeGwei", type: "uint32" },
          { name: "maxAge", type: "uint32" },
        ],
        name: "config",
        type: "tuple",
      },
      { name: "cardURI", type: "string" },
    ],
    name: "registerModel",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [
      {
        components: [
          { name: "modelId", type: "bytes32" },
          { name: "subject", type: "bytes32" },
          { name: "inputHash", type: "bytes32" },
          { name: "outputHash", type: "bytes32" },
          { name: "value", type: "int128" },
          { name: "confidence", type: "uint32" },
          { name: "predictedAt", type: "uint40" },
        ],
        name: "prediction",
        type: "tuple",
      },
      { name: "evidence", type: "bytes" },
    ],
    name: "relayDecision",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "input", type: "bytes" },
      { name: "callbackGas", type: "uint24" },
      { name: "deadline", type: "uint40" },
    ],
    name: "requestDecision",
    outputs: [{ name: "requestId", type: "bytes32" }],
    stateMutability: "payable",
    type: "function",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "inputHash", type: "bytes32" },
      { name: "evidenceURI", type: "string" },
      { name: "callbackGas", type: "uint24" },
      { name: "deadline", type: "uint40" },
    ],
    name: "requestDecisionByHash",
    outputs: [{ name: "requestId", type: "bytes32" }],
    stateMutability: "payable",
    type: "function",
  },
  {
    inputs: [
      { name: "requester", type: "address" },
      { name: "nonce", type: "uint256" },
      { name: "modelId", type: "bytes32" },
      { name: "inputHash", type: "bytes32" },
    ],
    name: "requestIdOf",
    outputs: [{ name: "", type: "bytes32" }],
    stateMutability: "view",
    type: "function",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "requestId", type: "bytes32" },
    ],
    name: "requestOf",
    outputs: [
      {
        components: [
          { name: "requester", type: "address" },
          { name: "callbackGas", type: "uint24" },
          { name: "deadline", type: "uint40" },
          { name: "feeGwei", type: "uint32" },
          { name: "status", type: "uint8" },
        ],
        name: "",
        type: "tuple",
      },
    ],
    stateMutability: "view",
    type: "function",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "requestId", type: "bytes32" },
      { name: "requester", type: "address" },
      { name: "nonce", type: "uint256" },
    ],
    name: "retryCallback",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [
      { name: "modelId", type: "bytes32" },
      { name: "newOwner", type: "address" },
    ],
    name: "transferModelOwnership",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [{ name: "modelId", type: "bytes32" }],
    name: "unpauseModel",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
  {
    inputs: [{ name: "to", type: "address" }],
    name: "withdraw",
    outputs: [],
    stateMutability: "nonpayable",
    type: "function",
  },
] as const;
