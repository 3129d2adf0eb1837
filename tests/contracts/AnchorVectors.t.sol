// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnchorLog} from "../../contracts/interfaces/IAnchorLog.sol";
import {Batch} from "../../contracts/types/Batch.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {Check} from "./support/Check.sol";

/// @title AnchorVectorsTest
/// @notice Solidity's half of `tests/vectors/merkle.json`, made by `@openzeppelin/merkle-tree`: each batch is anchored
/// by the log at the vectors' address, and every prediction verified with the library's own proof.
contract AnchorVectorsTest is Check {
    string private json;
    IAnchorLog private log;

    function setUp() external {
        json = vm.readFile("tests/vectors/merkle.json");
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        log = IAnchorLog(vm.parseJsonAddress(json, ".log"));
        address made = deploy("contracts/attestors/AnchorLog.sol:AnchorLog", abi.encode(address(this), address(this)));
        vm.etch(address(log), made.code);
    }

    function test_merkleVectors() external {
        Batch memory last;
        uint256 seen;
        for (uint256 i = 0; i < 6; ++i) {
            string memory entry = string.concat(".batches[", vm.toString(i), "]");
            Batch memory batch = Batch({
                number: uint64(number(entry, ".number")),
                firstIndex: uint64(number(entry, ".firstIndex")),
                count: uint32(number(entry, ".count")),
                root: word(entry, ".root"),
                previous: word(entry, ".previous")
            });
            uint256 span =
                (uint256(last.number) << 192) |
                    (uint256(last.firstIndex) << 128) |
                    (uint256(last.count) << 96) |
                    (uint256(batch.count) << 64);
            log.anchor(last.root, last.previous, span, batch.root);
            equal(log.batchIdOf(batch.number), word(entry, ".id"), "id");
            for (uint256 place = 0; place < batch.count; ++place) holds(entry, batch, place);
            seen += batch.count;
            last = batch;
        }
        equal(seen, 22, "all read");
    }

    function holds(string memory entry, Batch memory batch, uint256 place) private view {
        string memory said = string.concat(entry, ".predictions[", vm.toString(place), "]");
        Prediction memory p = Prediction({
            modelId: word(said, ".modelId"),
            subject: word(said, ".subject"),
            inputHash: word(said, ".inputHash"),
            outputHash: word(said, ".outputHash"),
            value: int128(vm.parseJsonInt(json, string.concat(said, ".value"))),
            confidence: uint32(number(said, ".confidence")),
            predictedAt: uint40(number(said, ".predictedAt"))
        });
        bytes32 leaf = word(entry, string.concat(".leaves[", vm.toString(place), "]"));
        equal(log.leafOf(batch.firstIndex + uint64(place), p), leaf, "leaf");
        bytes memory evidence = abi.encodePacked(
            batch.number,
            batch.firstIndex,
            batch.count,
            uint32(place),
            batch.previous
        );
        string memory path = string.concat(entry, ".proofs[", vm.toString(place), "]");
        for (uint256 i = 0; ; ++i) {
            string memory key = string.concat("[", vm.toString(i), "]");
            if (!vm.keyExistsJson(json, string.concat(path, key))) break;
            evidence = bytes.concat(evidence, word(path, key));
        }
        isTrue(log.verify(p, evidence), "verified");
    }

    function word(string memory entry, string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(entry, key));
    }

    function number(string memory entry, string memory key) private view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(entry, key));
    }
}
