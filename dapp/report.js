// Errors for people: what was wrong and what to do; a stack only where nobody expected the error.

import { OracleError } from "./client/src/errors.ts";

process.on("uncaughtException", (error) => {
  console.error(inWords(error));
  process.exit(1);
});

function inWords(error) {
  if (error instanceof OracleError) return `Error: ${error.what}\nRemedy: ${error.remedy}`;
  const { errorName, errorArgs = {} } = error.cause ?? {};
  if (!errorName) return error;
  const named = Object.entries(errorArgs).filter(([name]) => /^[a-z]/i.test(name));
  const values = named.map(([name, value]) => `${name}=${value}`).join(", ");
  return `Error: the contract refused: ${errorName}(${values})`;
}
