"""Generator: a seed and a place in PyTorch's CPU random stream.

`manual_seed` fills a Mersenne twister (MT19937, the 2002 seeding by one 32-bit word) with the seed's low half. The
draws (draws.py, sampling.py) read it word by word and return NumPy arrays. `get_state` writes the 5056 bytes that
PyTorch's `CPUGeneratorImpl` writes, so a stream may be carried from one library to the other in the middle.
`default_generator` is the stream of every draw that names no generator.
"""

import copy
import secrets
from typing import Any

import numpy as np

from minitorch.backend.limits import Array
from minitorch.backend.sampling import Sampling

DEFAULT_SEED = 67280421310721
STATE_BYTES = 5056
# CPUGeneratorImplState (ATen/CPUGeneratorImpl.cpp); PyTorch's own draws never use the two float fields at the end.
STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "key", "normal", "has_normal"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", 624), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": STATE_BYTES,
    }
)


def _seeded_key(seed: int) -> Array:
    key: Array = np.random.RandomState(seed & 0xFFFFFFFF).get_state(legacy=False)["state"]["key"]
    return key


class Generator(Sampling):
    """A stream of random numbers with torch.Generator's interface (ATen's CPUGeneratorImpl), drawn on the host."""

    def __init__(self, device: Any = "cpu") -> None:
        super().__init__()
        kind = str(device).partition(":")[0]
        if kind not in ("cpu", "cuda"):
            raise RuntimeError(f"Expected one of cpu, cuda device type at start of device string: {device}")
        self.device = device
        self._seed = DEFAULT_SEED
        self.manual_seed(DEFAULT_SEED)

    def manual_seed(self, seed: int) -> "Generator":
        """Restart the stream from a seed in [-2^63, 2^64 - 1], negative ones counting from 2^64, and return self."""
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        seed = int(seed)
        if not -(1 << 63) <= seed < 1 << 64:
            raise ValueError("Overflow when unpacking long long")
        seed &= (1 << 64) - 1
        key = _seeded_key(seed)
        with self._lock:
            self._seed = seed
            self._place(key, 624)
            self._next_normal = None
        return self

    def seed(self) -> int:
        """Restart the stream from a seed of the operating system and return it."""
        seed = secrets.randbits(64)
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed the stream was started from."""
        return self._seed

    def get_state(self) -> Array:
        """The place in the stream: a uint8 array of shape (5056,), laid out as PyTorch's."""
        record = np.zeros(1, STATE)
        with self._lock:
            state = self._bits.state["state"]
            key, position = state["key"], int(state["pos"])
            record["seed"] = self._seed
            record["has_normal"] = self._next_normal is not None
            record["normal"] = self._next_normal or 0.0
        record["seeded"] = 1
        record["key"] = key
        # PyTorch tells a stream not yet read (next 0) from one read to the end of its block (next 624); NumPy does not.
        fresh = position == 624 and np.array_equal(key, _seeded_key(self._seed))
        record["next"] = 0 if fresh else position
        record["left"] = 1 if fresh else 625 - position
        return record.view(np.uint8).copy()

    def set_state(self, new_state: Array) -> None:
        """Continue from a place that `get_state` returned, here or in PyTorch."""
        if not isinstance(new_state, np.ndarray):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        if new_state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if new_state.size != STATE_BYTES:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE_BYTES} but found the input RNG state size to be "
                f"{new_state.size}"
            )
        record = np.ascontiguousarray(new_state).reshape(-1).view(STATE)[0]
        left, following = int(record["left"]), int(record["next"])
        if not (record["seeded"] and 0 < left <= 624 and following <= 624):
            raise RuntimeError("Invalid mt19937 state")
        with self._lock:
            self._seed = int(record["seed"])
            self._place(record["key"].astype(np.uint32), 624 if left == 1 else following)
            self._next_normal = float(record["normal"]) if record["has_normal"] else None

    def _place(self, key: Array, position: int) -> None:
        self._bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}

    def clone_state(self) -> "Generator":
        """A new generator at the same place of the same stream."""
        return copy.deepcopy(self)

    def get_offset(self) -> int:
        """Refused, as in PyTorch: only counter-based device generators have an offset."""
        raise RuntimeError("CPU Generator does not use offset")

    def set_offset(self, offset: int) -> None:
        """Refused, as in PyTorch: only counter-based device generators have an offset."""
        raise RuntimeError("CPU Generator does not use offset")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.device,), self.get_state()

    def __setstate__(self, state: Array) -> None:
        self.set_state(state)

    def __repr__(self) -> str:
        return f"Generator(device={str(self.device)!r}, initial_seed={self._seed})"


default_generator = Generator()
default_generator.seed()


def manual_seed(seed: int) -> Generator:
    """Restart the default stream from `int(seed)` and return its generator (torch.manual_seed)."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Restart the default stream from a seed of the operating system and return it (torch.seed)."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed the default stream was started from (torch.initial_seed)."""
    return default_generator.initial_seed()
