"""The project's own papers: versions, pins and bounds agree, and what the README names is there."""

import re
import tomllib
from pathlib import Path

import pytest
from lower_bounds import lower_bounds

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def pins(name):
    """Return the pinned release of each package that a requirements file names."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", text, flags=re.MULTILINE))


def release(version):
    """Return a version as numbers, to compare it with another one."""
    return tuple(map(int, re.findall(r"\d+", version)))


def test_every_requirement_is_pinned_and_within_its_range():
    pinned = {**pins("requirements.txt"), **pins("requirements-dev.txt")}
    for name, bound in lower_bounds(ROOT / "pyproject.toml").items():
        assert name in pinned, f"no requirements file pins {name}"
        assert release(pinned[name]) >= release(bound), name


def test_the_weights_only_reader_is_safe_in_every_release_that_may_run():
    """Below 2.10 a prepared file can run code in spite of weights_only=True (CVE-2026-24747)."""
    assert release(lower_bounds(ROOT / "pyproject.toml")["torch"]) >= (2, 10)


@pytest.mark.parametrize("requirement", ["numpy", "numpy==2.0", "numpy>=2.0,<3", "numpy[all]>=2"])
def test_a_bound_of_another_form_is_named(requirement, tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text(f'[project]\ndependencies = ["{requirement}"]\n')
    with pytest.raises(ValueError, match=re.escape(requirement)):
        lower_bounds(path)


def test_the_changelog_begins_with_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changelog, flags=re.MULTILINE)[1] == PROJECT["version"]


def test_the_readme_has_one_test_line_that_works_on_linux():
    """.ci/run runs it."""
    assert len(re.findall(r"^python3 .* -m pytest$", README, flags=re.MULTILINE)) == 1


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_what_a_page_links_to_or_names_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"\]\(([\w./-]+?)(?:#[\w-]*)?\)|src=\"([^\"]+)\"", text)
    paths = {"".join(pair) for pair in named if not "".join(pair).startswith("http")}
    code = re.sub(r"NN\w*|\*|<[^>]*>", "~", text)  # patterns stand for many files
    paths |= set(re.findall(r"`((?:course|tools|tests|docs|benchmarks|module_03)/[\w./-]+)`", code))
    for path in sorted(paths):
        assert (ROOT / path).exists(), f"{page} names {path}"
