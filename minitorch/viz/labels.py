"""The words on a box: a bold title, then short lines of what was asked for.

Everything a user named is escaped: labels are Graphviz's HTML-like ones, where a backslash, too, must be spelled out.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from .colours import BAD, ink
from .document import Document, Entry, ModuleCall
from .fold import DIGITS, PLACES
from .scene import Box
from .stats import Stats, shown, size_of
from .text import clean, health

__all__ = ["box_label", "escaped", "frame_label", "lines_of", "seconds"]

LONGEST = 48
#: What a parameter mostly is, by its name: one that says so tells nothing. In tuples, each number.
USUAL = {"stride": "1", "dilation": "1", "groups": "1", "padding": "0", "output_padding": "0", "smoothing": "0",
         "ignored": "-100", "plain": "True", "alpha": "1", "eps": "1e-05"}  # fmt: skip
TITLE, SMALL = 11, 9


def escaped(text: str, longest: int = LONGEST) -> str:
    """Text for an HTML-like label, on one line and not endless."""
    text = clean(" ".join(text.split())) if text.isprintable() or text.strip() else clean(text)
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    if not text.strip():
        return "&#160;"  # Graphviz takes no empty element
    return html.escape(text).replace("\\", "&#92;&#92;")  # one would make a \\N or \\G of what follows


def lines_of(entry: Entry, show: frozenset[str], document: Document, results: list[str], times: int = 1) -> list[str]:
    """The lesser lines of a node, drawn for `times` like it. `results`: what to say of each of several."""
    lines = []
    if "module" in show and entry.module is not None:
        module = document.modules[entry.module]
        lines.append(f"in {module.path or module.name}")
    if "params" in show:
        told = [f"{name}={value}" for name, value in entry.params if _tells(name, value, entry, times)]
        if told:
            lines += _wrapped([f"{words}," for words in told[:-1]] + told[-1:], 40, 3)
    if document.kind == "tensor":
        lines += [_type_of(entry, show)] if entry.shape is not None or not results else results
    if "value" in show and document.kind == "tensor" and not _is_number(entry):
        lines.append(_numbers("", entry.value))
    if "gradient" in show and document.kind == "tensor":
        lines.append(_numbers("grad ", entry.gradient))
    if entry.made:
        memory = []
        if "bytes" in show:
            memory.append(size_of(entry.bytes))
        if "saved" in show and entry.saved:
            memory.append(f"saves {size_of(entry.saved)}")
        lines.append(", ".join(memory))
        if "time" in show and entry.time is not None:
            lines.append(seconds(entry.time))
        if "rules" in show:
            texts: dict[str, list[str]] = {}
            for name, rule in entry.rules:
                texts.setdefault(rule, []).append(f"d{name}")
            lines += [f"{', '.join(whose)}: {rule}" for rule, whose in texts.items()]
        if "source" in show and entry.source:
            lines.append(entry.source)
    elif "bytes" in show:
        lines.append(size_of(entry.bytes))
    return [line for line in lines if line]


def _tells(name: str, value: str, entry: Entry, times: int) -> bool:
    """Whether a parameter is worth its line: not as usual, not what the shape says anyway, not another in each turn."""
    numbers = value.strip("()").rstrip(",").split(", ")
    if times > 1 and name in PLACES and DIGITS.search(value):
        return False
    if value in ("None", "False") or set(numbers) == {USUAL.get(name)}:
        return False
    return name not in ("shape", "sizes") or numbers != [str(size) for size in (entry.shape or ())[-len(numbers) :]]


def _type_of(entry: Entry, show: frozenset[str]) -> str:
    if _is_number(entry):
        return ""
    parts = []
    if "shape" in show and entry.shape is not None:
        parts.append(f"[{', '.join(map(str, entry.shape))}]")
    if "dtype" in show and entry.dtype:
        parts.append(entry.dtype)
    if entry.device and ("device" in show or entry.device != "cpu"):
        parts.append(entry.device)
    return " ".join(parts)


def _is_number(entry: Entry) -> bool:
    """Whether it is a Python number, whose title says all."""
    return entry.kind == "constant" and entry.device is None and entry.name is None


def _numbers(what: str, stats: Stats | None) -> str:
    if stats is None or stats["nan"] or stats["inf"]:  # how many are not finite is said by itself
        return ""
    if isinstance(stats["values"], int | float | str):
        return f"{what}{stats['values']}" if isinstance(stats["values"], str) else f"{what}{shown(stats['values'])}"
    zeros = f", {stats['zeros']:.0%} zeros" if stats["zeros"] else ""
    return f"{what}norm {shown(stats['norm'])}, max {shown(stats['max'])}{zeros}"


def seconds(time: float) -> str:
    """A time as people read it."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if time >= scale or unit == "µs":
            return f"{time / scale:.3g} {unit}"
    return ""


