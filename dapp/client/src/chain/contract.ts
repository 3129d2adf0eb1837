// The decision contract, by viem: ask for a decision, await it, read it.

import {
  type Account,
  type Address,
  type Chain,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  type Hex,
  type PublicClient,
  type Transport,
  type WalletClient,
  bytesToHex,
  parseEventLogs,
  zeroAddress,
} from "viem";

import { ChainError } from "../errors.ts";
import type { Prediction } from "../prediction.ts";
import { DECISION_CONTRACT, decisionContractAbi as abi } from "./abi.ts";
import { refusal } from "./errors.ts";

const GWEI = 1_000_000_000n;
const MINUTES = 60;
const [OPEN, REFUNDED] = [1, 3];

export type Verdict = "REJECT" | "ACCEPT" | "REVIEW";
export type Callback = "none" | "delivered" | "failed";
const VERDICTS = [undefined, "REJECT", "ACCEPT", "REVIEW"] as const;
const CALLBACKS = ["none", "delivered", "failed"] as const;

/** A wallet with an account, as viem's `createWalletClient({account, chain, transport})` gives. */
export type Wallet = WalletClient<Transport, Chain | undefined, Account>;

/** A decision as the contract stores it. */
export interface Decision {
  value: bigint;
  /** Parts per million, 0 if not stated. */
  confidence: number;
  /** Unix seconds. */
  decidedAt: number;
  verdict: Verdict;
  /** 1 one signer, 2 quorum, 3 sealed quorum or bond, 4 proven. */
  trustLevel: number;
  /** What became of the call to the requester. */
  callback: Callback;
}

/** A decision with the prediction that it was made on, and its transaction. */
export interface Outcome extends Decision {
  prediction: Prediction;
  transaction: Hex;
  blockNumber: bigint;
}

export interface RequestOptions {
  modelId: Hex;
  /** In the card's encoding: `encodeInput(card, data)`. */
  input: Uint8Array | Hex;
  /** Wei; the model's fee if left out. */
  fee?: bigint;
  /** Exact gas of `onDecision` on the requester; 0, for accounts, asks for no callback. */
  callbackGas?: number;
  /** Unix seconds; ten minutes from now if left out. */
  deadline?: number;
}

/** A request that is on chain. */
export interface Requested {
  modelId: Hex;
  /** Its id is the decision's subject. */
  requestId: Hex;
  deadline: number;
  transaction: Hex;
  blockNumber: bigint;
}

/** What names a decision, and where to look for its event. */
export interface Sought {
  modelId: Hex;
  subject: Hex;
  /** The first block that can hold it. */
  fromBlock?: bigint;
}

export class DecisionContract {
  readonly address: Address;
  readonly #client: PublicClient;

  /** @param address this release's, the same on every chain, if left out */
  constructor(client: PublicClient, address: Address = DECISION_CONTRACT) {
    this.#client = client;
    this.address = address;
  }

  /**
   * A model's rules and state.
   * @throws {ChainError} it is not registered, or there is no such contract
   */
  async model(modelId: Hex) {
    const model = await this.#read({ functionName: "modelOf", args: [modelId] });
    if (model.attestor !== zeroAddress) return model;
    throw new ChainError(`model ${modelId} is not registered`, "give the id of a registered one");
  }

  /** A decision; undefined while there is none. */
  async decisionOf(modelId: Hex, subject: Hex): Promise<Decision | undefined> {
    const stored = await this.#read({ functionName: "decisionOf", args: [modelId, subject] });
    const verdict = VERDICTS[stored.verdict];
    return verdict && { ...stored, verdict, callback: CALLBACKS[stored.callback]! };
  }

  /**
   * Asks for a decision, and waits until the request is on chain.
   * @throws {ChainError} the contract refuses, with its reason; nothing was sent then
   */
  async request(wallet: Wallet, options: RequestOptions): Promise<Requested> {
    const { modelId, input, callbackGas = 0 } = options;
    const { feeGwei, changeAt } = await this.model(modelId);
    const deadline = options.deadline ?? (await this.#soon(changeAt));
    const bytes = typeof input === "string" ? input : bytesToHex(input);
    try {
      const { request } = await this.#client.simulateContract({
        address: this.address,
        abi,
        functionName: "requestDecision",
        args: [modelId, bytes, callbackGas, deadline],
        value: options.fee ?? BigInt(feeGwei) * GWEI,
        account: wallet.account,
      });
      const receipt = await this.#mined(await this.#write(wallet, request));
      const logs = receipt.logs.filter(({ address }) => this.#isOurs(address));
      const [event] = parseEventLogs({ abi, logs, eventName: "DecisionRequested" });
      const { blockNumber, transactionHash: transaction } = receipt;
      return { modelId, requestId: event!.args.requestId, deadline, transaction, blockNumber };
    } catch (error) {
      throw refusal(error);
    }
  }

