// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IQuorumAttestor} from "../../contracts/interfaces/IQuorumAttestor.sol";
import {ISealedVoteAttestor} from "../../contracts/interfaces/ISealedVoteAttestor.sol";
import {Decision} from "../../contracts/types/Decision.sol";
import {Request, RequestStatus} from "../../contracts/types/Request.sol";
import {AnswerKind, Round, RoundKey, RoundStatus, VoteTerms} from "../../contracts/types/SealedVote.sol";
import {Check} from "./support/Check.sol";
import {JointBooks} from "./support/JointBooks.sol";
import {JointHandler} from "./support/JointHandler.sol";

/// @title JointInvariantsTest
/// @notice What holds of a decision contract, a quorum, a committee of sealed votes and an anchor log together, after
/// anything that anybody did at any of them; see `docs/invariants.md`.
contract JointInvariantsTest is Check {
    uint96 private constant BOND = 1 ether + 1;

    JointBooks.Parts private parts;
    JointHandler private handler;

    function setUp() external {
        parts.oracle = IDecisionContract(deploy("contracts/DecisionContract.sol:DecisionContract", ""));
        parts.policy = deploy("contracts/mocks/FixedPolicy.sol:FixedPolicy", abi.encode(2));
        parts.operator = address(0xA001);
        address[] memory members = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            members[i] = parts.members[i] = deploy("contracts/mocks/YesWallet.sol:YesWallet", "");
        }
        parts.requesters = [
            address(0xB001),
            address(0xB002),
            deploy("contracts/mocks/RevertingConsumer.sol:RevertingConsumer", abi.encode(parts.oracle))
        ];
        parts.quorum = IQuorumAttestor(
            deploy("contracts/attestors/QuorumAttestor.sol:QuorumAttestor", abi.encode(parts.oracle, members, 2))
        );
        VoteTerms memory terms = VoteTerms(30 minutes, 20 minutes, BOND, AnswerKind.Label, 0);
        parts.sealed_ = ISealedVoteAttestor(
            deploy(
                "contracts/attestors/SealedVoteAttestor.sol:SealedVoteAttestor",
                abi.encode(parts.oracle, members, 2, terms)
            )
        );
        handler = new JointHandler(parts);
        parts.log = handler.log();
    }

    /// @dev Only the handler acts, so that every act is in the second books.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev Rule 4, across contracts: what came in and was not paid out is held, and each wei of it is owed once: to
    /// a requester or to those whose attestor earned it, or burnt.
    function invariant_JointMoneyIsConserved() external view {
        uint256 held = address(parts.oracle).balance + address(parts.log).balance;
        held += address(parts.quorum).balance + address(parts.sealed_).balance;
        equal(held - handler.forced(), handler.paidIn() - handler.paidOut(), "held");

        uint256 owed = _owedBySealed() + _owedByQuorum() + handler.burnt();
        for (uint256 i = 0; i < 3; ++i) owed += parts.oracle.creditOf(parts.requesters[i]);
        owed += parts.oracle.creditOf(parts.operator) + parts.oracle.creditOf(address(parts.log));
        for (uint256 i = 0; i < handler.entryCount(); ++i) {
            JointBooks.Entry memory entry = handler.entryAt(i);
            Request memory request = parts.oracle.requestOf(entry.modelId, entry.subject);
            if (request.status == RequestStatus.Open) owed += uint256(request.feeGwei) * 1 gwei;
        }
        equal(owed, handler.paidIn() - handler.paidOut(), "owed");
    }

    /// @dev Whom a request was asked of earns its fee, and no other, whatever the model's attestor became since.
    function invariant_JointFeesGoToWhoWasAsked() external view {
        equal(parts.oracle.creditOf(parts.operator) + handler.got(0), handler.earned(0), "operator");
        equal(_owedByQuorum() + handler.got(1), handler.earned(1), "quorum");
        equal(_owedBySealed() + handler.burnt() + handler.got(2), handler.earned(2), "sealed");
        equal(parts.oracle.creditOf(address(parts.log)) + handler.got(3), handler.earned(3), "anchored");
    }

    /// @dev Rule 1, and no second door: a decision is there exactly where the one attestor made it, as it was then.
    function invariant_JointDecisionsAreFinal() external view {
        for (uint256 i = 0; i < handler.entryCount(); ++i) {
            JointBooks.Entry memory entry = handler.entryAt(i);
            Decision memory decision = parts.oracle.decisionOf(entry.modelId, entry.subject);
            if (entry.decision == 0) equal(decision.verdict, 0, "not decided");
            else equal(handler.core(decision), entry.decision, "as it was when it was made");
        }
    }

    function _owedByQuorum() private view returns (uint256 owed) {
        for (uint32 i = 0; i < 3; ++i) {
            owed += parts.quorum.potOf(uint32(7 ^ (1 << i))) + parts.quorum.creditOf(parts.members[i]);
        }
    }

    function _owedBySealed() private view returns (uint256 owed) {
        owed = parts.sealed_.creditOf(handler.REPORTER());
        for (uint256 i = 0; i < 3; ++i) owed += parts.sealed_.creditOf(parts.members[i]);
        for (uint256 i = 0; i < handler.entryCount(); ++i) {
            JointBooks.Entry memory entry = handler.entryAt(i);
            if (entry.kind != handler.SEALED()) continue;
            uint256 number = parts.sealed_.currentRound(entry.modelId, entry.subject);
            Round memory round = parts.sealed_.roundOf(RoundKey(entry.modelId, entry.subject, number));
            owed += round.pot;
            if (round.status != RoundStatus.Open) continue;
            for (uint32 set = round.sealed_; set != 0; set &= set - 1) owed += BOND;
        }
    }
}
