"""The benchmarks: each says what it does, and spread.py measures lessons without changing them."""

import math
import runpy
import sys
import tomllib
from pathlib import Path

import pytest
from knobs import KnobError, with_knobs

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))
LESSON = '''"""Lesson 99: A toy"""

# %% Setup
import json
import os

SEED = 42  # of everything
SCALE = 2  # what the seed is multiplied by
SIZES = (
    1,
    2,
)  # several lines

# %% 1. Results
folder = os.path.join(os.environ["OUTPUT_DIR"], "results")
os.makedirs(folder)
results = {"scaled": SCALE * SEED, "half": SEED / 2, "units": sum(SIZES)}
with open(os.path.join(folder, "99_toy.json"), "w") as file:
    json.dump({"results": results}, file)
'''


@pytest.fixture(scope="module")
def spread():
    """Return the names of benchmarks/spread.py."""
    return runpy.run_path(str(ROOT / "benchmarks" / "spread.py"))


@pytest.fixture
def toy(spread, tmp_path):
    """Return an experiment: a toy lesson with seeds 1 to 3 and another scale."""
    path = tmp_path / "99_toy.py"
    path.write_text(LESSON, encoding="utf-8")
    return spread["Experiment"](path, range(1, 4), {"SCALE": "10"})


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_each_benchmark_says_what_it_does(path, monkeypatch, capsys):
    # as `python benchmarks/NAME.py --help` sees it: no folder of tools, no folder of the project
    monkeypatch.setattr(sys, "argv", [str(path), "--help"])
    found = [folder for folder in sys.path if Path(folder).resolve() not in (ROOT, ROOT / "tools")]
    monkeypatch.setattr(sys, "path", found)
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(path), run_name="__main__")
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert f"python benchmarks/{path.name}" in said


def test_other_knobs_leave_the_rest_of_a_lesson_as_it_is():
    changed = with_knobs(LESSON, {"SIZES": "(2, 8)", "SEED": "7"})
    assert changed == LESSON.replace("(\n    1,\n    2,\n)", "(2, 8)").replace("42", "7")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("LR", "1", "Setup has SEED, SCALE, SIZES"), ("SEED", "1 +", "expected Python")],
)
def test_a_knob_that_cannot_be_set_is_named(name, value, words):
    with pytest.raises(KnobError, match=words):
        with_knobs(LESSON, {name: value})


def test_a_lesson_runs_once_per_seed_with_its_knobs(spread, toy):
    runs = spread["run_lesson"](toy, jobs=2, preload=[])
    assert runs == [{"scaled": 10 * seed, "half": seed / 2, "units": 3} for seed in (1, 2, 3)]
    scaled, half, _ = spread["spreads_of"](runs, None)
    assert (scaled.statistic("mean"), scaled.statistic("std")) == (20, 10)
    assert (half.statistic("min"), half.statistic("max")) == (0.5, 1.5)
    assert toy.lesson.read_text(encoding="utf-8") == LESSON


def test_a_lesson_that_fails_is_named_with_its_seed(spread, toy):
    toy.lesson.write_text(LESSON.replace("os.makedirs", "1 / (SEED - 2); os.makedirs"), "utf-8")
    with pytest.raises(spread["RunError"], match=r"SEED = 2: exit code 1[^$]*ZeroDivisionError"):
        spread["run_lesson"](toy, jobs=1, preload=[])


def test_measured_numbers_are_written_beside_those_of_others(spread, toy, tmp_path, capsys):
    path = tmp_path / "measured.toml"
    path.write_text(
        "# measured by hand\n[98_other]\nold = { value = 1 }\n\n"
        '[99_toy]\nscaled_mean_scale_10 = { value = 0, what = "old", seeds = 1 }\n\n[99_z]\n',
        encoding="utf-8",
    )
    spreads = [spread["Spread"]("scaled", [10.0, 20.0, 30.0])]
    spread["write_measured"](path, toy, spreads)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# measured by hand\n[98_other]\nold = { value = 1 }\n\n[99_toy]\n")
    assert text.endswith("\n\n[99_z]\n")
    section = tomllib.loads(text)["99_toy"]
    values = {key: entry["value"] for key, entry in section.items()}
    assert values == {
        "scaled_mean_scale_10": 20,
        "scaled_std_scale_10": 10,
        "scaled_min_scale_10": 10,
        "scaled_max_scale_10": 30,
    }
    assert {entry["seeds"] for entry in section.values()} == {3}
    what = section["scaled_mean_scale_10"]["what"]
    assert what == "mean of scaled over 3 seeds (1 to 3) with SCALE = 10"
    spread["write_measured"](path, toy, spreads)
    assert path.read_text(encoding="utf-8") == text, "the second time changes nothing"


def test_measured_numbers_start_a_file_and_may_be_infinite(spread, toy, tmp_path, capsys):
    path = tmp_path / "measured.toml"
    spread["write_measured"](path, toy, [spread["Spread"]("loss", [1.0, math.inf])])
    section = tomllib.loads(path.read_text(encoding="utf-8"))["99_toy"]
    assert section["loss_max_scale_10"]["value"] == math.inf
    assert math.isnan(section["loss_std_scale_10"]["value"])
