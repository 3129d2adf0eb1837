// Decisions from JavaScript, in Node and in the browser.

export * from "./errors.ts";
export * from "./model/index.ts";
export * from "./prediction.ts";
