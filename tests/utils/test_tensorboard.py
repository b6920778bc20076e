import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt

ROOT = Path(__file__).parents[2]


def events(folder):
    """(tag, value of the summary, step) of everything in the files of a folder and below."""
    pytest.importorskip("tensorboardX")
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(Path(folder).rglob("events.*")):
        data = path.read_bytes()
        while data:  # length, its checksum, the record, its checksum
            length = int.from_bytes(data[:8], "little")
            event = Event.FromString(data[12 : 12 + length])
            found.extend((value.tag, value, event.step) for value in event.summary.value)
            data = data[16 + length :]
    return found


@pytest.fixture
def writer(tmp_path):
    pytest.importorskip("tensorboardX")
    from minitorch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path / "run") as opened:
        yield opened


@pytest.mark.parametrize("value", [1.5, np.float32(1.5), mt.tensor(1.5, requires_grad=True), mt.tensor([1.5]),
                                   mt.tensor(1.5, dtype=mt.float16)])  # fmt: skip
def test_a_scalar_is_written_at_its_step(writer, value):
    writer.add_scalar("loss", value, 3)
    writer.close()
    ((tag, written, step),) = events(writer.log_dir)
    assert (tag, written.simple_value, step) == ("loss", 1.5, 3)


def test_a_bfloat16_scalar_and_histogram_are_written(writer):
    pytest.importorskip("ml_dtypes")
    writer.add_scalar("s", mt.tensor(0.5, dtype=mt.bfloat16), 0)
    writer.add_histogram("h", mt.tensor([0.5, 2.0], dtype=mt.bfloat16), 0)
    writer.close()
    (_, scalar, _), (_, histogram, _) = events(writer.log_dir)
    assert scalar.simple_value == 0.5
    assert (histogram.histo.min, histogram.histo.max, histogram.histo.num) == (0.5, 2.0, 2)


def test_a_tensor_of_several_elements_is_no_scalar(writer):
    with pytest.raises(AssertionError, match="scalar should be 0D"):
        writer.add_scalar("loss", mt.zeros(2))


def test_tensors_are_taken_by_every_method(writer):
    weight = mt.arange(6.0, requires_grad=True) * 1.0
    writer.add_histogram("weight", values=weight, global_step=1)
    writer.add_text("note", "hello", 2)
    writer.add_image("image", mt.rand(3, 4, 4), 3)
    writer.add_images("images", mt.rand(2, 3, 4, 4), 4)
    writer.add_pr_curve("curve", mt.tensor([0, 1, 1]), mt.tensor([0.1, 0.6, 0.9]), 5)
    writer.add_scalars("both", {"a": mt.tensor(1.0), "b": 2.0}, 6)
    writer.add_hparams({"lr": mt.tensor(0.1), "name": "x"}, {"accuracy": mt.tensor(0.5)})
    writer.flush()
    writer.close()
    steps = {tag: step for tag, _, step in events(writer.log_dir)}
    assert steps["weight"] == 1 and steps["image"] == 3 and steps["images"] == 4 and steps["curve"] == 5
    assert any(tag.startswith("note") for tag in steps) and any("both" in tag for tag in steps) and "accuracy" in steps
    weights = next(value for tag, value, _ in events(writer.log_dir) if tag == "weight")
    assert weights.histo.sum == 15.0


def test_what_is_not_there_says_so(writer):
    with pytest.raises(NotImplementedError, match="viz"):
        writer.add_graph(mt.nn.Linear(2, 2), mt.zeros(1, 2))
    with pytest.raises(NotImplementedError, match="add_histogram"):
        writer.add_tensor("x", mt.zeros(2))
    with pytest.raises(AttributeError, match="'SummaryWriter' object has no attribute 'flush_all'"):
        writer.flush_all()
    with pytest.raises(TypeError, match="hparam_dict and metric_dict should be dictionary"):
        writer.add_hparams([], {})
    assert writer.get_logdir() == writer.log_dir


def test_without_the_package_the_extra_is_named():
    program = """
import sys
sys.modules["tensorboardX"] = None
import minitorch as mt
try:
    from minitorch.utils.tensorboard import SummaryWriter
except ImportError as error:
    assert 'pip install "minitorch-engine[tensorboard]"' in str(error) and error.name == "tensorboardX"
else:
    raise SystemExit("no error")
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr


def test_the_package_is_imported_with_the_first_writer_only():
    pytest.importorskip("tensorboardX")
    program = "import sys, minitorch as mt; mt.utils.tensorboard.SummaryWriter; assert 'tensorboardX' not in sys.modules"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
