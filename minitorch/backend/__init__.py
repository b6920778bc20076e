"""Where numbers live: devices, dtypes, array namespaces and random streams.

Nothing here knows of gradients. An array's type says which Backend it belongs to, and the Backend is the namespace
(`xp`) that every forward is written against.
"""
