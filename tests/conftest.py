"""What every room's tests may use: Hypothesis profiles, and the device to run on.

The profile `default` serves every run; `thorough` looks 50 times deeper (`pytest --hypothesis-profile=thorough`). `device_backend`
is the strict stand-in for CuPy, `gpu_backend` the real thing.
"""

import importlib.util

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", max_examples=30, deadline=None, derandomize=True, database=None,
                          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
settings.register_profile("thorough", settings.get_profile("default"), max_examples=50 * 30, derandomize=False)
settings.load_profile("default")

pytest_plugins = ["minitorch.testing.plugin"]
REFEREE = importlib.util.find_spec("torch") is not None


def pytest_runtest_setup(item):
    """A comparison with PyTorch needs PyTorch."""
    if not REFEREE and item.get_closest_marker("referee"):
        pytest.skip("torch is not installed")


@pytest.fixture
def device_backend():
    """The stand-in's namespace, registered as the home of `cuda`."""
    from minitorch.testing.plugin import opened

    with opened("standin") as backend:
        yield backend


@pytest.fixture
def gpu_backend():
    """The real device's namespace, registered; for tests marked `gpu`, which are skipped where there is none."""
    from minitorch.testing.plugin import opened

    with opened("gpu") as backend:
        yield backend
