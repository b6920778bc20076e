"""Proof that gradients are right: differences in float64 against the tape.

numeric.py differences a function of tensors and compares with its backward, at any order.
"""
