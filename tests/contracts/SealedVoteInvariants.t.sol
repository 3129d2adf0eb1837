// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {ISealedVoteAttestor} from "../../contracts/interfaces/ISealedVoteAttestor.sol";
import {ModelConfig} from "../../contracts/types/Model.sol";
import {AnswerKind, Round, RoundKey, RoundStatus, VoteTerms} from "../../contracts/types/SealedVote.sol";
import {Check} from "./support/Check.sol";
import {SealedHandler} from "./support/SealedHandler.sol";

/// @title SealedVoteInvariantsTest
/// @notice What holds of sealed votes after anything that anybody did; see `docs/invariants.md`.
contract SealedVoteInvariantsTest is Check {
    uint96 private constant BOND = 1 ether + 1;
    uint32 private constant COMMIT = 100;
    uint32 private constant REVEAL = 50;

    IDecisionContract private oracle;
    ISealedVoteAttestor private attestor;
    SealedHandler private handler;

    function setUp() external {
        oracle = IDecisionContract(deploy("contracts/DecisionContract.sol:DecisionContract", ""));
        address[] memory members = new address[](4);
        for (uint256 i = 0; i < 4; ++i) members[i] = address(uint160(0xE001 + i));
        VoteTerms memory terms = VoteTerms(COMMIT, REVEAL, BOND, AnswerKind.Label, 0);
        attestor = ISealedVoteAttestor(
            deploy(
                "contracts/attestors/SealedVoteAttestor.sol:SealedVoteAttestor",
                abi.encode(oracle, members, 2, terms)
            )
        );
        handler = new SealedHandler(oracle, attestor);
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

    /// @dev Rule 4: open bonds + pots + credits = bonds + fees - payments - burnt = what is here, and still at the
    /// decision contract, without what is burnt.
    function invariant_SealedMoneyIsConserved() external view {
        uint256 owed = attestor.creditOf(handler.REPORTER());
        for (uint256 i = 0; i < 4; ++i) owed += attestor.creditOf(attestor.memberAt(i));
        for (uint256 i = 0; i < handler.bookCount(); ++i) {
            Round memory round = attestor.roundOf(handler.bookAt(i).key);
            owed += round.pot;
            if (round.status == RoundStatus.Open) owed += sizeOf(round.sealed_) * BOND;
        }
        equal(owed, handler.bonds() + handler.fees() - handler.paid() - handler.burnt(), "owed");
        uint256 held = address(attestor).balance - handler.forced() - handler.burnt();
        equal(held + oracle.creditOf(address(attestor)), owed, "held");
    }

    /// @dev Rule 1: a closed round never changes, nor does what it decided; and after one that decided there is none.
    function invariant_RoundsAreFinal() external view {
        for (uint256 i = 0; i < handler.bookCount(); ++i) {
            SealedHandler.Book memory book = handler.bookAt(i);
            Round memory round = attestor.roundOf(book.key);
            bool open = round.status == RoundStatus.Open;
            isTrue(open == (book.closed == 0), "closed by a tally only");
            if (!open) equal(handler.core(round), book.closed, "as it was when it closed");
            if (round.status != RoundStatus.Decided) continue;
            isTrue(attestor.verify(book.outcome, abi.encode(book.key.number)), "vouched for");
            equal(attestor.currentRound(book.key.modelId, book.key.subject), book.key.number, "the last");
            RoundKey memory next = book.key;
            ++next.number;
            equal(uint256(attestor.roundOf(next).status), 0, "none after it");
        }
    }

    /// @dev Rule 6: a member has one vote a round, it is open only if it was revealed or leaked, and counts only if it
    /// was not leaked.
    function invariant_MembersCountOnce() external view {
        for (uint256 i = 0; i < handler.bookCount(); ++i) {
            SealedHandler.Book memory book = handler.bookAt(i);
            Round memory round = attestor.roundOf(book.key);
            uint32 spoken;
            for (uint256 j = 0; j < book.seals.length; ++j) spoken |= uint32(1 << uint8(uint256(book.seals[j])));
            equal(sizeOf(spoken), book.seals.length, "one seal each");
            equal(round.sealed_, spoken & ~book.leaked, "sealed");
            equal(round.opened, book.revealed | book.leaked, "opened");
            isTrue(round.agreed & ~book.revealed == 0, "only revealed votes agree");
            isTrue(round.status != RoundStatus.Decided || sizeOf(round.agreed) >= 2, "enough agree");
        }
    }

    /// @dev Rule 3: a round's windows are those of its first vote, whatever happens later.
    function invariant_RoundsAreFrozen() external view {
        for (uint256 i = 0; i < handler.bookCount(); ++i) {
            SealedHandler.Book memory book = handler.bookAt(i);
            Round memory round = attestor.roundOf(book.key);
            equal(round.openedAt, book.openedAt, "opened");
            equal(round.sealUntil, book.openedAt + COMMIT, "sealing");
            equal(round.revealUntil, book.openedAt + COMMIT + REVEAL, "revealing");
        }
    }

    function sizeOf(uint32 set) private pure returns (uint256 size) {
        for (; set != 0; set &= set - 1) ++size;
    }
}
