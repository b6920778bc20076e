// Where everything stands: each open group is laid out in layers by itself, from the innermost outwards.
//
// An edge is cut where it crosses the border of a group, into pieces that run inside one group each; where it crosses
// is a port of that group. So every group is a small layered drawing whose members are boxes of a known size, and no
// line runs over a box: between layers lines bend, through a layer they fall straight down a lane of their own. All
// lines that leave one box share their lanes, so fan-out reads as a trunk with branches.

const ROW_GAP = 30;
const COLUMN_GAP = 18;
const LANE = 12; // width of the lane of a line that passes through a layer
const PADDING = 14;
const HEADER = 28; // height of the name of an open group

/** { width, height, boxes, groups, edges, trail }: what to draw; trail(parent, child) are the keys of its pieces. */
function layout(tree, sizeOf) {
  const shown = new Map(); // node id -> the box that stands for it
  const open = []; // open groups, outermost first
  const boxes = [];
  (function visit(group) {
    group.nets = new Map();
    open.push(group);
    for (const item of group.items) {
      if (item.kind === "group" && item.open) visit(item);
      else {
        boxes.push(item);
        markShown(item, item, shown);
      }
    }
  })(tree.root);
  const joined = new Set();
  for (const item of tree.nodes) {
    for (const parent of item.node.parents) {
      if (parent === null) continue;
      const [from, to] = [shown.get(parent), shown.get(item.node.id)];
      if (from === to) continue;
      const key = `${from.id}>${to.id}`;
      if (to.kind === "group" && joined.has(key)) continue;
      joined.add(key);
      for (const [group, target] of piecesOf(from, to)) join(group, from, target);
    }
  }
  const placed = new Map();
  for (const item of boxes) placed.set(item, { item, ...sizeOf(item) });
  for (const group of open.slice().reverse()) placed.set(group, layered(group, placed, sizeOf));
  const edges = [];
  (function place(group, x, y) {
    const at = placed.get(group);
    Object.assign(at, { x, y });
    for (const piece of at.pieces) edges.push({ key: piece.key, d: pathOf(piece, x, y) });
    for (const item of group.items) {
      const inner = placed.get(item);
      const [left, top] = [x + inner.dx, y + inner.dy];
      if (item.kind === "group" && item.open) place(item, left, top);
      else Object.assign(inner, { x: left, y: top });
    }
  })(tree.root, 0, 0);
  const trail = (parent, child) => {
    const [from, to] = [shown.get(parent), shown.get(child)];
    return from === to ? [] : piecesOf(from, to).map(([group, target]) => pieceKey(group, from, target));
  };
  return {
    width: placed.get(tree.root).w, height: placed.get(tree.root).h,
    boxes: boxes.map((item) => placed.get(item)), groups: open.slice(1).map((group) => placed.get(group)), edges, trail,
  };
}

function markShown(item, box, shown) {
  if (item.node) shown.set(item.node.id, box);
  else for (const inner of item.items) markShown(inner, box, shown);
}

/** The pieces of an edge: [group, what the piece leads to], where "out" is a port at the bottom of the group. */
function piecesOf(from, to) {
  const pieces = [];
  const inwards = [];
  let [source, target] = [from, to];
  while (source.parent !== target.parent) {
    if (source.parent.depth >= target.parent.depth) {
      pieces.push([source.parent, "out"]);
      source = source.parent;
    } else {
      inwards.push([target.parent, target]);
      target = target.parent;
    }
  }
  return [...pieces, [source.parent, target], ...inwards.reverse()];
}

const pieceKey = (group, net, target) => `${group.id}|${net.id}|${target === "out" ? "out" : target.id}`;

/** Notes in a group that a line from the box `net` leads to `target`; `times` counts the operands it feeds. */
function join(group, net, target) {
  if (!group.nets.has(net)) group.nets.set(net, new Map());
  const targets = group.nets.get(net);
  targets.set(target, (targets.get(target) ?? 0) + 1);
}

/** One group in layers: its size, its members' places (dx, dy), its ports and the pieces of the lines inside. */
function layered(group, placed, sizeOf) {
  const { rows, links } = rank(group, placed);
  order(rows);
  const bounds = straighten(rows);
  const header = group.id === "root" ? 0 : HEADER;
  const name = header ? sizeOf(group).w : 0;
  const w = Math.max(bounds.right - bounds.left + 2 * PADDING, name + LANE * (rows[0].length + 1));
  const shift = (w - (bounds.right - bounds.left)) / 2 - bounds.left;
  for (const row of rows) for (const cell of row) cell.x += shift;
  besideName(rows[0], name, w);
  let y = header;
  rows.forEach((row, number) => {
    const height = row.reduce((most, cell) => Math.max(most, cell.h), 0);
    if (number) y += gapAbove(rows, number);
    for (const cell of row) Object.assign(cell, { top: y, bottom: y + height, y: y + (height - cell.h) / 2 });
    y += height;
  });
  const at = { item: group, w, h: y, inlets: new Map(), outlets: new Map() };
  for (const cell of rows[0]) at.inlets.set(cell.net, cell.x - w / 2);
  for (const cell of rows.at(-1)) at.outlets.set(cell.net, cell.x - w / 2);
  for (const row of rows) {
    for (const cell of row) if (cell.item) Object.assign(placed.get(cell.item), { dx: cell.x - cell.w / 2, dy: cell.y });
    attach(row);
  }
  at.pieces = links.map((link) => route(group, link, y));
  return at;
}

