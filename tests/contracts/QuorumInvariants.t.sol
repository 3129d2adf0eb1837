// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IQuorumAttestor} from "../../contracts/interfaces/IQuorumAttestor.sol";
import {ModelConfig} from "../../contracts/types/Model.sol";
import {Check} from "./support/Check.sol";
import {QuorumHandler} from "./support/QuorumHandler.sol";

/// @title QuorumInvariantsTest
/// @notice What holds of a committee's money after anything that anybody did; see `docs/invariants.md`.
contract QuorumInvariantsTest is Check {
    IDecisionContract private oracle;
    IQuorumAttestor private attestor;
    QuorumHandler private handler;

    function setUp() external {
        oracle = IDecisionContract(deploy("contracts/DecisionContract.sol:DecisionContract", ""));
        address[] memory members = new address[](5);
        for (uint256 i = 0; i < 5; ++i) members[i] = deploy("contracts/mocks/YesWallet.sol:YesWallet", "");
        attestor = IQuorumAttestor(
            deploy("contracts/attestors/QuorumAttestor.sol:QuorumAttestor", abi.encode(oracle, members, 3))
        );
        handler = new QuorumHandler(oracle, attestor);
        ModelConfig memory rules = ModelConfig({
            attestor: address(attestor),
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

    /// @dev Rule 4: pots + credits = fees - payments = what is here + what is still at the decision contract.
    function invariant_QuorumMoneyIsConserved() external view {
        uint256 owed;
        uint32[] memory sets = handler.sets();
        for (uint256 i = 0; i < sets.length; ++i) owed += attestor.potOf(sets[i]);
        uint256 paid;
        for (uint256 i = 0; i < 5; ++i) {
            owed += attestor.creditOf(attestor.memberAt(i));
            paid += handler.paid(i);
        }
        equal(owed, handler.fees() - paid, "owed");
        uint256 held = address(attestor).balance - handler.forced();
        equal(held + oracle.creditOf(address(attestor)), owed, "held");
    }

    /// @dev Rule 6: each decision counts a member once, and every signer gets the same of each fee: what a member was
    /// paid and is owed differs from a third of the fees it signed for by its pots' remainders only.
    function invariant_SignersShareEqually() external view {
        uint32[] memory sets = handler.sets();
        for (uint256 i = 0; i < 5; ++i) {
            uint256 got = handler.paid(i) + attestor.creditOf(attestor.memberAt(i));
            uint256 inPots;
            for (uint256 j = 0; j < sets.length; ++j) {
                if ((sets[j] >> i) & 1 != 0) inPots += attestor.potOf(sets[j]);
            }
            equal(got * 3 + inPots, handler.earned(i), "a third of each");
        }
    }
}
