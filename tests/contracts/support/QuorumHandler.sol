// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../../contracts/interfaces/IDecisionContract.sol";
import {IQuorumAttestor} from "../../../contracts/interfaces/IQuorumAttestor.sol";
import {Prediction} from "../../../contracts/types/Prediction.sol";
import {Check} from "./Check.sol";

/// @title QuorumHandler
/// @notice Everything that anybody can do about a committee's fees, at random and in any order, and a second
/// book-keeping next to the contract's own.
/// @dev Every action succeeds: what cannot be done now is skipped. Signatures are others' business: a member here is a
/// wallet that agrees to everything.
contract QuorumHandler is Check {
    bytes32 public constant MODEL = keccak256("quorum model");
    uint256 public constant N = 5;
    uint256 public constant K = 3;

    IDecisionContract public immutable oracle;
    IQuorumAttestor public immutable attestor;
    /// @notice What each member must have earned, in wei of fees times the threshold's share, were nothing rounded.
    uint256[5] public earned;
    /// @notice What each member was paid out.
    uint256[5] public paid;
    /// @notice Fees of decided requests, and ether forced upon the attestor.
    uint256 public fees;
    uint256 public forced;
    /// @notice How often a decided request was relayed again, and refused.
    uint256 public repeated;
    /// @notice Every set that ever signed.
    uint32[] private _sets;
    mapping(uint32 set => bool known) private _known;

    constructor(IDecisionContract oracle_, IQuorumAttestor attestor_) {
        oracle = oracle_;
        attestor = attestor_;
    }

    function decide(uint256 seed, uint32 feeGwei, address relayer) external {
        uint256 fee = uint256(feeGwei) * 1 gwei;
        vm.deal(address(this), fee);
        bytes memory input = abi.encode(oracle.nonceOf(address(this)));
        bytes32 id = oracle.requestDecision{value: fee}(MODEL, input, 0, uint40(block.timestamp + 1));
        Prediction memory p;
        (p.modelId, p.subject, p.inputHash) = (MODEL, id, keccak256(input));
        uint32 set = _set(seed);
        bytes memory evidence = abi.encodePacked(set, set, new bytes(2 * K));
        vm.prank(relayer);
        oracle.relayDecision(p, evidence);
        try oracle.relayDecision(p, evidence) {
            isTrue(false, "decided twice");
        } catch {
            ++repeated;
        }

        fees += fee;
        for (uint256 i = 0; i < N; ++i) if ((set >> i) & 1 != 0) earned[i] += fee;
        if (_known[set]) return;
        _known[set] = true;
        _sets.push(set);
    }

    function claim(uint256 which, address anyone) external {
        if (_sets.length == 0) return;
        uint32 set = _sets[which % _sets.length];
        if (attestor.potOf(set) < K) return;
        vm.prank(anyone);
        attestor.claim(set);
    }

    function withdraw(uint256 which, uint160 to) external {
        which %= N;
        address member = attestor.memberAt(which);
        uint256 credit = attestor.creditOf(member);
        if (credit == 0) return;
        address payable receiver = payable(address(uint160(uint256(keccak256(abi.encode(to))))));
        uint256 before = receiver.balance;
        vm.prank(member);
        attestor.withdraw(receiver);
        equal(receiver.balance - before, credit, "paid what was owed");
        paid[which] += credit;
    }

    function force(uint64 amount) external {
        vm.deal(address(attestor), address(attestor).balance + amount);
        forced += amount;
    }

    function sets() external view returns (uint32[] memory) {
        return _sets;
    }

    function _set(uint256 seed) private pure returns (uint32 set) {
        for (uint256 chosen = 0; chosen < K; ++chosen) {
            uint256 index = seed % N;
            while ((set >> index) & 1 != 0) index = (index + 1) % N;
            set |= uint32(1 << index);
            seed /= N;
        }
    }
}
