"""What the tests of tables share: a table as people have them, and a file written."""

import numpy as np
import pandas as pd


def make_table(n=45, seed=0):
    """Return a table with what real ones have: numbers, text, truth values, codes, gaps, names, three classes."""
    rng = np.random.default_rng(seed)
    kind = np.resize([0, 1, 2], n)
    table = pd.DataFrame(
        {
            "size": (rng.normal(size=n) + 4 * kind).round(3).astype(str),
            "price": (1000 * rng.normal(size=n)).round(1).astype(str),
            "colour": rng.choice(["red", "green", "bl\u00e5"], n),
            "old": rng.choice(["True", "False"], n),
            "code": rng.choice(["007", "7"], n),
            "name": [f"row {i}" for i in range(n)],
        },
        dtype=object,
    )
    table.loc[[1, 5], "price"] = None
    table.loc[[2, 5], "colour"] = None
    return table, kind


def write(path, content):
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
