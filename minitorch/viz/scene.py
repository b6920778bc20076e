"""What is drawn of a Document: which nodes, which boxes, in which frames, with which arrows.

Folding puts the op of a first turn in the place of all later ones. Closing a frame (a module, a stretch of ops) makes one
box of what is inside. What is left is laid out by somebody else; here each box knows whom it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .document import Document, Entry
from .fold import Item, Levels, Run, find_runs, stand_ins

__all__ = ["Arrow", "Box", "Frame", "Scene", "compose"]

#: A frame: ("m", module call), ("f", first op) of a fold, ("w", first op) of a stretch, ("l", 0) for leaves.
Key = tuple[str, int]
#: More arrows than so many times the most boxes, and nobody can follow them, nor can the layout.
MOST_ARROWS = 2
OWNED = ("parameter", "buffer", "constant")


@dataclass(slots=True)
class Frame:
    """What encloses boxes: a module call, or one turn of a run. `closed`: drawn as one box."""

    key: Key
    outer: Key | None
    times: int = 1
    closed: bool = False
    last: str = ""  # the path of the last of several modules


@dataclass(slots=True)
class Box:
    """One box of the picture: a node (`entry`), or a closed frame. `members` are all entries that it stands for.

    `module`: the call of a module in which nothing else was done: a frame around a single op would tell less than a line.
    """

    key: Key
    outer: Key | None
    entry: Entry | None = None
    times: int = 1
    last: str = ""
    module: int | None = None
    members: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, order=True)
class Arrow:
    """From one box to another; `loops` from a turn of a run to the next."""

    start: Key
    end: Key
    loops: bool
    lesser: bool  # from a parameter, a buffer or a constant


@dataclass(slots=True)
class Scene:
    """Boxes, the open frames around them (outer before inner), arrows, and what to say of what is not shown."""

    boxes: list[Box]
    frames: list[Frame]
    arrows: list[Arrow]
    remarks: list[str]


class _Plan:
    """The frames of a picture, and for each entry the entry that is drawn for it and the frame it lies in."""

    def __init__(self, document: Document, fold: bool) -> None:
        self.document, self.entries = document, document.nodes
        self.levels = Levels(document)
        self.stands = list(self.levels.sources)
        self.chained: set[Key] = set()  # frames of turns that follow each other with parameters of their own
        self.times: dict[Item, int] = {}
        self.frames: dict[Key, Frame] = {}
        self.home: dict[int, Key | None] = {}  # of each drawn op: the innermost frame
        self.grouped: list[tuple[Key, Key | None]] = []  # what `group` has moved, and where it was
        self.users: dict[int, list[int]] = {}  # of each leaf: the ops that take it
        self._frame_level(None, None, fold)
        self._place_leaves()
        self.failed = [entry.id for entry in self.entries if entry.kind == "failed"]
        self._open_failed()

    def _frame_level(self, level: int | None, outer: Key | None, fold: bool) -> None:
        """Fold a level and all levels below what is drawn of it."""
        todo: list[tuple[int | None, Key | None]] = [(level, outer)]
        while todo:
            level, outer = todo.pop()
            items = self.levels.items.get(level, [])
            runs = find_runs(self.levels, level) if fold else []
            stand_ins(self.levels, level, runs, self.stands)
            inside: dict[int, tuple[Key | None, int]] = {}
            skipped: set[int] = set()
            last: dict[int, Item] = {}
            for run in runs:
                around: Key | None = outer
                if run.period > 1:
                    first = self.levels.ops_of(items[run.start])[0]
                    around = ("f", first)
                    self.frames[around] = Frame(around, outer, run.times)
                if self._is_chain(items, run):
                    self.chained.add(around if run.period > 1 and around is not None else items[run.start])
                    last[run.start] = items[run.start + (run.times - 1) * run.period]
                for place in range(run.start, run.start + run.period):
                    inside[place] = (around, run.times if run.period == 1 else 1)
                skipped.update(range(run.start + run.period, run.start + run.period * run.times))
            for place, item in enumerate(items):
                if place in skipped:
                    continue
                around, times = inside.get(place, (outer, 1))
                self.times[item] = times
                if item[0] == "n":
                    self.home[item[1]] = around
                    continue
                path = self.document.modules[last[place][1]].path if place in last and times > 1 else ""
                self.frames[item] = Frame(item, around, times, self.document.modules[item[1]].closed, path)
                todo.append((item[1], item))

    def _is_chain(self, items: list[Item], run: Run) -> bool:
        """Whether each turn calls other modules than the one before: layers, and no recurrence."""
        paths = [
            [self.document.modules[item[1]].path for item in items[start : start + run.period] if item[0] == "m"]
            for start in (run.start, run.start + run.period)
        ]
        return paths[0] != paths[1]

    def drawn(self, number: int) -> int:
        """The entry drawn for an entry: stand-ins may stand behind others."""
        while self.stands[number] != number:
            number = self.stands[number]
        return number

    def _place_leaves(self) -> None:
        """Stand-ins of leaves, then the frame of each: the innermost around all that use it."""
        users: dict[int, list[tuple[int, int]]] = {}
        stands = self.stands
        for number in range(len(stands)):
            stands[number] = self.drawn(number)
        for entry in self.entries:
            for place, parent in enumerate(entry.parents):
                if parent is not None and not self.entries[parent].made:
                    users.setdefault(parent, []).append((entry.id, place))
        at: dict[tuple[int, int], int] = {}  # the leaf of a drawn op's operand
        self.users = {leaf: [user for user, _ in uses] for leaf, uses in users.items()}
        for leaf, uses in users.items():
            for user, place in uses:
                if stands[user] == user:
                    at[user, place] = leaf
        for leaf, uses in users.items():
            if all(stands[user] != user for user, _ in uses):
                twins = {at.get((stands[user], place)) for user, place in uses}
                twin = twins.pop() if len(twins) == 1 else None
                if twin is not None and twin != leaf and self.entries[twin].kind == self.entries[leaf].kind:
                    stands[leaf] = twin
        for leaf, uses in users.items():
            if stands[leaf] == leaf:
                entry = self.entries[leaf]
                owned = entry.kind in OWNED and not (entry.kind == "constant" and entry.name)  # a named one was handed in
                chains = [self.chain(self.home.get(stands[user])) for user, _ in uses] if owned else []
                self.home[leaf] = _shared(chains)

    def chain(self, key: Key | None) -> list[Key]:
        """The frames around a place, outermost first."""
        found: list[Key] = []
        while key is not None:
            found.append(key)
            key = self.frames[key].outer
        return found[::-1]

    def hands_on(self, start: int, end: int) -> bool:
        """Whether a backward arrow only says that a layer follows the one before."""
        around = _shared([self.chain(self.home.get(start)), self.chain(self.home.get(end))])
        while around is not None:
            if self.frames[around].times > 1:
                return around in self.chained
            around = self.frames[around].outer
        return False

    # ---- closing ---------------------------------------------------------------------------------------------------
    def close_below(self, depth: int) -> None:
        """Close every module call at this depth of nesting or deeper."""
        for key, frame in self.frames.items():
            if key[0] == "m" and len(self.levels.chains[key[1]]) > depth:
                frame.closed = True
        self._open_failed()

    def _open_failed(self) -> None:
        """What failed is seen, whatever was to be closed."""
        for number in self.failed:
            for key in self.chain(self.home.get(number)):
                self.frames[key].closed = False

    def deepest(self) -> int:
        """How deep the open module calls are nested."""
        return max((len(self.levels.chains[key[1]]) for key in self.frames if key[0] == "m"), default=0)

    def box_keys(self) -> dict[int, Key]:
        """For each drawn entry the box it is in: its own, or the outermost closed frame around it."""
        closed: dict[Key | None, Key | None] = {None: None}
        found: dict[int, Key] = {}
        for number in range(len(self.entries)):
            if self.stands[number] != number:
                continue  # drawn as another
            home = self.home.get(number)
            if home not in closed:
                for key in self.chain(home):
                    frame = self.frames[key]
                    closed[key] = closed[frame.outer] or (key if frame.closed else None)
            found[number] = closed[home] or ("n", number)
        for leaf, users in self.users.items():
            if self.entries[leaf].kind in OWNED[:2] and found.get(leaf) == ("n", leaf):
                around = [found[self.stands[user]] for user in users]
                if len({self.called(key) for key in around}) == 1 and self.called(around[0]) is not None:
                    found[leaf] = around[0]  # what a module owns is inside of it, however often it is called
        return found

    def called(self, key: Key) -> tuple[str, str] | None:
        """Path and class of the module that a closed frame is a call of; None for all else."""
        if key[0] != "m":
            return None
        module = self.document.modules[key[1]]
        return module.path, module.name

    def group(self, most: int) -> None:
        """Close stretches of neighbouring boxes, and leaves, until at most `most` boxes are left. Starts anew each time."""
        for key, outer in self.grouped:
            if key[0] == "n":
                self.home[key[1]] = outer
            else:
                self.frames[key].outer = outer
        self.grouped = []
        keys = self.box_keys()
        ops = dict.fromkeys(key for number, key in keys.items() if self.entries[number].made)
        parts = max(1, most - max(1, most // 4))
        size = -(-len(ops) // parts)
        for _ in range(40):
            stretches = self._stretches(list(ops), size)
            if len(stretches) <= parts:
                break
            size *= 2
        for stretch, outer in stretches:
            if len(stretch) > 1:
                made: Key = ("w", stretch[0][1])
                self.frames[made] = Frame(made, outer, closed=True)
                self.grouped += [(key, outer) for key in stretch]
                for key in stretch:
                    if key[0] == "n":
                        self.home[key[1]] = made
                    else:
                        self.frames[key].outer = made
        self._place_leaves()
        if len(set(self.box_keys().values())) > most:
            self.frames["l", 0] = Frame(("l", 0), None, closed=True)
            for number, home in self.home.items():
                if home is None and not self.entries[number].made:
                    self.home[number] = ("l", 0)

    def gather(self) -> None:
        """Close all that there is into one box, leaves too."""
        made: Key = ("w", len(self.entries))
        for number, home in self.home.items():
            self.home[number] = home or made
        for frame in self.frames.values():
            frame.outer = frame.outer or made
        self.frames[made] = Frame(made, None, closed=True)

    def _stretches(self, ops: list[Key], size: int) -> list[tuple[list[Key], Key | None]]:
        """Neighbours of one frame, `size` at a time; where frames are in the way, the outermost gather them."""
        found: list[tuple[list[Key], Key | None]] = []
        for key in ops:
            outer = self.home.get(key[1]) if key[0] == "n" else self.frames[key].outer
            alone = key[0] == "n" and key[1] in self.failed
            if found and found[-1][1] == outer and len(found[-1][0]) < size and not alone:
                found[-1][0].append(key)
            else:
                found.append(([key], outer))
        return found


def compose(document: Document, *, depth: int | None, fold: bool, max_nodes: int) -> Scene:
    """The scene of a document in at most `max_nodes` boxes."""
    values = document.kind == "value" and len(document.nodes) <= max_nodes  # the numbers of Values differ: draw each
    plan = _Plan(document, fold and not values)
    remarks: list[str] = []
    if depth is not None:
        plan.close_below(depth)
    whole = len(set(plan.box_keys().values()))
    level = plan.deepest()
    while level > 1 and len(set(plan.box_keys().values())) > max_nodes:
        level -= 1
        plan.close_below(level)
        remarks = [f"modules nested deeper than {level} are closed"]
    if len(set(plan.box_keys().values())) > max_nodes:
        for key, frame in plan.frames.items():
            if key[0] == "f":
                frame.closed = True
        if len(set(plan.box_keys().values())) > max_nodes:
            plan.group(max_nodes)
        if len(set(plan.box_keys().values())) > max_nodes:
            plan.close_below(0)
            plan.group(max_nodes)
        if len(set(plan.box_keys().values())) > max_nodes and not plan.failed:
            plan.gather()
        remarks.append("neighbouring ops are one box")
    scene = _scene(plan)
    while len(scene.arrows) > MOST_ARROWS * max_nodes and len(scene.boxes) > 4:
        plan.group(len(scene.boxes) // 2)
        scene = _scene(plan)
        remarks = [*(remark for remark in remarks if "ops" not in remark), "neighbouring ops are one box"]
    if remarks:
        remarks[0] = f"{whole:,} boxes drawn as {len(scene.boxes):,}: {remarks[0]}"
    scene.remarks = [", ".join(remarks)] if remarks else []
    return scene


def _scene(plan: _Plan) -> Scene:
    keys = plan.box_keys()
    boxes: dict[Key, Box] = {}
    for number in range(len(plan.entries)):
        key = keys[plan.stands[number]]
        box = boxes.get(key)
        if box is None:
            if key[0] == "n":
                box = Box(key, plan.home.get(key[1]), plan.entries[key[1]], plan.times.get(key, 1))
            else:
                frame = plan.frames[key]
                box = Box(key, frame.outer, None, frame.times, frame.last)
            boxes[key] = box
        box.members.append(number)
    arrows: dict[tuple[Key, Key], Arrow] = {}
    for entry in plan.entries:
        end = keys[plan.stands[entry.id]]
        for parent in entry.parents:
            if parent is None:
                continue
            start = keys[plan.stands[parent]]
            source, target = plan.stands[parent], plan.stands[entry.id]
            loops = source > target or (source == target and plan.levels.sources[entry.id] == entry.id)
            inside = start == end and not (loops and (end[0] == "n" or boxes[end].times > 1))
            owned = plan.entries[parent].kind in OWNED and start[0] == "m" and plan.called(start) == plan.called(end)
            if inside or owned or (loops and plan.hands_on(source, target)):
                continue
            known = arrows.get((start, end))
            if known is None or (known.loops and not loops):
                arrows[start, end] = Arrow(start, end, loops, plan.entries[parent].kind in OWNED)
    _merge(plan, list(boxes.values()))
    used: dict[Key, None] = {}
    for box in boxes.values():
        used.update(dict.fromkeys(plan.chain(box.outer)))
    return Scene(list(boxes.values()), [plan.frames[key] for key in used], sorted(arrows.values()), [])


def _merge(plan: _Plan, boxes: list[Box]) -> None:
    """Frames of modules with a single op in them become a line of that op's box."""
    inside: dict[Key | None, int] = {}
    for box in boxes:
        for key in plan.chain(box.outer):
            inside[key] = inside.get(key, 0) + 1
    for box in boxes:
        while box.entry is not None and box.entry.made and box.outer is not None and box.outer[0] == "m":
            frame = plan.frames[box.outer]
            if inside[box.outer] > 1 or (frame.times > 1 and box.times > 1):
                break
            if box.module is None:
                box.module, box.last = box.outer[1], frame.last
            box.times *= frame.times
            box.outer = frame.outer


def _shared(chains: Iterable[list[Key]]) -> Key | None:
    """The innermost frame that all chains share."""
    found: list[Key] | None = None
    for chain in chains:
        if found is None:
            found = chain
            continue
        common = 0
        while common < min(len(found), len(chain)) and found[common] == chain[common]:
            common += 1
        found = found[:common]
    return found[-1] if found else None
