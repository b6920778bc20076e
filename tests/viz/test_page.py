"""The HTML page as text: inert data, nothing fetched, the same bytes every time. A browser is not needed here."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from minitorch.viz.page import SCRIPTS, page
from tests.viz.pages import Writer, chain, neuron, sick, stats, transformer

ROOT = Path(__file__).parents[2]
EVIL = [
    "</script><script>alert(1)</script>", "<!-- <script>", "-->", "]]>", "<img src=x onerror=alert(1)>", "\u2028\u2029", "\ud800", "\x00\x1b",
    "@script@ @document@ @title@ @style@", r"\1 \g<0> \u003c", "&lt;b&gt;", "' \" `${alert(1)}`", "𝕏 数 é",
]  # fmt: skip


class Reader(HTMLParser):
    """What a browser's parser sees: the elements, and the text inside each script and the title."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self.inside = [], {}, None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside = (tag, dict(attrs).get("id"))

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        self.texts[self.inside] = self.texts.get(self.inside, "") + data


def evil():
    w = Writer(caption="".join(EVIL))
    leaves = [w.leaf(text, name=text, params=[[text, text]], line=text, source=text, error=text) for text in EVIL]
    with w.module(EVIL[0], EVIL[1], detail=EVIL[2], inputs=EVIL, outputs=EVIL):
        w.op(EVIL[0], *leaves, rules=[[text, text] for text in EVIL])
    return w.document()


@pytest.mark.parametrize(
    "document", [evil(), neuron(), transformer(), sick(), chain(3)], ids=["evil", "neuron", "transformer", "sick", "chain"]
)
def test_the_document_comes_through_unchanged(document):
    seen = Reader(page(document))
    assert json.loads(seen.texts["script", "document"]) == document
    tags = [tag for tag, _ in seen.elements]
    assert tags.count("script") == 2 and tags.count("style") == 1 and "img" not in tags


def test_a_caption_is_text():
    seen = Reader(page(evil()))
    for shown in (seen.texts["title", None], seen.texts["h1", "caption"]):
        assert EVIL[0] in shown and EVIL[8] in shown and EVIL[12] in shown
    page(evil()).encode("utf-8")  # also what UTF-8 has no bytes for


def test_the_data_cannot_end_its_element():
    text = page(evil())
    inside = re.search(r'<script id="document" type="application/json">(.*?)</script>', text, re.DOTALL)[1]
    assert not re.search("[<>&\u2028\u2029]", inside) and inside.isascii()


def test_nothing_is_fetched():
    text = page(transformer())
    for tag, attrs in Reader(text).elements:
        assert "src" not in attrs
        assert attrs.get("href", "#").startswith(("#", "data:,")), (tag, attrs)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|import\(|sendBeacon", text)
    assert set(re.findall(r"https?://[\w./]+", text)) == {"http://www.w3.org/2000/svg"}  # a namespace, which nobody fetches
    assert "default-src 'none'" in text


def test_text_is_never_set_as_markup():
    text = page(chain(1))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text)


def test_the_same_bytes_every_time():
    program = "from tests.viz.pages import transformer; from minitorch.viz.page import page; import sys; sys.stdout.buffer.write(page(transformer()).encode())"
    other = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True)
    assert other.stdout == page(transformer()).encode()


def test_numbers_that_json_lacks_become_words():
    w = Writer()
    w.leaf(
        "x", value=stats(1.0) | {"norm": float("nan"), "max": float("inf"), "mean": float("-inf"), "values": [float("nan"), 1.0]}
    )
    value = json.loads(Reader(page(w.document())).texts["script", "document"])["nodes"][0]["value"]
    assert (value["norm"], value["max"], value["mean"], value["values"]) == ("nan", "inf", "-inf", ["nan", 1.0])


def test_an_empty_document_and_one_without_a_caption():
    empty = Writer().document()
    seen = Reader(page(empty))
    assert json.loads(seen.texts["script", "document"]) == empty
    assert seen.texts["title", None] == "Computation graph"


def test_every_script_is_short_and_in_the_page():
    folder = ROOT / "minitorch" / "viz"
    assert {path.stem for path in folder.glob("page*.js")} == set(SCRIPTS)
    for path in [*folder.glob("page*.js"), *folder.glob("page*.css"), *folder.glob("page*.html")]:
        assert len(path.read_text().splitlines()) <= 400, path.name
    assert all((folder / f"{name}.js").read_text() in page(chain(1)) for name in SCRIPTS)
