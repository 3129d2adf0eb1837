// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The rules under which a model decides.
/// @param attestor Who vouches: an operator's address, or a contract that checks evidence (`IAttestor`).
/// @param policy The contract that turns a prediction into a verdict (`IPolicy`).
/// @param feeGwei The least fee of a request, in gwei.
/// @param maxAge How old a prediction may be when it is decided, in seconds; 0 for any age.
struct ModelConfig {
    address attestor;
    address policy;
    uint32 feeGwei;
    uint32 maxAge;
}

/// @notice A registered model, as `IModelRegistry.modelOf` shows it.
/// @param attestor See `ModelConfig`.
/// @param feeGwei See `ModelConfig`.
/// @param changeAt The last second of these rules when a change is pending; 0 when none is.
/// @param trustLevel The attestor's level, read when the rules were proposed; 1 for a plain address.
/// @param paused Whether new requests and unasked decisions are stopped.
/// @param verifies Whether the attestor is a contract that checks evidence.
/// @param sharesFees Whether such an attestor is told which answer each fee is for (`IFeeSharer`).
/// @param policy See `ModelConfig`.
/// @param maxAge See `ModelConfig`.
/// @param owner Who may pause the model and propose changes.
/// @param pendingOwner Who was offered the ownership.
struct Model {
    address attestor;
    uint32 feeGwei;
    uint40 changeAt;
    uint8 trustLevel;
    bool paused;
    bool verifies;
    bool sharesFees;
    address policy;
    uint32 maxAge;
    address owner;
    address pendingOwner;
}

/// @notice A proposed change of a model's rules; it can be applied once `Model.changeAt` has passed.
/// @param config The rules to come.
/// @param trustLevel The level of the attestor to come, read when the change was proposed.
/// @param verifies Whether the attestor to come checks evidence.
/// @param sharesFees Whether the attestor to come is told which answer each fee is for.
struct ModelChange {
    ModelConfig config;
    uint8 trustLevel;
    bool verifies;
    bool sharesFees;
}
