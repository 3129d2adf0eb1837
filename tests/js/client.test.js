// The client without a node: its calls, its stream, its wallets, and what a browser's bundle of it holds.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild-wasm";

import { NodeError, NotDecided, OracleNode } from "../../dapp/client/src/index.ts";
import { findWallets } from "../../dapp/client/src/chain/found.ts";
import { connectWallet } from "../../dapp/client/src/chain/wallets.ts";
import { parseStrict } from "../../dapp/client/src/receipt/json.ts";
import { VERDICTS, decide } from "../../dapp/client/src/verify/rules.ts";

const subject = `0x${"11".repeat(32)}`;
const account = { model: { name: "m", id: subject }, subject, reason: null, decision: null };

describe("a call of the node", () => {
  it("carries the key, and one idempotency key however often it is made", async () => {
    const seen = [];
    const node = new OracleNode("http://node.example/base", {
      apiKey: "secret",
      fetch: async (url, { headers, body }) => {
        seen.push({ url: String(url), ...headers, body: JSON.parse(body) });
        if (seen.length < 3) throw new TypeError("connection reset");
        return Response.json({ ...account, state: "final", decision: { verdict: "accept" } });
      },
    });
    const big = 2n ** 63n;
    await node.decide({ model: "m", input: { x: big } }, { timeout: 5 });
    assert.equal(seen.length, 3);
    assert.equal(new Set(seen.map((each) => each["Idempotency-Key"])).size, 1);
    assert.equal(seen[0].Authorization, "Bearer secret");
    assert.equal(seen[0].url, "http://node.example/base/api/decisions");
    assert.equal(seen[0].body.input.x, String(big));
  });

  it("reads a model's card, its file and its weights", async () => {
    const card = { name: "m", model: { file: "model.onnx", external: [{ file: "w 1.bin" }] } };
    const answers = new Map([
      ["/api/models/m", JSON.stringify({ card, file: "/api/models/m/file" })],
      ["/api/models/m/file", "graph"],
      ["/api/models/m/files/w%201.bin", "weights"],
    ]);
    const node = new OracleNode("http://node.example", {
      fetch: async (url) => new Response(answers.get(new URL(url).pathname)),
    });
    const read = node.files("m");
    const text = async (name) => new TextDecoder().decode(await read(name));
    assert.deepEqual(JSON.parse(await text("card.json")), card);
    assert.equal(await text("model.onnx"), "graph");
    assert.equal(await text("w 1.bin"), "weights");
  });

  it("that is refused is not made again", async () => {
    let calls = 0;
    const problem = {
      title: "Unauthorized",
      detail: "writing needs an API key",
      remedy: "send it",
    };
    const node = new OracleNode("http://node.example", {
      fetch: async () => (calls++, Response.json(problem, { status: 401 })),
    });
    await assert.rejects(node.decide({ model: "m", input: [] }), (error) => {
      assert.ok(error instanceof NodeError);
      assert.deepEqual([error.status, error.what, error.remedy], [401, problem.detail, "send it"]);
      return true;
    });
    assert.equal(calls, 1);
  });

  it("that the chain refused has its reason", async () => {
    const node = new OracleNode("http://node.example", {
      fetch: async () => Response.json({ ...account, state: "refused", reason: "AlreadyDecided" }),
    });
    await assert.rejects(node.decide({ model: "m", input: [] }), (error) => {
      assert.ok(error instanceof NotDecided);
      assert.match(error.message, /m has not decided about 0x11.*refused, AlreadyDecided/);
      return true;
    });
  });

  it("that something else answers says so", async () => {
    const fetch = async () => {
      const page = new Response("<h1>Bad gateway</h1>", { status: 502 });
      return Object.defineProperty(page, "url", { value: "http://proxy.example/" });
    };
    const node = new OracleNode("http://proxy.example", { fetch });
    await assert.rejects(node.models(), /proxy\.example answered 502, and not as a node does/);
  });
});

describe("the stream", () => {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.headers["last-event-id"]);
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    const turn = asked.length;
    response.write("retry: 1000\n\n: still here\n\n");
    response.write(`id: ${turn}-0-0-\nevent: decision\ndata: {"subject":\ndata: "${turn}"}\n\n`);
    if (turn === 2) response.write("event: reset\ndata: {}\n\n");
    if (turn < 2) response.end(); // the connection breaks
  });
  before(() => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve)));
  after(() => (server.closeAllConnections(), server.close()));

  it("goes on where it was after its connection broke, and ends when it is aborted", async () => {
    const node = new OracleNode(`http://127.0.0.1:${server.address().port}`);
    const over = new AbortController();
    const told = [];
    for await (const event of node.stream(over.signal)) {
      told.push(event);
      if (event.kind === "reset") over.abort();
    }
    assert.deepEqual(told, [
      { kind: "decision", decision: { subject: "1" } },
      { kind: "decision", decision: { subject: "2" } },
      { kind: "reset" },
    ]);
    assert.deepEqual(asked, [undefined, "1-0-0-"]);
  });

  it("of what is no node is refused", async () => {
    const fetch = async () => new Response("hello", { headers: { "Content-Type": "text/html" } });
    const node = new OracleNode("http://page.example", { fetch });
    await assert.rejects(node.stream().next(), /no event stream/);
  });
});

