// The page: reads the document, keeps what the reader has chosen, and paints it.
//
// One state (selected item, pass and step, hits, colouring) and one function `paint` that gives every shown box its
// classes and fill. The other files know nothing of the state: tree, layout, lines, text, view, panel, steps.

const narrow = matchMedia("(max-width: 800px)");
const BOXES_AT_FIRST = narrow.matches ? 40 : 160; // groups start closed where more boxes than this would be shown
const PLAY = 900; // milliseconds per step
const FAMILIES = [
  "elementwise", "comparison", "reduction", "scan", "movement", "indexing", "contraction", "window", "factorization", "spectral", "fused",
  "function",
];
const GRADIENTS = ["not known", "zero", "< 1e-6", "< 1e-3", "< 0.1", "< 10", "< 1000", "≥ 1000", "NaN or ∞"];
const SHARES = [[0.001, "< 0.1 %"], [0.01, "< 1 %"], [0.03, "< 3 %"], [0.1, "< 10 %"], [0.3, "< 30 %"], [Infinity, "≥ 30 %"]];

const get = (id) => document.getElementById(id);
const doc = JSON.parse(get("document").textContent);
const tree = buildTree(doc);
const state = { selected: null, pass: "forward", step: 0, hits: [], hit: -1, colour: "family", playing: 0 };
const view = newView(doc, tree, { onPick: pick, onToggle: toggle });
const steps = newSteps(doc, tree);

// -- groups ------------------------------------------------------------------------------------------------------

function redraw(anchor) {
  view.draw(anchor);
  paint();
}

function toggle(group) {
  group.open = !group.open;
  redraw(group);
}

function setDepth(depth) {
  openTo(tree, depth);
  get("depth").value = depth;
  get("depth-shown").textContent = depth;
}

/** Selects an item, opens what is around it and brings it into view: the way every link and search goes. */
function goTo(item) {
  if (reveal(item)) redraw(null);
  select(item);
  view.show(item);
}

/** Follows a link of the panel: the focus follows to the heading of what is now described. */
function follow(item) {
  goTo(item);
  get("details").querySelector("h2")?.focus({ preventScroll: true });
}

// -- selection and panel -----------------------------------------------------------------------------------------

/** A click or tap. On a phone a tap on a group only opens or closes it: the panel would take the room it needs. */
function pick(item) {
  const quiet = item?.kind === "group" && narrow.matches && !get("panel").classList.contains("open");
  select(item);
  if (quiet) get("panel").classList.remove("open");
}

function select(item) {
  state.selected = item;
  describe();
  paint();
}

function describe() {
  const item = state.selected;
  const stepping = state.step > 0;
  get("panel").classList.toggle("open", Boolean(item) || stepping);
  get("step").hidden = !stepping;
  if (stepping) get("step-body").replaceChildren(...steps.body(state.pass, state.step, follow, (inside) => {
    reveal(inside);
    redraw(null);
    describe();
    view.show(inside);
  }));
  const part = !item ? (stepping ? [] : overviewPanel(doc, tree))
    : item.node ? nodePanel(item, tree, follow) : groupPanel(item, follow, (group) => { toggle(group); describe(); });
  get("details").replaceChildren(...part);
}

// -- stepping ----------------------------------------------------------------------------------------------------

function goToStep(step) {
  const most = steps.count(state.pass);
  state.step = Math.max(0, Math.min(most, step));
  get("slider").max = most;
  get("slider").value = state.step;
  const sentence = steps.sentence(state.pass, state.step);
  get("slider").setAttribute("aria-valuetext", sentence || "before the first step");
  get("count").textContent = `${state.step} / ${most}`;
  get("first").disabled = get("back").disabled = state.step <= 1;
  get("next").disabled = get("last").disabled = state.step >= most;
  get("play").disabled = !most;
  get("step-text").textContent = sentence;
  const item = steps.nodeAt(state.pass, state.step);
  if (item) {
    state.selected = item;
    get("panel").scrollTop = 0;
  }
  describe();
  paint();
  if (item) view.show(boxOf(item));
  if (state.step >= most) play(false);
}

