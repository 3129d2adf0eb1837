// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnchorLog} from "../../contracts/interfaces/IAnchorLog.sol";
import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {Batch} from "../../contracts/types/Batch.sol";
import {ModelConfig} from "../../contracts/types/Model.sol";
import {Check} from "./support/Check.sol";
import {AnchorHandler} from "./support/AnchorHandler.sol";

/// @title AnchorInvariantsTest
/// @notice What holds of an anchor log after anything that anybody did; see `docs/invariants.md`.
contract AnchorInvariantsTest is Check {
    address private constant PAYEE = address(0xFEE);

    IDecisionContract private oracle;
    IAnchorLog private log;
    AnchorHandler private handler;

    function setUp() external {
        oracle = IDecisionContract(deploy("contracts/DecisionContract.sol:DecisionContract", ""));
        handler = new AnchorHandler(oracle, PAYEE);
        log = handler.log();
        ModelConfig memory rules = ModelConfig({
            attestor: address(log),
            policy: deploy("contracts/mocks/FixedPolicy.sol:FixedPolicy", abi.encode(2)),
            feeGwei: 0,
            maxAge: 0
        });
        oracle.registerModel(handler.MODEL(), rules, "");
    }

    /// @dev Only the handler acts, so that every act is in the second books.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_LogOnlyGrows() external view {
        Batch[] memory batches = handler.anchored();
        equal(log.batchCount(), batches.length, "count");
        for (uint256 i = 0; i < batches.length; ++i) {
            equal(log.batchIdOf(uint64(i)), log.idOf(batches[i]), "as it was anchored");
        }
        equal(log.batchIdOf(uint64(batches.length)), 0, "nothing beyond");
    }

    function invariant_LogHasNoGaps() external view {
        Batch[] memory batches = handler.anchored();
        uint256 index;
        bytes32 previous;
        for (uint256 i = 0; i < batches.length; ++i) {
            equal(batches[i].number, i, "number");
            equal(batches[i].firstIndex, index, "index");
            equal(batches[i].previous, previous, "link");
            index += batches[i].count;
            previous = log.batchIdOf(uint64(i));
        }
    }

    /// @dev Rule 4: the log holds nothing; what it earned is its credit or was paid to the payee.
    function invariant_LogFeesGoToThePayee() external view {
        equal(address(log).balance, 0, "held");
        equal(PAYEE.balance + oracle.creditOf(address(log)), handler.fees(), "fees");
    }
}
