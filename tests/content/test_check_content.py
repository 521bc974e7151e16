"""tools/check_content.py names what a reader might stumble over."""

import pytest
from check_content import (
    glossary_entries,
    links_elsewhere,
    long_passages,
    pictures,
    reading_time,
    words_called_otherwise,
)


@pytest.mark.parametrize(
    ("look", "text", "words"),
    [
        (words_called_otherwise, "First.\nThe ground truth is", "line 2: 'ground truth'"),
        (
            long_passages,
            "Short.\n\n" + 20 * "five words in a line\n",
            "line 3: a paragraph of 100 words",
        ),
        (long_passages, f"{'w' * 130}\n", "line 1: 130 columns"),
        (reading_time, f"# 01. Page\n\n9 minutes to read.\n\n{'word ' * 180}\n", "about 1"),
        (links_elsewhere, "[here](https://example.com/a)", "https://example.com/a"),
        (glossary_entries, f"### term\n\n{'word ' * 80}\n", "term is explained in 80 words"),
        (pictures, "![a curve](figures/x.png)", "figures/x.png: 'a curve'"),
    ],
)
def test_it_names_the_place(look, text, words):
    found = list(look(text))
    assert found
    assert words in found[0]


@pytest.mark.parametrize(
    ("look", "text"),
    [
        (words_called_otherwise, 'Some call it "ground truth", in code `ground_truth`.'),
        (long_passages, "A line.\n\nAnother one.\n"),
        (reading_time, f"# 01. Page\n\n5 minutes to read.\n\n{'word ' * 900}\n"),
        (links_elsewhere, "[here](https://docs.python.org/3/)"),
        (glossary_entries, "### term\n\nA short one.\n"),
    ],
)
def test_it_leaves_alone_what_is_well(look, text):
    assert list(look(text)) == []
