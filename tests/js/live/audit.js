// What a reader with other eyes or hands, or with a small window, would stumble over on an open page.
// tests/e2e/test_access.py runs this in it; it returns one line for each fault (WCAG 2.2's numbers).

() => {
  const faults = [];
  const say = (rule, element, what) => {
    const name = `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}`;
    const text = (element.textContent ?? "").replace(/\s+/g, " ").trim();
    faults.push(`${rule} ${name} "${text.slice(0, 40)}": ${what}`);
  };
  const isShown = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return element.checkVisibility() && width > 1 && height > 1;
  };

  // Colours as [red, green, blue, alpha], 0 to 1.
  const colour = (text) => {
    const parts = text.match(/-?[\d.]+(e-?\d+)?/g).map(Number);
    const scale = text.startsWith("color(") ? 1 : 255;
    return [...parts.slice(0, 3).map((part) => part / scale), parts[3] ?? 1];
  };
  const over = (above, below) => [
    ...[0, 1, 2].map((at) => above[at] * above[3] + below[at] * (1 - above[3])),
    1,
  ];
  const groundOf = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const layer = colour(getComputedStyle(each).backgroundColor);
      if (layer[3] > 0) layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((below, above) => over(above, below), [1, 1, 1, 1]);
  };
  const luminance = (of) => {
    const [red, green, blue] = of.map((part) =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };

  // 1.4.3: text and its ground.
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !isShown(element) || element.closest(":disabled, title"))
      continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ground = groundOf(element);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const found = contrast(over(colour(ink), ground), ground);
    if (found < (isLarge ? 3 : 4.5)) say("1.4.3", element, `contrast ${found.toFixed(2)}`);
  }
  for (const field of document.querySelectorAll("[placeholder]")) {
    const ground = groundOf(field);
    const ink = over(colour(getComputedStyle(field, "::placeholder").color), ground);
    const found = contrast(ink, ground);
    if (isShown(field) && found < 4.5) say("1.4.3", field, `placeholder ${found.toFixed(2)}`);
  }

  // 1.4.10: nothing has to be scrolled sideways, but what is meant to be.
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) {
    const wide = [...document.querySelectorAll("body *")].find(
      (each) => isShown(each) && each.getBoundingClientRect().right > clientWidth + 1,
    );
    say("1.4.10", wide ?? document.body, `${scrollWidth} px wide in ${clientWidth}`);
  }

  // 2.5.8: what is pressed is large enough, but for links within a sentence.
  for (const element of document.querySelectorAll("a[href], button, input, select, summary")) {
    if (!isShown(element) || getComputedStyle(element).display === "inline") continue;
    const target = element.type === "radio" ? element.closest("label") : element;
    const { width, height } = target.getBoundingClientRect();
    if (Math.min(width, height) < 24) say("2.5.8", element, `${width} by ${height} px`);
  }

  // 1.3.1, 2.4.6: headings in their order; 4.1.2: ids that are named are there, once.
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const now = Number(heading.tagName[1]);
    if (now > level + 1) say("1.3.1", heading, `follows a heading of level ${level}`);
    level = now;
  }
  const titles = document.querySelectorAll("h1").length;
  if (titles !== 1) say("2.4.6", document.body, `${titles} headings of the first level`);
  for (const element of document.querySelectorAll("[id]")) {
    const { length } = document.querySelectorAll(`[id="${CSS.escape(element.id)}"]`);
    if (length > 1) say("4.1.2", element, `${length} elements have this id`);
  }
  for (const name of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      if (!document.getElementById(element.getAttribute(name)))
        say("4.1.2", element, `${name} leads nowhere`);
    }
  }

  // 2.1.1, 2.4.3: the keyboard follows the order of reading, and reaches what scrolls.
  for (const element of document.querySelectorAll("[tabindex]")) {
    if (element.tabIndex > 0) say("2.4.3", element, `tabindex ${element.tabIndex}`);
  }
  for (const element of document.querySelectorAll("main *")) {
    const scrolls = /auto|scroll/.test(getComputedStyle(element).overflowX);
    const isFocusable = element.matches("[tabindex='0'], textarea, input, select");
    if (scrolls && element.scrollWidth > element.clientWidth + 1 && !isFocusable)
      say("2.1.1", element, "scrolls, and can not be reached by keyboard");
  }
  return faults;
};
