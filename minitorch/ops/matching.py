"""One signature of ours beside PyTorch's overloads of the same name, and the slow way from a call to the target.

`Front` knows which of our parameters stands for which of theirs. Given the values of a call that is not like most, it
tells how the call was written, lets `binder.py` bind or refuse it, and runs the target with what was bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..size import Size
from ..tracked import Tracked
from .binder import PYTORCH_NAMES, Overload, Typed, bind, overloads
from .layouts import OtherLayout, answer
from .op import Op

if TYPE_CHECKING:
    from .front import Entry, Parameter

LISTS = (tuple, list, Size)
#: What the functions of a namespace are called in PyTorch's messages.
_SPOKEN = {"linalg": "linalg_", "fft": "fft_", "special": "special_"}
#: Arguments that change nothing here.
_IDLE = frozenset(("implicit", "cudnn_enable", "cudnn_enabled"))


class _Absent:
    """The default of a parameter that was not given."""

    def __repr__(self) -> str:
        return "<required>"


ABSENT = _Absent()


class Front:
    """One signature of one public name, beside PyTorch's overloads of it."""

    def __init__(self, entry: Entry, signature: str, name: str, method: bool, spoken: str) -> None:
        from .front import parse

        self.entry, self.name, self.method = entry, name, method
        self.candidates = overloads(entry.namespace, name, method)
        if method and not self.candidates:
            self.candidates = overloads(entry.namespace, entry.name, True)
        self.spoken = spoken or _SPOKEN.get(entry.namespace, "") + name
        named = {t.name for o in self.candidates for t in o.parameters}
        self.parameters: list[Parameter] = [p for p in parse(signature)
                                            if not (method and p.name == "out" and "out" not in named)]  # fmt: skip
        if self.candidates:
            self._drop_private()
        self.names = {p.name for p in self.parameters}
        if len(self.candidates) == 1:
            self._rename(self.candidates[0])
        self.star = next((p for p in self.parameters if p.star), None)
        self.defaults = {p.name: ABSENT if p.default is None else value_of(p.default) for p in self.parameters}
        #: Parameters that may be left out here, but must not be None or must come along where PyTorch has them.
        self.loose = {p.name for p in self.parameters[method:] if p.default is not None and self._is_loose(p)}
        self.own: Callable[..., Any] | None = None

    def _drop_private(self) -> None:
        """`_stacklevel` and its like, which only the Python function has."""
        private = next((place for place, p in enumerate(self.parameters) if p.name[0] == "_"), None)
        if private is not None:
            del self.parameters[private]
            for p in self.parameters[private:]:
                p.named = True

    def _rename(self, only: Overload) -> None:
        """Positional parameters go by PyTorch's names."""
        for p, t in zip(self.parameters[self.method :], only.parameters, strict=False):
            if not (p.keyword or p.star or t.keyword) and t.name not in self.names:
                p.name = t.name
        self.names = {p.name for p in self.parameters}

    def ours(self, overload: Overload, typed: Typed) -> Parameter | None:
        """Our parameter for one of PyTorch's: of the same name, else in the same place."""
        for p in self.parameters[self.method :]:
            if p.name == typed.name:
                return p
        place = overload.parameters.index(typed) + self.method
        if not typed.keyword and place < len(self.parameters) and not self.parameters[place].keyword:
            p = self.parameters[place]
            if p.star or all(p.name != t.name for t in overload.parameters):
                return p
        return None

    def typed(self, p: Parameter) -> list[Typed]:
        """What PyTorch's overloads have in a parameter's place."""
        found = [t for o in self.candidates for t in o.parameters if self.ours(o, t) is p]
        place = self.parameters.index(p) - self.method
        if not p.keyword:  # `scatter(x, 0, index, 1.0)`: the number stands where `src` does
            there = [o.parameters[place] for o in self.candidates if place < o.most]
            found += [t for t in there if t not in found and t.name in self.names]
        return found

    def _is_loose(self, p: Parameter) -> bool:
        typed = self.typed(p)
        return bool(typed) and (all(t.required for t in typed) or (p.default == "None" and not any(t.nullable for t in typed)))

    # ---- the slow way ----------------------------------------------------------------------------------------------
    def given(self, values: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """A call as it was written, as far as that can be told: what equals its default was left out."""
        more = values.get("_more", ())
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        positional = True
        for p in self.parameters[self.method :]:
            value = values[p.name]
            if p.star:
                args += [values["_first"]] if isinstance(values.get("_first"), LISTS) else value
            elif not p.keyword and more:
                args.append(value)
            elif value is ABSENT or (p.name not in self.loose and _same(value, self.defaults[p.name])):
                positional = positional and p.keyword
            elif p.keyword or not positional:
                kwargs[p.name] = value
            else:
                args.append(value)
        return (*args, *more), kwargs | values["_alias"]

    def strict(self, values: dict[str, Any]) -> Any:
        """Bind an unusual call by PyTorch's rules and run it."""
        args, kwargs = self.given(values)
        overload, bound = bind(self.spoken, self.candidates, args, kwargs, self.method)
        return self.run(overload, bound, values[self.parameters[0].name] if self.method else None)

    def renamed(self, values: dict[str, Any]) -> Any:
        """A call in NumPy's spelling, again in ours; anything odder is bound strictly."""
        args, kwargs = self.given(values)
        if values.get("_more") or self.own is None:
            return self.strict(values)
        for key in values["_alias"]:
            real = PYTORCH_NAMES.get(key)
            if real not in self.names or real in kwargs:
                return self.strict(values)
            kwargs[real] = kwargs.pop(key)
        if self.method:
            args = (values[self.parameters[0].name], *args)
        return self.own(*args, **kwargs)

    def explain(self, values: dict[str, Any], error: Exception) -> None:
        """Refuse, if it is the call's fault that something raised within."""
        args, kwargs = self.given(values)
        try:
            bind(self.spoken, self.candidates, args, kwargs, self.method)
        except TypeError as refusal:
            raise refusal from None

    def translated(self, overload: Overload, bound: dict[str, Any]) -> dict[str, Any]:
        """The values by our parameters' names."""
        found = {}
        for t in overload.parameters:
            if t.name in bound:
                p = self.ours(overload, t)
                if p is not None:
                    found[p.name] = bound[t.name]
                elif t.name not in _IDLE and bound[t.name] is not None:
                    raise NotImplementedError(f"{self.spoken}(): argument '{t.name}' is not supported")
        return found

    def fits(self, overload: Overload, bound: dict[str, Any]) -> bool:
        """Whether this signature is the one for a bound overload."""
        taken = {p.name for t in overload.parameters if t.name in bound and (p := self.ours(overload, t)) is not None}
        needed = {p.name for p in self.parameters[self.method :] if p.default is None and not p.star}
        return len(taken) == len(bound) and needed <= taken

    def run(self, overload: Overload, bound: dict[str, Any], first: Any) -> Any:
        """Call the target with values bound to an overload."""
        values = self.defaults | self.translated(overload, bound)
        if self.method:
            values[self.parameters[0].name] = first
        out = values.pop("out", None)
        positional: list[Any] = []
        for p in self.parameters:
            if p.star:
                value = values[p.name]
                positional += value if isinstance(value, tuple | list) else () if value is ABSENT else (value,)
            elif not (p.keyword or p.named):
                positional.append(values[p.name])
        keywords = {p.name: values[p.name] for p in self.parameters if (p.keyword or p.named) and p.name in values}
        target = self.entry.target
        if isinstance(target, Op):
            plain = [p for p in self.parameters if p.name != "out"]
            positional = [values[p.name] for p in plain[: len(target.inputs)]]
            keywords = {p.name: values[p.name] for p in plain[len(target.inputs) :]}
        try:
            result = target(*positional, **keywords)
        except OtherLayout as refusal:
            return answer(refusal, self.entry.name, *positional, out=out, **keywords)
        if out is None:
            return result
        from .front import address_of, into, tensors_in

        return into(out, result, tensors_in(values), address_of(self.entry))


def value_of(default: str) -> Any:
    return eval(default, {"inf": float("inf")})


def _same(value: Any, default: Any) -> bool:
    return value is default or (value.__class__ is default.__class__ and not isinstance(value, Tracked) and value == default)


