// Mutants of a Solidity file, all in one text: each change stands beside what it changes, and the number that stands in
// `coinbase`, which no contract reads, says which of them is on. So everything is compiled once.
import { parse, visit } from "@solidity-parser/parser";
import { conditionsOf } from "./conditions.js";

export const LIBRARY = "Mutants.sol";
export const SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity >=0.8.0;
library Mutants {
    function _on(uint256 mutant) private view returns (bool is_) {
        assembly ("memory-safe") { is_ := eq(coinbase(), mutant) }
    }
    function _asPure(function(uint256) internal view returns (bool) viewed)
        private pure returns (function(uint256) internal pure returns (bool) made)
    {
        assembly ("memory-safe") { made := viewed }
    }
    function on(uint256 mutant) internal pure returns (bool) {
        return _asPure(_on)(mutant);
    }
}
`;

const SWAPS = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "==": "!=",
  "!=": "==",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "/",
  "&": "|",
  "|": "&",
  "<<": ">>",
  ">>": "<<",
};
const UPDATES = { "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=" };
const LOOPS = new Set(["ForStatement", "WhileStatement", "DoWhileStatement"]);
const LEFT_ALONE = new Set([
  "StateVariableDeclaration",
  "InlineAssemblyStatement",
  "ImportDirective",
  "NameValueList",
  "ElementaryTypeName",
  "ArrayTypeName",
  "ModifierInvocation",
]);

/**
 * @param {string} text The file.
 * @param {number} first The number of its first mutant.
 * @returns {{text: string, mutants: {line: number, was: string, is: string}[]}} In the order of their numbers.
 */
export function mutate(text, first) {
  const tree = parse(text, { range: true, loc: true });
  const pointers = new Set(); // have to be assigned
  visit(tree, {
    VariableDeclaration: ({ name, storageLocation }) =>
      storageLocation === "storage" && pointers.add(name),
  });
  const mutants = [];
  const conditions = new Map(conditionsOf(text).map(({ start, end }) => [start, end]));
  const plain = (node) => text.slice(node.range[0], node.range[1] + 1);
  const named = (node, is) => {
    mutants.push({ line: node.loc.start.line, was: plain(node), is });
    return first + mutants.length - 1;
  };

  /** The text of a node with what `edits` make of the nodes within it. */
  function render(node, context) {
    const parts = childrenOf(node)
      .map((child) => [child, write(child, { ...context, ...contextOf(node, child) })])
      .filter(([child, written]) => written !== plain(child))
      .sort(([one], [other]) => one.range[0] - other.range[0]);
    let [written, last] = ["", node.range[0]];
    for (const [child, inner] of parts) {
      written += text.slice(last, child.range[0]) + inner;
      last = child.range[1] + 1;
    }
    return written + text.slice(last, node.range[1] + 1);
  }

  function write(node, context) {
    if (LEFT_ALONE.has(node.type) || (isConstant(node) && node.type !== "NumberLiteral")) {
      return plain(node);
    }
    const alternatives = alternativesOf(node, context);
    const numbers = alternatives.map((is) => [named(node, is), is]);
    let written = render(node, context);
    if (node.type === "ExpressionStatement" || node.type === "EmitStatement") {
      for (const [number, is] of numbers) {
        // In braces, lest an `else` behind it becomes its own.
        written = is
          ? `{if (Mutants.on(${number})) {${is}} else {${written}}}`
          : `{if (!Mutants.on(${number})) {${written}}}`;
      }
      return written;
    }
    for (const [number, is] of numbers) written = `(Mutants.on(${number}) ? (${is}) : ${written})`;
    return written;
  }

  function alternativesOf(node, { isLoop, isUntyped, inConstructor }) {
    const found = [];
    const isCondition = conditions.get(node.range[0]) === node.range[1] + 1;
    if (isCondition) found.push(...(isLoop ? ["false"] : ["false", "true"]));
    // A condition that always holds and one that never does are caught by whatever catches its opposite.
    const isOpposed = isCondition && ["==", "!="].includes(node.operator);
    if (node.type === "BinaryOperation" && node.operator in SWAPS && !isOpposed) {
      found.push(`${plain(node.left)} ${SWAPS[node.operator]} ${plain(node.right)}`);
    }
    if (node.type === "NumberLiteral" && !isUntyped && /^[\d_]+$/.test(node.number)) {
      found.push(
        `${BigInt(node.number.replaceAll("_", "")) + 1n}${node.subdenomination ? ` ${node.subdenomination}` : ""}`,
      );
    }
    if (node.type === "EmitStatement") found.push("");
    if (node.type === "ExpressionStatement" && !inConstructor && !isCheck(node.expression)) {
      const { operator, left, right } = node.expression;
      if (!pointers.has(left?.name)) found.push("");
      if (operator in UPDATES) found.push(`${plain(left)} ${UPDATES[operator]} ${plain(right)};`);
    }
    return found;
  }

  const head = text.slice(0, tree.range[0]);
  return {
    text: `${head}${render(tree, {})}${text.slice(tree.range[1] + 1)}\nimport {Mutants} from "${LIBRARY}";\n`,
    mutants,
  };
}

function isCheck(expression) {
  if (expression.name === "_") return true;
  return (
    expression.type === "FunctionCall" &&
    ["require", "assert", "revert"].includes(expression.expression.name)
  );
}

/** What is known of a node by where it stands. */
function contextOf(node, child) {
  return {
    isLoop: LOOPS.has(node.type) && child !== node.body,
    isUntyped: isUntyped(node, child),
    ...(node.type === "FunctionDefinition" ? { inConstructor: node.isConstructor } : {}),
  };
}

/** Numbers alone, which are computed exactly and have a type only where they meet others. */
function isConstant(node) {
  if (node.type === "NumberLiteral") return true;
  if (node.type === "UnaryOperation") return isConstant(node.subExpression);
  if (node.type === "TupleExpression")
    return node.components.length === 1 && isConstant(node.components[0]);
  return node.type === "BinaryOperation" && isConstant(node.left) && isConstant(node.right);
}

/** Whether a literal takes its type from what is around it, so that no choice of two can stand in its place. */
function isUntyped(node, child) {
  if (node.type === "BinaryOperation" && ["<<", "**"].includes(node.operator)) {
    return child === node.left;
  }
  if (child.number !== "0") return false;
  const isCompared = node.type === "BinaryOperation" && ["==", "!="].includes(node.operator);
  return isCompared || node.type === "FunctionCall";
}

function childrenOf(node) {
  const children = [];
  for (const [name, value] of Object.entries(node)) {
    if (name === "loc" || name === "range" || name === "identifier" || name === "loopExpression")
      continue;
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child === "object" && child.type && child.range) children.push(child);
    }
  }
  return children;
}
