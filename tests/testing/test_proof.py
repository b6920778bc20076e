"""The proof table: what stands in a cell, PyTorch's verdict, the page, and the command."""

import sys
from html.parser import HTMLParser

import pytest

import minitorch as mt
from minitorch.ops import TABLE
from minitorch.ops.front import PUBLIC
from minitorch.testing import __main__ as command
from minitorch.testing import proof
from minitorch.testing.laws import COLUMNS
from minitorch.testing.proof_page import page
from minitorch.testing.proof_pytorch import NONE, OK, REFUSES, WRONG, Cell, Votes, derivative, duality, their_cells
from minitorch.testing.subjects import every_subject


@pytest.fixture(scope="module")
def some():
    """A few rows, proved without PyTorch."""
    return {row.title: proof.prove(row, pytorch=False) for row in proof.chosen(["exp", "eq", "softmax", "floor", "matmul_nt"])}


def test_each_function_has_one_row():
    rows = proof.rows()
    assert len({row.title for row in rows}) == len(rows) > 600
    assert sum(len(row.subjects) for row in rows) == len(every_subject())
    (exp,) = proof.chosen(["minitorch.exp"])
    assert exp.public and [str(subject) for subject in exp.subjects[:2]] == ["exp", "minitorch.exp"]
    with pytest.raises(LookupError, match="nothing_here"):
        proof.chosen(["nothing_here"])


def test_a_cell_says_how_many_or_why_not(some):
    for found in some.values():
        for cell in [*found.ours.values(), *found.theirs.values()]:
            assert cell.count if cell.verdict == OK else cell.reason
            assert cell.verdict in (OK, NONE)
        assert found.errors == []
    assert {cell.verdict for cell in some["exp"].ours.values()} == {OK}
    assert some["eq"].ours["1st"] == Cell(NONE, reason="it has no derivative")
    assert some["eq"].ours["value"].verdict == some["eq"].ours["device"].verdict == OK
    assert "op softmax" in some and "softmax" in some


def test_what_is_broken_is_wrong_with_its_reason(monkeypatch):
    monkeypatch.setitem(TABLE["expm1"].__dict__, "pull", lambda node, g, parents: (g * 1.01,))
    found = proof.prove(proof.chosen(["expm1"])[0], pytorch=False)
    assert found.ours["1st"].verdict == WRONG and any(error.startswith("first_derivative: expm1: ()") for error in found.errors)
    assert found.ours["value"].verdict == found.ours["device"].verdict == OK
    assert proof.any_wrong([found]) and not proof.any_wrong([])


@pytest.mark.referee
@pytest.mark.parametrize(("name", "column", "verdict"), [
    ("layer_norm", "3rd", WRONG), ("nn.functional.batch_norm", "3rd", WRONG), ("nn.functional.instance_norm", "3rd", WRONG),
    ("logcumsumexp", "3rd", WRONG), ("cdist", "2nd", REFUSES), ("special.bessel_j0", "1st", REFUSES), ("exp", "3rd", OK),
    ("nn.functional.gelu", "jvp", OK), ("softmax", "float32", OK), ("relu", "value", OK), ("relu", "device", NONE),
])  # fmt: skip
def test_pytorchs_verdict(name, column, verdict):
    """The first of these stand in README's tables of what PyTorch gets wrong."""
    pytest.importorskip("torch")
    subject = next(subject for subject in every_subject() if subject.name == name and subject.kind != "op")
    cell = their_cells(subject)[column]
    assert cell.verdict == verdict
    assert cell.reason or verdict == OK


@pytest.mark.referee
def test_a_verdict_is_not_given_lightly():
    """Wrong by 5 % and by a thousandth; right; zero."""
    torch = pytest.importorskip("torch")

    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.factor, None

    point = mt.linspace(-1, 1, 5, dtype=mt.float64).numpy()
    for factor, verdict in ((1.05, WRONG), (1.001, WRONG), (1.0, OK)):
        assert derivative(lambda x, factor=factor: [Scaled.apply(x, factor)], [point], 1)[0] == verdict
    assert derivative(lambda x: [x * 0], [point], 1) == (OK, "")
    assert duality(lambda x: [x.exp().sum(), x * x], [point]) == (OK, "")