/** Moves the ports at the top of a group to the right of its name, so that no line runs through the name. */
function besideName(ports, name, width) {
  const furthest = width - LANE / 2;
  const wanted = ports.map((cell) => Math.min(furthest, Math.max(name, cell.x)));
  const places = pool(wanted, ports.map(() => 1), ports.map(() => LANE));
  const before = ports.length ? Math.max(0, name - places[0]) : 0;
  const beyond = ports.length ? Math.max(0, places.at(-1) + before - furthest) : 0;
  ports.forEach((cell, at) => (cell.x = Math.max(places[at] + before - beyond, name + LANE * at)));
}

/** Room above a layer: more where lines have far to go sideways, little at the borders of a group. */
function gapAbove(rows, number) {
  const border = number === 1 || number === rows.length - 1;
  if (border && !rows[number === 1 ? 0 : number].length) return PADDING;
  let widest = 0;
  for (const cell of rows[number]) {
    for (const link of cell.above) widest = Math.max(widest, Math.abs(link.from.x + link.fromX - cell.x - link.toX));
  }
  return (border ? 20 : ROW_GAP) + Math.min(40, widest / 12);
}

/** Puts the members into layers below everything they read, and lanes into the layers that a line passes through. */
function rank(group, placed) {
  const cells = new Map();
  group.items.forEach((item, index) => {
    const at = placed.get(item);
    cells.set(item, { item, index, w: at.w, h: at.h, above: [], below: [], row: 1, fed: false, weight: item.node && !item.node.parents.length ? 0.1 : 1 });
  });
  const holder = (net) => {
    let item = net;
    while (item && item.parent !== group) item = item.parent;
    return item;
  };
  // Lines against the order of the program (only in a tape nobody ran) are drawn as if they led the other way.
  const nets = [];
  for (const [net, targets] of group.nets) {
    const source = cells.get(holder(net)) ?? "in";
    const forward = [];
    for (const [target, times] of targets) {
      const to = target === "out" ? "out" : cells.get(target);
      if (source !== "in" && to !== "out" && to.index < source.index) nets.push({ net, source: to, targets: [[source, 1, target]], back: true });
      else forward.push([to, times, target]);
    }
    if (forward.length) nets.push({ net, source, targets: forward, back: false });
  }
  const feeds = new Map();
  for (const { source, targets } of nets) {
    if (source !== "in") feeds.set(source, [...(feeds.get(source) ?? []), ...targets]);
    else for (const [target] of targets.filter(([to]) => to !== "out")) target.fed = true;
  }
  for (const cell of cells.values()) {
    for (const [target] of feeds.get(cell) ?? []) {
      if (target === "out") continue;
      target.row = Math.max(target.row, cell.row + 1);
      target.fed = true;
    }
  }
  const last = Math.max(1, ...[...cells.values()].map((cell) => cell.row));
  for (const cell of cells.values()) {
    if (cell.fed || !feeds.has(cell)) continue; // a member that reads nothing stands just above its first reader
    cell.row = Math.min(last + 1, ...feeds.get(cell).map(([target]) => (target === "out" ? last + 1 : target.row))) - 1;
  }
  const rows = Array.from({ length: last + 2 }, () => []);
  for (const cell of cells.values()) rows[cell.row].push(cell);
  const links = [];
  for (const line of nets) {
    const make = (row, kind) => {
      const cell = { item: null, net: line.net, kind, w: LANE, h: 0, above: [], below: [], row, weight: 2 };
      rows[row].push(cell);
      return cell;
    };
    const chain = [line.source === "in" ? make(0, "in") : line.source];
    for (const [to, times, target] of line.targets.sort((a, b) => rowOf(a[0], last) - rowOf(b[0], last))) {
      const end = to === "out" ? make(last + 1, "out") : to;
      while (chain[0].row + chain.length < end.row) {
        const lane = make(chain[0].row + chain.length, "lane");
        connect(chain.at(-1), lane, line.net, placed);
        chain.push(lane);
      }
      const way = chain.slice(0, end.row - chain[0].row);
      for (let time = 0; time < (target.node ? times : 1); time++) {
        links.push({ line, target, way, last: connect(way.at(-1), end, line.net, placed), end });
      }
    }
  }
  return { rows, links };
}

const rowOf = (cell, last) => (cell === "out" ? last + 1 : cell.row);

/** Joins two cells of neighbouring layers; where one is an open group the line meets its port. */
function connect(from, to, net, placed) {
  const port = (cell, side) => (cell.item ? placed.get(cell.item)[side]?.get(net) ?? 0 : 0);
  const link = { from, to, fromX: port(from, "outlets"), toX: port(to, "inlets") };
  link.weight = from.item && to.item ? Math.min(from.weight, to.weight) : from.item || to.item ? 0.4 * Math.min(1, from.weight, to.weight) : 8;
  from.below.push(link);
  to.above.push(link);
  return link;
}
