"""The methods of a tensor that come from the tables. At run time `operators.equip` hangs them on this class; for type
checkers they stand in `_methods.pyi`, which is generated from the same tables.
"""


class TensorMethods:
    """Where the tables' methods live."""

    __slots__ = ()
