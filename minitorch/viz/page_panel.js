// The panel: what there is to know about a node, a group or the whole graph, as elements of the page.
//
// Every text is set as text, never as markup, so nothing a user named can become part of the page.

/** An element with a class, a text or properties, and children. */
function make(tag, look = "", ...children) {
  const element = document.createElement(tag);
  if (typeof look === "string") {
    if (look) element.className = look;
  } else Object.assign(element, look);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** A button that leads to a node or group of the graph. */
function linkTo(item, go) {
  const { name, type } = item.node ? { name: nodeName(item.node), type: "" } : groupName(item);
  return make("button", { className: "link", type: "button", onclick: () => go(item) }, [name, type].filter(Boolean).join(" "));
}

function listOf(items, go, extra = () => null) {
  return make("ul", "list", ...items.map((item, at) => make("li", "", linkTo(item, go), extra(item, at))));
}

/** Pairs of a term and its description; what is not known is left out. */
function factList(pairs) {
  const list = make("dl", "facts");
  for (const [term, value] of pairs) {
    if (value !== null && value !== undefined && value !== "") list.append(make("dt", "", term), make("dd", "", value));
  }
  return list;
}

/** A number in few digits; all of its digits on hovering over it. */
const shortly = (value, tag) => make(tag, { title: number(value, 17), className: "number" }, number(value));

/** Values as a list in brackets or a small table; at most sixteen numbers ever come. */
function valueTable(stats) {
  if (!stats || stats.values === null || stats.values === undefined) return null;
  const rows = rowsOf(stats.values);
  if (!rows.some((row) => row.length)) return null;
  if (rows.length === 1) {
    const parts = rows[0].flatMap((value, at) => [at ? ", " : "", shortly(value, "span")]);
    return make("p", "values code", ...(Array.isArray(stats.values) ? ["[", ...parts, "]"] : parts));
  }
  const body = rows.map((row) => make("tr", "", ...row.map((value) => shortly(value, "td"))));
  return make("div", "values", make("table", "", make("tbody", "", ...body)));
}

/** Statistics in one line of words. */
function statLine(stats) {
  if (!stats) return make("p", "note", "not known");
  if (single(stats) !== null) return null; // the number itself says all of it
  const words = ["norm", "mean", "max"].flatMap((key) => [`${key} `, shortly(stats[key], "span"), "  ·  "]).slice(0, -1);
  if (stats.zeros) words.push(`  ·  ${number(100 * stats.zeros, 3)} % zeros`);
  if (stats.nan) words.push(`  ·  ${whole(stats.nan)} NaN`);
  if (stats.inf) words.push(`  ·  ${whole(stats.inf)} ∞`);
  return make("p", "stats", ...words);
}

function statBlock(title, stats, name) {
  if (!stats) return null;
  return make("div", name, make("h3", "", title), statLine(stats), valueTable(stats));
}

/** The rules of a node as lines of code: "x: g * y". */
function ruleBlock(node) {
  if (!node.rules?.length) return null;
  const lines = node.rules.map(([operand, text]) => make("code", "code", `${operand}: ${text}`));
  return make("div", "rules", make("h3", "", node.rules.length > 1 ? "Derivative rules" : "Derivative rule"), ...lines);
}

/** Where an item stands: the modules around it, outermost first, as links. */
function pathOfItem(item, go) {
  const around = [];
  for (let group = item.parent; group; group = group.parent) if (group.module) around.unshift(group);
  if (!around.length) return null;
  const line = make("p", "path", "in ");
  around.forEach((group, at) => line.append(at ? " › " : "", linkTo(group, go)));
  return line;
}

function nodePanel(item, tree, go) {
  const { node } = item;
  const parents = [...new Set(node.parents.filter((parent) => parent !== null))].map((parent) => tree.nodes[parent]);
  const outside = node.parents.filter((parent) => parent === null).length;
  const part = [make("h2", { tabIndex: -1 }, titleOf(node)), pathOfItem(item, go)];
  if (node.error) part.push(make("p", "error", node.error));
  else if (node.kind === "failed") part.push(make("p", "error", "This operation failed."));
  if (node.first_bad) part.push(make("p", "error", "The first node of the forward pass whose value is not finite."));
  const params = (node.params ?? []).map(([key, value]) => `${key}=${value}`).join(", ");
  part.push(factList([
    ["id", `#${node.id}`], ["kind", [KINDS[node.kind] ?? node.kind, node.family].filter(Boolean).join(", ")], ["op", node.op],
    ["shape", node.shape && shape(node.shape)], ["dtype", node.dtype], ["device", node.device], ["params", params],
    ["bytes", byteSize(node.bytes)], ["saved", node.saved ? `${byteSize(node.saved)} held for backward` : null],
    ["time", node.time === null || node.time === undefined ? null : duration(node.time)],
    ["source", node.source],
  ]));
  if (node.line) part.push(make("code", "code", node.line));
  part.push(statBlock("Value", node.value, "value"), statBlock("Gradient", node.gradient, "gradient"), ruleBlock(node));
  if (parents.length || outside) {
    part.push(make("h3", "", "Reads"), listOf(parents, go));
    if (outside) part.push(make("p", "note", `${plural(outside, "operand")} outside the tape`));
  }
  if (item.consumers.length) part.push(make("h3", "", "Read by"), listOf(item.consumers.slice(0, 40), go));
  if (item.consumers.length > 40) part.push(make("p", "note", `and ${whole(item.consumers.length - 40)} more`));
  return part.filter(Boolean);
}

function groupPanel(item, go, toggle) {
  const { module } = item;
  const part = [make("h2", { tabIndex: -1 }, module ? [module.path, module.class].filter(Boolean).join("  ") : groupName(item).name), pathOfItem(item, go)];
  part.push(factList([
    ["detail", module?.detail], ["inputs", module?.inputs?.join(", ")], ["outputs", module?.outputs?.join(", ")],
    ["parameters", module?.parameters ? whole(module.parameters) : null],
    ["call", module ? callOf(module) : null],
    ["ops", whole(item.ops)], ["nodes", whole(item.count)], ["bytes", byteSize(item.bytes)], ["saved", byteSize(item.saved)],
    ["time", item.time === null ? null : duration(item.time)],
  ]));
  part.push(make("p", { style: "margin-top:12px" }, make("button", { type: "button", className: "toggle", onclick: () => toggle(item) }, item.open ? "Close this group" : "Open this group")));
  part.push(make("h3", "", "Inside"), listOf(item.items.slice(0, 40), go));
  if (item.items.length > 40) part.push(make("p", "note", `and ${whole(item.items.length - 40)} more`));
  return part.filter(Boolean);
}

const KEYS = [
  ["← →", "step back and forth"], ["Home End", "first and last step"], ["Space", "play or pause"], ["↑ ↓", "along the edges"], ["PgUp PgDn", "previous and next box"],
  ["Enter", "open or close a group, read a node"], ["+ − 0", "zoom, fit"], ["Shift ← → ↑ ↓", "move the picture"],
  ["/", "search"], ["B F", "backward or forward pass"], ["Esc", "close"],
];

function overviewPanel(doc, tree) {
  const parameters = doc.nodes.filter((node) => node.kind === "parameter");
  const elements = parameters.reduce((sum, node) => sum + (node.shape ?? []).reduce((size, dim) => size * dim, 1), 0);
  const { root } = tree;
  const part = [make("h2", { tabIndex: -1 }, doc.caption || "Computation graph")];
  part.push(factList([
    ["nodes", whole(root.count)], ["ops", whole(root.ops)], ["modules", doc.modules.length ? whole(doc.modules.length) : null],
    ["parameters", parameters.length ? `${whole(elements)} in ${plural(parameters.length, "tensor")}` : null],
    ["results", byteSize(root.bytes)], ["saved", `${byteSize(root.saved)} held for backward`],
    ["time", root.time === null ? null : duration(root.time)],
    ["backward", doc.backward.length ? plural(doc.backward.length, "step") : "not recorded"],
  ]));
  if (!doc.nodes.length) part.push(make("p", "note", "There is nothing in this graph."));
  part.push(make("h3", "", "Keys"), make("dl", "facts keys"));
  for (const [keys, words] of KEYS) {
    const caps = keys.split(" ").map((key) => make("kbd", "", key));
    part.at(-1).append(make("dt", "", ...caps.flatMap((cap) => [cap, " "])), make("dd", "", words));
  }
  return part;
}
