// The inside of one layered drawing: the order within layers, the columns, and the lines.
//
// Order: every cell moves to the mean of its neighbours, downwards and upwards, and the order with the fewest crossings
// is kept. Columns: a layer takes the places nearest to where its neighbours are (least squares, by pooling), so that
// what can be straight is straight.

const SWEEPS = 8;

/** Sorts the cells of every layer so that few lines cross. */
function order(rows) {
  const number = () => rows.forEach((row) => row.forEach((cell, at) => (cell.at = at)));
  number();
  let best = rows.map((row) => row.slice());
  let fewest = crossings(rows);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : rows.slice().reverse()) {
      for (const cell of row) {
        const links = down ? cell.above : cell.below;
        const place = (link) => (down ? link.from.at + link.fromX / 1e6 : link.to.at + link.toX / 1e6);
        cell.mean = links.length ? links.reduce((sum, link) => sum + place(link), 0) / links.length : cell.at;
      }
      row.sort((a, b) => a.mean - b.mean || a.at - b.at);
      row.forEach((cell, at) => (cell.at = at));
    }
    const crossed = crossings(rows);
    if (crossed < fewest) [fewest, best] = [crossed, rows.map((row) => row.slice())];
  }
  rows.forEach((row, at) => row.splice(0, row.length, ...best[at]));
  number();
}

/** How many pairs of lines between neighbouring layers cross, counted with a tree of sums. */
function crossings(rows) {
  let count = 0;
  for (const row of rows.slice(1)) {
    const ends = [];
    for (const cell of row) for (const link of cell.above) ends.push([link.from.at + link.fromX / 1e6, cell.at + link.toX / 1e6]);
    ends.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const places = [...new Set(ends.map((end) => end[1]))].sort((a, b) => a - b);
    const index = new Map(places.map((place, at) => [place, at + 1]));
    const sums = new Array(places.length + 1).fill(0);
    ends.forEach((end, seen) => {
      let before = 0;
      for (let at = index.get(end[1]); at > 0; at -= at & -at) before += sums[at];
      count += seen - before;
      for (let at = index.get(end[1]); at < sums.length; at += at & -at) sums[at]++;
    });
  }
  return count;
}

const isOpen = (cell) => cell.item?.kind === "group" && cell.item.open;

/** Gives every cell its centre `x`; returns the left and right border of all. */
function straighten(rows) {
  for (const row of rows) {
    let x = 0;
    row.forEach((cell, at) => {
      if (at) x += apart(row[at - 1], cell);
      cell.x = x;
    });
    for (const cell of row) cell.x -= x / 2;
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : rows.slice().reverse()) settle(row, down ? "above" : "below");
  }
  finish(rows);
  let [left, right] = [Infinity, -Infinity];
  for (const row of rows) {
    for (const cell of row) {
      left = Math.min(left, cell.x - cell.w / 2);
      right = Math.max(right, cell.x + cell.w / 2);
    }
  }
  return left < right ? { left, right } : { left: 0, right: 0 };
}

/** The smallest distance between the centres of two neighbours. */
function apart(left, right) {
  return (left.w + right.w) / 2 + (left.item || right.item ? COLUMN_GAP : 0);
}

/** Moves the cells of a layer as near as their order and widths allow to where the lines on one side lead. */
function settle(row, side) {
  const wanted = [];
  const weights = [];
  for (const cell of row) {
    let [sum, weight] = [0, 0];
    const pull = (link, place) => {
      sum += link.weight * place;
      weight += link.weight;
    };
    if (side !== "below") for (const link of cell.above) pull(link, link.from.x + link.fromX - link.toX);
    if (side !== "above") for (const link of cell.below) pull(link, link.to.x + link.toX - link.fromX);
    wanted.push(weight ? sum / weight : cell.x);
    weights.push(weight ? cell.weight * Math.min(weight, 8) : 0.05);
  }
  const gaps = row.map((cell, at) => (at ? apart(row[at - 1], cell) : 0));
  pool(wanted, weights, gaps).forEach((x, at) => (row[at].x = x));
}

