// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IAttestor} from "./interfaces/IAttestor.sol";
import {IFeeSharer} from "./interfaces/IFeeSharer.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IPolicy} from "./interfaces/IPolicy.sol";
import {Model, ModelChange, ModelConfig} from "./types/Model.sol";

/// @title ModelRegistry
/// @notice See `IModelRegistry`.
/// @dev A base of `DecisionContract` and no contract of its own: an answer finds a model's rules in one slot instead
/// of calling another contract for them (docs/adr/0001-registry-inside-the-decision-contract.md).
abstract contract ModelRegistry is IModelRegistry {
    /// @dev Who runs a model and what they have said; read where an owner acts, and to say why something is refused.
    struct Office {
        address owner;
        uint40 changeAt;
        bool paused;
        address pendingOwner;
    }

    /// @dev All that a request reads of a model. `openUntil` is the last second in which the model takes anything new:
    /// its `changeAt`, or 0 while it is paused or unknown. `_setState` writes it.
    struct Offer {
        address attestor;
        uint32 feeGwei;
        uint40 openUntil;
    }

    /// @dev All that an answer reads of a model, under the attestor that answers. `openUntil` repeats the offer's,
    /// which saves every answer a slot (2,100 gas).
    struct Rules {
        address policy;
        uint32 maxAge;
        uint40 openUntil;
        uint8 trustLevel;
        bool verifies;
        bool sharesFees;
    }

    /// @inheritdoc IModelRegistry
    uint40 public constant CHANGE_DELAY = 2 days;

    /// @dev `changeAt` of a model without a pending change: the last second that a request's slot can hold, in 2106.
    uint40 private constant NEVER = type(uint32).max;

    mapping(bytes32 modelId => Office office) private _offices;
    mapping(bytes32 modelId => ModelChange change) private _changes;
    mapping(bytes32 modelId => Offer offer) internal _offers;
    mapping(bytes32 modelId => mapping(address attestor => Rules rules)) internal _rules;

    modifier onlyModelOwner(bytes32 modelId) {
        address owner = _officeOf(modelId).owner;
        require(msg.sender == owner, NotModelOwner(msg.sender, owner));
        _;
    }

    /// @inheritdoc IModelRegistry
    function registerModel(bytes32 modelId, ModelConfig calldata config, string calldata cardURI) external {
        require(modelId != 0, ModelIdZero());
        Office storage office = _offices[modelId];
        require(office.owner == address(0), ModelExists(modelId, office.owner));
        ModelChange memory rules = _check(config);

        office.owner = msg.sender;
        _setRules(modelId, rules);
        _setState(modelId, NEVER, false);
        emit ModelRegistered(modelId, msg.sender, config, rules.trustLevel, cardURI);
    }

    /// @inheritdoc IModelRegistry
    function proposeModelChange(bytes32 modelId, ModelConfig calldata config) external onlyModelOwner(modelId) {
        ModelChange memory change = _check(config);
        uint40 changeAt = SafeCast.toUint32(block.timestamp + CHANGE_DELAY);

        _changes[modelId] = change;
        _setState(modelId, changeAt, _offices[modelId].paused);
        emit ModelChangeProposed(modelId, config, change.trustLevel, changeAt);
    }

    /// @inheritdoc IModelRegistry
    function cancelModelChange(bytes32 modelId) external onlyModelOwner(modelId) {
        require(_offices[modelId].changeAt != NEVER, NoPendingChange(modelId));

        delete _changes[modelId];
        _setState(modelId, NEVER, _offices[modelId].paused);
        emit ModelChangeCancelled(modelId);
    }

    /// @inheritdoc IModelRegistry
    function applyModelChange(bytes32 modelId) external {
        Office memory office = _officeOf(modelId);
        require(office.changeAt != NEVER, NoPendingChange(modelId));
        require(block.timestamp > office.changeAt, ChangeNotDue(modelId, office.changeAt));
        ModelChange memory change = _changes[modelId];

        delete _changes[modelId];
        delete _rules[modelId][_offers[modelId].attestor];
        _setRules(modelId, change);
        _setState(modelId, NEVER, office.paused);
        emit ModelChangeApplied(modelId, change.config, change.trustLevel);
    }

    /// @inheritdoc IModelRegistry
    function pauseModel(bytes32 modelId) external onlyModelOwner(modelId) {
        Office storage office = _offices[modelId];
        require(!office.paused, PauseUnchanged(modelId, true));

        _setState(modelId, office.changeAt, true);
        emit ModelPaused(modelId);
    }

    /// @inheritdoc IModelRegistry
    function unpauseModel(bytes32 modelId) external onlyModelOwner(modelId) {
        Office storage office = _offices[modelId];
        require(office.paused, PauseUnchanged(modelId, false));

        _setState(modelId, office.changeAt, false);
        emit ModelUnpaused(modelId);
    }

    /// @inheritdoc IModelRegistry
    function transferModelOwnership(bytes32 modelId, address newOwner) external onlyModelOwner(modelId) {
        _offices[modelId].pendingOwner = newOwner;
        emit ModelOwnershipTransferStarted(modelId, msg.sender, newOwner);
    }

    /// @inheritdoc IModelRegistry
    function acceptModelOwnership(bytes32 modelId) external {
        Office memory office = _officeOf(modelId);
        require(msg.sender == office.pendingOwner, NotPendingOwner(msg.sender, office.pendingOwner));

        _offices[modelId].owner = msg.sender;
        _offices[modelId].pendingOwner = address(0);
        emit ModelOwnershipTransferred(modelId, office.owner, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function modelOf(bytes32 modelId) external view returns (Model memory) {
        Office memory office = _offices[modelId];
        Offer memory offer = _offers[modelId];
        Rules memory rules = _rules[modelId][offer.attestor];
        return
            Model({
                attestor: offer.attestor,
                feeGwei: offer.feeGwei,
                changeAt: office.changeAt == NEVER ? 0 : office.changeAt,
                trustLevel: rules.trustLevel,
                paused: office.paused,
                verifies: rules.verifies,
                sharesFees: rules.sharesFees,
                policy: rules.policy,
                maxAge: rules.maxAge,
                owner: office.owner,
                pendingOwner: office.pendingOwner
            });
    }

    /// @inheritdoc IModelRegistry
    function modelChangeOf(bytes32 modelId) external view returns (ModelChange memory) {
        return _changes[modelId];
    }

    /// @dev Refuses, for a model whose `openUntil` has passed, and says why. Never returns.
    function _refuse(bytes32 modelId) internal view {
        Office memory office = _officeOf(modelId);
        require(!office.paused, ModelIsPaused(modelId));
        revert ModelChangeDue(modelId, office.changeAt);
    }

    function _setRules(bytes32 modelId, ModelChange memory rules) private {
        ModelConfig memory config = rules.config;
        _offers[modelId] = Offer({attestor: config.attestor, feeGwei: config.feeGwei, openUntil: 0});
        _rules[modelId][config.attestor] = Rules({
            policy: config.policy,
            maxAge: config.maxAge,
            openUntil: 0,
            trustLevel: rules.trustLevel,
            verifies: rules.verifies,
            sharesFees: rules.sharesFees
        });
    }

    function _setState(bytes32 modelId, uint40 changeAt, bool paused) private {
        Office storage office = _offices[modelId];
        Offer storage offer = _offers[modelId];
        (office.changeAt, office.paused) = (changeAt, paused);
        offer.openUntil = paused ? 0 : changeAt;
        _rules[modelId][offer.attestor].openUntil = offer.openUntil;
    }

    function _officeOf(bytes32 modelId) private view returns (Office memory office) {
        office = _offices[modelId];
        require(office.owner != address(0), UnknownModel(modelId));
    }

    function _check(ModelConfig calldata config) private view returns (ModelChange memory) {
        require(config.attestor != address(0), AttestorZero());
        require(ERC165Checker.supportsInterface(config.policy, type(IPolicy).interfaceId), NotPolicy(config.policy));
        bool verifies = ERC165Checker.supportsInterface(config.attestor, type(IAttestor).interfaceId);
        bool sharesFees = verifies && ERC165Checker.supportsInterface(config.attestor, type(IFeeSharer).interfaceId);
        uint8 trustLevel = verifies ? IAttestor(config.attestor).trustLevel() : 1;
        require(trustLevel != 0, TrustLevelZero(config.attestor));
        return ModelChange({config: config, trustLevel: trustLevel, verifies: verifies, sharesFees: sharesFees});
    }
}