  /**
   * The decision about a subject, as soon as it is made. Where the subject is a request's, its end is
   * noticed too.
   * @param options.timeout seconds; until the request's deadline if left out, or a minute
   * @throws {ChainError} it was not made in time, or refunded
   */
  async outcome(sought: Sought, options: { timeout?: number } = {}): Promise<Outcome> {
    const { modelId, subject } = sought;
    const request = await this.#read({ functionName: "requestOf", args: [modelId, subject] });
    const { timeout = request.status === OPEN ? 24 * 3600 : MINUTES } = options;
    const until = Date.now() + timeout * 1000;
    for (;;) {
      const decision = await this.decisionOf(modelId, subject);
      if (decision) return { ...decision, ...(await this.#event(sought)) };
      await this.#refuseLate(modelId, subject);
      if (Date.now() > until) {
        throw new ChainError(
          `nothing was decided about ${subject} within ${timeout} s`,
          "look at the node that serves the model: `oracle doctor`",
        );
      }
      await new Promise((resolve) => setTimeout(resolve, this.#client.pollingInterval));
    }
  }

  /** Asks for a decision and awaits it. */
  async decide(wallet: Wallet, options: RequestOptions): Promise<Outcome> {
    const { modelId, requestId, blockNumber } = await this.request(wallet, options);
    return this.outcome({ modelId, subject: requestId, fromBlock: blockNumber });
  }

  /** Credits the fee of a request that was not answered in time back to its requester. */
  async refund(wallet: Wallet, modelId: Hex, requestId: Hex): Promise<Hex> {
    return this.#send(wallet, { functionName: "refund", args: [modelId, requestId] });
  }

  /** Pays out the wallet's whole credit. */
  async withdraw(wallet: Wallet, to: Address = wallet.account.address): Promise<Hex> {
    return this.#send(wallet, { functionName: "withdraw", args: [to] });
  }

  /** What an account can withdraw, in wei. */
  creditOf(account: Address): Promise<bigint> {
    return this.#read({ functionName: "creditOf", args: [account] });
  }

  async #refuseLate(modelId: Hex, subject: Hex): Promise<void> {
    const request = await this.#read({ functionName: "requestOf", args: [modelId, subject] });
    if (request.status === REFUNDED) {
      throw new ChainError(`request ${subject} was refunded, not answered`, "ask again");
    }
    if (request.status !== OPEN) return;
    const { timestamp } = await this.#client.getBlock({ blockTag: "latest" });
    if (timestamp <= BigInt(request.deadline)) return;
    throw new ChainError(
      `request ${subject} was not answered by its deadline ${request.deadline}`,
      "take the fee back with `refund`, then `withdraw`",
    );
  }

  async #event({ modelId, subject, fromBlock = 0n }: Sought) {
    const [log] = await this.#client.getContractEvents({
      address: this.address,
      abi,
      eventName: "DecisionMade",
      args: { modelId, subject },
      fromBlock,
      strict: true,
    });
    if (!log) {
      throw new ChainError(
        `the endpoint does not show the event of the decision about ${subject}`,
        "give `fromBlock`, or ask an endpoint that keeps old logs",
      );
    }
    const { verdict: _verdict, trustLevel: _level, ...prediction } = log.args;
    return { prediction, transaction: log.transactionHash, blockNumber: log.blockNumber };
  }

  async #soon(changeAt: number): Promise<number> {
    const { timestamp } = await this.#client.getBlock({ blockTag: "latest" });
    const soon = Number(timestamp) + 10 * MINUTES;
    return changeAt && changeAt < soon ? changeAt : soon;
  }

  /** Signs and sends, on the chain that was read. */
  async #write(wallet: Wallet, request: object): Promise<Hex> {
    const [read, written] = await Promise.all([this.#client.getChainId(), wallet.getChainId()]);
    if (read === written) {
      return wallet.writeContract({ ...request, chain: wallet.chain ?? null } as never);
    }
    throw new ChainError(
      `the wallet is on chain ${written}, not ${read}`,
      "switch the wallet's chain",
    );
  }

  async #mined(hash: Hex) {
    const receipt = await this.#client.waitForTransactionReceipt({ hash });
    if (receipt.status === "success") return receipt;
    throw new ChainError(`transaction ${hash} failed`, "the state changed meanwhile: try again");
  }

  async #send(wallet: Wallet, call: { functionName: string; args: unknown[] }): Promise<Hex> {
    try {
      const { request } = await this.#client.simulateContract({
        address: this.address,
        abi,
        account: wallet.account,
        ...call,
      } as never);
      const { transactionHash } = await this.#mined(await this.#write(wallet, request));
      return transactionHash;
    } catch (error) {
      throw refusal(error);
    }
  }

  #read = (async (call: { functionName: string; args: unknown[] }) => {
    try {
      return await this.#client.readContract({ address: this.address, abi, ...call } as never);
    } catch (error) {
      throw refusal(error);
    }
  }) as unknown as ReadDecisionContract;

  #isOurs(address: Address): boolean {
    return address.toLowerCase() === this.address.toLowerCase();
  }
}

type ReadDecisionContract = <const Name extends ViewName>(call: {
  functionName: Name;
  args: ContractFunctionArgs<typeof abi, "view", Name>;
}) => Promise<ContractFunctionReturnType<typeof abi, "view", Name>>;
type ViewName = ContractFunctionName<typeof abi, "view">;
