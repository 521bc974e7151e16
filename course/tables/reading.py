"""Reading a CSV file as text."""

from __future__ import annotations  # so that `pd.DataFrame` is a name only

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.tables.errors import TableError
from course.text import quoted

if TYPE_CHECKING:  # pandas takes long to import: the functions import it when they run
    import pandas as pd


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV file and keep every value as the text it is: no type is guessed.

    Args:
        path: a UTF-8 file whose first line names the columns; commas, semicolons or tabs between
            the values, whichever the first line holds most of. An empty cell, `?` and pandas' own
            marks (NA, nan, null, ...) are missing.

    Returns:
        At least one row, numbered from 1; every value a `str` or missing. A column without a name
        is called "". Text such as 007 stays so as a class; as a feature it becomes the number 7.

    Raises:
        TableError: there is no such file, or it is not such a table.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "songs.csv")
    ...     with path.open("w") as file:
    ...         print("id,genre", "007,jazz", sep=chr(10), file=file)
    ...     table = read_table(path)
    >>> table.loc[1, "id"]
    '007'
    """
    import pandas as pd

    shown = ascii(str(path))
    text = _text_of(Path(path), shown)
    first_line = text.lstrip().partition("\n")[0]
    if not first_line:
        raise TableError(
            f"{shown} is empty; expected a line with the names of the columns, and rows below it."
        )
    layout: dict[str, Any] = {
        "sep": max(",;\t", key=first_line.count),
        "header": None,
        "dtype": str,
        "skipinitialspace": True,
    }
    try:
        head = pd.read_csv(io.StringIO(text), nrows=1, keep_default_na=False, **layout)
        whole = pd.read_csv(io.StringIO(text), na_values=["?"], **layout)
        names = head.loc[0].str.strip()
        table = whole.set_axis(names.to_list(), axis=1).iloc[1:]
    except ValueError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ")
        reason = " ".join(reason.split()).rstrip(".")
        raise TableError(
            f"{shown} is not a table ({reason}); "
            "check its quotes, and that no row is longer than the first."
        ) from None
    twice = names[names.duplicated() & (names != "")]
    if len(twice) > 0:
        raise TableError(
            f"{shown} has two columns {quoted(twice.iloc[0])}; give each column a name of its own."
        )
    if table.empty:
        raise TableError(
            f"{shown} holds the names of columns but no row below them; expected at least one row."
        )
    return table


def _text_of(path: Path, shown: str) -> str:
    """Return the text of a file, or raise an error that calls it as `shown`."""
    again = "save the table again as CSV with the encoding UTF-8."
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise TableError(f"There is no file {shown}; expected the path of a CSV file.") from None
    except OSError as error:
        reason = "it is a folder" if path.is_dir() else error.strerror
        raise TableError(
            f"Cannot read {shown} ({reason}); expected the path of a CSV file."
        ) from None
    except UnicodeDecodeError as error:
        raise TableError(f"{shown} is not UTF-8 text (byte {error.start + 1}); {again}") from None
    if "\0" in text:
        raise TableError(f"{shown} is not text but binary data; {again}")
    return text
