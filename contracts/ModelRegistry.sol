// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";

import {IAttestor} from "./interfaces/IAttestor.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IPolicy} from "./interfaces/IPolicy.sol";
import {Model, ModelChange, ModelConfig} from "./types/Model.sol";

/// @title ModelRegistry
/// @dev A base of `DecisionContract` and no contract of its own: an answer reads a model's rules from two slots instead
/// of calling another contract for them (docs/adr/0001-registry-inside-the-decision-contract.md).
abstract contract ModelRegistry is IModelRegistry {
    /// @inheritdoc IModelRegistry
    uint40 public constant CHANGE_DELAY = 2 days;

    mapping(bytes32 modelId => Model model) internal _models;
    mapping(bytes32 modelId => ModelChange change) private _changes;

    modifier onlyModelOwner(bytes32 modelId) {
        address owner = _registered(modelId).owner;
        require(msg.sender == owner, NotModelOwner(msg.sender, owner));
        _;
    }

    /// @inheritdoc IModelRegistry
    function registerModel(bytes32 modelId, ModelConfig calldata config, string calldata cardURI) external {
        require(modelId != 0, ModelIdZero());
        Model storage model = _models[modelId];
        require(model.owner == address(0), ModelExists(modelId, model.owner));
        (uint8 trustLevel, bool verifies) = _check(config);

        model.owner = msg.sender;
        _setRules(model, config, trustLevel, verifies);
        emit ModelRegistered(modelId, msg.sender, config, trustLevel, cardURI);
    }

    /// @inheritdoc IModelRegistry
    function proposeModelChange(
        bytes32 modelId,
        ModelConfig calldata config
    ) external onlyModelOwner(modelId) {
        (uint8 trustLevel, bool verifies) = _check(config);

        uint40 changeAt = uint40(block.timestamp) + CHANGE_DELAY;
        _models[modelId].changeAt = changeAt;
        _changes[modelId] = ModelChange({config: config, trustLevel: trustLevel, verifies: verifies});
        emit ModelChangeProposed(modelId, config, trustLevel, changeAt);
    }

    /// @inheritdoc IModelRegistry
    function cancelModelChange(bytes32 modelId) external onlyModelOwner(modelId) {
        Model storage model = _models[modelId];
        require(model.changeAt != 0, NoPendingChange(modelId));

        model.changeAt = 0;
        delete _changes[modelId];
        emit ModelChangeCancelled(modelId);
    }

    /// @inheritdoc IModelRegistry
    function applyModelChange(bytes32 modelId) external {
        Model storage model = _registered(modelId);
        uint40 changeAt = model.changeAt;
        require(changeAt != 0, NoPendingChange(modelId));
        require(block.timestamp > changeAt, ChangeNotDue(modelId, changeAt));

        ModelChange memory change = _changes[modelId];
        model.changeAt = 0;
        delete _changes[modelId];
        _setRules(model, change.config, change.trustLevel, change.verifies);
        emit ModelChangeApplied(modelId, change.config, change.trustLevel);
    }

    /// @inheritdoc IModelRegistry
    function pauseModel(bytes32 modelId) external onlyModelOwner(modelId) {
        Model storage model = _models[modelId];
        require(!model.paused, ModelIsPaused(modelId));

        model.paused = true;
        emit ModelPaused(modelId);
    }

    /// @inheritdoc IModelRegistry
    function unpauseModel(bytes32 modelId) external onlyModelOwner(modelId) {
        Model storage model = _models[modelId];
        require(model.paused, ModelNotPaused(modelId));

        model.paused = false;
        emit ModelUnpaused(modelId);
    }

    /// @inheritdoc IModelRegistry
    function transferModelOwnership(bytes32 modelId, address newOwner) external onlyModelOwner(modelId) {
        _models[modelId].pendingOwner = newOwner;
        emit ModelOwnershipTransferStarted(modelId, msg.sender, newOwner);
    }

    /// @inheritdoc IModelRegistry
    function acceptModelOwnership(bytes32 modelId) external {
        Model storage model = _registered(modelId);
        address pendingOwner = model.pendingOwner;
        require(msg.sender == pendingOwner, NotPendingOwner(msg.sender, pendingOwner));

        address previousOwner = model.owner;
        model.owner = msg.sender;
        model.pendingOwner = address(0);
        emit ModelOwnershipTransferred(modelId, previousOwner, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function modelOf(bytes32 modelId) external view returns (Model memory) {
        return _models[modelId];
    }

    /// @inheritdoc IModelRegistry
    function modelChangeOf(bytes32 modelId) external view returns (ModelChange memory) {
        return _changes[modelId];
    }

    function _setRules(Model storage model, ModelConfig memory config, uint8 trustLevel, bool verifies) private {
        model.attestor = config.attestor;
        model.feeGwei = config.feeGwei;
        model.trustLevel = trustLevel;
        model.verifies = verifies;
        model.policy = config.policy;
        model.maxAge = config.maxAge;
    }

    function _registered(bytes32 modelId) private view returns (Model storage model) {
        model = _models[modelId];
        require(model.owner != address(0), UnknownModel(modelId));
    }

    function _check(ModelConfig calldata config) private view returns (uint8 trustLevel, bool verifies) {
        require(config.attestor != address(0), AttestorZero());
        require(
            ERC165Checker.supportsInterface(config.policy, type(IPolicy).interfaceId),
            NotPolicy(config.policy)
        );
        verifies = ERC165Checker.supportsInterface(config.attestor, type(IAttestor).interfaceId);
        trustLevel = verifies ? IAttestor(config.attestor).trustLevel() : 1;
        require(trustLevel != 0, TrustLevelZero(config.attestor));
    }
}
