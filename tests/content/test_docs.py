"""The guides: each page runs as one script; its outputs, numbers, links and figures are held to what it says."""

import contextlib
import io
import math
import random
import re
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import make_figures
import numpy as np
import pytest
import torch
from PIL import Image
from sybil import Document, Region

from course.headers import read_header_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FIGURES = DOCS / "figures"
GLOSSARY = DOCS / "glossary.md"
PAGES = sorted(DOCS.glob("*.md"))
GUIDES = [path for path in PAGES if re.match(r"\d\d-", path.name)]
LESSONS = {path.stem[:2]: path.stem for path in (ROOT / "module_03").glob("[0-9][0-9]_*.py")}
RECEIPTS = tomllib.loads((ROOT / "module_03" / "expected_results.toml").read_text(encoding="utf-8"))

MEASURED = ROOT / "module_03" / "measured.toml"  # spreads over seeds

SECTIONS = [
    "What you will learn",
    "The idea",
    "The code",
    "What usually goes wrong",
    "Check yourself",
    "Now run the lesson",
]
LANGUAGES = {"python", "text", "bash"}

FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
RUNS = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:\n?```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])")
DETAILS = re.compile(r"<details><summary>(.*?)</summary>\n\n(.*?)\n\n</details>", re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
each_guide = pytest.mark.parametrize("page", GUIDES, ids=lambda path: path.stem)


def read(page):
    return page.read_text(encoding="utf-8")


def prose(text):
    """Return a page without its blocks and inline code: what a learner reads as sentences, line numbers kept."""
    text = FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    return re.sub(r"`[^`\n]*`", "", text)


def words_only(text):
    """Return the prose without addresses of links and figures, HTML tags, and what stands in double quotes."""
    text = re.sub(r"\]\([^)\s]+\)", "]", prose(text))
    return re.sub(r"<(?!/?summary)[^>\n]+>|\"[^\"]{1,60}\"", "", text)


def anchors(text):
    """Return the anchors that a code-hosting site gives the headings of a page."""
    found = []
    for heading in re.findall(r"^#{1,6} (.+)$", FENCE.sub("", text), flags=re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", LINK.sub(r"\1", heading).lower()).replace(" ", "-")
        found.append(plain if plain not in found else f"{plain}-{found.count(plain)}")
    return found


# ----------------------------------------------------------------------------------------------------------------------
# Code and outputs
# ----------------------------------------------------------------------------------------------------------------------


def same_output(shown, printed):
    """Compare outputs: the words must be equal, and a number with three decimals or more may be off by 2 in the last.

    Fewer decimals are mostly percentages of a count, which are the same everywhere. Spaces may differ where numbers do.
    """
    texts = [NUMBER.sub("#", text).split() for text in (shown, printed)]
    numbers = [NUMBER.findall(text) for text in (shown, printed)]
    return texts[0] == texts[1] and all(map(same_number, *numbers))


def same_number(shown, printed):
    mantissa, _, exponent = shown.replace(",", "").partition("e")
    decimals = len(mantissa.partition(".")[2])
    units = 2.001 if decimals >= 3 or exponent else 0
    last_digit = 10.0 ** (int(exponent or 0) - decimals)
    return (
        abs(float(shown.replace(",", "")) - float(printed.replace(",", ""))) <= units * last_digit
    )


def run_block(example):
    """Evaluate a block as sybil wants it: return what is wrong, or None."""
    code, shown = example.parsed
    program = compile(
        "\n" * example.line + code, example.path, "exec"
    )  # its errors name the page's line
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout), warnings.catch_warnings():
        warnings.simplefilter("error")  # a reader would see it, and the page would not say why
        exec(program, example.namespace)
    printed = "\n".join(line.rstrip() for line in stdout.getvalue().splitlines()).rstrip()
    if same_output((shown or "").rstrip(), printed):
        return None
    return f"the page shows\n{shown or '(no block ```text)'}\nbut the block prints\n{printed or '(nothing)'}"


def parse_blocks(document):
    for match in RUNS.finditer(document.text):
        yield Region(match.start(), match.end(), (match["code"], match["output"]), run_block)


@pytest.mark.pinned
@each_page
def test_every_block_runs_and_prints_what_the_page_shows(
    page, output_folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    for seed_it in (random.seed, np.random.seed, torch.manual_seed):
        seed_it(1234567)  # as good as unseeded: a page that forgets its seed prints something else
    for example in Document.parse(str(page), parse_blocks):
        example.evaluate()
    assert not list(tmp_path.rglob("*.*")), "the page writes files"


@each_page
def test_every_block_is_of_a_kind_that_is_checked(page):
    text = read(page)
    kinds = [kind for kind, _ in FENCE.findall(text)]
    assert text.count("```") == 2 * len(kinds), "a block is not closed, or is indented"
    assert set(kinds) <= LANGUAGES
    pairs = [match["output"] for match in RUNS.finditer(text)]
    assert kinds.count("python") == len(pairs)
    assert kinds.count("text") == len(pairs) - pairs.count(None), (
        "a block ```text follows no block ```python"
    )


@pytest.fixture(scope="module")
def options_of_run_all():
    command = [sys.executable, ROOT / "run_all.py", "--help"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"--[a-z-]+", text))


@each_page
def test_shell_lines_name_files_and_options_that_exist(page, options_of_run_all):
    for kind, block in FENCE.findall(read(page)):
        for line in block.splitlines() if kind == "bash" else ():
            program, script, *arguments = line.partition("  #")[0].split()
            assert program == "python", line
            assert (ROOT / script).is_file(), line
            if script == "run_all.py":
                options = {argument for argument in arguments if argument.startswith("-")}
                assert options <= options_of_run_all, line


# ----------------------------------------------------------------------------------------------------------------------
# Form and words
# ----------------------------------------------------------------------------------------------------------------------


@each_guide
def test_guide_has_the_sections(page):
    text = FENCE.sub("", read(page))
    headings = re.findall(r"^(#+) (.+)$", text, flags=re.MULTILINE)
    named = [name for level, name in headings if level == "##"]
    assert [name for name in named if name in SECTIONS] == SECTIONS
    ((_, title),) = [heading for heading in headings if heading[0] == "#"]
    assert title.startswith(f"{page.name[:2]}. ")
    line = text.splitlines()[2]
    assert re.match(r"\d+ minutes to read\. Belongs to \[lesson", line), (
        f"line 3 is {line!r}; expected 'N minutes to read. Belongs to [lesson NN](...)'"
    )


@each_guide
def test_sections_hold_what_they_promise(page):
    _, *parts = re.split(r"^## (.+)$", read(page), flags=re.MULTILINE)
    parts = dict(zip(parts[::2], parts[1::2], strict=True))
    assert re.search(r"^- to ", parts["What you will learn"], flags=re.MULTILINE)
    assert IMAGE.search(parts["The idea"]), "no figure"
    assert "```python" in parts["The code"]
    questions = DETAILS.findall(parts["Check yourself"])
    assert questions
    assert parts["Check yourself"].count("<details>") == len(questions)
    for question, answer in questions:
        assert question.endswith("?")
        assert not re.search(r"[`\[]|\*\*", question), (
            f"Markdown is not rendered inside <summary>: {question}"
        )
        assert answer.strip()
    lessons = re.findall(r"python module_03/(\d\d)_\w+\.py", parts["Now run the lesson"])
    assert lessons, "no command"
    for number in lessons:
        assert f"../module_03/{LESSONS[number]}.py" in read(page).splitlines()[2]


@pytest.mark.parametrize("lesson", LESSONS.values())
def test_lesson_states_the_minutes_of_its_guide_as_the_guide_does(lesson):
    text = (ROOT / "module_03" / f"{lesson}.py").read_text(encoding="utf-8")
    for name, minutes in re.findall(
        r"^Guide: docs/(\S+), (\d+) minutes$", text, flags=re.MULTILINE
    ):
        assert read(DOCS / name).splitlines()[2].startswith(f"{minutes} minutes to read.")


@pytest.mark.parametrize("lesson", LESSONS.values())
def test_guide_that_a_lesson_names_says_that_it_belongs_to_it(lesson):
    guide = read_header_of(ROOT / "module_03" / f"{lesson}.py").text("Guide")
    page = ROOT / guide.partition(",")[0]
    assert f"](../module_03/{lesson}.py)" in read(page).splitlines()[2], f"line 3 of {page.name}"


def test_study_path_leads_to_every_page_and_says_its_lessons():
    path = read(DOCS / "README.md")
    for page in GUIDES:
        title, _, belongs, *_ = read(page).splitlines()
        begins = f"| [{title[2:]}]({page.name}) | "
        (row,) = [
            line for line in path.splitlines() if f"({page.name})" in line and line.startswith("|")
        ]
        assert row.startswith(begins), f"{row} should begin with {begins}"
        lessons = re.findall(r"\[lesson (\d\d)\]\(([^)]+)\)", belongs)
        assert LINK.findall(row.split("|")[2]) == lessons
    for page in set(PAGES) - set(GUIDES) - {DOCS / "README.md"}:
        assert f"]({page.name})" in path


@each_page
def test_pages_are_ascii_and_their_code_fits_a_browser(page):
    text = read(page)
    for number, line in enumerate(text.splitlines(), start=1):
        assert line.isascii(), f"line {number}: {line}"
    for kind, block in FENCE.findall(text):
        widest = max(block.splitlines(), key=len, default="")
        assert len(widest) <= 100, f"cut off in a browser ({kind}): {widest}"


@each_page
def test_tables_are_intact(page):
    text = read(page)
    for table in re.findall(r"(?:^\|.*\|$\n?)+", text, flags=re.MULTILINE):
        rows = [len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()]
        assert len(set(rows)) == 1, f"rows of different length: {table}"
        assert re.fullmatch(r"\|(?: ?:?-+:? ?\|)+", table.splitlines()[1]), table
    assert not re.findall(r"^\|.*[^|\n]$", text, flags=re.MULTILINE)


# ----------------------------------------------------------------------------------------------------------------------
# Numbers
# ----------------------------------------------------------------------------------------------------------------------


def rounds_to(text, value):
    """Say whether a number as the page prints it is a rounded value."""
    decimals = len(text.partition(".")[2])
    return math.isclose(float(text), round(value, decimals), abs_tol=1e-9)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page != GLOSSARY], ids=lambda path: path.stem
)
def test_decimals_and_percentages_in_prose_come_from_a_block_a_receipt_or_a_measurement(page):
    text = read(page)
    sources = {
        float(number.replace(",", ""))
        for _, block in FENCE.findall(text)
        for number in NUMBER.findall(block)
    }
    for lesson in RECEIPTS.values():
        for receipt in lesson["results"].values():
            sources |= {float(receipt[key]) for key in ("value", "min", "max") if key in receipt}
        for history in lesson.get("histories", {}).values():
            sources |= {float(number) for row in history["rows"] for number in row}
    if MEASURED.is_file():
        sources |= set(map(float, re.findall(r"-?\d+(?:\.\d+)?", read(MEASURED))))
    sources |= {100 * value for value in sources} | {-value for value in sources}
    # what a question gives is no claim
    readable = re.sub(r"^#.*$|<summary>.*?</summary>", "", words_only(text), flags=re.MULTILINE)
    readable = re.sub(r"(?i)\b(lesson|chapter|section|python|version)s? \d[\d.]*", "", readable)
    for match in re.finditer(r"(?<![\w.])\d+(?:\.\d+)?(?= ?%)|(?<![\w.])\d+\.\d+", readable):
        near = " ".join(readable[max(0, match.start() - 60) : match.end() + 20].split())
        assert any(rounds_to(match[0], value) for value in sources), (
            f"no block or receipt has {match[0]}: ...{near}"
        )


