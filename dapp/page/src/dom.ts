// Elements from values. Texts become text nodes, so nothing that a chain or a card says is ever markup.

export type Child = Node | string | number | null | undefined | false | readonly Child[];

interface Props {
  [name: string]: string | number | boolean | null | undefined | EventListener;
}

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; `onclick` and the like are listeners, `true` is an attribute without a value. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), props, children);
}

/** An SVG element. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/** Replace what an element holds. */
export function show(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...flat(children));
}

/** Terms and what they are; those that are not known are left out. */
export function facts(rows: readonly (readonly [string, Child])[]): HTMLElement {
  const known = rows.filter(([, what]) => ![null, undefined, false, ""].includes(what as null));
  return h(
    "dl",
    { class: "facts" },
    known.map(([name, what]) => h("div", {}, h("dt", {}, name), h("dd", {}, what))),
  );
}

/** A part of a page with its heading. */
export function section(title: string, ...children: Child[]): HTMLElement {
  const id = `s-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return h("section", { "aria-labelledby": id, class: "card" }, h("h2", { id }, title), children);
}

function fill<E extends Element>(element: E, props: Props, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...flat(children));
  return element;
}

function flat(children: readonly Child[]): (Node | string)[] {
  return children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    if (Array.isArray(child)) return flat(child as readonly Child[]);
    return [child instanceof Node ? child : String(child)];
  });
}
