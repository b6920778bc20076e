"""The names of `torch.version`: the library's own version, and that it is built for no device's toolkit."""

from __future__ import annotations

__version__ = "0.1.0"
git_version = ""
debug = False
cuda: str | None = None
hip: str | None = None
rocm: str | None = None
xpu: str | None = None