function choosePass(pass) {
  if (!steps.count(pass)) return;
  document.querySelector(`input[name="pass"][value="${pass}"]`).checked = true;
  state.pass = pass;
  play(false);
  if (state.step) state.selected = null;
  goToStep(0);
}

function play(on) {
  clearInterval(state.playing);
  state.playing = on ? setInterval(() => goToStep(state.step + 1), PLAY) : 0;
  get("play").setAttribute("aria-label", on ? "Pause" : "Play");
  get("play").querySelector("use").setAttribute("href", on ? "#icon-pause" : "#icon-play");
  if (on) goToStep(state.step >= steps.count(state.pass) ? 1 : state.step + 1);
}

// -- painting ----------------------------------------------------------------------------------------------------

const MARKS = ["active", "visited", "receives", "selected", "hit"];

function paint() {
  const marks = new Map();
  const mark = (item, name) => {
    const box = boxOf(item);
    if (!marks.has(box)) marks.set(box, new Set());
    marks.get(box).add(name);
  };
  for (let step = 1; step < state.step; step++) mark(steps.nodeAt(state.pass, step), "visited");
  const active = steps.nodeAt(state.pass, state.step);
  const used = steps.linesAt(state.pass, state.step);
  if (active) mark(active, "active");
  if (state.pass === "backward") for (const [parent] of used) mark(tree.nodes[parent], "receives");
  for (const item of state.hits) mark(item, "hit");
  if (state.selected && state.selected !== active) mark(state.selected, "selected");
  const chosen = state.selected && boxOf(state.selected);
  for (const item of view.elementsShown()) {
    const element = view.elementFor(item);
    const names = MARKS.filter((name) => marks.get(item)?.has(name)).join(" ");
    const fill = item.open ? "" : `var(--${fillOf(item)})`;
    const look = `${names};${fill};${item === chosen}`;
    if (element.look === look) continue; // touching thousands of elements costs the browser more than the page
    element.look = look;
    element.classList.remove(...MARKS);
    if (names) element.classList.add(...names.split(" "));
    element.style.setProperty("--fill", fill);
    element.setAttribute("aria-selected", String(item === chosen));
  }
  const shown = chosen && view.elementFor(chosen);
  if (shown) get("stage").setAttribute("aria-activedescendant", shown.id);
  else get("stage").removeAttribute("aria-activedescendant");
  view.clearLines();
  for (const [parent, child] of used) view.markLine(parent, child, state.pass === "backward" ? "sent" : "near");
  if (!active && state.selected?.node) {
    const { node } = state.selected;
    for (const parent of node.parents) if (parent !== null) view.markLine(parent, node.id, "near");
    for (const child of state.selected.consumers) view.markLine(node.id, child.node.id, "near");
  }
}

/** The name of the colour of a box under the chosen colouring. */
function fillOf(item) {
  if (state.colour === "gradient") return `scale-${item.gradient}`;
  if (state.colour === "memory") return shareColour(item.bytes + item.saved, tree.root.bytes + tree.root.saved);
  if (state.colour === "time") return shareColour(item.time ?? 0, tree.root.time ?? 0);
  if (!item.node) return item.failed ? "failed" : "group";
  if (item.node.kind !== "op") return item.node.kind;
  return FAMILIES.includes(item.node.family) ? item.node.family : "other";
}

function shareColour(part, all) {
  if (!part || !all) return "scale-0";
  return `scale-${2 + SHARES.findIndex(([limit]) => part / all < limit)}`;
}

