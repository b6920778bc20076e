"""What every room's tests may use: Hypothesis profiles, and the device to run on.

The profile `default` serves every run, `thorough` the night (`pytest --hypothesis-profile=thorough`). `device_backend`
is the strict stand-in for CuPy, `gpu_backend` the real thing.
"""

import importlib.util

import pytest
from hypothesis import HealthCheck, settings

from minitorch.backend import namespace

settings.register_profile("default", max_examples=30, deadline=None, derandomize=True, database=None,
                          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1000, derandomize=False)
settings.load_profile("default")


REFEREE = importlib.util.find_spec("torch") is not None


def pytest_runtest_setup(item):
    """A comparison with PyTorch needs PyTorch."""
    if not REFEREE and item.get_closest_marker("referee"):
        pytest.skip("torch is not installed")


def _registered(backend):
    """Make a namespace the home of `cuda` for as long as the generator is held."""
    before = dict(namespace._devices)
    namespace.register(backend, backend.array)
    yield backend
    namespace.unregister(backend)
    namespace._devices.update(before)


@pytest.fixture
def device_backend():
    """The stand-in's namespace (tests/standin.py), registered as the home of `cuda`."""
    from tests.standin import standin_backend

    yield from _registered(standin_backend())


@pytest.fixture
def gpu_backend():
    """The real device's namespace, registered; for tests marked `gpu`."""
    from minitorch.backend.gpu import open_gpu

    try:
        backend = open_gpu()
    except RuntimeError as reason:
        pytest.skip(str(reason))
    yield from _registered(backend)
