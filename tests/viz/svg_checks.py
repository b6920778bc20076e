"""What can be wrong with a picture, read off its SVG: each check returns what it found, an empty list where all is well.

Graphviz says where a text begins and how large it is; how wide it will be comes from the metrics of Helvetica, which Arial
and Liberation Sans share.
"""

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree

from minitorch.viz.colours import contrast

SVG = "{http://www.w3.org/2000/svg}"
REGULAR = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, *[556] * 10, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556,
    333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
BOLD = (
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, *[556] * 10, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611,
    389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
)  # fmt: skip
OTHERS = {"\xa0": 278, "×": 584, "µ": 556, "·": 278}
SLACK = 0.75


@dataclass
class Rectangle:
    left: float
    top: float
    right: float
    bottom: float
    name: str = ""
    fill: str = ""
    inks: list[str] = field(default_factory=list)  # of the runs of a text

    def meets(self, other):
        """Whether the two overlap by more than a hair."""
        return (
            self.left < other.right - SLACK and other.left < self.right - SLACK
            and self.top < other.bottom - SLACK and other.top < self.bottom - SLACK
        )  # fmt: skip

    def middle(self):
        x, y = (self.left + self.right) / 2, (self.top + self.bottom) / 2
        return Rectangle(x, y, x, y)

    def holds(self, other):
        return (
            self.left <= other.left + SLACK and other.right <= self.right + SLACK
            and self.top <= other.top + SLACK and other.bottom <= self.bottom + SLACK
        )  # fmt: skip


@dataclass
class Part:
    """A box, a frame, an arrow, or the picture itself (its caption and legend): its shape, its texts, its curve."""

    kind: str
    name: str
    shape: Rectangle | None = None
    texts: list[Rectangle] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)


class Drawing:
    """An SVG by Graphviz, taken apart. Each text comes with the filled shapes that were painted behind it."""

    def __init__(self, svg):
        self.root = ElementTree.fromstring(svg)
        self.parts: list[Part] = []
        self.filled: list[Rectangle] = []
        self.texts: list[tuple[Part, Rectangle, list[Rectangle]]] = []
        (whole,) = self.root.findall(f"{SVG}g")
        self.shift = [float(number) for number in re.search(r"translate\((\S+) (\S+)\)", whole.get("transform")).groups()]
        self._read(whole, Part("graph", "the picture"))
        self.boxes = [part for part in self.parts if part.kind == "node"]
        self.frames = [part for part in self.parts if part.kind == "cluster"]
        self.arrows = [part for part in self.parts if part.kind == "edge"]

    def _read(self, element, part):
        if part not in self.parts:
            self.parts.append(part)
        for child in element:
            tag = child.tag.removeprefix(SVG)
            if tag == "g" and child.get("class") in ("node", "cluster", "edge", "names"):
                self._read(child, Part(child.get("class"), child.get("id")))
            elif tag in ("g", "a"):
                self._read(child, part)
            elif tag == "text":
                text = text_rectangle(child)
                if part.kind == "names":
                    part = self._frame_of(text)
                part.texts.append(text)
                self.texts.append((part, text, [shape for shape in self.filled if shape.holds(text.middle())]))
            elif tag in ("polygon", "path", "polyline", "ellipse"):
                self._shape(child, tag, part)

    def _frame_of(self, text):
        """The innermost frame that holds the beginning of a name."""
        y = (text.top + text.bottom) / 2
        start = Rectangle(text.left, y, text.left, y)
        around = [part for part in self.parts if part.kind == "cluster" and part.shape.holds(start)]
        sizes = {part.name: (part.shape.right - part.shape.left) * (part.shape.bottom - part.shape.top) for part in around}
        return min(around, key=lambda part: sizes[part.name], default=Part("cluster", "no frame", start))

    def _shape(self, element, tag, part):
        numbers = list(map(float, re.findall(r"-?\d+(?:\.\d+)?", element.get("d") or element.get("points"))))
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if part.kind == "edge":
            if tag == "path":
                part.curve = points
            return
        across, down = [x for x, _ in points], [y for _, y in points]
        shape = Rectangle(min(across), min(down), max(across), max(down), part.name, element.get("fill"))
        if shape.fill not in ("none", None):
            self.filled.append(shape)
        if part.kind != "graph" and part.shape is None:
            part.shape = shape


