"""Every picture of the gallery is right at a glance, as far as that can be measured, and what lies there is what is drawn."""

import importlib.util
import json
import math
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from minitorch.viz.colours import BAD
from tests.viz.pages import browser
from tests.viz.svg_checks import CHECKS, SVG, Drawing, text_width, unfound, wrong_with

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "gallery"
DIGEST = re.compile(r'id="(tape[0-9a-f]{8})"')  # of the DOT, without the ids in it


def load():
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "examples" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GALLERY = load()
#: What must be read on each picture, beyond the names of its boxes.
WORDS = {
    "expression": ["data 4.358", "grad 3.27", "grad 0.4869", "loss = add", "d = add", "constant"],
    "mlp": ["weight", "[256, 64] float32", "loss = cross_entropy", "2 Dropout", "images", "labels", "gradient norm 3.76"],
    "lenet": ["features.0", "Conv2d", "conv2d", "features.2 MaxPool2d", "classifier.5", "[8, 6, 28, 28] float32", "192 KB"],
    "lstm": ["repeated", "× 5", "lower", "upper", "LSTMCell", "h_n: [4, 16] float32", "c_n: [4, 16] float32", "weight_hh"],
    "lstm_unrolled": ["lower", "upper", "key=[0]", "key=[4]", "1,664 parameters, 2 ops", "head"],
    "transformer": ["× 4", "layers.0 … layers.3", "scaled_dot_product_attention", "layers.0.norm2", "in_proj_weight"],
    "transformer_blocks": ["layers.0", "layers.3", "layers.3.self_attn", "MultiheadAttention", "[2, 6, 16] → [2, 6, 32] float32"],
    "nan": ["first nan here", "log", "value 1 nan", "scores = softmax"],
    "failure": ["(4x32 and 23x10): linear got an input of shape [4, 32]", "[10, 23] float32", "1 ReLU", "failed"],
}
BOXES = {"expression": 11, "mlp": 11, "lenet": 27, "lstm": 17, "lstm_unrolled": 17, "transformer": 37, "transformer_blocks": 33,
         "nan": 9, "failure": 8}  # fmt: skip


@cache
def picture(name):
    return GALLERY.draw(name)


@cache
def svg(name):
    return picture(name).svg()


@pytest.mark.parametrize("name", GALLERY.PICTURES)
def test_nothing_is_wrong_with_a_picture(name):
    assert wrong_with(svg(name)) == {}
    drawing = Drawing(svg(name))
    assert len(drawing.boxes) == BOXES[name]
    assert unfound(drawing, WORDS[name]) == []


@pytest.mark.parametrize("name", ["expression", "mlp", "lenet", "nan", "failure"])
def test_every_node_can_be_found(name):
    """Where nothing is folded or closed, each node has a box with its op or name."""
    drawing = Drawing(svg(name))
    titles = [entry.title for entry in picture(name).nodes]
    assert len(drawing.boxes) == len(titles)
    assert unfound(drawing, [title if "=" in title else title.rpartition(".")[2] for title in titles]) == []


def test_the_numbers_of_the_expression_are_right():
    a, b, c = 2.0, -3.0, 6.9
    tanh = math.tanh(a * b + c)
    slope = 0.5 * (1 - tanh**2)
    found = {entry.name: (entry.value["values"], entry.gradient["values"]) for entry in picture("expression").nodes if entry.name}
    expected = {"a": (a, slope * b + 2 * a), "b": (b, slope * a), "c": (c, slope), "d": (0.9, slope), "loss": (0.5 * tanh + 4, 1)}
    assert found == {name: pytest.approx(pair) for name, pair in expected.items()}


def test_what_went_wrong_is_marked():
    (first,) = [entry for entry in picture("nan").nodes if entry.first_bad]
    assert first.op == "log"
    red = [part.name for part in Drawing(svg("nan")).boxes if stroke(svg("nan"), part.name) == BAD]
    assert len(red) == 1 and red[0].endswith(f"-n{first.id}")
    (failed,) = [part for part in Drawing(svg("failure")).boxes if part.shape.fill == BAD]
    assert isinstance(picture("failure").error, RuntimeError) and "linear" in {text.name for text in failed.texts}


def stroke(text, name):
    (group,) = [group for group in ElementTree.fromstring(text).iter(f"{SVG}g") if group.get("id") == name]
    return next(shape.get("stroke") for shape in group.iter() if shape.get("stroke"))


def test_rolled_and_unrolled_show_the_same_program():
    assert len(picture("lstm").nodes) == len(picture("lstm_unrolled").nodes)
    calls = [module.path for module in picture("lstm").modules]
    assert calls == ["", *["lower", "upper"] * 5, "head"]
    assert svg("lstm").count("stroke-dasharray") == 2  # each layer hands its state on
    assert [module.times for module in picture("transformer").modules if module.name == "TransformerEncoderLayer"] == [4, 1, 1, 1]


# ---- what lies in the folder ---------------------------------------------------------------------------------------
def test_the_dot_is_the_same_in_another_process():
    program = "import runpy; g = runpy.run_path('examples/gallery.py'); print([g['draw'](name).dot() for name in g['PICTURES']])"
    other = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, encoding="utf-8").stdout
    assert other == f"{[picture(name).dot() for name in GALLERY.PICTURES]}\n"


