"""DOT and the pictures made of it: the same bytes every time, well-formed, escaped, and drawn on a bare machine."""

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import minitorch as mt
from minitorch import nn
from minitorch.viz import graph, record
from minitorch.viz.render import render
from tests.viz.tapes import leaf, op, small

SVG = "{http://www.w3.org/2000/svg}"
EVIL = '</text><script>alert("x")</script> & \\N \\n <b>bold</b> "quoted" ]]> \x00\x1b é 数 🎉 \'-- {|}'


@pytest.fixture
def bare(monkeypatch):
    """No program of the operating system can be found."""
    monkeypatch.setenv("PATH", "")


def picture(**keywords):
    loss, names = small()
    return graph(loss, names=names, **keywords)


def texts(svg):
    """Every run of letters, and every line as a whole."""
    lines = list(ElementTree.fromstring(svg).iter(f"{SVG}text"))
    runs = [run for line in lines for run in line.iter(f"{SVG}tspan")]
    return ["".join(element.itertext()).strip("\xa0 ") for element in lines + runs]


def ids(svg):
    return {element.get("id") for element in ElementTree.fromstring(svg).iter() if element.get("id")}


def test_an_empty_path_is_enough(bare):
    root = ElementTree.fromstring(picture().svg())
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") and root.get("height") is None  # scales with the page, so it is never cropped
    assert "max-width:100%" in root.get("style")


def test_all_is_within_the_view_box(bare):
    x = leaf(2)
    root = ElementTree.fromstring(graph(op("neg", x), names={"a rather long name of a leaf " * 3: x}, caption="c " * 60).svg())
    left, top, width, height = map(float, root.get("viewBox").split())
    (frame,) = (element for element in root.iter(f"{SVG}polygon") if element.get("fill") == "white")
    points = [tuple(map(float, point.split(","))) for point in frame.get("points").split()]
    shift = float(root.find(f"{SVG}g").get("transform").split("translate(")[1].split()[0])
    assert min(x for x, _ in points) + shift >= left - 1 and max(x for x, _ in points) + shift <= left + width + 1


def test_every_node_and_edge_is_there(bare):
    svg = picture().svg()
    assert {"weight", "bias", "matmul", "@", "add", "+", "pow", "mean", "[4, 3] float32"} <= set(texts(svg))
    classes = [element.get("class") for element in ElementTree.fromstring(svg).iter(f"{SVG}g")]
    assert classes.count("node") == 6
    assert classes.count("edge") == 5


def test_the_names_of_frames_are_in_front_of_the_arrows(bare):
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    (whole,) = ElementTree.fromstring(graph(model, mt.ones(1, 2)).svg()).findall(f"{SVG}g")
    names = whole[-1]
    assert names.get("class") == "names"
    assert {"".join(text.itertext()).strip("\xa0 ") for text in names} == {"Sequential", "0\xa0 Linear", "2\xa0 Linear"}
    assert all(text.get("paint-order") == "stroke" and text.get("stroke").startswith("#") for text in names)
    assert not any(list(group.iter(f"{SVG}text")) for group in whole if group.get("class") == "cluster")


def test_a_line_is_one_text_in_the_middle_of_its_column(bare):
    """In whichever font it is shown, and however many runs and columns it has."""
    boxes = {}
    for group in ElementTree.fromstring(graph([mt.Value(2.0, label="a") * 3.0]).svg()).iter(f"{SVG}g"):
        if group.get("class") == "node":
            lines = list(group.iter(f"{SVG}text"))
            boxes["".join(lines[0].itertext())] = group, lines
    for _, lines in boxes.values():
        assert all(line.get("text-anchor") == "middle" for line in lines)
    group, lines = boxes["mul\xa0 *"]
    assert [run.text.strip("\xa0 ") for run in lines[0]] == ["mul", "*"] and lines[0][0].get("font-weight") == "bold"
    rules = [float(shape.get("points").split(",")[0]) for shape in group.iter(f"{SVG}polygon")]
    first, second, third = (float(line.get("x")) for line in lines)
    assert first < rules[0] < second < rules[1] < third and second == pytest.approx(sum(rules) / 2, abs=0.01)
    single = graph(op("neg", leaf(2)), names={}).svg()
    for group in ElementTree.fromstring(single).iter(f"{SVG}g"):
        if group.get("class") == "node":
            shape = next(shape for shape in group.iter() if shape.get("points") or shape.get("d"))
            across = [
                float(point.split(",")[0]) for point in re.findall(r"[-\d.]+,[-\d.]+", shape.get("points") or shape.get("d"))
            ]
            for line in group.iter(f"{SVG}text"):
                assert float(line.get("x")) == pytest.approx((min(across) + max(across)) / 2, abs=0.01)


def test_arrows_and_frames_have_no_title_of_graphviz(bare):
    root = ElementTree.fromstring(graph(nn.Linear(2, 3), mt.ones(1, 2)).svg())
    titles = {group.get("class"): group.find(f"{SVG}title") for group in root.iter(f"{SVG}g")}
    assert titles["edge"] is None and titles["cluster"] is None and titles["graph"] is not None


def test_ids_of_two_pictures_on_one_page_do_not_collide(bare):
    first, second = ids(picture().svg()), ids(picture(caption="another").svg())
    assert first and not first & second


