import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
from minitorch import __config__ as config

ROOT = Path(__file__).parents[1]


def test_it_prints_versions_kernel_threads_and_defaults(capsys):
    mt.show_config()
    text = capsys.readouterr().out
    assert text == mt.__config__.show() + "\n"
    said = dict(line.split(":", 1) for line in text.splitlines())
    assert said["minitorch"].strip() == mt.__version__ and said["NumPy"].strip() == np.__version__
    assert {"SciPy", "safetensors", "ml_dtypes", "CuPy", "BLAS", "BLAS threads", "Python"} <= set(said)
    assert said["default dtype"].strip() == "torch.float32" and said["default device"].strip() == "cpu"
    assert "blas" in said["BLAS"].lower() or "mkl" in said["BLAS"].lower() or "accelerate" in said["BLAS"].lower()


def test_defaults_are_those_of_now():
    mt.set_default_dtype(mt.float64)
    try:
        assert "torch.float64" in mt.__config__.show()
    finally:
        mt.set_default_dtype(mt.float32)


@pytest.mark.parametrize(
    ("kernel", "machine", "said"),
    [
        ("Haswell", 3, "use AVX2 where this processor has AVX512"),
        ("NEHALEM", 2, "use SSE where this processor has AVX2"),
        ("Sandybridge", 2, "use AVX where"),
        ("Haswell", 2, None),
        ("SkylakeX", 3, None),
        ("Zen", 1, None),
        ("NeoverseN1", 0, None),
        ("", 3, None),
    ],
)
def test_a_kernel_narrower_than_the_machine_gets_a_hint(kernel, machine, said, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", kernel)
    monkeypatch.setattr(config, "_machine", lambda: machine)
    hint = config.show().partition("\nHint: ")[2]
    assert hint == "" if said is None else said in hint and kernel in hint


def test_without_threadpoolctl_the_library_is_named_as_numpy_was_built_with_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    said = config.show()
    assert "BLAS threads:   unknown" in said and "kernel" not in said.partition("\nHint")[0]
    assert config.parallel_info().startswith("BLAS threads: unknown\nOMP_NUM_THREADS: ")


def test_asking_imports_neither_cupy_nor_scipy():
    program = "import minitorch, sys; minitorch.show_config(); print(sorted({'cupy', 'scipy', 'safetensors', 'ml_dtypes'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert run.returncode == 0, run.stderr
    loaded = run.stdout.splitlines()[-1]
    assert "cupy" not in loaded and "scipy" not in loaded and "safetensors" not in loaded
