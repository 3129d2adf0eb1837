// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TallyLib} from "../../contracts/libraries/TallyLib.sol";
import {AnswerKind, Opening} from "../../contracts/types/SealedVote.sol";
import {Check} from "./support/Check.sol";

/// @title TallyVectorsTest
/// @notice Solidity's half of `tests/vectors/tally.json`: each set of votes counted by the library itself.
contract TallyVectorsTest is Check {
    string private json;

    function setUp() external {
        json = vm.readFile("tests/vectors/tally.json");
    }

    function test_tallies() external view {
        uint256 read;
        for (string memory entry = item(".cases[", 0); vm.keyExistsJson(json, entry); entry = item(".cases[", ++read)) {
            bool numbers = vm.keyExistsJson(json, string.concat(entry, ".tolerance"));
            (Opening memory outcome, uint32 agreed) = TallyLib.tally(
                votesOf(entry),
                number(entry, ".threshold"),
                numbers ? AnswerKind.Number : AnswerKind.Label,
                numbers ? uint128(number(entry, ".tolerance")) : 0
            );
            string memory want = string.concat(entry, ".outcome");
            if (!vm.keyExistsJson(json, want)) {
                equal(agreed, 0, entry);
                continue;
            }
            equal(agreed, number(want, ".bitmap"), entry);
            Opening memory wanted = openingOf(want);
            equal(keccak256(abi.encode(outcome)), keccak256(abi.encode(wanted)), entry);
        }
        isTrue(read >= 50, "all read");
    }

    function votesOf(string memory entry) private view returns (TallyLib.Vote[] memory votes) {
        string memory list = string.concat(entry, ".votes[");
        uint256 size;
        while (vm.keyExistsJson(json, item(list, size))) ++size;
        votes = new TallyLib.Vote[](size);
        for (uint256 i = 0; i < size; ++i) {
            string memory vote = item(list, i);
            votes[i] = TallyLib.Vote({member: number(vote, ".member"), opening: openingOf(vote)});
        }
    }

    function openingOf(string memory entry) private view returns (Opening memory) {
        return
            Opening({
                inputHash: word(entry, ".inputHash"),
                outputHash: word(entry, ".outputHash"),
                value: int128(vm.parseJsonInt(json, string.concat(entry, ".value"))),
                confidence: uint32(number(entry, ".confidence")),
                salt: 0
            });
    }

    function item(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(list, vm.toString(index), "]");
    }

    function word(string memory entry, string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(entry, key));
    }

    function number(string memory entry, string memory key) private view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(entry, key));
    }
}
