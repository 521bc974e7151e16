"""Lesson 06: its preparation knows the training set alone, and its file holds the network that was tested."""

from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

LESSON = (
    Path(__file__).resolve().parents[2] / "module_03" / "06_complete_classification_workflow.py"
)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """Run the lesson once and return its variables."""
    variables = {"__name__": "lesson"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUTPUT_DIR", str(tmp_path_factory.mktemp("lesson_06")))
        patch.setenv("COURSE_DEVICE", "cpu")
        exec(compile(LESSON.read_bytes(), str(LESSON), "exec"), variables)
    plt.close("all")
    return SimpleNamespace(**variables)


def test_the_three_sets_share_no_row(lesson):
    rows = np.concatenate([lesson.rows_train, lesson.rows_val, lesson.rows_test])
    assert sorted(rows) == list(range(569))


def test_the_preparation_knows_the_training_set_alone(lesson):
    train = lesson.table.iloc[lesson.rows_train]
    np.testing.assert_allclose(lesson.scaler.mean_, train.mean(), rtol=1e-12)
    np.testing.assert_allclose(lesson.scaler.scale_, train.std(ddof=0), rtol=1e-12)
    assert not np.allclose(lesson.scaler.mean_, lesson.table.mean(), rtol=1e-4)


def test_the_kept_epoch_is_the_one_with_the_lowest_validation_loss(lesson):
    losses = lesson.history["val_loss"]
    assert lesson.best_epoch == int(np.argmin(losses))
    assert len(losses) == lesson.best_epoch + lesson.PATIENCE + 1
    assert lesson.loaded_val_loss == pytest.approx(min(losses), abs=1e-7)
    # what training went on to is another network, so a copy that moves with it would be seen
    assert lesson.last_val_loss > 1.2 * lesson.best_loss


def test_the_file_alone_gives_the_tested_predictions(lesson):
    loaded = torch.load(lesson.path, weights_only=True)
    numbers = lesson.table[loaded["columns"]].to_numpy()[lesson.rows_test]
    X = (numbers - np.array(loaded["means"])) / np.array(loaded["stds"])
    model = lesson.TumourModel(loaded["sizes"])
    model.load_state_dict(loaded["state_dict"])
    with torch.inference_mode():
        preds = model(torch.tensor(X, dtype=torch.float32)).argmax(dim=1)
    assert preds.tolist() == lesson.preds.tolist()
    truth = lesson.diagnoses[lesson.rows_test]
    names = np.array(loaded["class_names"])[preds]
    assert (names == truth).sum() == 112