@each_page
def test_named_receipts_are_quoted_right(page):
    """Hold `86.5 % (`v2_test_acc_1000`)` against the receipt of that name."""
    for number, name in re.findall(r"(-?\d+(?:\.\d+)?) ?%? \(`(\w+)`", FENCE.sub("", read(page))):
        found = [
            lesson["results"][name] for lesson in RECEIPTS.values() if name in lesson["results"]
        ]
        assert found, f"no receipt is called {name}"
        exact = any(rounds_to(number, receipt["value"]) for receipt in found if "value" in receipt)
        assert exact or any(x["min"] <= float(number) <= x["max"] for x in found if "min" in x), (
            f"{name} is {found}"
        )


# ----------------------------------------------------------------------------------------------------------------------
# Links and terms
# ----------------------------------------------------------------------------------------------------------------------


@each_page
def test_internal_links_and_anchors_exist(page):
    for text, address in LINK.findall(FENCE.sub("", read(page))):
        assert text.strip(), f"a link to {address} has no text"
        if address.startswith("https://"):
            continue
        name, _, anchor = address.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), address
        assert target.is_relative_to(ROOT), address
        if anchor:
            assert anchor in anchors(read(target)), address


@each_page
def test_external_links_are_encrypted(page):
    for address in re.findall(r"https?://[^\s)>\"]+", read(page)):
        assert address.startswith("https://"), address


