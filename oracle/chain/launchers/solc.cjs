// The npm Solidity compiler behind the two options of a native solc that py-solc-x needs.
// usage: node solc.cjs <folder of the npm package> --version | --standard-json
//
// The package's own command prints a line about SMT before its JSON and may exit before a large
// answer is written; both break a reader of standard output.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [folder, ...options] = process.argv.slice(2);
const solc = require(path.join(folder, "index.js"));

function write(text) {
  const bytes = Buffer.from(text, "utf8");
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs.writeSync(1, bytes, done);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

if (options.includes("--version")) {
  write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (options.includes("--standard-json")) {
  write(solc.compile(fs.readFileSync(0, "utf8")) + "\n");
} else {
  process.stderr.write("only --version and --standard-json are offered\n");
  process.exitCode = 1;
}
