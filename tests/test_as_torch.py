"""The switch, in processes of their own in which PyTorch cannot be imported."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Stands where an installed PyTorch would: whoever gets here has got past the switch.
BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError("the real torch was asked for")

sys.meta_path.insert(0, Blocked())
sys.path.insert(0, ROOT)
""".replace("ROOT", repr(str(ROOT)))
SCRIPT = """
import sys

import torch
import torch.nn.functional as F
import torch.nn.utils.rnn
import torch.optim as optim
from torch import Tensor, nn
from torch.autograd import Variable
from torch.nn.modules.conv import _ConvNd
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))

    def forward(self, x: torch.Tensor) -> Tensor:
        return self.layers(x)


torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
x = torch.randn(64, 2)
y = (x[:, 0] * x[:, 1] > 0).long()
model = Net().to(device)
optimizer = optim.Adam(model.parameters(), lr=0.05)
scheduler = StepLR(optimizer, step_size=20)
for epoch in range(15):
    for inputs, targets in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs.to(device)), targets.to(device))
        loss.backward()
        optimizer.step()
    scheduler.step()
assert loss.item() < 0.5
assert issubclass(nn.Conv2d, _ConvNd) and isinstance(Variable(x), Tensor)
assert __name__ == "__main__"
print("trained", sys.argv[1:])
"""


def ran(*arguments, **options):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120, **options)


