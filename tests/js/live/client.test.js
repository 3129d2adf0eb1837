// The client against a running node and its chain, which tests/integration/test_client.py starts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as ort from "onnxruntime-web/wasm";
import { createPublicClient, createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import {
  ChainError,
  DecisionContract,
  Model,
  NodeError,
  NotDecided,
  OracleNode,
  VerificationError,
  encodeInput,
  explain,
  subjectOf,
  verify,
} from "../../../dapp/client/src/index.ts";

const { ORACLE_NODE_URL, ORACLE_RPC_URL, REQUESTER_KEY } = process.env;
const node = new OracleNode(ORACLE_NODE_URL);
const client = createPublicClient({ transport: http(ORACLE_RPC_URL), pollingInterval: 50 });
const account = privateKeyToAccount(REQUESTER_KEY);
const wallet = createWalletClient({ account, transport: http(ORACLE_RPC_URL) });
const contract = new DecisionContract(client);

ort.env.wasm.numThreads = 1;
const [{ name }] = await node.models();
const { card, example, id: modelId, ...view } = await node.model(name);
const model = { card, example, ...view };

describe("through the node", () => {
  it("a decision is made, listed, read and explained", async () => {
    const { decision, subject, state } = await node.decide({
      model: name,
      input: example,
      subject: "asked from JavaScript",
    });
    assert.equal(state, "final");
    assert.equal(subject, subjectOf("asked from JavaScript"));

    const { decisions } = await node.latest({ model: name, verdict: decision.verdict, subject });
    assert.deepEqual(
      decisions.map((line) => line.subject),
      [subject],
    );
    const words = explain(await node.decision(subject), model);
    assert.match(words.asked, new RegExp(card.title));
    assert.ok(words.said.includes(decision.text));
    assert.ok(words.ruled.includes(decision.verdict));
    assert.ok(words.vouched.includes(decision.tx_hash));
    assert.match(words.cost, /\d gas/);
  });

  it("the same key decides once", async () => {
    const ask = { model: name, input: example };
    const idempotencyKey = crypto.randomUUID();
    const [first, second] = await Promise.all([
      node.decide(ask, { idempotencyKey }),
      node.decide(ask, { idempotencyKey }),
    ]);
    assert.equal(first.subject, second.subject);
  });

  it("all decisions come page by page", async () => {
    for (const subject of ["one", "two", "three"]) {
      await node.decide({ model: name, input: example, subject });
    }
    const all = await Array.fromAsync(node.all({ limit: 2 }));
    const subjects = all.map(({ subject }) => subject);
    for (const subject of ["one", "two", "three"]) assert.ok(subjects.includes(subjectOf(subject)));
    assert.equal(new Set(subjects).size, subjects.length);
  });

  it("a refusal says what was wrong and what to do", async () => {
    const wrong = { ...example, [Object.keys(example)[0]]: "-1" };
    await assert.rejects(node.decide({ model: name, input: wrong }), (error) => {
      assert.ok(error instanceof NodeError);
      assert.equal(error.status, 422);
      assert.match(error.remedy, /within/);
      return true;
    });
    await assert.rejects(node.decide({ model: "nobody's", input: example }), { status: 404 });
    const away = new OracleNode("http://127.0.0.1:9");
    await assert.rejects(away.models(), /no node answers at 127\.0\.0\.1:9/);
  });

  it("a decision that is not final in time is an error that keeps its account", async () => {
    const ask = { model: name, input: example, subject: "in a hurry" };
    await assert.rejects(node.decide(ask, { timeout: 0 }), (error) => {
      assert.ok(error instanceof NotDecided);
      assert.equal(error.account.subject, subjectOf("in a hurry"));
      return true;
    });
    const { state } = await node.decision(subjectOf("in a hurry"), { wait: 20 });
    assert.equal(state, "final");
  });

  it("decisions arrive as they are made", async () => {
    const over = new AbortController();
    const states = [];
    const watched = (async () => {
      for await (const { kind, decision } of node.stream(over.signal)) {
        if (kind !== "decision" || decision.subject !== subjectOf("watched")) continue;
        states.push(decision.state);
        if (decision.state === "final") over.abort();
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await node.decide({ model: name, input: example, subject: "watched" });
    await watched;
    assert.equal(states.at(-1), "final");
  });
});

describe("a receipt", () => {
  const files = node.files(name);

  it("holds: the model run again here, and everything held to the chain", async () => {
    const { subject } = await node.decide({ model: name, input: example });
    const checks = await verify(await node.receiptText(subject), { client, files, runtime: ort });
    const held = checks.filter(({ outcome }) => outcome === "held").map((check) => check.name);
    for (const check of [
      "card",
      "run again",
      "signed transaction",
      "verdict",
      "event",
      "storage",
    ]) {
      assert.ok(held.includes(check), `${check}: ${JSON.stringify(checks, null, 1)}`);
    }
    assert.ok(checks.every(({ outcome }) => outcome === "held"));
  });

  it("does not hold where the chain says something else", async () => {
    const { subject } = await node.decide({ model: name, input: example });
    const receipt = await node.receipt(subject);
    const changed = (change) => ({ ...receipt, decision: { ...receipt.decision, ...change } });
    const other = await node.decide({ model: name, input: example });
    const hash = `0x${"ab".repeat(32)}`;
    for (const [wrong, reason] of [
      [changed({ blockHash: hash }), /is not in it/],
      [changed({ blockNumber: 10 ** 9 }), /does not exist/],
      [changed({ logIndex: 99 }), /has no log 99/],
      [changed({ policy: { contract: receipt.chain.contract } }), /the policy is/],
      [
        { ...receipt, chain: { ...receipt.chain, contract: account.address } },
        /the contract it calls/,
      ],
    ]) {
      await assert.rejects(verify(wrong, { client }), (error) => {
        assert.ok(error instanceof VerificationError, error);
        assert.match(error.message, reason);
        return true;
      });
    }
    const theirs = await node.receipt(other.subject);
    await assert.rejects(
      verify({ ...receipt, decision: theirs.decision }, { client }),
      /about another prediction/,
    );
    await assert.rejects(
      verify(receipt, { client, contract: account.address }),
      /decision contract is/,
    );
  });
});

describe("through the chain", () => {
  it("a request is answered, and the model run here says the same", async () => {
    const input = encodeInput(card, example);
    const outcome = await contract.decide(wallet, { modelId, input });
    const here = await (await Model.create(node.files(name), { runtime: ort })).run(input);
    assert.equal(outcome.prediction.outputHash, here.outputHash);
    assert.equal(outcome.value, here.value);
    assert.equal(outcome.callback, "none");
    assert.deepEqual(
      { ...(await contract.decisionOf(modelId, outcome.prediction.subject)), ...rest(outcome) },
      outcome,
    );
  });

  it("a subject without decision has none", async () => {
    assert.equal(await contract.decisionOf(modelId, subjectOf("never asked")), undefined);
    await assert.rejects(
      contract.outcome({ modelId, subject: subjectOf("never asked") }, { timeout: 0 }),
      /nothing was decided/,
    );
  });

  it("a refusal has the contract's reason, and sends nothing", async () => {
    const before = await client.getTransactionCount({ address: account.address });
    const input = encodeInput(card, example);
    for (const [options, reason] of [
      [{ modelId, input, fee: 0n }, /FeeTooLow\(0, \d+\); pay/],
      [{ modelId, input, deadline: 1 }, /DeadlineOutOfRange/],
      [{ modelId: subjectOf("no model"), input }, /is not registered/],
    ]) {
      await assert.rejects(contract.request(wallet, options), (error) => {
        assert.ok(error instanceof ChainError);
        assert.match(error.message, reason);
        return true;
      });
    }
    assert.equal(await client.getTransactionCount({ address: account.address }), before);
    await assert.rejects(contract.withdraw(wallet), /NoCredit/);
  });
});

function rest({ prediction, transaction, blockNumber }) {
  return { prediction, transaction, blockNumber };
}
