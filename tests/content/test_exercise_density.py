"""Exercises and their solutions are plain enough to learn from: the measure of tools/density.py.

What is measured comes from the markers, not from exercises/: there lies what a learner has written.
"""

import pytest
from density import WIDTH, measure, stumbling_blocks

from course.checker.catalog import find_exercises

TEXTS = {}
for exercise in find_exercises():
    TEXTS[f"{exercise.name} starter"] = exercise.starter
    TEXTS[f"{exercise.name} solution"] = exercise.solution
each_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def test_every_exercise_is_measured():
    assert len(TEXTS) == 2 * len(find_exercises()) > 0


@each_text
def test_lines_hold_one_thing_each(text):
    density = measure(text)
    assert density.mean <= 6.5, f"{density.mean:.2f} nodes per code line"
    assert density.percentile_90 <= 12
    crowded = {line: count for line, count in density.nodes.items() if count > 24}
    assert not crowded, crowded


@each_text
def test_lines_fit_on_a_page(text):
    wide = [n for n, line in enumerate(text.splitlines(), start=1) if len(line) > WIDTH]
    assert not wide, f"lines over {WIDTH} columns: {wide}"


@each_text
def test_nothing_that_a_beginner_has_to_take_apart(text):
    assert list(stumbling_blocks(text)) == []
