"""What a loader is made of: joining samples, fetching them, and doing so in other processes.

Processes themselves (crew.py, iteration.py) are imported with the first loader that has workers.
"""

from . import collate, failure, fetch, worker
from .failure import ExceptionWrapper

__all__ = ["ExceptionWrapper", "collate", "failure", "fetch", "worker"]
