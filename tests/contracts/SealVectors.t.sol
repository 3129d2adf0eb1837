// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISealedVoteAttestor} from "../../contracts/interfaces/ISealedVoteAttestor.sol";
import {AnswerKind, Opening, RoundKey, VoteTerms} from "../../contracts/types/SealedVote.sol";
import {Check} from "./support/Check.sol";

/// @title SealVectorsTest
/// @notice Solidity's half of `tests/vectors/seal.json`: each seal made by the contract itself at the vector's address
/// on the vector's chain.
contract SealVectorsTest is Check {
    uint256 private constant MEMBERS = 4;

    string private json;

    function setUp() external {
        json = vm.readFile("tests/vectors/seal.json");
    }

    function test_seals() external {
        uint256 count;
        for (string memory entry = item(0); vm.keyExistsJson(json, entry); entry = item(++count)) {
            vm.chainId(number(entry, ".chainId"));
            ISealedVoteAttestor attestor = ISealedVoteAttestor(account(entry, ".attestor"));
            vm.etch(address(attestor), codeFor(entry));
            RoundKey memory key = RoundKey({
                modelId: word(entry, ".round.modelId"),
                subject: word(entry, ".round.subject"),
                number: uint256(word(entry, ".round.number"))
            });
            Opening memory opening = Opening({
                inputHash: word(entry, ".opening.inputHash"),
                outputHash: word(entry, ".opening.outputHash"),
                value: int128(vm.parseJsonInt(json, string.concat(entry, ".opening.value"))),
                confidence: uint32(number(entry, ".opening.confidence")),
                salt: word(entry, ".opening.salt")
            });
            equal(attestor.sealOf(key, number(entry, ".member"), opening), word(entry, ".seal"), "seal");
        }
        isTrue(count >= 4, "all read");
    }

    /// @dev The code of an attestor with the vector's members; these are in a contract beside it.
    function codeFor(string memory entry) private returns (bytes memory) {
        address[] memory members = new address[](MEMBERS);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            members[i] = account(entry, string.concat(".members[", vm.toString(i), "]"));
        }
        VoteTerms memory terms = VoteTerms({
            commitWindow: 1,
            revealWindow: 1,
            bond: 0,
            kind: AnswerKind.Label,
            tolerance: 0
        });
        bytes memory arguments = abi.encode(address(this), members, uint8(3), terms);
        return deploy("contracts/attestors/SealedVoteAttestor.sol:SealedVoteAttestor", arguments).code;
    }

    function item(uint256 index) private pure returns (string memory) {
        return string.concat(".seals[", vm.toString(index), "]");
    }

    function word(string memory entry, string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(entry, key));
    }

    function number(string memory entry, string memory key) private view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(entry, key));
    }

    function account(string memory entry, string memory key) private view returns (address) {
        return vm.parseJsonAddress(json, string.concat(entry, key));
    }
}
