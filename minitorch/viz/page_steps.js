// The two passes as a list of steps, and what a step says.
//
// Forward goes through the nodes in the order of their ids; backward through the document's `backward`, which is the
// engine's real order. A step says what arrives, the rule, what goes to each parent, and where a gradient is added to
// one that is already there.

function newSteps(doc, tree) {
  const arrivals = new Map(); // send -> all that one backward sends to the same node, in the engine's order
  const latest = new Map(); // node id -> the sends to it that are added up
  for (const step of doc.backward) {
    for (const send of step.sends ?? []) {
      if (!send.adds || !latest.has(send.to)) latest.set(send.to, []); // another backward begins anew
      latest.get(send.to).push(send);
      arrivals.set(send, latest.get(send.to));
    }
  }

  const count = (pass) => (pass === "forward" ? doc.nodes.length : doc.backward.length);

  /** The node of a step (1 is the first), or null before the first. */
  function nodeAt(pass, step) {
    if (step < 1) return null;
    return tree.nodes[pass === "forward" ? step - 1 : doc.backward[step - 1].node];
  }

  /** [parent, child] for each line that a step uses. */
  function linesAt(pass, step) {
    const item = nodeAt(pass, step);
    if (!item) return [];
    const parents = pass === "forward" ? item.node.parents : (doc.backward[step - 1].sends ?? []).map((send) => send.to);
    return parents.filter((parent) => parent !== null).map((parent) => [parent, item.node.id]);
  }

  /** The sum of what has been sent to a node up to and with a send, where all the values are known. */
  function sumUpTo(send) {
    let sum = null;
    for (const other of arrivals.get(send)) {
      const values = other.gradient?.values;
      if (values === null || values === undefined) return null;
      sum = sum === null ? values : added(sum, values);
      if (other === send) return sum;
    }
    return null;
  }

  function added(first, second) {
    if (Array.isArray(first) && Array.isArray(second)) return first.map((value, at) => added(value, second[at]));
    const sum = Number(String(first).replace("inf", "Infinity")) + Number(String(second).replace("inf", "Infinity"));
    return Number.isFinite(sum) ? sum : Number.isNaN(sum) ? "nan" : sum > 0 ? "inf" : "-inf";
  }

  /** The sentence of a step, which is also read aloud. */
  function sentence(pass, step) {
    const item = nodeAt(pass, step);
    if (!item) return "";
    const place = `${step} of ${count(pass)}`;
    const name = nodeName(item.node);
    if (pass === "forward") {
      if (item.failed) return `Forward ${place}: ${name} fails`;
      const result = doc.kind === "value" ? factsOf({ ...item.node, gradient: null }, doc.kind) : factsOf(item.node, "");
      return isLeaf(item.node) ? `Forward ${place}: ${name} is given, ${result}` : `Forward ${place}: ${name} gives ${result}`;
    }
    const { gradient } = doc.backward[step - 1];
    const scalar = doc.kind === "value" && single(gradient) !== null;
    if (scalar) return `Backward ${place}: the gradient ${number(single(gradient))} arrives at ${name}`;
    return `Backward ${place}: the gradient arrives at ${name}${gradient ? `, norm ${number(gradient.norm)}` : ""}`;
  }

  function body(pass, step, go, openUp) {
    const item = nodeAt(pass, step);
    const part = pass === "forward" ? forwardBody(item, go) : backwardBody(item, doc.backward[step - 1], go);
    const box = boxOf(item);
    if (box !== item) {
      const { name, type } = groupName(box);
      const inside = make("button", { className: "link", type: "button", onclick: () => openUp(item) }, "open it");
      part.unshift(make("p", "note", `inside the closed group ${[name, type].filter(Boolean).join(" ")}: `, inside));
    }
    return part.filter(Boolean);
  }

  function forwardBody(item, go) {
    const { node } = item;
    const parents = node.parents.filter((parent) => parent !== null).map((parent) => tree.nodes[parent]);
    const outside = node.parents.length - parents.length;
    return [
      node.error ? make("p", "error", node.error) : null,
      node.line ? make("code", "code", node.line) : null,
      parents.length ? make("h3", "", "Reads") : null,
      parents.length ? listOf(parents, go, (parent) => make("span", "note", `  ${factsOf({ ...parent.node, gradient: null }, doc.kind)}`)) : null,
      outside ? make("p", "note", `${plural(outside, "operand")} outside the tape`) : null,
      statBlock("Gives", node.value, "gives"),
    ];
  }

  function backwardBody(item, step, go) {
    const { node } = item;
    const sends = step.sends ?? [];
    const part = [make("div", "arriving", make("h3", "", "Arriving gradient"), statLine(step.gradient), valueTable(step.gradient))];
    if (sends.length) part.push(ruleBlock(node));
    else part.push(make("p", "note", isLeaf(node) ? "The way ends here: this is what its .grad receives." : "Nothing is sent on from here."));
    for (const send of sends) part.push(sendBlock(send, node, go));
    return part;
  }

  function sendBlock(send, node, go) {
    const met = arrivals.get(send);
    const operand = node.rules?.length === node.parents.length ? node.rules[send.operand]?.[0] : null;
    const turn = met.indexOf(send) + 1;
    const block = make("div", "send");
    block.append(make("p", "", make("span", "adds", send.adds ? "+=" : "="), "to ", linkTo(tree.nodes[send.to], go), operand ? ` as ${operand}` : ""));
    if (met.length > 1) block.append(make("p", "note", `arrival ${turn} of ${met.length}${send.adds ? ", added to what is there" : ""}`));
    const sum = send.adds ? valueTable({ values: sumUpTo(send) }) : null;
    sum?.classList.add("sum");
    const parts = [statLine(send.gradient), valueTable(send.gradient), sum && make("p", "note", "which makes"), sum];
    block.append(...parts.filter(Boolean));
    return block;
  }

  return { count, nodeAt, linesAt, sentence, body };
}
