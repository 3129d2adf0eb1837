// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prediction} from "../../../contracts/types/Prediction.sol";
import {Opening, Round, RoundKey, RoundStatus} from "../../../contracts/types/SealedVote.sol";
import {JointBooks} from "./JointBooks.sol";
import {Vm} from "./Vm.sol";

/// @title JointVotes
/// @notice Rounds of sealed votes in a joint campaign: whatever is due next, or is left undone until its time passes.
abstract contract JointVotes is JointBooks {
    /// @notice A subject's round that is open, or decided.
    struct Book {
        bytes32[] seals;
        Opening[3] votes;
        uint32 revealed;
        Prediction outcome;
    }

    uint256 private constant N = 3;

    /// @notice Bonds that nobody will get back.
    uint256 public burnt;
    mapping(bytes32 subject => Book book) internal _rounds;
    uint256 private immutable _bond;

    constructor(Parts memory parts_) JointBooks(parts_) {
        _bond = parts_.sealed_.terms().bond;
    }

    function claimRound(uint256 which) external {
        if (_entries.length == 0) return;
        Entry storage entry = _recent(which);
        RoundKey memory key = _keyOf(entry);
        if (parts.sealed_.roundOf(key).pot >= N) parts.sealed_.claim(key);
    }

    /// @dev Seals, reveals or counts: the next that is due. A vote is for 0, 1 or -1.
    function _step(Entry storage entry, uint256 member, int128 value) internal {
        RoundKey memory key = _keyOf(entry);
        Round memory round = parts.sealed_.roundOf(key);
        if (round.status == RoundStatus.Decided) return;
        Book storage book = _rounds[entry.subject];
        bool open = round.status == RoundStatus.Open;
        bool sealing = !open || (block.timestamp <= round.sealUntil && book.seals.length < N);
        member %= N;
        if (sealing) {
            for (uint256 i = 0; (((round.sealed_ | round.opened) >> member) & 1) != 0; ++i) member = (member + 1) % N;
            _commit(entry, key, member, value % 2);
            return;
        }
        uint32 secret = round.sealed_ & ~round.opened;
        if (block.timestamp > round.revealUntil || secret == 0 || _sizeOf(round.sealed_) < K) {
            _tally(entry, key, round);
            return;
        }
        while ((secret >> member) & 1 == 0) member = (member + 1) % N;
        parts.sealed_.reveal(key, member, book.votes[member], book.seals);
        book.revealed |= uint32(1 << member);
    }

    function _leak(Entry storage entry, uint256 member) internal {
        RoundKey memory key = _keyOf(entry);
        Round memory round = parts.sealed_.roundOf(key);
        Book storage book = _rounds[entry.subject];
        member %= N;
        bool sealing = round.status == RoundStatus.Open && block.timestamp <= round.sealUntil && book.seals.length < N;
        if (!sealing || (round.sealed_ >> member) & 1 == 0) return;
        vm.prank(REPORTER);
        parts.sealed_.reportLeak(key, member, book.votes[member], book.seals);
        burnt += _bond - _bond / 2;
    }

    function _keyOf(Entry storage entry) internal view returns (RoundKey memory) {
        uint256 number = parts.sealed_.currentRound(entry.modelId, entry.subject);
        return RoundKey(entry.modelId, entry.subject, number);
    }

    function _commit(Entry storage entry, RoundKey memory key, uint256 member, int128 value) private {
        Opening memory vote = Opening({
            inputHash: entry.inputHash,
            outputHash: keccak256(abi.encode(value)),
            value: value,
            confidence: 1,
            salt: keccak256(abi.encode(key, member))
        });
        bytes32 seal = parts.sealed_.sealOf(key, member, vote);
        vm.deal(parts.members[member], _bond);
        vm.prank(parts.members[member]);
        parts.sealed_.commit{value: _bond}(key, seal);
        paidIn += _bond;
        earned[SEALED] += _bond;
        _rounds[entry.subject].seals.push(seal);
        _rounds[entry.subject].votes[member] = vote;
    }

    function _tally(Entry storage entry, RoundKey memory key, Round memory round) private {
        Book storage book = _rounds[entry.subject];
        Opening[] memory openings = new Opening[](_sizeOf(book.revealed));
        uint256 next;
        for (uint256 i = 0; i < book.seals.length; ++i) {
            uint256 member = uint8(uint256(book.seals[i]));
            if ((book.revealed >> member) & 1 != 0) openings[next++] = book.votes[member];
        }
        vm.recordLogs();
        parts.sealed_.tally(key, openings, book.seals);
        if (_sizeOf(round.sealed_) >= K) burnt += _sizeOf(round.sealed_ & ~book.revealed) * _bond;
        if (parts.sealed_.roundOf(key).status == RoundStatus.Undecided) {
            delete _rounds[entry.subject];
            return;
        }
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (, book.outcome, , ) = abi.decode(logs[logs.length - 1].data, (uint256, Prediction, uint32, uint32));
    }

    function _sizeOf(uint32 set) private pure returns (uint256 size) {
        for (; set != 0; set &= set - 1) ++size;
    }
}
