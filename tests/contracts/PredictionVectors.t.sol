// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {PredictionLib} from "../../contracts/libraries/PredictionLib.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {Check} from "./support/Check.sol";

interface IDigest {
    function digestOf(Prediction calldata prediction) external view returns (bytes32);
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        );
}

/// @title PredictionVectorsTest
/// @notice Solidity's half of `tests/vectors/prediction.json`: struct hashes, EIP-712 digests and request ids, each
/// made by the contract itself at the vector's address on the vector's chain.
contract PredictionVectorsTest is Check {
    string private json;
    bytes private attestorCode;
    bytes private oracleCode;

    function setUp() external {
        json = vm.readFile("tests/vectors/prediction.json");
        attestorCode = deploy(
            "contracts/mocks/SignedAttestor.sol:SignedAttestor",
            abi.encode(address(1), address(this))
        ).code;
        oracleCode = deploy("contracts/DecisionContract.sol:DecisionContract", "").code;
    }

    function structHash(Prediction calldata prediction) external pure returns (bytes32) {
        return PredictionLib.structHash(prediction);
    }

    function test_typeHash() external view {
        equal(PredictionLib.TYPEHASH, vm.parseJsonBytes32(json, ".typeHash"), "type hash");
    }

    function test_predictions() external {
        uint256 count;
        for (
            string memory entry = item("predictions", 0);
            vm.keyExistsJson(json, entry);
            entry = item("predictions", ++count)
        ) {
            Prediction memory p = Prediction({
                modelId: word(entry, ".prediction.modelId"),
                subject: word(entry, ".prediction.subject"),
                inputHash: word(entry, ".prediction.inputHash"),
                outputHash: word(entry, ".prediction.outputHash"),
                value: int128(vm.parseJsonInt(json, string.concat(entry, ".prediction.value"))),
                confidence: uint32(number(entry, ".prediction.confidence")),
                predictedAt: uint40(number(entry, ".prediction.predictedAt"))
            });
            equal(this.structHash(p), word(entry, ".structHash"), "struct hash");

            vm.chainId(number(entry, ".domain.chainId"));
            IDigest attestor = IDigest(account(entry, ".domain.verifyingContract"));
            vm.etch(address(attestor), attestorCode);
            equal(attestor.digestOf(p), word(entry, ".digest"), "digest");
        }
        isTrue(count >= 6, "all read");
    }

    function test_domain() external {
        vm.etch(address(0xA77E), attestorCode);
        (, string memory name, string memory version, uint256 chainId, address verifying, , ) = IDigest(address(0xA77E))
            .eip712Domain();
        equal(keccak256(bytes(name)), keccak256("Decision Oracle"), "name");
        equal(keccak256(bytes(version)), keccak256("1"), "version");
        equal(chainId, block.chainid, "chain");
        equal(verifying, address(0xA77E), "contract");
    }

    function test_requestIds() external {
        uint256 count;
        for (
            string memory entry = item("requestIds", 0);
            vm.keyExistsJson(json, entry);
            entry = item("requestIds", ++count)
        ) {
            vm.chainId(number(entry, ".chainId"));
            IDecisionContract oracle = IDecisionContract(account(entry, ".contract"));
            vm.etch(address(oracle), oracleCode);
            bytes32 id = oracle.requestIdOf(
                account(entry, ".requester"),
                number(entry, ".nonce"),
                word(entry, ".modelId"),
                word(entry, ".inputHash")
            );
            equal(id, word(entry, ".requestId"), "request id");
        }
        isTrue(count >= 4, "all read");
    }

    function item(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(index), "]");
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