/** The last touch: one bend is calmer than many small ones, so a cell stands exactly below the cell that matters most. */
function finish(rows) {
  const firm = (cell) => (cell.item ? 1000 * cell.weight : 1); // a lane gives way
  const place = (row, wish) => {
    const wishes = row.map((cell) => wish(cell) ?? [cell.x, 1000]);
    const gaps = row.map((cell, at) => (at ? apart(row[at - 1], cell) : 0));
    pool(wishes.map((pair) => pair[0]), wishes.map((pair) => pair[1]), gaps).forEach((x, at) => (row[at].x = x));
  };
  const mean = (links, spot) => {
    const weight = (link) => (link.from.item || link.to.item ? link.weight : 0.01); // boxes first, lanes as they can
    const most = Math.max(...links.map(weight));
    const heavy = links.filter((link) => weight(link) === most);
    return heavy.reduce((sum, link) => sum + spot(link), 0) / heavy.length;
  };
  const fromAbove = (link) => link.from.x + link.fromX - link.toX;
  const fromBelow = (link) => link.to.x + link.toX - link.fromX;
  // Open groups that stand alone in their layers are stacked, or each would stand a little beside the one above it.
  const alone = rows.map((row) => row.filter((cell) => cell.item && cell.weight === 1)).filter((items) => items.length === 1 && isOpen(items[0]));
  const widest = Math.max(...alone.map(([cell]) => cell.w));
  const stacked = new Set(alone.map(([cell]) => cell));
  let spine = null;
  for (const row of rows) {
    place(row, (cell) => {
      const x = cell.above.length ? mean(cell.above, fromAbove) : cell.x;
      const slack = (widest - cell.w) / 2;
      return [stacked.has(cell) && spine !== null ? Math.max(spine - slack, Math.min(spine + slack, x)) : x, firm(cell)];
    });
    spine ??= row.find((cell) => stacked.has(cell) && cell.w === widest)?.x ?? null;
  }
  // Lanes: as far out as the widest layer they pass, all the way. Then what reads nothing follows its reader.
  for (const row of rows.slice().reverse()) {
    place(row, (cell) => (!cell.item && cell.below.length === 1 && !cell.below[0].to.item ? [fromBelow(cell.below[0]), 1] : null));
  }
  for (const row of rows) place(row, (cell) => (!cell.above.length && cell.below.length ? [mean(cell.below, fromBelow), 0.5] : null));
}

/** The places nearest to the wanted ones (weighted least squares) that keep their order and at least the gaps. */
function pool(wanted, weights, gaps) {
  const blocks = []; // [mean, weight, members] of runs that stand as close as they may
  let offset = 0;
  wanted.forEach((place, at) => {
    offset += gaps[at];
    let block = [place - offset, weights[at], 1];
    while (blocks.length && blocks.at(-1)[0] >= block[0]) {
      const [mean, weight, members] = blocks.pop();
      block = [(mean * weight + block[0] * block[1]) / (weight + block[1]), weight + block[1], members + block[2]];
    }
    blocks.push(block);
  });
  const places = [];
  offset = 0;
  for (const [mean, , members] of blocks) {
    for (let member = 0; member < members; member++) {
      offset += gaps[places.length];
      places.push(mean + offset);
    }
  }
  return places;
}

/** Spreads the lines that end at a box along its top, each as near as it can be to where it comes from. */
function attach(row) {
  for (const cell of row) {
    if (!cell.item || isOpen(cell) || !cell.above.length) continue;
    const links = cell.above.slice().sort((a, b) => a.from.x + a.fromX - b.from.x - b.fromX);
    const room = cell.w / 2 - 12;
    const gap = Math.min(16, (2 * room) / Math.max(1, links.length - 1));
    const wanted = links.map((link) => Math.max(-room, Math.min(room, link.from.x + link.fromX - cell.x)));
    const places = pool(wanted, wanted.map(() => 1), wanted.map((_, at) => (at ? gap : 0)));
    const over = Math.max(0, places.at(-1) - room) + Math.min(0, places[0] + room);
    links.forEach((link, at) => (link.toX = places[at] - over));
  }
}

/** The stations of one piece: x, and the heights between which it falls straight down there. */
function route(group, link, height) {
  const { line, target, way, last, end } = link;
  const key = pieceKey(group, line.net, target);
  const stations = way.map((cell, at) => {
    const offset = at === 0 ? (way[1] ? cell.below.find((below) => below.to === way[1]) : last).fromX : 0;
    const start = cell.kind === "in" ? 0 : cell.item ? cell.y + cell.h : cell.top;
    return [cell.x + offset, start, cell.bottom];
  });
  stations.push([end.x + last.toX, end.top, end.kind === "out" ? height : end.y]);
  const arrow = !line.back && end.item && !isOpen(end);
  return { key, stations, arrow, back: line.back };
}

/** A piece as the text of an SVG path at its group's place. */
function pathOf({ stations, arrow, back }, x, y) {
  const round = (number) => Math.round(number * 10) / 10;
  let path = "";
  stations.forEach(([at, start, stop], number) => {
    const [px, top, bottom] = [round(at + x), round(start + y), round(stop + y)];
    if (!number) path = `M${px} ${top}`;
    else {
      const [before, , leave] = stations[number - 1];
      const [bx, by] = [round(before + x), round(leave + y)];
      const middle = round((by + top) / 2);
      path += Math.abs(bx - px) < 0.6 ? `V${top}` : `C${bx} ${middle} ${px} ${middle} ${px} ${top}`;
    }
    if (bottom > top) path += `V${bottom}`;
  });
  const [at, , stop] = back ? stations[0] : stations.at(-1);
  const [tx, ty] = [round(at + x), round((back ? stations[0][1] : stop) + y)];
  if (arrow) path += `M${round(tx - 3.5)} ${round(ty - 6)}L${tx} ${ty}L${round(tx + 3.5)} ${round(ty - 6)}`;
  if (back) path += `M${round(tx - 3.5)} ${round(ty + 6)}L${tx} ${ty}L${round(tx + 3.5)} ${round(ty + 6)}`;
  return path;
}