def title_of(entry: Entry, home: str) -> str:
    """The title; a parameter inside the module that owns it goes by its last name."""
    title = entry.title
    if home and entry.kind in ("parameter", "buffer"):
        found = f".{title}".rfind(f".{home}.")  # "model.0.weight" where the names are locals()
        return title if found < 0 else title[found + len(home) + 1 :]
    return title


def box_label(box: Box, document: Document, show: frozenset[str], fill: str, home: str) -> str:
    """The label of a box. `home`: the path of the module that it is drawn in."""
    entry = box.entry
    dark, soft = ink(fill), ink(fill, soft=True)
    if entry is None:
        title, words, lines = _closed(box, document)
        lines += _sums([document.nodes[member] for member in box.members], show)
        marks = _marks([document.nodes[member] for member in box.members])
    else:
        title, words, marks = title_of(entry, home), "", _marks([entry])
        lines = lines_of(entry, show, document, _results(box, document, show), box.times)
        if box.module is not None and "module" not in show:
            lines.insert(0, _home(box, document.modules[box.module]))
        if entry.symbol and not entry.symbol.replace("_", "").replace(".", "").isalnum():
            words = entry.symbol
        if entry.error:
            lines += _wrapped(entry.error.split())
        if document.kind == "value" and entry.value is not None and (entry.made or entry.name or entry.gradient):
            return _value_label(entry, title, dark, soft)
    heading = f'<FONT POINT-SIZE="{TITLE}" COLOR="{dark}"><B>{escaped(title)}</B>'
    if words:
        heading += f"&#160; {escaped(words)}"
    heading += "</FONT>"
    if box.times > 1:
        heading += f'<FONT POINT-SIZE="{TITLE}" COLOR="{dark}"><B>&#160; × {box.times:,}</B></FONT>'
    rows = [heading]
    rows += [f'<FONT POINT-SIZE="{SMALL}" COLOR="{soft}">{escaped(line, 80)}</FONT>' for line in lines if line]
    alarm = BAD if fill != BAD else dark
    rows += [f'<FONT POINT-SIZE="{SMALL}" COLOR="{alarm}"><B>{escaped(mark)}</B></FONT>' for mark in marks]
    cells = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{cells}</TABLE>>'


def _value_label(entry: Entry, title: str, dark: str, soft: str) -> str:
    """micrograd's picture of a number: name and op, data, gradient, side by side."""
    cells = [f'<FONT POINT-SIZE="{TITLE}" COLOR="{dark}"><B>{escaped(title)}</B></FONT>']
    if entry.made and entry.symbol and not entry.symbol.isalnum():
        cells[0] = cells[0].replace("</FONT>", f"&#160; {escaped(entry.symbol)}</FONT>")
    cells.append(f'<FONT POINT-SIZE="{SMALL}" COLOR="{soft}">data {shown(entry.value["values"])}</FONT>')  # type: ignore[index]
    if entry.gradient is not None:
        cells.append(f'<FONT POINT-SIZE="{SMALL}" COLOR="{soft}">grad {shown(entry.gradient["values"])}</FONT>')
    row = "<VR/>".join(f"<TD>{cell}</TD>" for cell in cells)
    marks = "".join(f'<TR><TD COLSPAN="{2 * len(cells) - 1}"><FONT POINT-SIZE="{SMALL}" COLOR="{BAD}"><B>{escaped(mark)}</B>'
                    "</FONT></TD></TR>" for mark in _marks([entry]))  # fmt: skip
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4"><TR>{row}</TR>{marks}</TABLE>>'


def _home(box: Box, module: ModuleCall) -> str:
    """Path and class of the module whose only op it is."""
    path = f"{module.path} … {box.last}" if box.last else module.path
    return f"{path} {module.name}".strip()


