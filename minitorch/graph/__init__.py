"""The tape: nodes, and the ways to read them. It knows nothing of arrays; it only uses `+`.

node.py is what is written, walk.py puts it in order, reverse.py reads it newest to oldest (backward), forward.py oldest
to newest (jvp), modes.py says whether anything is written at all, hooks.py is what users hang on a node.
"""
