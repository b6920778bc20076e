"""A pytest plugin: fixtures for every device and for seeds, the mark `gpu`, and what differs when tensors do.

Enabled by `pytest_plugins = ["minitorch.testing.plugin"]` in the top conftest.py, or by `-p minitorch.testing.plugin`:

    def test_mine(device):                                     # runs on the host, on the stand-in and on a GPU
        x = mt.ones(3, device=device)

    @pytest.mark.parametrize("backend", ["numpy"], indirect=True)       # on the host only
    @pytest.mark.parametrize("seed", range(5), indirect=True)           # with five seeds
    def test_yours(device, seed): ...

The stand-in is a strict imitation of CuPy on the CPU (`minitorch.testing.standin`): it refuses what CuPy refuses. Under a
`@given` of Hypothesis, suppress HealthCheck.function_scoped_fixture: the fixtures hold for all its examples.
"""

from __future__ import annotations

import contextlib
import functools
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

BACKENDS = ("numpy", "standin", "gpu")
_SEED = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("minitorch").addoption(
        "--minitorch-seed", type=int, default=None, metavar="N",
        help="what the fixture `seed` gives to every test (by default a number made of the test's name)",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gpu: needs a CUDA device and CuPy; skipped without them")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `gpu` is skipped, with the reason, where there is none."""
    if item.get_closest_marker("gpu") and (reason := why_no_gpu()):
        pytest.skip(reason)


@functools.cache
def why_no_gpu() -> str:
    """What is missing for a test on a GPU, or nothing."""
    from ..backend.gpu import open_gpu

    try:
        open_gpu()
    except RuntimeError as reason:
        return str(reason)
    return ""


@contextlib.contextmanager
def opened(name: str) -> Iterator[Any]:
    """The backend "numpy", "standin" or "gpu"; the last two are the home of the device `cuda` in the block.

    Raises:
        RuntimeError: where there is no GPU.
        ValueError: for another name.
    """
    if name == "numpy":
        from ..backend.host import HOST

        yield HOST
        return
    from .standin import registered, standin_backend

    if name == "standin":
        backend: Any = standin_backend()  # type: ignore[no-untyped-call]
    elif name == "gpu":
        from ..backend.gpu import open_gpu

        backend = open_gpu()
    else:
        raise ValueError(f"expected a backend of {', '.join(BACKENDS)}, but got {name!r}")
    with registered(backend):
        yield backend


@pytest.fixture(params=["numpy", "standin", pytest.param("gpu", marks=pytest.mark.gpu)])
def backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The namespace that arrays are made with (`backend.asarray`), in turn NumPy's, the strict stand-in's and CuPy's."""
    if request.param == "gpu" and (reason := why_no_gpu()):
        pytest.skip(reason)
    with opened(request.param) as found:
        yield found


@pytest.fixture
def device(backend: Any) -> Any:
    """The device to make tensors on: "cpu", and "cuda:0" on the stand-in and on a GPU. Parametrised through `backend`."""
    from ..backend.device import Device

    return Device("cpu" if backend.name == "cpu" else "cuda:0")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> Iterator[int]:
    """The number that the random stream starts from in this test; afterwards the stream goes on where it was.

    It is told when the test fails; `--minitorch-seed N` sets it.
    """
    from ..create_random import get_rng_state, manual_seed, set_rng_state

    number = getattr(request, "param", None)
    if number is None:
        number = request.config.getoption("--minitorch-seed", default=None)
    if number is None:
        number = zlib.crc32(request.node.nodeid.encode())
    before = get_rng_state()
    request.node.stash[_SEED] = number
    manual_seed(number)
    try:
        yield number
    finally:
        set_rng_state(before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Add the seed, and what differs between the tensors of a failed `assert`, to the report."""
    report: Any = yield
    if report.failed and call.excinfo is not None:
        if (number := item.stash.get(_SEED, None)) is not None:
            report.sections.append(("minitorch seed", f"manual_seed({number}); the same again with --minitorch-seed {number}"))
        from .plugin_compare import told_by_source

        if lines := told_by_source(call.excinfo):
            report.sections.append(("minitorch tensors", "\n".join(lines)))
    return report  # type: ignore[no-any-return]


def pytest_assertrepr_compare(op: str, left: Any, right: Any) -> list[str] | None:
    """What differs in `assert left == right`, of tensors."""
    from .plugin_compare import told

    return told(left, right) if op == "==" else None