@pytest.mark.parametrize("name", GALLERY.PICTURES)
def test_what_lies_in_the_folder_is_what_is_drawn(name):
    """The id of an SVG is a digest of its DOT, so this holds whichever Graphviz has drawn it."""
    path = FOLDER / f"{name}.svg"
    assert DIGEST.search(path.read_text(encoding="utf-8"))[1] == DIGEST.search(svg(name))[1], "run python examples/gallery.py"
    assert wrong_with(path.read_text(encoding="utf-8")) == {}


def test_the_folder_is_small_and_holds_nothing_else():
    sizes = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(sizes) == {f"{name}.svg" for name in GALLERY.PICTURES} | {f"{name}.html" for name in GALLERY.PAGES}
    assert sum(sizes.values()) < 600_000
    for name, size in sizes.items():
        assert size < (200_000 if name.endswith(".html") else 60_000), name


@pytest.mark.parametrize("name", GALLERY.PAGES)
def test_the_page_holds_the_graph_and_its_backward(name):
    text = (FOLDER / f"{name}.html").read_text(encoding="utf-8")
    inert = re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', text, flags=re.DOTALL)[1]
    assert json.loads(inert) == json.loads(picture(name).json())
    assert len(json.loads(inert)["backward"]) >= 5


@pytest.mark.parametrize("name", GALLERY.PAGES)
def test_a_search_in_the_page_finds_every_node(name):
    with browser() as chromium:
        tab = chromium.new_page()
        tab.goto((FOLDER / f"{name}.html").as_uri())
        for entry in picture(name).nodes:
            tab.fill("#search", entry.title)
            assert re.search(r"[1-9]", tab.inner_text("#hits")), entry.title
        tab.fill("#search", "nothing of that name")
        assert not re.search(r"[1-9]", tab.inner_text("#hits"))


# ---- each check finds what it looks for ----------------------------------------------------------------------------
def broken(change):
    """The picture of the expression, after `change(root, groups)`: groups by what they are of."""
    root = ElementTree.fromstring(svg("mlp"))
    groups = {}
    for group in root.iter(f"{SVG}g"):
        words = ["".join(text.itertext()) for text in group.iter(f"{SVG}text")]
        if group.get("class") in ("node", "edge", "cluster"):
            groups.setdefault(words[0].strip("\xa0 ") if words else group.get("class"), group)
    change(root, groups)
    return ElementTree.tostring(root, encoding="unicode")


def lay_on_each_other(root, groups):
    next(groups["images"].iter(f"{SVG}path")).set("d", next(groups["relu"].iter(f"{SVG}path")).get("d"))


def cut_by_its_frame(root, groups):
    shape = next(groups["weight"].iter(f"{SVG}polygon"))
    shape.set("points", re.sub(r"^(\S+),(\S+)", lambda point: f"{float(point[1]) + 300},{point[2]}", shape.get("points")))


def lengthen(root, groups):
    next(groups["relu"].iter(f"{SVG}text")).text = "a name much too long for the box that it was given in this picture"


def lengthen_the_name_of_a_frame(root, groups):
    names = next(group for group in root.iter(f"{SVG}g") if group.get("class") == "names")
    next(run for run in names.iter() if run.text == "Linear").text = (
        "A class with a name that is longer than its frame is wide" * 3
    )


def lay_text_on_text(root, groups):
    first, second, *_ = groups["relu"].iter(f"{SVG}text")
    second.set("y", first.get("y"))


def pale(root, groups):
    next(groups["relu"].iter(f"{SVG}text")).set("fill", "#a0a8b0")


def crop(root, groups):
    left, top, width, height = root.get("viewBox").split()
    root.set("viewBox", f"{left} {top} {float(width) * 0.8} {height}")


def crop_the_bottom(root, groups):
    left, top, width, height = root.get("viewBox").split()
    root.set("viewBox", f"{left} {top} {width} {float(height) - 30}")


def run_through(root, groups):
    boxes = {part.name: part.shape for part in Drawing(svg("mlp")).boxes}
    start, end = (boxes[groups[name].get("id")].middle() for name in ("weight", "bias"))
    far = end.left + 2 * (end.left - start.left)
    curve = f"M{start.left},{start.top}C{end.left},{end.top} {end.left},{end.top} {far},{end.top}"
    next(groups["edge"].iter(f"{SVG}path")).set("d", curve)


@pytest.mark.parametrize(
    ("check", "change"),
    [("overlaps", lay_on_each_other), ("overlaps", cut_by_its_frame), ("spills", lengthen), ("spills", lengthen_the_name_of_a_frame),
     ("collisions", lay_text_on_text),
     ("faint", pale), ("cut", crop), ("cut", crop_the_bottom), ("crossings", run_through)],
)  # fmt: skip
def test_a_broken_picture_is_noticed(check, change):
    assert wrong_with(broken(lambda root, groups: None)) == {}
    assert check in wrong_with(broken(change))
    assert check in {one.__name__ for one in CHECKS}


def test_a_word_that_is_not_there_is_not_found():
    assert unfound(Drawing(svg("mlp")), ["relu", "not there", "cross_entropy"]) == ["not there"]


def test_widths_are_those_of_helvetica():
    assert text_width("Hello, world", 10, bold=False) == pytest.approx(52.23)
    assert text_width("Hello, world", 10, bold=True) > text_width("Hello, world", 10, bold=False)
