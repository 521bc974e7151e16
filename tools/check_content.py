"""Names what a reader of the pages might stumble over; a person decides. Nothing here fails a test.

    python tools/check_content.py                 guides, glossary and the other pages of docs/
    python tools/check_content.py docs/05-*.md    only these

It looks for words that the glossary calls otherwise, for paragraphs and lines that are long, for a
stated reading time that is far off, for links that do not lead to a primary source, for glossary
entries that have grown into articles, and for large pictures. The exit code is always 0.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

# What the glossary calls otherwise. A page may name such a word "in quotes", as a word of others.
OTHER_WORDS = {
    r"raw (?:scores?|outputs?)|scores": "logits",
    r"(?:cost|objective) functions?|objectives?": "loss",
    r"step sizes?": "learning rate (the number) or step length (the distance)",
    r"iterations?": "epoch, or optimizer step",
    r"decision (?:surface|border)s?|separating (?:line|surface)s?": "decision boundary",
    r"attributes?|predictors?|covariates?|independent variables?": "features",
    r"ground truths?|dependent variables?": "labels",
    r"train sets?|dev(?:elopment)? sets?|hold-?out(?: sets?)?": "training, validation or test set",
    r"back-?prop": "backpropagation, or backward pass",
    r"hyper-parameters?": "hyperparameters",
    r"non linear|nonlinear(?:ity)?": "non-linear, non-linearity",
    r"data loaders?": "DataLoader",
    r"simply|easy|easily|obviously|of course|trivial(?:ly)?": "nothing: easy for whom?",
}
PRIMARY_SOURCES = (
    "pytorch.org",
    "scikit-learn.org",
    "lightning.ai",
    "arxiv.org",
    "doi.org",
    "python.org",
    "jmlr.org",
    "proceedings.mlr.press",
    "nature.com",
    "mit-license.org",
)
WORDS_PER_MINUTE = 180  # of prose, as a beginner reads it
LINES_PER_MINUTE = 20  # of code or output
MINUTES_OFF = 2  # more than this between the stated and the computed reading time is worth a look
LONG_LINE = 120
LONG_PARAGRAPH = 90  # words
LONG_ENTRY = 70  # words of a glossary entry
LARGE_PICTURE = 120_000  # bytes
FEW_WORDS = 10  # an alternative text with fewer hardly says what one sees

FENCE = re.compile(r"^```[^\n`]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


def read_prose(text: str) -> str:
    """Return a page without blocks, code, addresses, tags and quoted words; line numbers stay."""
    text = FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    text = re.sub(r"`[^`\n]*`", "", text)
    text = re.sub(r"\]\([^)\s]+\)", "]", text)
    return re.sub(r"<(?!/?summary)[^>\n]+>|\"[^\"]{1,60}\"", "", text)


def line_of(text: str, position: int) -> int:
    """Return the number of the line that a position of a text lies in."""
    return text.count("\n", 0, position) + 1


def words_called_otherwise(text: str) -> Iterator[str]:
    """Yield one sentence per word that the glossary calls otherwise."""
    prose = read_prose(text)
    for pattern, instead in OTHER_WORDS.items():
        for match in re.finditer(rf"\b(?:{pattern})\b", prose, flags=re.IGNORECASE):
            yield f"line {line_of(prose, match.start())}: {match[0]!r}; the glossary says {instead}"


def long_passages(text: str) -> Iterator[str]:
    """Yield one sentence per long line, and per long paragraph."""
    prose = read_prose(text)
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > LONG_LINE and not line.startswith(("|", "!", "<")) and "](" not in line:
            yield f"line {number}: {len(line)} columns"
    for match in re.finditer(r"(?:^(?![|#]).+\n?)+", prose, flags=re.MULTILINE):
        words = len(match[0].split())
        if words > LONG_PARAGRAPH and not match[0].startswith(("- ", "1. ")):
            yield f"line {line_of(prose, match.start())}: a paragraph of {words} words"


def reading_time(text: str) -> Iterator[str]:
    """Yield a sentence if the stated reading time is far from what words and code would take."""
    stated = re.search(r"^(\d+) minutes to read", text, flags=re.MULTILINE)
    if stated:
        words = len(read_prose(text).split())
        lines = sum(block.count("\n") for block in FENCE.findall(text))
        minutes = words / WORDS_PER_MINUTE + lines / LINES_PER_MINUTE
        if abs(minutes - int(stated[1])) > MINUTES_OFF:
            yield f"it states {stated[1]} minutes, and takes about {minutes:.0f}"


def links_elsewhere(text: str) -> Iterator[str]:
    """Yield one sentence per link that leads to no primary source."""
    for address in sorted(set(re.findall(r"https?://[^\s)>\"]+", text))):
        host = address.split("/")[2]
        if not host.endswith(PRIMARY_SOURCES):
            yield f"{address} is no primary source"


def glossary_entries(text: str) -> Iterator[str]:
    """Yield one sentence per entry that is long."""
    for term, explanation in re.findall(r"^### (.+)\n\n((?:.+\n)+)", text, flags=re.MULTILINE):
        words = len(explanation.split())
        if words > LONG_ENTRY:
            yield f"{term} is explained in {words} words"


def pictures(text: str) -> Iterator[str]:
    """Yield one sentence per picture that is large, or that hardly anything is said about."""
    for alternative, address in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", text):
        path = DOCS / address
        if path.is_file() and path.stat().st_size > LARGE_PICTURE:
            yield f"{address} has {path.stat().st_size:,} bytes"
        if len(alternative.split()) < FEW_WORDS:
            yield f"{address}: {alternative!r} hardly says what one sees"


def main(arguments: list[str] | None = None) -> None:
    """Print what was found, page by page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE")
    options = parser.parse_args(arguments)
    looks = [words_called_otherwise, long_passages, reading_time, links_elsewhere, pictures]
    count = 0
    for path in options.pages or sorted(DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        found = [sentence for look in looks for sentence in look(text)]
        if path.name == "glossary.md":
            found += glossary_entries(text)
        for sentence in found:
            print(f"{path.name}: {sentence}")
        count += len(found)
    print(f"{count} places to look at")


if __name__ == "__main__":
    main()
