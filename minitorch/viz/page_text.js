// Words and numbers: how a number, a size, a shape, a node and a group are written, in boxes and in the panel.

const KINDS = { op: "operation", leaf: "leaf", parameter: "parameter", buffer: "buffer", input: "input", constant: "constant", failed: "failed" };

/** A number in at most `digits` digits; the strings "nan", "inf" and "-inf" stand for what JSON cannot hold. */
function number(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return { nan: "NaN", inf: "∞", "-inf": "−∞" }[value] ?? value;
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  const short = digits < 5 && Math.abs(value) < 1e-3 ? value.toExponential(digits - 1) : value.toPrecision(digits);
  const [mantissa, exponent] = short.split("e");
  const trimmed = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return exponent ? `${trimmed}e${exponent.replace("+", "")}` : trimmed;
}

const whole = (value) => value.toLocaleString("en");
const plural = (count, noun) => `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;
const shape = (dims) => `[${dims.join(", ")}]`;

function byteSize(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) [bytes, unit] = [bytes / 1024, unit + 1];
  return `${number(bytes, unit ? 3 : 4)} ${units[unit]}`;
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const [factor, unit] = seconds >= 1 ? [1, "s"] : seconds >= 1e-3 ? [1e3, "ms"] : [1e6, "µs"];
  return `${number(seconds * factor, 3)} ${unit}`;
}

/** The single number of a scalar's statistics, or null. */
function single(stats) {
  let values = stats?.values;
  while (Array.isArray(values) && values.length === 1) values = values[0];
  return values === undefined || Array.isArray(values) ? null : values;
}

/** A node's title with its operator sign, unless the title has it already. */
function titleOf(node) {
  const sign = node.symbol && !node.title.includes(node.symbol) ? ` ${node.symbol}` : "";
  return `${node.title || node.op || node.kind}${sign}`;
}

/** How a node is named in a sentence or a link: "#3 h = add". */
const nodeName = (node) => `#${node.id} ${titleOf(node)}`;

/** Shape and dtype of a node; for a number on the tape of Values, the number and its gradient. */
function factsOf(node, kind) {
  if (kind === "value" && single(node.value) !== null) {
    const gradient = single(node.gradient);
    return `${number(single(node.value))}${gradient === null ? "" : `  ·  grad ${number(gradient)}`}`;
  }
  return [node.shape && shape(node.shape), node.dtype].filter(Boolean).join(" ");
}

/** The lines in the box of an item: { text, role }, where the role is "title", "fact" or "alarm". */
function linesOf(item, kind) {
  const lines = [];
  const add = (text, role) => text && lines.push({ text, role });
  if (item.node) {
    add(withoutPath(titleOf(item.node), item), "title");
    add(factsOf(item.node, kind), "fact");
    if (item.failed) add("failed", "alarm");
    if (item.bad) add("first NaN or ∞", "alarm");
    return lines;
  }
  const { name, type } = groupName(item);
  add([name, type].filter(Boolean).join("  "), "title");
  if (item.open) return lines;
  if (item.module) {
    const [inputs, outputs] = [item.module.inputs, item.module.outputs].map(shapesOf);
    if (inputs || outputs) add(`${inputs || "·"} → ${outputs || "·"}`, "fact");
    const parameters = item.module.parameters ? plural(item.module.parameters, "parameter") : "";
    add([parameters, plural(item.ops, "op"), callOf(item.module)].filter(Boolean).join(" · "), "fact");
  } else add(plural(item.count, "node"), "fact");
  if (item.failed) add("failed inside", "alarm");
  if (item.bad) add("first NaN or ∞ inside", "alarm");
  return lines;
}

/** A parameter's title in the box of its own module: "weight" for "layers.0.weight". */
function withoutPath(title, item) {
  let group = item.parent;
  while (group && !group.module) group = group.parent;
  const prefix = group?.module.path ? `${group.module.path}.` : "";
  return prefix && title.startsWith(prefix) && title.length > prefix.length ? title.slice(prefix.length) : title;
}

/** Which call of its module this is, where there are several, and how many equal ones it stands for. */
function callOf(module) {
  const call = module.call ? `call ${module.call + 1}` : "";
  return [call, module.times > 1 ? `× ${module.times}` : ""].filter(Boolean).join(" ");
}

/** ["[2, 3] float32", "[2, 3] float32", "[4] int64"] without dtypes, equal neighbours together: "2 × [2, 3], [4]". */
function shapesOf(list) {
  const runs = [];
  for (const text of list ?? []) {
    const bare = /^\[[^\]]*\]/.exec(text)?.[0] ?? text;
    if (runs.at(-1)?.bare === bare) runs.at(-1).times += 1;
    else runs.push({ bare, times: 1 });
  }
  return runs.map(({ bare, times }) => (times > 1 ? `${times} × ${bare}` : bare)).join(", ");
}

/** A nested list of numbers as rows of a table; deeper lists follow one another. */
function rowsOf(values) {
  if (!Array.isArray(values)) return [[values]];
  if (!values.some(Array.isArray)) return [values];
  return values.flatMap(rowsOf);
}

/** What a search looks through, in lower case and with shapes written without blanks. */
function searchText(item, tree) {
  const { node } = item;
  const words = [`#${node.id}`, node.title, node.name, node.op, node.kind, node.family, node.dtype, node.symbol, node.source];
  words.push(shape(node.shape ?? []).replaceAll(" ", ""), ...(node.params ?? []).map(([key, value]) => `${key}=${value}`));
  for (let id = node.module; id !== null && id !== undefined; id = tree.modules[id].module.parent) {
    words.push(tree.modules[id].module.path, tree.modules[id].module.class);
  }
  return words.filter(Boolean).join("\n").toLowerCase();
}

/** The words of a query: blank-separated, but a [shape] and a "quoted text" are one word. */
function searchWords(query) {
  const words = query.toLowerCase().match(/"[^"]*"|\[[^\]]*\]?|[^\s[]+/g) ?? [];
  return words.map((word) => (word.startsWith("[") ? word.replaceAll(" ", "") : word.replaceAll('"', ""))).filter(Boolean);
}
