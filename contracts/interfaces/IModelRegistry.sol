// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Model, ModelChange, ModelConfig} from "../types/Model.sol";

/// @title IModelRegistry
/// @notice Which attestor and policy decide for a model, and who may change that. Rules change only after a delay, and
/// a request's deadline never lies beyond a pending change: so no change reaches an open request, and a consumer that
/// dislikes one has the delay to leave.
/// @dev WARNING: registration is first come, first served. A model id says which model it is, not who runs it:
/// look at `modelOf` before relying on one.
interface IModelRegistry {
    /// @notice A model was registered; `cardURI` says where its card can be read.
    event ModelRegistered(
        bytes32 indexed modelId,
        address indexed owner,
        ModelConfig config,
        uint8 trustLevel,
        string cardURI
    );
    /// @notice New rules were proposed; they can be applied once `changeAt` has passed.
    event ModelChangeProposed(bytes32 indexed modelId, ModelConfig config, uint8 trustLevel, uint40 changeAt);
    /// @notice The proposed rules were withdrawn.
    event ModelChangeCancelled(bytes32 indexed modelId);
    /// @notice The proposed rules are in force.
    event ModelChangeApplied(bytes32 indexed modelId, ModelConfig config, uint8 trustLevel);
    /// @notice New requests and unasked decisions are stopped; open requests are still answered.
    event ModelPaused(bytes32 indexed modelId);
    /// @notice The model takes requests again.
    event ModelUnpaused(bytes32 indexed modelId);
    /// @notice The ownership was offered to `pendingOwner`.
    event ModelOwnershipTransferStarted(bytes32 indexed modelId, address indexed owner, address indexed pendingOwner);
    /// @notice The ownership was accepted.
    event ModelOwnershipTransferred(bytes32 indexed modelId, address indexed previousOwner, address indexed owner);

    /// @notice The model id is zero.
    error ModelIdZero();
    /// @notice The model is registered already.
    error ModelExists(bytes32 modelId, address owner);
    /// @notice No such model is registered.
    error UnknownModel(bytes32 modelId);
    /// @notice The model is paused.
    error ModelIsPaused(bytes32 modelId);
    /// @notice The model is paused, or not paused, already.
    error PauseUnchanged(bytes32 modelId, bool paused);
    /// @notice The attestor is the zero address.
    error AttestorZero();
    /// @notice The attestor names no trust level.
    error TrustLevelZero(address attestor);
    /// @notice The address does not say by ERC-165 that it is an `IPolicy`.
    error NotPolicy(address policy);
    /// @notice The caller does not own the model.
    error NotModelOwner(address caller, address owner);
    /// @notice The caller was not offered the model.
    error NotPendingOwner(address caller, address pendingOwner);
    /// @notice No change is pending.
    error NoPendingChange(bytes32 modelId);
    /// @notice The change can be applied only after `changeAt`.
    error ChangeNotDue(bytes32 modelId, uint40 changeAt);
    /// @notice A change is due: nothing is asked or answered until `applyModelChange` is called.
    error ModelChangeDue(bytes32 modelId, uint40 changeAt);

    /// @notice Registers a model; the caller becomes its owner.
    /// @dev The attestor's level is read once: from `IAttestor.trustLevel` where the attestor says by ERC-165 that it
    /// is one, else it is 1. Whether it is an `IFeeSharer` is read once too.
    /// @param modelId keccak256 of the model card's canonical JSON.
    /// @param config The rules.
    /// @param cardURI Where the card can be read; only the event keeps it.
    function registerModel(bytes32 modelId, ModelConfig calldata config, string calldata cardURI) external;

    /// @notice Proposes new rules, to be applied after `CHANGE_DELAY`; owner only. Replaces a pending proposal.
    /// @param modelId The model.
    /// @param config The rules to come.
    function proposeModelChange(bytes32 modelId, ModelConfig calldata config) external;

    /// @notice Withdraws the pending proposal; owner only.
    /// @param modelId The model.
    function cancelModelChange(bytes32 modelId) external;

    /// @notice Puts the proposed rules in force; anyone, once their time has passed.
    /// @param modelId The model.
    function applyModelChange(bytes32 modelId) external;

    /// @notice Stops new requests and unasked decisions at once; owner only. Open requests are still answered.
    /// @param modelId The model.
    function pauseModel(bytes32 modelId) external;

    /// @notice Lets the model take requests again; owner only.
    /// @param modelId The model.
    function unpauseModel(bytes32 modelId) external;

    /// @notice Offers the ownership; owner only. Offering it to the zero address takes the offer back.
    /// @param modelId The model.
    /// @param newOwner Who may accept it.
    function transferModelOwnership(bytes32 modelId, address newOwner) external;

    /// @notice Accepts an offered ownership.
    /// @param modelId The model.
    function acceptModelOwnership(bytes32 modelId) external;

    /// @notice A model's rules and state; all zero if it is not registered.
    /// @param modelId The model.
    /// @return model Its rules and state.
    function modelOf(bytes32 modelId) external view returns (Model memory model);

    /// @notice A model's pending change; all zero if there is none. `modelOf(modelId).changeAt` is its time.
    /// @param modelId The model.
    /// @return change The rules to come.
    function modelChangeOf(bytes32 modelId) external view returns (ModelChange memory change);

    /// @notice Seconds between a proposal and its application, and the furthest deadline of a request.
    /// @return delay The delay in seconds.
    function CHANGE_DELAY() external view returns (uint40 delay);
}