def program(text):
    run = ran("-c", BLOCKED + text, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_training_script_of_pytorch_runs_after_one_import(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    assert program(f"import minitorch.as_torch, runpy\nrunpy.run_path({str(tmp_path / 'train.py')!r}, run_name='__main__')")


@pytest.mark.parametrize("arguments", [["train.py", "--lr", "3"], ["-m", "train", "--lr", "3"]])
def test_a_training_script_of_pytorch_runs_unchanged_under_the_switch(tmp_path, arguments):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    head = BLOCKED + "import runpy\nsys.argv = ['', *sys.argv[1:]]\nrunpy.run_module('minitorch.as_torch', run_name='__main__')"
    run = ran("-c", head, *arguments, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "trained ['--lr', '3']\n"


@pytest.mark.parametrize("arguments", [[], ["-h"], ["-m"]])
def test_without_a_script_it_says_how_it_is_used(arguments):
    run = ran("-m", "minitorch.as_torch", *arguments, cwd=ROOT)
    assert run.returncode == 1
    assert run.stderr.startswith("usage: python -m minitorch.as_torch")


def test_modules_are_minitorchs_own_and_keep_their_names():
    program("""
import minitorch, minitorch.as_torch, minitorch.nn.functional, minitorch.optim
import torch, torch.nn.functional, torch.optim.sgd, torch.utils.data.dataloader, torch.linalg, torch.fft
import torch.nn.modules.conv as conv
assert torch.nn is minitorch.nn and torch.nn.functional is minitorch.nn.functional
assert sys.modules["torch.optim.sgd"] is minitorch.optim.sgd and conv.Conv2d is torch.nn.Conv2d
assert torch.Tensor is minitorch.Tensor and torch.relu is minitorch.relu and torch.float32 is minitorch.float32
assert torch.nn.__spec__.name == torch.nn.__name__ == "minitorch.nn" and torch.linalg.__spec__.name == "minitorch.linalg"
assert torch.__name__ == torch.__spec__.name == "torch" and {"nn", "relu", "float32"} <= set(dir(torch))
minitorch.as_torch.install()
names = {}
exec("from torch import *", names)
assert names["Tensor"] is torch.Tensor and names["relu"] is torch.relu and names["nn"] is torch.nn
""")


def test_names_that_only_have_to_be_there_are():
    program("""
import minitorch.as_torch
import torch, torch.backends.cudnn as cudnn, torch.distributed as dist, torch.utils.checkpoint as cp, torch.__config__
from torch.cuda.amp import GradScaler, autocast
from torch.amp import autocast as general
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.utils.checkpoint import checkpoint
cudnn.benchmark = True
assert torch.backends.cudnn.benchmark and not torch.backends.mps.is_available() and not dist.is_initialized()
assert torch.cuda.amp.autocast is autocast and torch.autocast is general and torch.version.cuda is None
assert torch.compile(torch.nn.Linear(2, 2)).weight.shape == (2, 2) and not torch.jit.is_scripting()
assert "NumPy" in torch.__config__.show() and not isinstance(torch.nn.DataParallel(torch.nn.Linear(2, 2)), DDP)
""")


def test_the_version_is_pytorchs_and_compares_by_numbers():
    program("""
import minitorch.as_torch, torch
from torch.version import cuda
v = torch.__version__
assert v.startswith("2.") and v.endswith("+minitorch") and v == torch.version.__version__ and cuda is None
assert v >= (2, 2) and v > "2.9" and v >= "2.9.1+cpu" and not v < (2, 3) and v < "3.0" and v <= (3,) and not v <= "1.13"
assert [int(part) for part in v.split("+")[0].split(".")][:2] >= [2, 0]
""")


ABSENT = """
import minitorch.as_torch
try:
    {statement}
except {kind} as error:
    print(error)
else:
    raise SystemExit("no error")
"""


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("import torch; torch.quantize_me", "AttributeError"),
        ("import torch.quantize_me", "ModuleNotFoundError"),
        ("import torch.nn.quantize_me", "ModuleNotFoundError"),
        ("from torch import quantize_me", "ImportError"),
        ("import torch.ops.quantize_me", "ModuleNotFoundError"),
        ("from torch.nn import quantize_me", "ImportError"),
        ("from torch.nn.functional import quantize_me", "ImportError"),
        ("from torch.nn.modules.conv import quantize_me", "ImportError"),
        ("from torch.utils import quantize_me", "ImportError"),
        ("import torch.nn as nn; from torch.utils.data import DataLoader, quantize_me", "ImportError"),
        ("import torch.utils.quantize_me.inner", "ModuleNotFoundError"),
    ],
)
def test_what_is_missing_is_named_with_the_place_that_lists_it(statement, kind):
    said = program(ABSENT.format(statement=statement, kind=kind))
    assert "'torch" in said and "minitorch" in said and "What is not there" in said
    assert "quantize_me" in said or "torch.ops" in said


def test_looking_for_a_missing_name_is_no_error():
    program("""
import minitorch.as_torch, torch, torch.nn
assert not hasattr(torch.nn, "quantize_me") and getattr(torch.nn, "quantize_me", 3) == 3
for statement in ("from torch.nn import quantize_me", "import torch.nn.quantize_me", "from torch.hub import load"):
    try:
        exec(statement)
    except ImportError:
        continue
    raise SystemExit("no error")
""")


def test_the_small_rooms_are_there():
    program("""
import minitorch.as_torch
import torch, torch.cpu, torch.mps, torch.xpu, torch.utils.model_zoo, torch.cuda.memory, torch.nn.parallel
from torch.distributions import biject_to, transform_to
from torch.distributions.constraint_registry import transform_to as same
from torch.types import Device, Number, _size
from torch.utils.benchmark import Timer
from torch.utils.dlpack import from_dlpack, to_dlpack
assert same is transform_to and not torch.mps.is_available() and torch.xpu.device_count() == 0
assert from_dlpack(to_dlpack(torch.ones(2))).tolist() == [1, 1]
""")


@pytest.mark.parametrize("statement", ["import torch.hub", "from torch import hub", "from torch.hub import load"])
def test_the_index_of_models_says_why_it_is_not_there(statement):
    assert "no index of models" in program(ABSENT.format(statement=statement, kind="ImportError"))


def test_what_has_a_reason_says_it():
    said = program(ABSENT.format(statement="from torch import onnx", kind="ImportError"))
    assert "no export" in said and "torch.onnx" in said


def test_the_switch_refuses_to_come_second():
    program("""
import types
sys.modules["torch"] = types.ModuleType("torch")
try:
    import minitorch.as_torch
except ImportError as error:
    assert "comes too late" in str(error)
else:
    raise SystemExit("no error")
""")


def test_without_the_switch_torch_is_not_touched():
    program("""
import minitorch
try:
    import torch
except ImportError as error:
    assert "real torch" in str(error)
else:
    raise SystemExit("no error")
""")