def glossary_terms():
    """Return the terms of the glossary: its headings of the third level, in order, with their explanations."""
    return dict(re.findall(r"^### (.+)\n\n((?:.+\n)+)", read(GLOSSARY), flags=re.MULTILINE))


def test_glossary_is_alphabetical_and_explains_every_term():
    terms = list(glossary_terms())
    headings = re.findall(r"^### (.+)$", read(GLOSSARY), flags=re.MULTILINE)
    assert terms == headings, "a term is not explained"
    assert terms == sorted(terms, key=str.lower)


@each_guide
def test_terms_are_linked_to_the_glossary_at_first_use(page):
    text = prose(read(page))
    text = re.sub(
        r"^#.*$|<summary>.*</summary>|<[^>\n]+>", "", IMAGE.sub("", text), flags=re.MULTILINE
    )
    # links to other places may contain a term; those to the glossary become marks, everything else plain text
    text = LINK.sub(
        lambda link: f"\x01{link[2][12:]}\x02" if link[2].startswith("glossary.md#") else link[1],
        text,
    )
    missing = []
    for term in sorted(
        glossary_terms(), key=len, reverse=True
    ):  # long ones first: "test set" before "set"
        slug = anchors(f"# {term}")[0]
        uses = rf"(?<![\w-]){re.escape(term)}(?:s|es)?(?![\w-])".replace(
            r"\ ", r"\s+"
        )  # also across a line's end
        first_use = re.search(uses, text, flags=re.IGNORECASE)
        first_link = text.find(f"\x01{slug}\x02")
        if first_use and not 0 <= first_link < first_use.start():
            line = text.count("\n", 0, first_use.start()) + 1
            missing.append(
                f"line {line}: {first_use[0]!r} comes before its link to glossary.md#{slug}"
            )
        text = re.sub(uses, lambda match: "\n" * match[0].count("\n"), text, flags=re.IGNORECASE)
    assert not missing, "\n".join(missing)