def text_rectangle(element):
    """The place of a text, from its anchor, its size and the metrics of the font."""
    runs = [run for run in element.iter() if run.text]
    words = "".join(run.text for run in runs)
    x, y = float(element.get("x")), float(element.get("y"))
    size = max(float(run.get("font-size")) for run in runs)
    width = sum(text_width(run.text, float(run.get("font-size")), run.get("font-weight") == "bold") for run in runs)
    left = {"start": x, "middle": x - width / 2, "end": x - width}[element.get("text-anchor", "start")]
    inks = [run.get("fill", "#000000") for run in runs]
    return Rectangle(left, y - 0.72 * size, left + width, y + 0.21 * size, words, inks=inks)


def text_width(words, size, bold):
    table = BOLD if bold else REGULAR
    return sum(table[ord(c) - 32] if 32 <= ord(c) < 127 else OTHERS.get(c, 1000) for c in words) * size / 1000


# ---- the checks ----------------------------------------------------------------------------------------------------
def overlaps(drawing):
    """Boxes that lie on each other, or that a frame cuts, or frames that cut each other."""
    found = []
    for number, one in enumerate(drawing.boxes):
        found += [(one.name, other.name) for other in drawing.boxes[number + 1 :] if one.shape.meets(other.shape)]
    for number, frame in enumerate(drawing.frames):
        for other in drawing.boxes + drawing.frames[number + 1 :]:
            inside = frame.shape.holds(other.shape) or (other.kind == "cluster" and other.shape.holds(frame.shape))
            if frame.shape.meets(other.shape) and not inside:
                found.append((frame.name, other.name))
    return found


def spills(drawing):
    """Texts that reach out of their box or frame, or onto another box."""
    found = []
    for part, text, _ in drawing.texts:
        if part.shape is not None and not part.shape.holds(text):
            found.append((part.name, text.name))
        found += [(other.name, text.name) for other in drawing.boxes if other is not part and other.shape.meets(text)]
    return found


def collisions(drawing):
    """Texts that lie on other texts."""
    texts = [text for _, text, _ in drawing.texts if text.name.strip("\xa0 ")]
    return [(one.name, two.name) for number, one in enumerate(texts) for two in texts[number + 1 :] if one.meets(two)]


def faint(drawing, least=4.5):
    """Texts that do not stand out from what is painted behind them."""
    found = []
    for _, text, behind in drawing.texts:
        ground = _hexadecimal(behind[-1].fill) if behind else "#ffffff"
        if text.name.strip("\xa0 "):
            found += [(text.name, ink, ground) for ink in text.inks if contrast(_hexadecimal(ink), ground) < least]
    return found


def cut(drawing):
    """What lies outside the view box."""
    left, top, width, height = map(float, drawing.root.get("viewBox").split())
    x, y = drawing.shift
    view = Rectangle(left - x, top - y, left - x + width, top - y + height)
    shapes = [part.shape for part in drawing.boxes + drawing.frames] + [text for _, text, _ in drawing.texts]
    outside = [shape.name for shape in shapes if not view.holds(shape)]
    for arrow in drawing.arrows:
        outside += [arrow.name for point in bezier(arrow.curve) if not view.holds(Rectangle(*point, *point))]
    return outside


def crossings(drawing):
    """Arrows that run through a box; they may touch those where they begin and end."""
    found = []
    for arrow in drawing.arrows:
        points = bezier(arrow.curve)
        touched = [box for box in drawing.boxes if any(_within(box.shape, point, 1.5) for point in points)]
        ends = [box for box in touched if any(_within(box.shape, point, -8) for point in (points[0], points[-1]))]
        found += [(arrow.name, box.name) for box in touched if box not in ends]
    return found


def unfound(drawing, words):
    """Those of the words that a search in the page would not find."""
    everything = [text.name.strip("\xa0 ") for _, text, _ in drawing.texts]
    return [word for word in words if not any(word in text for text in everything)]


CHECKS = (overlaps, spills, collisions, faint, cut, crossings)


def wrong_with(svg):
    """All that is wrong, by the name of the check; an empty dict where nothing is."""
    drawing = Drawing(svg)
    found = {check.__name__: check(drawing) for check in CHECKS}
    return {name: what for name, what in found.items() if what}


def bezier(points, steps=12):
    """Points along a chain of cubic curves as Graphviz writes them."""
    found = points[:1]
    for start in range(0, len(points) - 3, 3):
        a, b, c, d = points[start : start + 4]
        for step in range(1, steps + 1):
            t, u = step / steps, 1 - step / steps
            found.append(tuple(u**3 * a[i] + 3 * u * u * t * b[i] + 3 * u * t * t * c[i] + t**3 * d[i] for i in (0, 1)))
    return found


def _within(shape, point, margin):
    return shape.left + margin < point[0] < shape.right - margin and shape.top + margin < point[1] < shape.bottom - margin


def _hexadecimal(colour):
    return {"white": "#ffffff", "black": "#000000"}.get(colour, colour)
