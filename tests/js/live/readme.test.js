// The examples of the client's README, as they stand there, against a running node. They import the built package by
// its name, as its users do.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const { ORACLE_NODE_URL, ORACLE_RPC_URL, REQUESTER_KEY } = process.env;
const folder = new URL("../../../dapp/client/", import.meta.url);
const root = fileURLToPath(new URL("../../", folder));
const readme = readFileSync(new URL("README.md", folder), "utf8");
const examples = [...readme.matchAll(/^## (.+)$|^```js\n([^]+?)^```$/gm)];

await run(process.execPath, [
  `${root}/node_modules/typescript/bin/tsc`,
  "--project",
  fileURLToPath(folder),
]);

describe("the README", () => {
  let title;
  for (const [, heading, code] of examples) {
    title = heading ?? title;
    if (!code) continue;
    it(`${title}: runs`, async () => {
      const lines = code.split("\n").filter((line) => line && !line.startsWith("import"));
      assert.ok(lines.length <= 8, `${lines.length} lines`);
      const script = new URL(`dist/example-${crypto.randomUUID()}.js`, folder);
      await writeFile(
        script,
        code
          .replaceAll("http://127.0.0.1:8550", ORACLE_NODE_URL)
          .replaceAll("http://127.0.0.1:8545", ORACLE_RPC_URL),
      );
      try {
        const env = { ...process.env, PRIVATE_KEY: REQUESTER_KEY };
        const { stdout } = await run(process.execPath, [fileURLToPath(script)], { cwd: root, env });
        assert.notEqual(stdout.trim(), "");
      } finally {
        await rm(script);
      }
    });
  }
});