def test_the_same_picture_shown_twice_does_not_collide_with_itself(bare):
    shown = [picture(caption="twice")._repr_mimebundle_()["image/svg+xml"] for _ in range(3)]
    assert len(ids(shown[0]) | ids(shown[1]) | ids(shown[2])) == 3 * len(ids(shown[0]))


def test_whatever_a_user_named_is_text(bare):
    class Evil(nn.Module):
        def forward(self, x):
            return x * 2

        def extra_repr(self):
            return EVIL

    Evil.__name__ = EVIL.replace("\x00", "")
    outer = nn.Module()
    outer.add_module(EVIL.replace(".", ""), Evil())
    outer.forward = lambda x: outer._modules[EVIL](x)
    x = mt.ones(2)
    for keywords in ({}, {"depth": 1}, {"show": "all"}):
        svg = graph(outer, x, names={EVIL: x}, caption=EVIL, **keywords).svg()
        root = ElementTree.fromstring(svg)
        assert root.find(f".//{SVG}script") is None and root.find(f".//{SVG}b") is None
    shown = EVIL.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert shown in texts(svg)  # the caption, as it was given
    cut = shown[:47] + "…"
    svg = graph(op("index", leaf(2), index=EVIL), names={EVIL: (y := leaf(2))}, caption=None).svg()
    assert ElementTree.fromstring(svg).find(f".//{SVG}script") is None
    assert cut in texts(graph(op("neg", y), names={EVIL: y}).svg())


@pytest.mark.parametrize("name", ["<b>x</b>", "\\N", "a\\lb", "<", "&amp;", "{a|b}", '"', "🎉👩‍🚀", "n\u0301", "-", "node", "\\"])
def test_a_name_is_shown_as_it_was_given(bare, name):
    x = leaf(2)
    assert name in texts(graph(op("neg", x), names={name: x}).svg())


def test_a_new_line_in_a_name_is_a_space(bare):
    x = leaf(2)
    assert "a b" in texts(graph(op("neg", x), names={"a\nb": x}).svg())


def test_an_error_message_is_escaped_and_wrapped(bare):
    def fails(x):
        raise ValueError("<script>" + " word" * 200 + "\\N &")

    shown = texts(graph(fails, mt.ones(2)).svg())
    assert any("ValueError: <script> word" in text for text in shown)
    assert max(map(len, shown)) <= 80


@pytest.mark.parametrize(
    ("ending", "beginning"),
    [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph"), ("txt", b"#5")],
)
def test_save_writes_by_the_ending(bare, tmp_path, ending, beginning):
    path = picture().save(tmp_path / f"graph.{ending}")
    assert path.read_bytes().startswith(beginning)


def test_save_json(tmp_path):
    nodes = json.loads(picture().save(tmp_path / "graph.json").read_text())["nodes"]
    assert [node["parents"] for node in nodes] == [[], [], [None, 0], [2, 1], [3], [4]]


def test_save_refuses_an_unknown_ending(tmp_path):
    with pytest.raises(ValueError, match=r"cannot tell the format from 'graph\.jpg'"):
        picture().save(tmp_path / "graph.jpg")


@pytest.mark.parametrize("missing", ["graphviz", "pygraphviz"])
def test_what_is_missing_is_named_with_the_line_that_installs_it(bare, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r'pip install "minitorch-engine\[viz\]"'):
        picture().svg()
    assert picture().text() and picture().json() and picture().html()


def test_a_program_dot_on_the_path_is_used(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys; sys.stdin.read(); print('<svg>' + ' '.join(sys.argv[1:]))\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert render(picture().dot(), "svg").decode().startswith("<svg>-Kdot -Tsvg")


def test_a_notebook_gets_both_forms(bare, monkeypatch):
    bundle = picture()._repr_mimebundle_()
    assert bundle["text/plain"].startswith("#5 mean") and "<svg" in bundle["image/svg+xml"]
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    bundle = picture()._repr_mimebundle_()
    assert "image/svg+xml" not in bundle and "pip install" in bundle["text/plain"]


def test_the_same_dot_in_another_process():
    program = "from tests.viz.test_golden import PICTURES\nfor make in PICTURES.values(): print(make().dot())"
    root = Path(__file__).parents[2]
    other = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, check=True)
    from tests.viz.test_golden import PICTURES

    assert other.stdout.decode() == "".join(make().dot() + "\n" for make in PICTURES.values())


def test_a_recorded_backward_is_in_the_picture(bare):
    x = mt.ones(3, requires_grad=True)
    with record(time=True):
        loss = (x * x).sum()
        loss.backward()
    shown = texts(graph(loss, show=["gradient", "value", "bytes", "saved", "time", "source", "rules", "device"]).svg())
    for words in ("norm 1.732, max 1", "grad norm 3.464, max 2", "12 B, saves 12 B", "dx: g * y", "dy: g * x", "cpu"):
        assert words in shown, words
    assert any(text.endswith("µs") for text in shown) and any(text.startswith("test_svg.py:") for text in shown)


@pytest.mark.parametrize("blank", ["", " ", "\n", "\t \n"])
def test_a_blank_name_or_caption_does_not_spoil_the_picture(blank):
    x = mt.ones(2, requires_grad=True)
    loss = (x * 2).sum()
    assert graph(loss, names={blank: x}).svg().count("[2] float32") == 2
    assert graph(loss, caption=blank).svg() == graph(loss).svg()
