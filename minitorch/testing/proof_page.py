"""The proof table as one page that fetches nothing: light and dark, narrow and wide, filtered by name, family and verdict.

Every cell holds two marks, minitorch's and PyTorch's. A number after a mark is that of its reason in the legend, and the
reason itself is the mark's tooltip.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from importlib import metadata
from typing import TYPE_CHECKING

from ..version import __version__
from .laws import COLUMNS, LAWS
from .laws.referee import installed
from .proof_pytorch import NONE, OK, REFUSES, WRONG, Cell
from .proof_text import Legend

if TYPE_CHECKING:
    from .proof import Proof

SIGNS = {OK: "✓", WRONG: "✗", REFUSES: "⊘", NONE: "–"}
STYLE = """
:root{color-scheme:light dark;--ink:#1c1e21;--soft:#6a7077;--page:#fff;--line:#e3e6ea;--head:#f5f6f8;--ok:#1a7f37;
--wrong:#c0182b;--refuses:#9a6200}
@media(prefers-color-scheme:dark){:root{--ink:#e4e7ea;--soft:#949ca5;--page:#15181b;--line:#2b3035;--head:#1d2125;
--ok:#5fc77a;--wrong:#ff7b7b;--refuses:#e2ab4a}}*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1rem;font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--page)}
h1{font-size:1.4rem;margin:.2rem 0}p{max-width:46rem;margin:.4rem 0}form{display:flex;flex-wrap:wrap;gap:.5rem;margin:.8rem 0}
input,select{font:inherit;padding:.3rem .5rem;border:1px solid var(--line);border-radius:.3rem;background:var(--page);
color:inherit;min-width:0;max-width:100%}input{flex:1 1 12rem}.box{overflow:auto;max-height:85vh;border:1px solid var(--line)}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{padding:.15rem .5rem;text-align:left;border-bottom:1px solidvar(--line);white-space:nowrap}
thead th{position:sticky;top:0;background:var(--head);z-index:2}
tbody th,thead th:first-child{position:sticky;left:0;background:var(--page);font-weight:500}
thead th:first-child{z-index:3;background:var(--head)}tbody th{max-width:17rem;overflow:hidden;text-overflow:ellipsis}
td i{font-style:normal;display:inline-block;min-width:2.9rem;color:var(--soft)}.o{color:var(--ok)!important}
.w{color:var(--wrong)!important;font-weight:700}.r{color:var(--refuses)!important}sub{font-size:.72em;vertical-align:baseline}
ol{columns:28rem;font-size:13px;padding-left:2.4rem}li{break-inside:avoid;overflow-wrap:anywhere}
.s td{font-variant-numeric:tabular-nums}
@media(max-width:40rem){body{padding:.5rem}th,td{padding:.15rem .3rem}tbody th{max-width:9rem}
small{display:none}td i{min-width:1.9rem}}
"""
SCRIPT = """
const q=document.forms[0],rows=[...document.querySelectorAll('#table tbody tr')],n=document.getElementById('n')
function show(){const t=q.text.value.toLowerCase(),f=q.family.value,v=q.verdict.value;let k=0
for(const r of rows){const on=r.cells[0].textContent.toLowerCase().includes(t)&&(!f||r.dataset.f==f)&&(!v||r.querySelector(v))
r.hidden=!on;k+=on}n.textContent=k}
q.oninput=show;q.onsubmit=e=>e.preventDefault();show()
"""


def mark(cell: Cell, legend: Legend, whose: str) -> str:
    """One verdict: a sign, how many calls, the number of the reason and, where it is grave, the reason."""
    kind = {OK: "o", WRONG: "w", REFUSES: "r", NONE: "n"}[cell.verdict]
    if cell.verdict == OK:
        return f"<i class=o>✓{cell.count}</i>"
    number = legend.number(cell.reason)
    if cell.verdict == NONE:
        return f"<i>–<sub>{number}</sub></i>"
    text = f"{SIGNS[cell.verdict]}{cell.count}/{cell.total}<sub>{number}</sub>"
    return f'<i class="{kind} {whose}" title="{escape(cell.reason[:160])}">{text}</i>'


def body_row(proof: Proof, legend: Legend) -> str:
    """One function."""
    cells = "".join(
        f"<td>{mark(proof.ours[column], legend, 'u')} {mark(proof.theirs[column], legend, 't')}" for column in COLUMNS
    )
    space, dot, name = proof.title.rpartition(".")
    shown = f"<small>{escape(space + dot)}</small>{escape(name)}" if space else escape(name)
    return f'<tr data-f="{escape(proof.family)}"><th scope=row title="{escape(proof.title)}">{shown}</th>{cells}'


def counts(done: Sequence[Proof]) -> str:
    """The table of how many there are of each verdict."""
    lines = []
    for whose, name in (("ours", "minitorch"), ("theirs", "PyTorch")):
        for verdict in (OK, WRONG, REFUSES, NONE):
            found = Counter(column for proof in done for column, cell in getattr(proof, whose).items() if cell.verdict == verdict)
            cells = "".join(f"<td>{found[column]}" for column in COLUMNS)
            lines.append(f"<tr><th scope=row>{name}: {SIGNS[verdict]} {verdict}</th>{cells}")
    return "".join(lines)


def versions() -> str:
    """What was proved with what."""
    import numpy

    theirs = f", PyTorch {metadata.version('torch')}" if installed() else ""
    return f"minitorch {__version__}, NumPy {numpy.__version__}{theirs}"


def page(done: Sequence[Proof], seconds: float) -> str:
    """The whole page."""
    legend = Legend()
    lines = "\n".join(body_row(proof, legend) for proof in done)
    families = "".join(f"<option>{family}" for family in sorted({proof.family for proof in done}))
    head = "".join(f"<th scope=col>{column}" for column in COLUMNS)
    reasons = "\n".join(f"<li>{escape(reason)}" for reason in legend.numbers)
    laws = "\n".join(f"<li><b>{law.column}</b> {escape(law.name.replace('_', ' '))}: {escape(law.text)}" for law in LAWS)
    return f"""<!doctype html>
<html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width,initial-scale=1">
<title>The proof table</title><style>{STYLE}</style>
<h1>The proof table</h1>
<p>{len(done)} functions, {len(LAWS)} laws, {seconds:.0f} seconds; {versions()}. In each cell stand two verdicts: minitorch's
by its laws, then PyTorch's, whose function of that name goes through the same calls and checks: each derivative against
differences of
PyTorch's own numbers, forward mode against reverse, float32 against float64.</p>
<p><i class=o>✓</i> all calls (how many) &nbsp; <i class=w>✗</i> wrong in some of them &nbsp; <i class=r>⊘</i> refused in some
&nbsp; – nothing to hold. The small number is that of the reason in the <a href="#legend">legend</a>.</p>
<form><input name=text type=search placeholder="name" aria-label="name"><select name=family aria-label="family">
<option value="">every family{families}</select><select name=verdict aria-label="verdict"><option value="">every verdict
<option value=".w.t">PyTorch is wrong<option value=".r.t">PyTorch refuses<option value=".u">minitorch is not ok</select></form>
<p><span id=n>{len(done)}</span> shown</p>
<div class=box><table id=table><thead><tr><th scope=col>function{head}</thead><tbody>
{lines}
</tbody></table></div>
<h2>How many</h2><div class=box><table class=s><thead><tr><th scope=col>verdict{head}</thead><tbody>{counts(done)}
</tbody></table></div>
<h2 id=legend>Reasons</h2><ol>
{reasons}
</ol>
<h2>Laws</h2><ul>
{laws}
</ul>
<script>{SCRIPT}</script>
</html>
"""
