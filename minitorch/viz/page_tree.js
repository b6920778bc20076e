// The document as a tree of groups: modules hold nodes and modules, and what is too long to read is cut into runs.
//
// An item is a node or a group. Items of a group are kept in the order the program ran them, and a leaf stands just
// before its first consumer. A closed group stands in the picture as one box for all that is in it.

const MOST_IN_A_GROUP = 240; // more direct members than this are cut into runs
const MOST_LINES = 2000; // and so are more lines than this between them
const RUN = 80; // members of a run
const NORMS = [1e-6, 1e-3, 0.1, 10, 1e3, Infinity]; // a gradient below the first vanishes, one above the last but one explodes

/** Builds the tree: { root, nodes, modules, groups, depth }, where nodes[id] and modules[id] are items. */
function buildTree(doc) {
  const root = newGroup("root", null, null);
  const modules = doc.modules.map((module) => newGroup(`m${module.id}`, module, null));
  for (const group of modules) {
    group.parent = group.module.parent === null ? root : modules[group.module.parent];
    group.parent.items.push(group);
  }
  const nodes = doc.nodes.map(newNode);
  for (const item of nodes) {
    for (const parent of new Set(item.node.parents)) if (parent !== null) nodes[parent].consumers.push(item);
  }
  for (const item of nodes) {
    item.parent = home(item, modules, root);
    item.parent.items.push(item);
  }
  for (const group of [root, ...modules].reverse()) { // children first: a parent comes before them
    group.items = group.items.filter((item) => item.count);
    placeLeaves(group);
    summarise(group);
    cutIntoRuns(group);
  }
  const groups = [root];
  for (const group of groups) { // grows while it is read
    for (const item of group.items) {
      item.parent = group;
      item.depth = group.depth + 1;
      if (item.kind === "group") groups.push(item);
    }
  }
  return { root, nodes, modules, groups, depth: groups.at(-1).depth };
}

function newGroup(id, module, run) {
  return { id, kind: "group", module, run, parent: null, items: [], depth: 0, open: id === "root" };
}

function newNode(node) {
  return {
    id: `n${node.id}`, kind: "node", node, parent: null, consumers: [], depth: 0, order: node.id,
    count: 1, ops: Number(!isLeaf(node)), bytes: node.bytes ?? 0, saved: node.saved ?? 0, time: node.time ?? null,
    gradient: gradientStep(node.gradient), bad: Boolean(node.first_bad), failed: node.kind === "failed",
  };
}

function isLeaf(node) {
  return node.kind !== "op" && node.kind !== "failed";
}

/** The group an item belongs to: its module; a leaf moves to the innermost group that holds all its consumers. */
function home(item, modules, root) {
  const groupOf = (node) => (node.module === null ? root : modules[node.module]);
  const given = groupOf(item.node);
  if (!isLeaf(item.node) || !item.consumers.length) return given;
  const moves = ["parameter", "buffer"].includes(item.node.kind) || (item.node.kind === "constant" && !item.node.name);
  const users = item.consumers.map((consumer) => groupOf(consumer.node));
  return (moves ? users : [given, ...users]).reduce(commonGroup);
}

function commonGroup(first, second) {
  const above = new Set();
  for (let group = first; group; group = group.parent) above.add(group);
  let group = second;
  while (!above.has(group)) group = group.parent;
  return group;
}

/** Gives every leaf of a group its place: just before the first member that reads it, or reads it somewhere inside. */
function placeLeaves(group) {
  for (const item of group.items) {
    if (!item.node || !isLeaf(item.node) || !item.consumers.length) continue;
    item.order = Infinity;
    for (let reader of item.consumers) {
      while (reader.parent !== group) reader = reader.parent;
      item.order = Math.min(item.order, reader.order - 0.5);
    }
  }
}

/** Sorts a group's items by the order of the program and sums over them; its own order is that of its first op. */
function summarise(group) {
  group.items.sort((a, b) => a.order - b.order || (a.node?.id ?? 0) - (b.node?.id ?? 0));
  Object.assign(group, { count: 0, ops: 0, bytes: 0, saved: 0, time: null, gradient: 0, bad: false, failed: false });
  for (const item of group.items) {
    for (const key of ["count", "ops", "bytes", "saved"]) group[key] += item[key];
    if (item.time !== null) group.time = (group.time ?? 0) + item.time;
    group.gradient = Math.max(group.gradient, item.gradient);
    group.bad ||= item.bad;
    group.failed ||= item.failed;
  }
  group.order = (group.items.find((item) => item.ops) ?? group.items[0])?.order ?? 0;
}

/** Puts the members of a long group into runs of consecutive members, and those into runs again where needed. */
function cutIntoRuns(group) {
  let serial = 0;
  const crowded = group.items.length > RUN && group.items.reduce((sum, item) => sum + (item.node?.parents.length ?? 0), 0) > MOST_LINES;
  while (group.items.length > (crowded ? RUN : MOST_IN_A_GROUP)) {
    const runs = [];
    for (let start = 0; start < group.items.length; start += RUN) {
      const members = group.items.slice(start, start + RUN);
      const run = newGroup(`${group.id}r${serial++}`, null, { first: edgeId(members[0], 0), last: edgeId(members.at(-1), -1) });
      run.items = members;
      summarise(run);
      runs.push(run);
    }
    group.items = runs;
  }
}

/** The id of the first (side 0) or last (side -1) node in an item, to name a run by. */
function edgeId(item, side) {
  while (item.kind === "group") item = item.items.at(side);
  return item.node.id;
}

/** How a gradient is: 0 not known, 1 zero, 2 to 7 by the size of its norm (NORMS), 8 not a number or infinite. */
function gradientStep(stats) {
  if (!stats) return 0;
  const norm = Number(stats.norm);
  if (stats.nan || stats.inf || !Number.isFinite(norm)) return 8;
  return norm === 0 ? 1 : 2 + NORMS.findIndex((limit) => norm < limit);
}

/** Opens the groups down to a depth (0: none) and closes those below it. */
function openTo(tree, depth) {
  for (const group of tree.groups) group.open = group.depth <= depth;
}

/** How many boxes the picture has when it is open to a depth. */
function boxesAt(tree, depth) {
  let boxes = 0;
  for (const group of tree.groups) {
    if (group.depth <= depth) boxes += group.items.filter((item) => item.node || item.depth > depth).length;
  }
  return boxes;
}

/** Opens every group around an item. Says whether any was closed. */
function reveal(item) {
  let changed = false;
  for (let group = item.parent; group; group = group.parent) {
    changed ||= !group.open;
    group.open = true;
  }
  return changed;
}

/** The box that stands for an item: itself, or the outermost closed group around it. */
function boxOf(item) {
  let box = item;
  for (let group = item.parent; group; group = group.parent) if (!group.open) box = group;
  return box;
}

/** What a group is called, in the group around it: its path below that group's, its class; a run by its ids. */
function groupName(group) {
  if (group.id === "root") return { name: "", type: "" };
  if (group.run) return { name: `#${group.run.first} … #${group.run.last}`, type: "" };
  let above = group.parent;
  while (above && !above.module) above = above.parent;
  const path = group.module.path;
  const prefix = above?.module.path ? `${above.module.path}.` : "";
  const name = prefix && path.startsWith(prefix) ? path.slice(prefix.length) : path;
  return { name, type: group.module.class };
}