def _results(box: Box, document: Document, show: frozenset[str]) -> list[str]:
    """Name, shape and dtype of each of several results that are drawn as their op."""
    ports = [document.nodes[member] for member in box.members if document.nodes[member].family == "port"]
    first = [port for port in ports if port.parents and port.parents[0] == box.key[1]]
    return [f"{str(port.op).rpartition('.')[2]}: {_type_of(port, show)}" for port in first]


def _closed(box: Box, document: Document) -> tuple[str, str, list[str]]:
    """Title, class and lines of a closed frame."""
    ops = [document.nodes[member] for member in box.members if document.nodes[member].made]
    leaves = len(box.members) - len(ops)
    if box.key[0] == "l":
        return f"{leaves:,} leaves", "", []
    if box.key[0] != "m":
        return f"{len(ops):,} ops", "", [_range(ops)]
    module = document.modules[box.key[1]]
    dtypes = {text.rpartition(" ")[2] for text in (*module.inputs, *module.outputs)}
    same = f" {dtypes.pop()}" if len(dtypes) == 1 else ""  # one dtype is said once
    arrow = f"{_listed(module.inputs, same)} → {_listed(module.outputs, same)}{same}"
    parameters = f"{module.parameters:,} parameters, " if module.parameters else ""
    # In as many copies as there are, what one of them has.
    return (
        f"{module.path} … {box.last}" if box.last else module.path or module.name,
        module.name if module.path else "",
        [
            arrow if module.inputs or module.outputs else "",
            f"{parameters}{module.ops:,} {'op' if module.ops == 1 else 'ops'}",
        ],
    )


def _sums(entries: Sequence[Entry], show: frozenset[str]) -> list[str]:
    """What all that a closed frame stands for comes to."""
    norms = [entry.gradient["norm"] for entry in entries if entry.gradient is not None]
    times = [entry.time for entry in entries if entry.time is not None]
    made = [entry for entry in entries if entry.made]
    memory = [f"{size_of(sum(entry.bytes for entry in made))} of results"] if "bytes" in show else []
    if "saved" in show:
        memory.append(f"saves {size_of(sum(entry.saved for entry in made))}")
    return [
        f"grad norm up to {shown(max(norms))}" if "gradient" in show and norms else "",
        ", ".join(memory),
        seconds(sum(times)) if "time" in show and times else "",
    ]


def _range(ops: Sequence[Entry]) -> str:
    names = list(dict.fromkeys(str(entry.op) for entry in ops))
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")


def _listed(types: Sequence[str], same: str = "") -> str:
    return ", ".join(text.removesuffix(same) for text in types[:3]) + (", …" if len(types) > 3 else "")


def _marks(entries: Sequence[Entry]) -> list[str]:
    """What is wrong here: the first bad node, and numbers that are not finite."""
    marks = []
    first = next((entry for entry in entries if entry.first_bad), None)
    if first is not None:
        bad = _worst([first.value]) or _worst([first.gradient])
        marks.append(f"first {bad} here" if _worst([first.value]) else "first bad gradient is made here")
    for what in ("value", "gradient"):
        stats: list[Any] = [getattr(entry, what) for entry in entries]
        said = [health(one, "grad" if what == "gradient" else "value") for one in stats if one is not None]
        said = [one for one in said if one]
        if said:
            marks.append(said[0] if len(entries) == 1 else f"{_worst(stats)} in {what}s")
    return marks


def _worst(stats: Sequence[Stats | None]) -> str:
    for kind in ("nan", "inf"):
        if any(one is not None and one[kind] for one in stats):
            return kind
    return ""


def _wrapped(words: Sequence[str], width: int = 56, most: int = 5) -> list[str]:
    """Words in a few lines."""
    lines: list[str] = []
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return lines[:most] + (["…"] if len(lines) > most else [])


def frame_label(title: str, words: str, times: int) -> str:
    """The label of an open frame."""
    parts = []
    if title:
        parts.append(f"<B>{escaped(title, 60)}</B>")
    if words:
        parts.append(f'<FONT COLOR="{ink("#eceff4", soft=True)}">{escaped(words, 60)}</FONT>')
    if times > 1:
        parts.append(f"<B>× {times:,}</B>")
    return f"<{'&#160; '.join(parts) or ' '}>"
