// The conditions of a Solidity file: everything that can send it one way or the other.
import { parse, visit } from "@solidity-parser/parser";

const LOGICAL = new Set(["&&", "||"]);
const CHECKS = new Set(["require", "assert"]);

/**
 * Every boolean that decides something, from left to right: what `if`, `?:`, loops and `require` ask, taken apart at
 * `&&`, `||` and `!`, so that each is one that can be true and can be false.
 *
 * @param {string} text The file.
 * @returns {{start: number, end: number, line: number}[]} Offsets of each, the end excluded.
 */
export function conditionsOf(text) {
  const found = new Map();
  const note = (node) => {
    for (const leaf of leavesOf(node)) {
      const [start, last] = leaf.range;
      found.set(start, { start, end: last + 1, line: leaf.loc.start.line });
    }
  };
  visit(parse(text, { range: true, loc: true }), {
    IfStatement: (node) => note(node.condition),
    WhileStatement: (node) => note(node.condition),
    DoWhileStatement: (node) => note(node.condition),
    ForStatement: (node) => node.conditionExpression && note(node.conditionExpression),
    Conditional: (node) => note(node.condition),
    BinaryOperation: (node) => LOGICAL.has(node.operator) && note(node),
    FunctionCall: (node) => CHECKS.has(node.expression.name) && note(node.arguments[0]),
  });
  return [...found.values()].sort((one, other) => one.start - other.start);
}

function leavesOf(node) {
  if (node.type === "BinaryOperation" && LOGICAL.has(node.operator)) {
    return [...leavesOf(node.left), ...leavesOf(node.right)];
  }
  if (node.type === "TupleExpression" && node.components.length === 1)
    return leavesOf(node.components[0]);
  if (node.type === "UnaryOperation" && node.operator === "!") return leavesOf(node.subExpression);
  return [node];
}