# ----------------------------------------------------------------------------------------------------------------------
# Figures
# ----------------------------------------------------------------------------------------------------------------------


def figures_of(page):
    """Return the figures of a page as pairs of alternative text and address, from Markdown and from HTML."""
    text = FENCE.sub("", read(page))
    tags = re.findall(r"<img [^>]*>", text)
    html = [
        tuple(re.search(rf'{name}="([^"]*)"', tag)[1] for name in ("alt", "src")) for tag in tags
    ]
    return IMAGE.findall(text) + html


SHOWN = sorted({Path(address).name for page in PAGES for _, address in figures_of(page)})
README_SHOWS = set(
    re.findall(r"docs/figures/(\w+\.png)", (ROOT / "README.md").read_text(encoding="utf-8"))
)
OWN = sorted(path.name for path in FIGURES.glob("*.png") if not re.match(r"\d\d_", path.name))


@each_page
def test_figures_exist_and_have_alternative_texts(page):
    for alternative, address in figures_of(page):
        assert (page.parent / address).parent == FIGURES, address
        assert (page.parent / address).is_file(), address
        assert alternative.strip(), f"{address}: nothing says what one sees"


def test_every_figure_is_shown_on_a_page():
    for path in FIGURES.glob("*.png"):
        assert path.name in SHOWN or path.name in README_SHOWS, f"no page shows {path.name}"


def assert_same_picture(committed, made):
    """Two pictures are the same if hardly a pixel differs; fonts and rounding may move an edge by a shade."""
    first, second = (
        np.asarray(Image.open(path).convert("RGB"), dtype=int) for path in (committed, made)
    )
    assert first.shape == second.shape
    differs = (np.abs(first - second).max(axis=2) > 48).mean()
    assert differs < 0.0002, (
        f"{differs:.2%} of the pixels of {committed.name} differ: make it again"
    )


def test_the_tool_makes_all_figures_of_the_guides():
    assert sorted(f"{name}.png" for name in make_figures.FIGURES) == OWN


@pytest.mark.pinned
@pytest.mark.slow
@pytest.mark.parametrize("name", OWN)
def test_figure_is_what_the_tool_makes(name, tmp_path):
    make_figures.make([name.removesuffix(".png")], tmp_path)
    assert_same_picture(FIGURES / name, tmp_path / name)
