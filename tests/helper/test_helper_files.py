"""helper_functions: files are written whole or not at all and with the same bytes; importing it changes nothing."""

import errno
import io
import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from helper_tools import assert_one_sentence, fan, refuses
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

import helper_functions as hf
from course.files import write_whole

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RESULTS = {"train_acc": 99.5, "n_parameters": 141, "loss": 0.1 + 0.2}
HISTORIES = {"V1": {"train_loss": [0.7, 1 / 3], "train_acc": [50, 100.0]}}


def example_figure():
    figure = Figure(figsize=(5, 5), layout="constrained")
    points = np.random.default_rng(0).uniform(-2, 2, size=(60, 2))
    hf.plot_decision_boundary(fan(4), points, np.arange(60) % 4, figure.subplots())
    return figure


def save_either(kind):
    """Save a figure or results; return nothing."""
    if kind == "figure":
        hf.save_figure(Figure(figsize=(2, 1)), "00_test.png")
    else:
        hf.save_results("00_test", RESULTS, HISTORIES)


def place(folder, kind):
    return folder / "00_test.png" if kind == "figure" else folder / "results" / "00_test.json"


def files_below(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


both = pytest.mark.parametrize("kind", ["figure", "results"])

# ------------------------------------------------------------------------------------------------------------- figures


def test_a_figure_becomes_a_png_in_a_folder_that_is_made(output_folder, capsys):
    figure = example_figure()
    path = hf.save_figure(figure, "03_boundaries.png")
    assert path == output_folder / "03_boundaries.png"
    assert capsys.readouterr().out == f"Figure: {path}\n"
    assert files_below(output_folder) == [path]
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (600, 600))  # 5 inches at 120 dpi
        assert set(image.info) <= {"transparency"}, "versions and dates would change the bytes"
        pixels = np.asarray(image.convert("RGB")).astype(int)
    figure.set_dpi(120)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    assert np.abs(pixels - drawn).mean() < 2, "256 colours are enough for what was drawn"
    assert path.stat().st_size < 60_000


def test_a_figure_is_drawn_as_savefig_draws_it_and_keeps_its_canvas_and_dpi(output_folder):
    figure, buffer = example_figure(), io.BytesIO()
    canvas = figure.canvas
    path = hf.save_figure(figure, "a.png")
    assert figure.canvas is canvas
    assert figure.dpi == 100
    example_figure().savefig(buffer, format="png", dpi=120)
    with Image.open(path) as image, Image.open(buffer) as expected:
        expected = expected.convert("RGB").quantize(256).convert("RGB")
        assert image.convert("RGB").tobytes() == expected.tobytes()


def photo():
    """Return a figure that shows as many colours as a photo."""
    figure = Figure(figsize=(4, 4))
    ax = figure.add_axes((0, 0, 1, 1))
    pixels = np.random.default_rng(0).integers(0, 256, size=(480, 480, 3), dtype=np.uint8)
    ax.imshow(pixels, interpolation="nearest")
    ax.axis("off")
    return figure


def colors_in(path):
    with Image.open(path) as image:
        return len(image.convert("RGB").getcolors(2**24))


def test_a_photo_keeps_its_colours_and_a_plot_gets_a_palette(output_folder):
    buffer = io.BytesIO()
    photo().savefig(buffer, format="png", dpi=120)
    path = hf.save_figure(photo(), "photo.png")
    assert colors_in(path) == colors_in(buffer) > 100_000
    assert colors_in(hf.save_figure(example_figure(), "plot.png")) <= 256
    assert hf.save_figure(photo(), "again.png").read_bytes() == path.read_bytes()


def corner(path):
    """Return the colour of the pixel at the top left: red, green, blue and opacity."""
    with Image.open(path) as image:
        return image.convert("RGBA").getpixel((0, 0))


def test_the_background_is_the_one_that_savefig_gives(output_folder):
    with matplotlib.rc_context({"savefig.facecolor": "#ffe4c4"}):
        assert corner(hf.save_figure(example_figure(), "a.png")) == (0xFF, 0xE4, 0xC4, 255)
    figure = example_figure()
    figure.set_facecolor("#c4e4ff")
    assert corner(hf.save_figure(figure, "b.png")) == (0xC4, 0xE4, 0xFF, 255)


