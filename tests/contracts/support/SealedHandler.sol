// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../../contracts/interfaces/IDecisionContract.sol";
import {ISealedVoteAttestor} from "../../../contracts/interfaces/ISealedVoteAttestor.sol";
import {Prediction} from "../../../contracts/types/Prediction.sol";
import {Opening, Round, RoundKey, RoundStatus, VoteTerms} from "../../../contracts/types/SealedVote.sol";
import {Check} from "./Check.sol";
import {Vm} from "./Vm.sol";

/// @title SealedHandler
/// @notice Everything that anybody can do in rounds of sealed votes, at random and in any order; it writes down what
/// must hold, as a second book-keeping next to the contract's own.
/// @dev Every action succeeds: what cannot be done now is skipped, so that a run that reverts is a finding. In
/// particular whatever is due can be done, whatever the other members do or leave undone.
contract SealedHandler is Check {
    /// @notice One round that was ever opened, and what must hold of it.
    struct Book {
        RoundKey key;
        uint40 openedAt;
        bytes32[] seals;
        Opening[4] votes; // by member; salt 0 where it did not vote
        uint32 revealed;
        uint32 leaked;
        bytes32 closed; // hash of what the round was when it closed, but for its pot; zero while it is open
        Prediction outcome;
        bool relayed;
    }

    bytes32 public constant MODEL = keccak256("sealed model");
    uint256 public constant N = 4;
    uint256 public constant K = 2;

    IDecisionContract public immutable oracle;
    ISealedVoteAttestor public immutable attestor;
    VoteTerms private _terms;

    /// @notice All bonds sent in, all that nobody will get back, all fees of decided requests, all that was paid out.
    uint256 public bonds;
    uint256 public burnt;
    uint256 public fees;
    uint256 public paid;
    uint256 public forced;
    address public constant REPORTER = address(0x4E9);
    bytes32[] private _subjects;
    Book[] private _books;
    mapping(bytes32 roundId => uint256 place) private _places; // counted from 1

    constructor(IDecisionContract oracle_, ISealedVoteAttestor attestor_) {
        oracle = oracle_;
        attestor = attestor_;
        _terms = attestor_.terms();
        _subjects.push(keccak256("a forecast"));
    }

    // What requesters do

    function request(uint32 feeGwei) external {
        uint256 fee = uint256(feeGwei) * 1 gwei;
        vm.deal(address(this), fee);
        uint40 deadline = uint40(block.timestamp + 1 days);
        _subjects.push(oracle.requestDecision{value: fee}(MODEL, "input", 0, deadline));
    }

    // What members do

    function commit(uint256 which, uint256 member, int128 value) public {
        bytes32 subject = _subjects[which % _subjects.length];
        RoundKey memory key = RoundKey(MODEL, subject, attestor.currentRound(MODEL, subject));
        Round memory round = attestor.roundOf(key);
        member %= N;
        if (round.status == RoundStatus.Decided || ((round.sealed_ | round.opened) >> member) & 1 != 0) return;
        if (round.status == RoundStatus.Open && block.timestamp > round.sealUntil) return;
        Opening memory vote = Opening({
            inputHash: keccak256("input"),
            outputHash: keccak256(abi.encode(value % 3)),
            value: value % 3,
            confidence: 1,
            salt: keccak256(abi.encode(which, member, value, _books.length))
        });
        bytes32 seal = attestor.sealOf(key, member, vote);
        address operator = attestor.memberAt(member);
        vm.deal(operator, operator.balance + _terms.bond);
        vm.prank(operator);
        attestor.commit{value: _terms.bond}(key, seal);

        bonds += _terms.bond;
        bytes32 id = keccak256(abi.encode(key));
        if (_places[id] == 0) {
            Book storage opened = _books.push();
            (opened.key, opened.openedAt) = (key, uint40(block.timestamp));
            _places[id] = _books.length;
        }
        Book storage book = _books[_places[id] - 1];
        book.seals.push(seal);
        book.votes[member] = vote;
    }

    /// @dev All four in one go, so that runs reach what comes after.
    function commitAll(uint256 which, int128 value, uint8 liar) external {
        for (uint256 i = 0; i < N; ++i) commit(which, i, liar % 6 == i ? int128(2) : value);
    }

    function reveal(uint256 which, uint256 member) public {
        if (_books.length == 0) return;
        Book storage book = _books[which % _books.length];
        Round memory round = attestor.roundOf(book.key);
        member %= N;
        bool due = block.timestamp > round.sealUntil || book.seals.length == N;
        if (round.status != RoundStatus.Open || !due || block.timestamp > round.revealUntil) return;
        if ((round.sealed_ >> member) & 1 == 0 || (round.opened >> member) & 1 != 0 || _sealedCount(book) < K) return;
        attestor.reveal(book.key, member, book.votes[member], book.seals);
        book.revealed |= uint32(1 << member);
    }

    function revealAll(uint256 which) external {
        for (uint256 i = 0; i < N; ++i) reveal(which, i);
    }

    function reportLeak(uint256 which, uint256 member) external {
        if (_books.length == 0) return;
        Book storage book = _books[which % _books.length];
        Round memory round = attestor.roundOf(book.key);
        member %= N;
        if (round.status != RoundStatus.Open || book.seals.length == N || block.timestamp > round.sealUntil) return;
        if ((round.sealed_ >> member) & 1 == 0) return;
        vm.prank(REPORTER);
        attestor.reportLeak(book.key, member, book.votes[member], book.seals);
        book.leaked |= uint32(1 << member);
        burnt += _terms.bond - _terms.bond / 2;
    }

    // What anybody does

    function tally(uint256 which, address anyone) external {
        if (_books.length == 0) return;
        Book storage book = _books[which % _books.length];
        Round memory round = attestor.roundOf(book.key);
        if (round.status != RoundStatus.Open) return;
        bool sealing = block.timestamp <= round.sealUntil && book.seals.length < N;
        bool allOpen = round.sealed_ == book.revealed || _sealedCount(book) < K;
        if (block.timestamp <= round.revealUntil && (sealing || !allOpen)) return;

        Opening[] memory openings = _openings(book);
        vm.recordLogs();
        vm.prank(anyone);
        attestor.tally(book.key, openings, book.seals);
        _close(book);
    }

    function relay(uint256 which, address anyone) external {
        if (_books.length == 0) return;
        Book storage book = _books[which % _books.length];
        if (book.outcome.modelId == 0 || book.relayed) return;
        bytes32 subject = book.key.subject;
        bool asked = subject != _subjects[0];
        if (asked && block.timestamp > oracle.requestOf(MODEL, subject).deadline) return;
        if (asked) fees += uint256(oracle.requestOf(MODEL, subject).feeGwei) * 1 gwei;
        vm.prank(anyone);
        oracle.relayDecision(book.outcome, abi.encode(book.key.number));
        book.relayed = true;
    }

    function claim(uint256 which, address anyone) external {
        if (_books.length == 0) return;
        Book storage book = _books[which % _books.length];
        if (attestor.roundOf(book.key).pot < N) return;
        vm.prank(anyone);
        attestor.claim(book.key);
    }

    function withdraw(uint256 which, uint160 to) external {
        address account = which % (N + 1) == N ? REPORTER : attestor.memberAt(which % (N + 1));
        uint256 credit = attestor.creditOf(account);
        if (credit == 0) return;
        address payable receiver = payable(address(uint160(uint256(keccak256(abi.encode(to))))));
        uint256 before = receiver.balance;
        vm.prank(account);
        attestor.withdraw(receiver);
        equal(receiver.balance - before, credit, "paid what was owed");
        paid += credit;
    }

    function force(uint64 amount) external {
        vm.deal(address(attestor), address(attestor).balance + amount);
        forced += amount;
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, _terms.commitWindow + _terms.revealWindow));
    }

    // The books

    function bookCount() external view returns (uint256) {
        return _books.length;
    }

    function bookAt(uint256 place) external view returns (Book memory) {
        return _books[place];
    }

    /// @notice What a closed round must stay: all of it but the pot.
    function core(Round memory round) public pure returns (bytes32) {
        round.pot = 0;
        return keccak256(abi.encode(round));
    }

    function _close(Book storage book) private {
        Round memory round = attestor.roundOf(book.key);
        book.closed = core(round);
        uint32 sealed_ = round.sealed_;
        if (_sealedCount(book) >= K) {
            for (uint256 i = 0; i < N; ++i) {
                if ((sealed_ >> i) & 1 != 0 && (book.revealed >> i) & 1 == 0) burnt += _terms.bond;
            }
        }
        if (round.status != RoundStatus.Decided) return;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (, book.outcome, , ) = abi.decode(logs[logs.length - 1].data, (uint256, Prediction, uint32, uint32));
    }

    function _sealedCount(Book storage book) private view returns (uint256 count) {
        count = book.seals.length;
        for (uint256 i = 0; i < N; ++i) if ((book.leaked >> i) & 1 != 0) --count;
    }

    /// @dev The revealed votes in the order of their seals.
    function _openings(Book storage book) private view returns (Opening[] memory openings) {
        uint256 count;
        for (uint256 i = 0; i < N; ++i) count += (book.revealed >> i) & 1;
        openings = new Opening[](count);
        uint256 next;
        for (uint256 i = 0; i < book.seals.length; ++i) {
            uint256 member = uint8(uint256(book.seals[i]));
            if ((book.revealed >> member) & 1 != 0) openings[next++] = book.votes[member];
        }
    }
}