function legend() {
  let rows = GRADIENTS.map((text, at) => [`scale-${at}`, text]);
  if (state.colour === "memory" || state.colour === "time") {
    rows = [["scale-0", "none"], ...SHARES.map(([, text], at) => [`scale-${at + 2}`, text])];
    rows[0][1] = state.colour === "memory" ? "no bytes" : "no time";
  } else if (state.colour === "family") {
    const seen = new Set(tree.nodes.map(fillOf));
    rows = [...FAMILIES, "other", "leaf", "parameter", "buffer", "input", "constant", "failed"].filter((name) => seen.has(name)).map((name) => [name, name]);
  } else rows = rows.filter((_, step) => tree.nodes.some((item) => item.gradient === step));
  const title = { family: "", gradient: "gradient norm", memory: "share of all bytes", time: "share of the time" }[state.colour];
  get("legend").replaceChildren(...(title ? [make("li", "", title)] : []), ...rows.map(([name, text]) => {
    const swatch = make("i");
    swatch.style.setProperty("--fill", `var(--${name})`);
    return make("li", "", swatch, text);
  }));
}

// -- search ------------------------------------------------------------------------------------------------------

const texts = new Map();

function search(query) {
  const words = searchWords(query);
  const textOf = (item) => {
    if (!texts.has(item)) texts.set(item, searchText(item, tree));
    return texts.get(item);
  };
  state.hits = words.length ? tree.nodes.filter((item) => words.every((word) => textOf(item).includes(word))) : [];
  state.hit = -1;
  sayHits(words.length > 0);
  paint();
}

function sayHits(asked) {
  const all = state.hits.length;
  get("hits").textContent = !asked ? "" : !all ? "no hits" : state.hit < 0 ? plural(all, "hit") : `${state.hit + 1} / ${whole(all)}`;
}

function nextHit(by) {
  if (!state.hits.length) return;
  state.hit = state.hit < 0 ? (by > 0 ? 0 : state.hits.length - 1) : (state.hit + by + state.hits.length) % state.hits.length;
  goTo(state.hits[state.hit]);
  sayHits(true);
}

// -- keys --------------------------------------------------------------------------------------------------------

/** Up and down: along the edges, from box to box; where no edge leads on, as the program ran. */
function walk(direction) {
  const from = state.selected && boxOf(state.selected);
  const inside = !from || from.open ? [] : from.node ? [from] : tree.nodes.filter((item) => boxOf(item) === from);
  for (const item of inside) {
    const parents = item.node.parents.filter((parent) => parent !== null).map((parent) => tree.nodes[parent]);
    const next = (direction < 0 ? parents : item.consumers).map(boxOf).find((box) => box !== from);
    if (next) return goTo(next);
  }
  page(direction);
}

/** Page up and down: the box before and after, as the program ran. */
function page(direction) {
  const boxes = [...view.elementsShown()];
  const at = state.selected ? boxes.indexOf(boxOf(state.selected)) + direction : 0;
  if (boxes.length) goTo(boxes[Math.max(0, Math.min(boxes.length - 1, at))]);
}

function enter() {
  const item = state.selected;
  if (!item) return;
  if (item.kind === "group") {
    toggle(item);
    describe();
    view.show(item);
  } else if (boxOf(item) !== item) goTo(item);
  else get("details").querySelector("h2")?.focus({ preventScroll: true });
}

const STEP_KEYS = {
  ArrowRight: () => goToStep(state.step + 1),
  ArrowLeft: () => goToStep(Math.max(1, state.step - 1)),
  Home: () => goToStep(1),
  End: () => goToStep(steps.count(state.pass)),
  " ": () => play(!state.playing),
};
const KEYBOARD = {
  "+": () => view.zoom(1.25), "=": () => view.zoom(1.25), "-": () => view.zoom(0.8), 0: () => view.fit(false),
  "/": () => get("search").focus(), b: () => choosePass("backward"), f: () => choosePass("forward"), Escape: close,
};
const WALKS = { ArrowUp: () => walk(-1), ArrowDown: () => walk(1), PageUp: () => page(-1), PageDown: () => page(1) };
const PANS = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };

