// Errors for people: what was wrong and what to do; a stack only where nobody expected the error.

import { OracleError } from "./errors.js";

process.on("uncaughtException", (error) => {
  console.error(
    error instanceof OracleError ? `Error: ${error.what}\nRemedy: ${error.remedy}` : error,
  );
  process.exit(1);
});
