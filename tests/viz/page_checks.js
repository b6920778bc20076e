// What the tests ask of the page, evaluated inside it: each function returns a list of what is wrong.
({
  // Boxes (nodes and closed groups) are apart from each other, and each lies inside its group's frame and not on a name.
  overlaps() {
    const wrong = [];
    const list = [...document.querySelectorAll(".box, .head")].map((element) => ({ element, r: element.getBoundingClientRect() }));
    list.sort((a, b) => a.r.top - b.r.top);
    list.forEach((one, at) => {
      for (const other of list.slice(at + 1)) {
        if (other.r.top >= one.r.bottom - 0.5) break;
        if (one.r.left < other.r.right - 0.5 && other.r.left < one.r.right - 0.5) wrong.push([one.element.id, other.element.id]);
      }
    });
    const frames = [...document.querySelectorAll(".frame")].map((frame) => frame.getBoundingClientRect());
    for (const { element, r } of list) {
      const around = frames.filter((f) => f.left < r.right - 0.5 && r.left < f.right - 0.5 && f.top < r.bottom - 0.5 && r.top < f.bottom - 0.5);
      if (!around.every((f) => f.left <= r.left + 0.5 && f.right >= r.right - 0.5 && f.top <= r.top + 0.5 && f.bottom >= r.bottom - 0.5)) wrong.push([element.id, "frame"]);
      if (around.length !== Number(element.getAttribute("aria-level")) - (element.classList.contains("head") ? 0 : 1)) wrong.push([element.id, "level", around.length]);
    }
    return wrong;
  },
  // No text reaches out of its box.
  spills() {
    const wrong = [];
    for (const box of document.querySelectorAll(".box, .head")) {
      const outer = box.getBoundingClientRect();
      for (const line of box.children) {
        const range = document.createRange();
        range.selectNodeContents(line);
        const r = range.getBoundingClientRect();
        if (r.left < outer.left - 0.5 || r.right > outer.right + 0.5 || r.top < outer.top - 0.5 || r.bottom > outer.bottom + 0.5) wrong.push([box.id, line.textContent]);
      }
    }
    return wrong;
  },
  // No line runs over a box or a group's name; it may touch the border of the box where it begins or ends.
  crossed() {
    const wrong = [];
    const m = document.getElementById("lines").getScreenCTM();
    const boxes = [...document.querySelectorAll(".box, .head")].map((element) => ({ element, r: element.getBoundingClientRect() }));
    const meets = (x0, y0, x1, y1) => boxes.find(({ r }) => {
      const [left, right, top, bottom] = [m.a * Math.min(x0, x1) + m.e, m.a * Math.max(x0, x1) + m.e, m.d * Math.min(y0, y1) + m.f, m.d * Math.max(y0, y1) + m.f];
      return right > r.left + 1.5 && left < r.right - 1.5 && bottom > r.top + 1.5 && top < r.bottom - 1.5;
    });
    for (const path of document.querySelectorAll("#lines path")) {
      let [x, y, on] = [0, 0, null];
      for (const [, kind, numbers] of path.getAttribute("d").matchAll(/([MVCL])([^MVCL]*)/g)) {
        const n = numbers.trim().split(/\s+/).map(Number);
        if (kind === "M") [x, y] = n;
        else if (kind === "V") {
          on ??= meets(x, y, x, n[0]);
          y = n[0];
        } else if (kind === "C") {
          for (let step = 1; step <= 16; step++) {
            const [t, u] = [step / 16, 1 - step / 16];
            const at = [0, 1].map((i) => u ** 3 * [x, y][i] + 3 * u * u * t * n[i] + 3 * u * t * t * n[i + 2] + t ** 3 * n[i + 4]);
            on ??= meets(at[0], at[1], at[0], at[1]);
          }
          [x, y] = n.slice(4);
        } else break; // the arrow's head
      }
      if (on) wrong.push([on.element.textContent, path.getAttribute("d")]);
    }
    if (!document.querySelector("#lines path")) wrong.push("there are no lines");
    return wrong;
  },
  // Every line ends at a place of its own, so that two operands are two arrows.
  merged() {
    const tips = [...document.querySelectorAll("#lines path")].map((path) => /L(\S+ [^ML]+?)L/.exec(path.getAttribute("d"))?.[1]).filter(Boolean);
    return tips.filter((tip, at) => tips.indexOf(tip) !== at);
  },
  // Nothing is wider than the window.
  overflows() {
    const wrong = [];
    if (document.documentElement.scrollWidth > innerWidth || document.body.scrollWidth > innerWidth) wrong.push("page");
    const visible = (r) => r.width > 1 && r.height > 1;
    for (const element of document.querySelectorAll("header *, footer *, #legend *, #zoom *, #panel, #panel > *")) {
      const r = element.getBoundingClientRect();
      if (!visible(r) || getComputedStyle(element).opacity === "0" || element.closest("svg")) continue;
      if (r.left < -0.5 || r.right > innerWidth + 0.5) wrong.push(element.id || element.outerHTML.slice(0, 60));
    }
    for (const bar of document.querySelectorAll("header, footer")) {
      const parts = [...bar.children].filter((part) => visible(part.getBoundingClientRect()));
      parts.forEach((one, at) => parts.slice(at + 1).forEach((other) => {
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) wrong.push([one.id, other.id]);
      }));
    }
    return wrong;
  },
  // Text against what is painted behind it: at least 4.5 (WCAG 2, AA).
  faint() {
    const colours = (text) => [...text.matchAll(/rgba?\(([^)]+)\)/g)].map((found) => found[1].split(/[\s,/]+/).map(Number));
    const over = (top, below) => [0, 1, 2].map((at) => top[at] * (top[3] ?? 1) + below[at] * (1 - (top[3] ?? 1)));
    const layersOf = (element) => {
      const style = getComputedStyle(element);
      const image = style.backgroundImage.startsWith("linear-gradient") ? colours(style.backgroundImage).slice(0, 1) : [];
      return [...image, ...colours(style.backgroundColor)];
    };
    const light = (rgb) => {
      const [r, g, b] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const wrong = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let seen = 0;
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.textContent.trim() || element.closest("script, noscript, option, .said")) continue;
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      const r = range.getBoundingClientRect();
      if (r.width < 1 || !element.checkVisibility()) continue;
      const at = document.elementsFromPoint(r.left + r.width / 2, r.top + r.height / 2);
      const chain = [];
      for (let above = element; above; above = above.parentElement) chain.push(above);
      const stack = at.length && element.contains(at[0]) ? at : chain;
      let layers = stack.flatMap(layersOf);
      layers = layers.slice(0, layers.findIndex((layer) => (layer[3] ?? 1) === 1) + 1);
      const ground = layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
      const ink = over(colours(getComputedStyle(element).color)[0], ground);
      const [bright, dark] = [light(ink), light(ground)].sort((a, b) => b - a);
      const contrast = (bright + 0.05) / (dark + 0.05);
      seen += 1;
      if (contrast < 4.5) wrong.push([walker.currentNode.textContent.trim().slice(0, 30), contrast.toFixed(2)]);
    }
    if (seen < 10) wrong.push("hardly any text was seen");
    return wrong;
  },
})