def test_votes_show_the_gravest():
    votes = Votes()
    assert votes.cell() == Cell(NONE, reason="there is no case")
    votes.add(NONE, "silent")
    assert votes.cell() == Cell(NONE, reason="silent")
    votes.add(OK)
    votes.add(REFUSES, "no")
    assert votes.cell() == Cell(REFUSES, 1, 2, "no")
    votes.add(WRONG, "7")
    assert votes.cell() == Cell(WRONG, 1, 3, "7")


class Cells(HTMLParser):
    """What stands in a page."""

    def __init__(self):
        super().__init__()
        self.count, self.addresses = {}, []

    def handle_starttag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.addresses += [value for name, value in attributes if name in ("src", "href")]


def test_the_page_fetches_nothing_and_holds_every_cell(some):
    text = page(list(some.values()), 1.0)
    seen = Cells()
    seen.feed(text)
    cells = len(some) * len(COLUMNS)
    assert seen.count["td"] == cells + 8 * len(COLUMNS)
    assert text.count("<td><i") == cells
    assert seen.addresses == ["#legend"] and "url(" not in text and "@import" not in text
    assert "prefers-color-scheme:dark" in text and "max-width:40rem" in text
    assert "<li>it has no derivative" in text


def test_the_command_prints_the_table(capsys, tmp_path):
    file = tmp_path / "proof.html"
    assert proof.main(["exp", "eq", "-j", "1", "--no-pytorch", "--html", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["minitorch|PyTorch", *COLUMNS]
    assert lines[1].split()[:2] == ["eq" if lines[1].startswith("eq") else "exp", "ok|-1"]
    assert {"1 PyTorch was not asked", "1 PyTorch is not installed"} & {" ".join(line.split()) for line in lines}
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(SystemExit):
        proof.main(["nothing_here"])


def test_several_processes_give_the_same_rows():
    rows = proof.chosen(["neg", "eq", "ne", "lt"])
    (one, two) = ([(p.title, p.ours) for p in proof.proofs(rows, jobs, pytorch=False)] for jobs in (1, 2))
    assert one == two


def test_the_module_hands_its_arguments_on(monkeypatch):
    import minitorch.testing.faults.campaign as campaign

    seen = []
    monkeypatch.setattr(campaign, "main", lambda arguments: seen.append(("faults", *arguments)))
    monkeypatch.setattr(proof, "main", lambda arguments: seen.append(("proof", *arguments)) or 1)
    for arguments, code in ((["faults", "--kind", "sign"], 0), (["exp"], 1)):
        monkeypatch.setattr(sys, "argv", ["minitorch.testing", *arguments])
        assert command.main() == code
    assert seen == [("faults", "--kind", "sign"), ("proof", "exp")]


def test_ops_of_ones_own_are_imported_first(monkeypatch, tmp_path, capsys):
    (tmp_path / "my_ops_of_the_test.py").write_text(
        "from minitorch.ops import families\n"
        "@families.elementwise('(input)')\n"
        "def halved_wrongly(xp, x):\n    'Half of x.'\n    return x / 2\n"
        "halved_wrongly.vjp(x=lambda g: g)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(proof, "_ROWS", None)
    try:
        assert proof.main(["--import", "my_ops_of_the_test", "halved_wrongly", "-j", "1", "--no-pytorch"]) == 1
    finally:
        TABLE.pop("halved_wrongly")
        PUBLIC[""].pop("halved_wrongly")
        sys.modules.pop("my_ops_of_the_test")
    assert "WRONG: halved_wrongly: first_derivative" in capsys.readouterr().out