def test_a_transparent_figure_stays_transparent_with_the_same_bytes_each_time(output_folder):
    with matplotlib.rc_context({"savefig.transparent": True}):
        first = hf.save_figure(example_figure(), "a.png")
        second = hf.save_figure(example_figure(), "b.png")
    assert corner(first)[3] == 0
    assert first.read_bytes() == second.read_bytes()
    half = example_figure()
    half.set_facecolor((1, 0, 0, 0.5))
    assert 0 < corner(hf.save_figure(half, "c.png"))[3] < 255


def test_the_default_folder_is_outputs_beside_the_helper(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUTPUT_DIR", raising=False)
    assert hf.output_dir() == Path(hf.__file__).resolve().parent / "outputs"
    monkeypatch.setenv("OUTPUT_DIR", "")
    assert hf.output_dir() == Path(hf.__file__).resolve().parent / "outputs"
    monkeypatch.setenv("OUTPUT_DIR", "here")
    assert hf.output_dir() == tmp_path / "here"


def test_a_second_save_replaces_the_first_and_the_same_figure_gives_the_same_bytes(output_folder):
    figure = example_figure()
    first = hf.save_figure(figure, "a.png").read_bytes()
    assert hf.save_figure(figure, "b.png").read_bytes() == first
    hf.save_figure(Figure(), "a.png")
    assert (output_folder / "a.png").read_bytes() != first
    hf.save_figure(example_figure(), "a.png")
    assert (output_folder / "a.png").read_bytes() == first
    assert files_below(output_folder) == [output_folder / "a.png", output_folder / "b.png"]


BAD_NAMES = [
    "a.jpg",
    "a",
    "",
    "a.png\n",
    "a\n.png",
    "../a.png",
    "b/a.png",
    "/a.png",
    "c:a.png",
    "b\\a.png",
    "a\0.png",
]


@pytest.mark.parametrize("name", [*BAD_NAMES, None, 3])
def test_figures_get_plain_names_only(output_folder, name):
    with refuses(repr(name), ".png"):
        hf.save_figure(Figure(), name)
    assert not output_folder.exists()


@pytest.mark.parametrize(
    "name", ["", "../a.pt", "/a.pt", "a/../b.pt", "..", ".", "a//b.pt", "b\\a.pt", None, 3]
)
def test_files_stay_in_the_output_folder(output_folder, name):
    with refuses(repr(name), "plain file name"):
        hf.save_file(name, lambda file: file.write(b"x"))
    assert not output_folder.exists()
    assert (
        hf.save_file("players/a.html", lambda file: file.write(b"x"))
        == output_folder / "players" / "a.html"
    )


def test_axes_are_no_figure(output_folder):
    with refuses("Axes", "ax.figure"):
        hf.save_figure(Figure().subplots(), "a.png")


# ------------------------------------------------------------------------------------------------------------- results


def test_results_are_printed_and_read_back_equal(output_folder, capsys):
    results = {**RESULTS, "\u03c3": np.float32(0.5), "n": np.int64(7), "quarter": Fraction(1, 4)}
    path = hf.save_results("03_topic", results, HISTORIES)
    assert path == output_folder / "results" / "03_topic.json"
    assert files_below(output_folder) == [path]
    expected = {**RESULTS, "\u03c3": 0.5, "n": 7, "quarter": 0.25}
    assert json.loads(path.read_text("ascii")) == {"results": expected, "histories": HISTORIES}
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert [line.split() for line in printed.splitlines()] == [
        [], ["Results"], ["train_acc", "99.5"], ["n_parameters", "141"], ["loss", "0.3"],
        ["\\u03c3", "0.5"], ["n", "7"], ["quarter", "0.25"],
    ]  # fmt: skip
    values = [line.rsplit(" ", 1)[0] for line in printed.splitlines()[2:]]
    assert len({len(value) for value in values}) == 1, "the numbers stand below one another"


def test_histories_come_as_fit_returns_them(output_folder):
    history = {"train_loss": [0.5, 0.25]}
    path = hf.save_results(
        "x", {}, {"run": history, "array": {"loss": np.array([1.5, 2], dtype=np.float32)}}
    )
    assert json.loads(path.read_bytes())["histories"] == {
        "run": history,
        "array": {"loss": [1.5, 2.0]},
    }
    assert json.loads(hf.save_results("x", {"a": 1}).read_bytes()) == {
        "results": {"a": 1},
        "histories": {},
    }


BAD_NUMBERS = {
    "NaN": math.nan,
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "numpy NaN": np.float32("nan"),
    "text": "1.0",
    "none": None,
    "bool": True,
    "numpy bool": np.True_,
    "complex": 1j,
    "tensor": torch.tensor(0.5),
    "long tensor": torch.rand(100, 3),
    "array": np.array(0.5),
    "list": [0.5],
    "an integer beyond float64": 10**400,
}


@pytest.mark.parametrize("value", BAD_NUMBERS.values(), ids=BAD_NUMBERS)
def test_results_and_histories_hold_finite_numbers_only(output_folder, value):
    with refuses("results['acc']", "finite number"):
        hf.save_results("x", {"loss": 0.5, "acc": value})
    with refuses("histories['V1']['loss'][1]", "finite number"):
        hf.save_results("x", {"loss": 0.5}, {"V1": {"loss": [0.5, value]}})
    assert not output_folder.exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("x", [1.0]), "results is of the type list"),
        (("x", {1: 1.0}), "results"),
        (("x", {"a": 1.0}, [1.0]), "histories is of the type list"),
        (("x", {"a": 1.0}, {"V1": [1.0]}), "histories['V1']"),
        (("x", {"a": 1.0}, {"V1": {"loss": 1.0}}), "histories['V1']['loss']"),
        (("../x", {"a": 1.0}), "'../x'"),
        (("", {"a": 1.0}), "''"),
        ((None, {"a": 1.0}), "None"),
    ],
)
def test_results_of_another_form_are_refused(output_folder, arguments, word):
    with refuses(word, "expected"):
        hf.save_results(*arguments)
    assert not output_folder.exists()