function close() {
  play(false);
  state.selected = null;
  goToStep(0);
  if (get("panel").contains(document.activeElement)) get("stage").focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const { target, key } = event;
  const native = target.matches("input, select");
  const onStage = target === get("stage");
  if (key === "Escape" && target === get("search")) return get("stage").focus();
  if (native) return; // arrows belong to sliders and choices, letters to the search
  let act = KEYBOARD[key.length === 1 ? key.toLowerCase() : key];
  if (event.shiftKey && PANS[key]) act = () => view.pan(...PANS[key]);
  else if (STEP_KEYS[key] && !(key === " " && target.matches("button"))) act = STEP_KEYS[key];
  else if (onStage && key === "Enter") act = enter;
  else if (onStage && WALKS[key]) act = WALKS[key];
  if (!act) return;
  event.preventDefault();
  act();
});

// -- the controls ------------------------------------------------------------------------------------------------

get("search").addEventListener("input", (event) => search(event.target.value));
get("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") nextHit(event.shiftKey ? -1 : 1);
});
get("depth").addEventListener("input", (event) => {
  setDepth(Number(event.target.value));
  redraw(null);
  view.fit(true);
});
get("colour").addEventListener("change", (event) => {
  state.colour = event.target.value;
  paint();
  legend();
});
get("view").addEventListener("click", () => {
  const open = get("options").classList.toggle("open");
  get("view").setAttribute("aria-expanded", String(open));
});
get("close").addEventListener("click", close);
get("zoom-in").addEventListener("click", () => view.zoom(1.25));
get("zoom-out").addEventListener("click", () => view.zoom(0.8));
get("zoom-fit").addEventListener("click", () => view.fit(false));
get("slider").addEventListener("input", (event) => goToStep(Number(event.target.value)));
get("first").addEventListener("click", STEP_KEYS.Home);
get("back").addEventListener("click", STEP_KEYS.ArrowLeft);
get("play").addEventListener("click", STEP_KEYS[" "]);
get("next").addEventListener("click", STEP_KEYS.ArrowRight);
get("last").addEventListener("click", STEP_KEYS.End);
for (const radio of document.querySelectorAll('input[name="pass"]')) radio.addEventListener("change", () => choosePass(radio.value));

// Light and dark: what the system says until the reader chooses; the choice is kept where the browser allows it.
const dark = matchMedia("(prefers-color-scheme: dark)");
let theme = null;
try {
  theme = localStorage.getItem("minitorch-theme");
} catch { /* no storage here */ }
const useTheme = () => (document.documentElement.dataset.theme = theme ?? (dark.matches ? "dark" : "light"));
dark.addEventListener("change", useTheme);
get("theme").addEventListener("click", () => {
  theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("minitorch-theme", theme);
  } catch { /* no storage here */ }
  useTheme();
});
useTheme();

// -- the beginning -----------------------------------------------------------------------------------------------

for (const item of tree.nodes) {
  if (!item.bad && !item.failed) continue;
  const words = item.failed ? `Failed: ${nodeName(item.node)}` : `First NaN or ∞: ${nodeName(item.node)}`;
  get("alarms").append(make("button", { type: "button", onclick: () => goTo(item) }, words));
}
for (const option of get("colour").options) {
  const known = { gradient: tree.nodes.some((item) => item.gradient), time: tree.root.time !== null }[option.value] ?? true;
  option.disabled = !known;
  if (!known) option.textContent += " (not recorded)";
}
if (!doc.backward.length) {
  const radio = document.querySelector('input[value="backward"]');
  radio.disabled = true;
  radio.parentElement.title = "No backward pass was recorded";
}
let depth = tree.depth;
while (depth > 0 && boxesAt(tree, depth) > BOXES_AT_FIRST) depth--;
get("depth").max = tree.depth;
get("depths").hidden = tree.depth === 0;
setDepth(depth);
legend();
redraw(null);
goToStep(0);
const failed = tree.nodes.find((item) => item.failed);
if (failed) goTo(failed);
view.fit(true);
if (failed) view.show(failed);