describe("wallets", () => {
  const window = new EventTarget();
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) {
    globalThis[name] = window[name].bind(window);
  }
  const wallet = (name, request) => ({ info: { uuid: name, name }, provider: { request } });
  const announce = (detail) => {
    const event = new CustomEvent("eip6963:announceProvider", { detail });
    window.addEventListener("eip6963:requestProvider", () => window.dispatchEvent(event));
  };

  it("that announce themselves are found, each once", async () => {
    for (const name of ["first", "second", "first"]) announce(wallet(name));
    announce({ info: null });
    const found = await findWallets(10);
    assert.deepEqual(
      found.map(({ info }) => info.name),
      ["first", "second"],
    );
  });

  it("are asked for an account, and moved to the chain", async () => {
    const calls = [];
    const connected = await connectWallet(
      wallet("third", async ({ method, params }) => {
        calls.push([method, params?.[0].chainId]);
        return { eth_requestAccounts: [`0x${"ab".repeat(20)}`], eth_chainId: "0x1" }[method];
      }),
      31337,
    );
    assert.equal(connected.account.address, `0x${"ab".repeat(20)}`);
    assert.deepEqual(calls.at(-1), ["wallet_switchEthereumChain", "0x7a69"]);
  });

  for (const [code, reason] of [
    [4001, /fourth was not allowed to connect; allow it/],
    [4902, /fourth does not know chain 31337; add it/],
    [-32603, /fourth: broken/],
  ]) {
    it(`that decline with ${code} are an error in words`, async () => {
      const declines = wallet("fourth", async () => {
        throw Object.assign(new Error("broken"), { code });
      });
      await assert.rejects(connectWallet(declines, 31337), reason);
    });
  }
});

describe("strict JSON", () => {
  for (const text of ['{"a":[1,-2,"x\\"}",true,null,{}],"b":{"c":[]}}', " [ ] ", '"a"', "0"]) {
    it(`reads ${text} as JSON.parse does`, () => {
      assert.deepEqual(parseStrict(text, "text"), JSON.parse(text));
    });
  }

  for (const [text, reason] of [
    ['{"a":{"b":1,"b":1}}', /repeats a key: b/],
    ['{"a":1,"\\u0061":2}', /repeats a key: a/],
    ["[1.0]", /the float 1\.0/],
    ["[1e3]", /the float 1e3/],
    ["[9007199254740993]", /the integer 9007199254740993/],
    ["[-0]", /the integer -0/],
    [`${"[".repeat(70)}${"]".repeat(70)}`, /deeper than 64/],
    ["{'a':1}", /is not JSON/],
  ]) {
    it(`refuses ${text.slice(0, 30)}`, () =>
      assert.throws(() => parseStrict(text, "text"), reason));
  }
});

describe("a policy's rule", () => {
  const band = { threshold: 300n, band: 50n, acceptAtOrAbove: false, minConfidence: 600_000 };
  const labels = {
    verdictByLabel: `0x0201${"00".repeat(30)}`,
    labelCount: 2,
    minConfidence: 600_000,
  };
  for (const [rule, value, confidence, verdict] of [
    [{ kind: "threshold", arguments: band }, 249n, 600_000, "ACCEPT"],
    [{ kind: "threshold", arguments: band }, 250n, 600_000, "REVIEW"],
    [{ kind: "threshold", arguments: band }, 349n, 600_000, "REVIEW"],
    [{ kind: "threshold", arguments: band }, 350n, 600_000, "REJECT"],
    [{ kind: "threshold", arguments: band }, 350n, 599_999, "REVIEW"],
    [{ kind: "threshold", arguments: { ...band, acceptAtOrAbove: true } }, 350n, 600_000, "ACCEPT"],
    [{ kind: "class", arguments: labels }, 0n, 600_000, "ACCEPT"],
    [{ kind: "class", arguments: labels }, 1n, 600_000, "REJECT"],
    [{ kind: "class", arguments: labels }, 1n, 0, "REVIEW"],
  ]) {
    it(`of ${rule.kind} takes ${value} with ${confidence} to ${verdict}`, () => {
      assert.equal(VERDICTS[decide(rule, value, confidence)], verdict);
    });
  }

  it("of class knows its labels only", () => {
    for (const value of [2n, -1n, 32n]) {
      assert.throws(() => decide({ kind: "class", arguments: labels }, value, 1e6), /unknown/);
    }
  });
});

describe("a browser's bundle", () => {
  it("of the whole client needs nothing of Node, and stays small", async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL("../../dapp/client/src/index.ts", import.meta.url))],
      bundle: true,
      format: "esm",
      minify: true,
      write: false,
      platform: "browser",
      target: "es2022",
      logLevel: "silent",
    });
    const [{ contents, text }] = outputFiles;
    assert.doesNotMatch(text, /from"node:|require\("node:/);
    assert.ok(contents.length < 450_000, `${contents.length} bytes`);
  });
});
