// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CallbackStatus, Decision} from "../../../contracts/types/Decision.sol";
import {Prediction} from "../../../contracts/types/Prediction.sol";
import {CallbackStage} from "./CallbackStage.sol";

/// @title BundleStage
/// @notice A stage on which the operator answers several requests in one transaction.
abstract contract BundleStage is CallbackStage {
    /// @notice More than any answer here needs.
    uint256 internal constant PLENTY = 1_000_000;
    /// @notice More than all of a bundle needs.
    uint256 internal constant BLOCK_GAS = 30_000_000;

    /// @notice So many open requests without callbacks, and true predictions on them.
    function openAndPredict(uint256 count) internal returns (Prediction[] memory said) {
        said = new Prediction[](count);
        for (uint256 i = 0; i < count; ++i) said[i] = predict(ask(INPUT, 0), INPUT);
    }

    function makeAll(Prediction[] memory said, uint256 gasEach) internal returns (bool[] memory) {
        vm.prank(operator);
        return oracle.makeDecisions{gas: BLOCK_GAS}(said, gasEach);
    }

    /// @notice Made, and as it was predicted, or not made and nothing there.
    function madeIs(bool made, bool want, Prediction memory said) internal view {
        isTrue(made == want, want ? "made" : "not made");
        Decision memory decision = oracle.decisionOf(said.modelId, said.subject);
        if (want) equal(decision.value, said.value, "value");
        else equal(decision.verdict, 0, "no decision");
    }

    function callbackIs(Prediction memory said, CallbackStatus want) internal view {
        equal(uint256(oracle.decisionOf(said.modelId, said.subject).callback), uint256(want), "callback");
    }
}
