// The picture on the screen: measures and writes boxes, draws lines, pans, zooms and moves the camera.
//
// The boxes are elements of the page in one "world" that is moved and scaled as a whole, so that panning is the
// browser's compositor at work and a few thousand boxes stay fluid. An element is kept as long as its box is shown.

const SMALLEST = 0.01;
const LARGEST = 3;
const LONGEST_LINE = 270; // wider texts in a box end in an ellipsis
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function newView(doc, tree, { onPick, onToggle }) {
  const [stage, world, frames, lines, boxLayer] = ["stage", "world", "frames", "lines", "boxes"].map((id) => document.getElementById(id));
  const pen = document.createElement("canvas").getContext("2d");
  const family = getComputedStyle(document.body).fontFamily;
  const widths = new Map();
  const sizes = new Map();
  const elements = new Map(); // item id + "open" or "shut" -> element
  const camera = { x: 0, y: 0, scale: 1 };
  let drawing = null;
  let paths = new Map();
  let marked = [];
  let glide = 0;
  let fitted = null; // how the camera was fitted, if nobody has moved it since

  function textWidth(text, font) {
    const key = font + text;
    if (!widths.has(key)) {
      pen.font = font;
      widths.set(key, pen.measureText(text).width);
    }
    return widths.get(key);
  }

  function shortened(text, font) {
    if (textWidth(text, font) <= LONGEST_LINE) return text;
    const letters = Array.from(text);
    let [low, high] = [0, letters.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (textWidth(`${letters.slice(0, middle).join("")}…`, font) <= LONGEST_LINE) low = middle;
      else high = middle - 1;
    }
    return `${letters.slice(0, low).join("")}…`;
  }

  /** The size of an item's box and the lines in it; of an open group, the least width for its name. */
  function sizeOf(item) {
    const key = `${item.id}${item.open ? "+" : "-"}`;
    if (sizes.has(key)) return sizes.get(key);
    const written = linesOf(item, doc.kind).map(({ text, role }) => {
      const font = role === "fact" ? `400 12px ${family}` : `600 ${role === "alarm" ? 12 : 13}px ${family}`;
      const short = shortened(text.replace(/\s/g, " "), font);
      return { text: short, role, width: textWidth(short, font) };
    });
    const widest = Math.ceil(Math.max(0, ...written.map((line) => line.width)));
    const size = item.open
      ? { w: widest + 44, h: HEADER, written }
      : { w: Math.max(56, widest + (item.node ? 22 : 30)), h: written.length * 17 + (item.node ? 11 : 17), written };
    sizes.set(key, size);
    return size;
  }

  function elementOf(item, size) {
    const key = `${item.id}${item.open ? "+" : "-"}`;
    if (elements.has(key)) return elements.get(key);
    const element = document.createElement("div");
    element.id = `box-${item.id}`;
    element.setAttribute("role", "treeitem");
    element.className = item.open ? "head" : `box ${item.kind}`;
    if (item.node && isLeaf(item.node)) element.classList.add("leaf");
    if (item.failed) element.classList.add("failed");
    if (item.bad) element.classList.add("bad");
    if (item.kind === "group") element.setAttribute("aria-expanded", String(item.open));
    for (const { text, role } of size.written) {
      const line = document.createElement("span");
      line.className = role;
      line.textContent = text;
      element.append(line);
    }
    const full = linesOf(item, doc.kind).map((line) => line.text).join(", ");
    element.setAttribute("aria-label", item.node ? `${item.node.id}: ${full}` : `group ${full}`);
    element.title = full;
    element.item = item;
    elements.set(key, element);
    return element;
  }

  /** Lays the tree out and shows it; `anchor`, an item, stays where it is on the screen. */
  function draw(anchor) {
    const before = anchor && placeOf(anchor);
    drawing = layout(tree, sizeOf);
    const used = new Map();
    const shown = [...drawing.groups, ...drawing.boxes].sort((a, b) => a.item.order - b.item.order || a.item.depth - b.item.depth);
    drawing.places = new Map(shown.map((place) => [place.item, place]));
    const list = shown.map((place) => {
      const element = elementOf(place.item, sizeOf(place.item));
      used.set(`${place.item.id}${place.item.open ? "+" : "-"}`, element);
      element.style.transform = `translate(${place.x}px,${place.y}px)`;
      element.style.width = `${place.item.open ? sizeOf(place.item).w - 8 : place.w}px`;
      element.style.height = `${place.item.open ? HEADER : place.h}px`;
      element.setAttribute("aria-level", place.item.depth);
      return element;
    });
    for (const key of [...elements.keys()]) if (!used.has(key)) elements.delete(key);
    boxLayer.replaceChildren(...list);
    frames.replaceChildren(...drawing.groups.map((place) => {
      const frame = document.createElement("div");
      frame.className = `frame${place.item.depth % 2 ? "" : " odd"}`;
      frame.style.cssText = `left:${place.x}px;top:${place.y}px;width:${place.w}px;height:${place.h}px`;
      return frame;
    }));
    lines.setAttribute("width", drawing.width);
    lines.setAttribute("height", drawing.height);
    paths = new Map();
    marked = [];
    lines.replaceChildren(...drawing.edges.map(({ key, d }) => {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", d);
      if (!paths.has(key)) paths.set(key, []);
      paths.get(key).push(path);
      return path;
    }));
    world.style.width = `${drawing.width}px`;
    world.style.height = `${drawing.height}px`;
    const after = anchor && placeOf(anchor);
    if (before && after) {
      camera.x += (before.x - after.x) * camera.scale;
      camera.y += (before.y - after.y) * camera.scale;
    }
    move();
  }

  const placeOf = (item) => drawing?.places.get(item) ?? null;
  const elementsShown = () => drawing.places.keys();
  const elementFor = (item) => elements.get(`${item.id}${item.open ? "+" : "-"}`);

  /** Marks the pieces of the lines from a parent to a child with a class; clearLines() takes all marks away. */
  function markLine(parent, child, name) {
    for (const key of drawing.trail(parent, child)) {
      for (const path of paths.get(key) ?? []) {
        path.classList.add(name);
        marked.push(path);
      }
    }
  }

  function clearLines() {
    for (const path of marked) path.classList.remove("near", "sent");
    marked = [];
  }

  // -- the camera ------------------------------------------------------------------------------------------------

  let rest = 0;
  function move() {
    world.style.transform = `translate(${camera.x}px,${camera.y}px) scale(${camera.scale})`;
    stage.classList.add("moving");
    clearTimeout(rest);
    rest = setTimeout(() => stage.classList.remove("moving"), 160); // then text is drawn sharp at the new scale
    stage.classList.toggle("far", camera.scale < 0.3);
  }

  function zoomAt(factor, x, y) {
    cancelAnimationFrame(glide);
    fitted = null;
    const scale = Math.min(LARGEST, Math.max(SMALLEST, camera.scale * factor));
    camera.x = x - ((x - camera.x) * scale) / camera.scale;
    camera.y = y - ((y - camera.y) * scale) / camera.scale;
    camera.scale = scale;
    move();
  }

  /** When the stage changes its size: what was fitted is fitted again, else the middle stays in the middle. */
  let [lastWide, lastHigh] = [0, 0];
  function resized() {
    const [w, h] = [stage.clientWidth, stage.clientHeight];
    if (w === lastWide && h === lastHigh) return;
    const [dx, dy] = lastWide ? [(w - lastWide) / 2, (h - lastHigh) / 2] : [0, 0];
    [lastWide, lastHigh] = [w, h];
    if (fitted !== null && drawing) fit(fitted);
    else pan(dx, dy);
  }

  const zoom = (factor) => zoomAt(factor, stage.clientWidth / 2, stage.clientHeight / 2);

  function pan(dx, dy) {
    cancelAnimationFrame(glide);
    fitted = null;
    camera.x += dx;
    camera.y += dy;
    move();
  }

  /** Shows all of it; `readable`: never so small that it cannot be read, then from its beginning. */
  function fit(readable) {
    cancelAnimationFrame(glide);
    fitted = readable;
    resized();
    const [w, h] = [stage.clientWidth, stage.clientHeight];
    const whole = Math.min(w / drawing.width, (h - 40) / drawing.height, 1.25);
    camera.scale = readable ? Math.max(whole, Math.min(0.8, Math.max(0.5, w / drawing.width))) : Math.max(whole, SMALLEST);
    const first = drawing.boxes.length ? placeOf(drawing.boxes[0].item) : { x: 0, w: 0 };
    const centre = drawing.width * camera.scale <= w ? drawing.width / 2 : first.x + first.w / 2;
    camera.x = w / 2 - centre * camera.scale;
    camera.y = drawing.height * camera.scale <= h - 40 ? (h - 40 - drawing.height * camera.scale) / 2 : 0;
    move();
  }

  /** Brings an item into view, gliding there unless the reader asked for less motion. */
  function show(item) {
    const place = placeOf(item);
    if (!place) return;
    resized();
    if (camera.scale < 0.55) zoomAt(0.8 / camera.scale, stage.clientWidth / 2, stage.clientHeight / 2);
    const [w, h] = [stage.clientWidth, stage.clientHeight];
    const height = place.item.open ? HEADER : place.h;
    const left = place.x * camera.scale + camera.x;
    const top = place.y * camera.scale + camera.y;
    const [wide, high] = [place.w * camera.scale, height * camera.scale];
    const [edgeX, edgeY] = [Math.min(60, w / 6), Math.min(90, h / 5)];
    // Sideways no further than needed; up and down to the middle, where what comes next is seen too.
    const aside = Math.max(0, edgeX - left) - Math.max(0, left + wide - (w - edgeX));
    const lower = top >= edgeY && top + high <= h - edgeY ? 0 : h / 2 - top - high / 2;
    if (!aside && !lower) return;
    const from = { x: camera.x, y: camera.y };
    const to = { x: camera.x + aside, y: camera.y + lower };
    const all = [drawing.width * camera.scale, drawing.height * camera.scale];
    if (all[0] <= w) to.x = (w - all[0]) / 2;
    if (all[1] <= h) to.y = (h - all[1]) / 2;
    fitted = null;
    cancelAnimationFrame(glide);
    if (calm.matches) {
      Object.assign(camera, to);
      move();
      return;
    }
    const start = performance.now();
    (function frame(now) {
      const share = Math.min(1, Math.max(0, (now - start) / 220));
      const eased = 1 - (1 - share) ** 3;
      camera.x = from.x + (to.x - from.x) * eased;
      camera.y = from.y + (to.y - from.y) * eased;
      move();
      if (share < 1) glide = requestAnimationFrame(frame);
    })(start);
  }

  // -- mouse, pen and fingers -------------------------------------------------------------------------------------

  const pointers = new Map();
  let travelled = 0;

  const spot = (event) => {
    const frame = stage.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  };

  stage.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    if (!pointers.size) travelled = 0;
    pointers.set(event.pointerId, spot(event));
  });
  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = spot(event);
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    if (travelled > 5 && !stage.hasPointerCapture(event.pointerId)) {
      stage.setPointerCapture(event.pointerId);
      stage.classList.add("dragged");
    }
    if (pointers.size === 1 && travelled > 5) pan(now.x - before.x, now.y - before.y);
    else if (pointers.size === 2) {
      const [other] = [...pointers].find(([id]) => id !== event.pointerId).slice(1);
      const apartNow = Math.hypot(now.x - other.x, now.y - other.y);
      const apartBefore = Math.hypot(before.x - other.x, before.y - other.y) || 1;
      pan((now.x - before.x) / 2, (now.y - before.y) / 2);
      zoomAt(apartNow / apartBefore, (now.x + other.x) / 2, (now.y + other.y) / 2);
    }
    pointers.set(event.pointerId, now);
  });
  const release = (event) => {
    pointers.delete(event.pointerId);
    stage.classList.remove("dragged");
  };
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);
  stage.addEventListener("click", (event) => {
    if (travelled > 5) return;
    const item = event.target.closest(".box, .head")?.item ?? null;
    if (item?.kind === "group") onToggle(item);
    onPick(item);
  });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = spot(event);
    const pixels = event.deltaY * (event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? 400 : 1);
    if (event.shiftKey) pan(-(event.deltaX || pixels), 0);
    else zoomAt(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0016)), x, y);
  }, { passive: false });

  new ResizeObserver(resized).observe(stage);

  return { draw, fit, show, zoom, pan, markLine, clearLines, elementFor, elementsShown };
}
