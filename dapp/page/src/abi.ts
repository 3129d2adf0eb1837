// The decision contract and what stands behind it, as calls to encode and answers to decode.

import {
  type Abi,
  type Address,
  decodeEventLog,
  decodeFunctionData,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
} from "viem";

import { abi as attestor } from "../../../oracle/chain/artifacts/IAttestor.json";
import { abi as contract } from "../../../oracle/chain/artifacts/DecisionContract.json";
import { abi as policy } from "../../../oracle/chain/artifacts/IPolicy.json";
import type { Connection } from "./connection.js";

const ABIS = { attestor: attestor as Abi, contract: contract as Abi, policy: policy as Abi };

export type Kind = keyof typeof ABIS;

/** The contracts' struct. */
export interface OnChainPrediction {
  modelId: Hex;
  subject: Hex;
  inputHash: Hex;
  outputHash: Hex;
  value: bigint;
  confidence: number;
  predictedAt: number;
}

export interface Log {
  address: Address;
  topics: [Hex, ...Hex[]];
  data: Hex;
}

/** Calldata of a function. */
export function calldata(kind: Kind, functionName: string, args: readonly unknown[]): Hex {
  return encodeFunctionData({ abi: ABIS[kind], functionName, args });
}

/** What a view returns. */
export async function view<T>(
  connection: Connection,
  kind: Kind,
  to: string,
  functionName: string,
  args: readonly unknown[],
  block: string = "latest",
): Promise<T> {
  const call = { to, data: calldata(kind, functionName, args) };
  const data = (await connection.request("eth_call", [call, block])) as Hex;
  if (!data || data === "0x") throw new Error(`${to} is no contract with ${functionName} there`);
  return decodeFunctionResult({ abi: ABIS[kind], functionName, data }) as T;
}

/** The contract's events among some logs: name and fields. */
export function events(logs: readonly Log[], address: string): { name: string; args: Fields }[] {
  return logs
    .filter((log) => log.address.toLowerCase() === address.toLowerCase())
    .map((log) => {
      const { eventName, args } = decodeEventLog({
        abi: ABIS.contract,
        data: log.data,
        topics: log.topics,
      });
      return { name: String(eventName), args: args as unknown as Fields };
    });
}

/** The function that a transaction called, and its arguments; null where it is none of the contract's. */
export function called(input: Hex): { name: string; args: readonly unknown[] } | null {
  try {
    const { functionName, args } = decodeFunctionData({ abi: ABIS.contract, data: input });
    return { name: functionName, args: args ?? [] };
  } catch {
    return null;
  }
}

export type Fields = Record<string, unknown>;