# --------------------------------------------------------------------------------------------------------------- faults


@both
@pytest.mark.parametrize("fault", ["disk full in the middle", "cannot be replaced"])
def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else(
    output_folder, monkeypatch, kind, fault
):
    save_either(kind)
    old = place(output_folder, kind)
    before = old.read_bytes()

    def half(path, data):
        with open(path, "wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    target, replacement = (
        ((Path, "write_bytes"), half) if fault.startswith("disk") else ((os, "replace"), refuse)
    )
    monkeypatch.setattr(*target, replacement)
    with pytest.raises(OSError, match="Cannot write") as caught:
        save_either(kind)
    assert type(caught.value) is OSError
    assert_one_sentence(str(caught.value))
    assert old.name in str(caught.value)
    assert ("No space left" if fault.startswith("disk") else "Permission denied") in str(
        caught.value
    )
    assert old.read_bytes() == before
    assert files_below(output_folder) == [old]


@both
def test_a_file_is_prepared_beside_its_place(output_folder, monkeypatch, kind):
    # a move is atomic within one file system only
    moves = []

    def replace(source, target):
        moves.append((Path(source), Path(target)))
        Path(source).rename(target)

    monkeypatch.setattr(os, "replace", replace)
    save_either(kind)
    ((source, target),) = moves
    assert target == place(output_folder, kind)
    assert source.parent == target.parent
    assert source.name.startswith("."), "hidden from whoever lists the figures"


@both
def test_an_interrupted_save_leaves_no_temporary_file(output_folder, monkeypatch, kind):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_either(kind)
    assert files_below(output_folder) == []


@both
def test_a_folder_below_a_file_is_refused_in_one_sentence(tmp_path, monkeypatch, kind):
    file = tmp_path / "file"
    file.write_text("mine")
    for folder in (file, file / "sub"):
        monkeypatch.setenv("OUTPUT_DIR", str(folder))
        with pytest.raises(OSError, match="Cannot write") as caught:
            save_either(kind)
        assert type(caught.value) is OSError
        assert_one_sentence(str(caught.value))
        assert "OUTPUT_DIR" in str(caught.value)
    assert file.read_text() == "mine"
    assert files_below(tmp_path) == [file]


