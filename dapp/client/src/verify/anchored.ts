// An anchored batch, held to the chain: the log's code, who anchors, its block, its id.

import { type PublicClient, keccak256, parseAbi, parseEventLogs } from "viem";

import { ANCHOR_LOG_CODE } from "../chain/abi.ts";
import { withoutImmutables } from "../chain/code.ts";
import { VerificationError } from "../errors.ts";
import { batchId } from "../receipt/merkle.ts";
import type { Anchor, Receipt } from "../receipt/receipt.ts";
import { REMEDY, checkPlace, lower } from "./onchain.ts";
import { type Report, same, sameAddress } from "./report.ts";

const abi = parseAbi([
  "event Anchored(uint64 indexed number, uint32 count, bytes32 root)",
  "function anchorer() view returns (address)",
  "function batchIdOf(uint64 number) view returns (bytes32)",
]);

/**
 * The batch's id in an anchor log of this release, and the anchoring transaction in a canonical block.
 * @throws {VerificationError} the first that does not hold
 */
export async function checkAnchored(
  receipt: Receipt,
  anchor: Anchor,
  client: PublicClient,
  report: Report,
): Promise<void> {
  const { batch } = anchor;
  const log = { address: lower(anchor.log), abi } as const;
  await report.check("anchor log", async () => {
    const code = (await client.getCode({ address: log.address })) ?? "0x";
    const hash = keccak256(withoutImmutables(code, ANCHOR_LOG_CODE.immutables));
    same(`the hash of the code at ${anchor.log}`, hash, ANCHOR_LOG_CODE.hash);
    const anchorer = await client.readContract({ ...log, functionName: "anchorer" });
    const isByKey = !(await client.getCode({ address: anchorer }));
    if (isByKey && receipt.promise) sameAddress("who anchors", anchorer, receipt.operator);
    const kind = isByKey ? "the operator" : "the attestor";
    return `${anchor.log} has the code of this release; ${kind} ${anchorer} anchors`;
  });
  const mined = await checkPlace(anchor, client, report, "block of the anchor");
  await report.check("root on chain", async () => {
    const logs = mined.logs.filter(({ address }) => address.toLowerCase() === log.address);
    const events = parseEventLogs({ abi, logs, eventName: "Anchored" });
    const event = events.find(({ args }) => args.number === batch.number);
    if (!event) {
      throw new VerificationError(
        `the transaction anchored no batch ${batch.number} in the log ${anchor.log}`,
        REMEDY,
      );
    }
    same("the event's count", event.args.count, batch.count);
    same("the event's root", event.args.root, batch.root);
    const stored = await client.readContract({
      ...log,
      functionName: "batchIdOf",
      args: [batch.number],
    });
    same("the batch's id", batchId(receipt.chain.id, anchor.log, batch), stored);
    return `the log has batch ${batch.number} under this very id`;
  });
}
