"""DOT and the pictures made of it: the same bytes every time, well-formed, escaped, and drawn on a bare machine."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from minitorch.viz import graph
from minitorch.viz.dot import render
from tests.viz.tapes import chain, leaf, op, small

SVG = "{http://www.w3.org/2000/svg}"
EVIL = '</text><script>alert("x")</script> & \\N \\n <b>bold</b> "quoted" ]]> \x00\x1b é 数'


@pytest.fixture
def bare(monkeypatch):
    """No program of the operating system can be found."""
    monkeypatch.setenv("PATH", "")


def picture(**keywords):
    loss, names = small()
    return graph(loss, names=names, **keywords)


def texts(svg):
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_an_empty_path_is_enough(bare):
    root = ElementTree.fromstring(picture().svg())
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") and root.get("height") is None  # scales with the page, so it is never cropped


def test_every_node_and_edge_is_there(bare):
    svg = picture().svg()
    assert {"weight", "bias", "matmul @", "add +", "pow **", "mean"} <= set(texts(svg))
    classes = [element.get("class") for element in ElementTree.fromstring(svg).iter(f"{SVG}g")]
    assert classes.count("node") == 6
    assert classes.count("edge") == 5


def test_dot_is_the_same_bytes_every_time():
    assert picture().dot() == picture().dot()


def test_ids_of_two_pictures_on_one_page_do_not_collide(bare):
    def ids(svg):
        return {element.get("id") for element in ElementTree.fromstring(svg).iter() if element.get("id")}

    first, second = ids(picture().svg()), ids(picture(caption="another").svg())
    assert first and not first & second


def test_names_captions_and_params_are_escaped(bare):
    x = leaf(2)
    svg = graph(op("index", x, index=EVIL), names={EVIL: x}, caption=EVIL).svg()
    shown = EVIL.replace("\x00", "�").replace("\x1b", "�")
    assert ElementTree.fromstring(svg).find(f".//{SVG}script") is None
    assert texts(svg).count(shown) == 2  # the leaf's name and the caption, both as they were given


def test_a_label_that_looks_like_html_is_text(bare):
    x = leaf(2)
    assert "<b>x</b>" in texts(graph(op("neg", x), names={"<b>x</b>": x}).svg())


def test_a_graph_above_max_nodes_says_what_it_leaves_out(bare):
    shown = texts(graph(chain(50), max_nodes=10).svg())
    assert "the newest 10 of 51 nodes" in shown
    assert "… 41 older nodes" in shown
    with pytest.raises(ValueError, match="max_nodes"):
        graph(chain(1), max_nodes=0)


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
    assert picture().text()


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
    program = "from tests.viz.tapes import small; from minitorch.viz import graph; print(graph(small()[0]).dot())"
    root = Path(__file__).parents[2]
    other = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, check=True)
    assert other.stdout.decode().strip() == graph(small()[0]).dot().strip()