def write_for_ever(path, started):
    contents = [bytes([letter]) * 4_000_000 for letter in b"ab"]
    write_whole(path, contents[0])
    started.send(True)
    while True:
        for content in contents:
            write_whole(path, content)


@pytest.mark.skipif(sys.platform != "linux", reason="needs processes that start in no time: fork")
@pytest.mark.parametrize("milliseconds", np.random.default_rng(0).uniform(0, 30, 15).round(1))
def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path, milliseconds):
    fork = multiprocessing.get_context("fork")
    writing, started = fork.Pipe(duplex=False)
    writer = fork.Process(target=write_for_ever, args=(tmp_path / "file", started))
    writer.start()
    started.close()  # so that a writer that fails gives an EOFError here, and no wait without end
    assert writing.recv()
    time.sleep(milliseconds / 1000)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    content = (tmp_path / "file").read_bytes()
    assert len(content) == 4_000_000, "half a file"
    assert len(set(content)) == 1, "two files in one"


# ------------------------------------------------------------------------------------------------------ a fresh process

FRESH_PROCESS = """
import json, os, random, sys, warnings
from pathlib import Path

import matplotlib.pyplot, numpy, pandas, PIL.Image, sklearn.inspection, torch  # what these change is not our doing

def world():
    return {
        "matplotlib": str(sorted((key, str(value)) for key, value in dict.items(matplotlib.rcParams))),
        "figures": matplotlib.pyplot.get_fignums(),
        "seed of random": str(random.getstate()),
        "seed of NumPy": str(numpy.random.get_state()),
        "seed of PyTorch": str(torch.get_rng_state().tolist()),
        "threads": torch.get_num_threads(),
        "dtype": str(torch.get_default_dtype()),
        "gradients": torch.is_grad_enabled(),
        "floating point errors": str(numpy.geterr()),
        "print options": str(numpy.get_printoptions()),
        "pandas": pandas.get_option("display.max_columns"),
        "warnings": str(warnings.filters),
        "environment": dict(os.environ),
        "path": list(sys.path),
        "folder": os.getcwd(),
        "files": sorted(str(path) for path in Path.cwd().rglob("*")),
    }

before = world()
import helper_functions
after = world()
sys.path.append(sys.argv[1])
import test_helper_files
figure = helper_functions.save_figure(test_helper_files.example_figure(), "a.png")
results = helper_functions.save_results("a", test_helper_files.RESULTS, test_helper_files.HISTORIES)
Path("report.json").write_text(json.dumps({
    "before": before, "after": after, "beside": str(helper_functions.__file__),
    "figure": figure.read_bytes().hex(), "results": results.read_bytes().hex(),
}))
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Import the helper and save files in a new process, whose code page cannot print the folder's name."""
    folder = tmp_path_factory.mktemp("fresh")
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MPLBACKEND", "DISPLAY")
    }
    environment |= {
        "OUTPUT_DIR": str(folder / "Ausg\u00e4nge \u5b9e\u9a8c"),
        "PYTHONIOENCODING": "cp1252",
        "PYTHONHASHSEED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        "OMP_NUM_THREADS": "1",
    }
    process = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS, str(HERE)],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr.decode(errors="replace")
    return process.stdout, json.loads((folder / "report.json").read_text())


def test_importing_the_helper_has_no_side_effects(fresh):
    _, report = fresh
    assert report["after"] == report["before"]
    assert Path(report["beside"]) == ROOT / "helper_functions.py"


def test_a_folder_with_any_name_is_written_and_printed_in_ascii(fresh):
    printed, _ = fresh
    lines = printed.decode("ascii").splitlines()
    assert lines[0].startswith("Figure: ")
    assert lines[0].endswith("a.png")
    assert "Ausg\\xe4nge \\u5b9e\\u9a8c" in lines[0]


def test_two_processes_write_the_same_bytes(fresh, output_folder):
    _, report = fresh
    assert hf.save_figure(example_figure(), "a.png").read_bytes().hex() == report["figure"]
    assert hf.save_results("a", RESULTS, HISTORIES).read_bytes().hex() == report["results"]
