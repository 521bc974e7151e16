"""helper_functions: images drawn in rows, read off their artists, and predictions batch by batch."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from helper_tools import refuses
from matplotlib.figure import Figure
from torch import nn

import helper_functions as hf

IMAGES = np.random.default_rng(0).uniform(0, 3, size=(10, 4, 6))  # ten images of 4 x 6 pixels


def boxes(ax):
    """Return left, right, bottom and top of each image as it is seen, the y axis pointing down."""
    return [tuple(image.get_extent()) for image in ax.images]


def shown(image):
    """Return the colours of an image's pixels, [H, W, 3]."""
    return image.cmap(image.norm(image.get_array()))[..., :3]


@pytest.mark.parametrize("labels", [None, list("abcdefghij"), [f"{k}\n{k}%" for k in range(10)]])
@pytest.mark.parametrize("columns", [1, 4, 10, 12])
def test_images_stand_in_rows_in_their_order(columns, labels):
    ax = Figure().subplots()
    assert hf.plot_images(IMAGES, ax, columns=columns, labels=labels) is ax
    for drawn, image in zip(ax.images, IMAGES, strict=True):
        np.testing.assert_array_equal(drawn.get_array(), image)
        left, right, bottom, top = drawn.get_extent()
        assert (right - left, bottom - top) == pytest.approx((6, 4)), "a pixel is not a square"
    corners = [(top, left) for left, _, _, top in boxes(ax)]
    assert corners == sorted(corners), "not row by row"
    assert [
        sum(top == row for top, _ in corners) for row in sorted({top for top, _ in corners})
    ] == [min(columns, 10 - start) for start in range(0, 10, columns)]
    (x_low, x_high), (y_high, y_low) = ax.get_xlim(), ax.get_ylim()
    for k, (left, right, bottom, top) in enumerate(boxes(ax)):
        assert x_low < left < right < x_high
        assert y_low < top < bottom < y_high
        for l2, r2, b2, t2 in boxes(ax)[:k]:
            assert right < l2 or r2 < left or bottom < t2 or b2 < top, "two images overlap"
    assert ax.get_aspect() == 1
    assert list(ax.get_xticks()) == list(ax.get_yticks()) == []


def test_each_label_stands_above_its_own_image():
    fig = Figure(figsize=(8, 4))
    ax = hf.plot_images(
        IMAGES, fig.subplots(), columns=5, labels=[f"{k} as 7\n99%" for k in range(10)]
    )
    fig.canvas.draw()
    frame = ax.get_window_extent()
    drawn = [image.get_window_extent() for image in ax.images]
    for k, (text, own) in enumerate(zip(ax.texts, drawn, strict=True)):
        box = text.get_window_extent()
        assert text.get_text() == f"{k} as 7\n99%"
        assert box.y0 >= own.y1 - 1
        assert (box.x0 + box.x1) / 2 == pytest.approx((own.x0 + own.x1) / 2, abs=1)
        assert box.y1 <= frame.y1, "the label is cut"
        assert not any(box.overlaps(other) for other in drawn if other is not own)


def test_ink_is_black_on_white_on_one_scale():
    ax = hf.plot_images(IMAGES, Figure().subplots())
    brightness = np.concatenate([shown(image).mean(axis=2) for image in ax.images])
    order = np.argsort(IMAGES.reshape(-1))
    assert (np.diff(brightness.reshape(-1)[order]) <= 1e-9).all(), (
        "more ink must not be lighter in any image"
    )
    assert brightness.min() == 0
    assert shown(hf.plot_images(np.zeros((1, 2, 2)), Figure().subplots()).images[0]).min() == 1


def test_weights_are_orange_above_zero_and_blue_below_on_one_scale():
    weights = torch.tensor([[[-2.0, 0.0, 1.0]], [[0.5, 0.0, -0.5]]], requires_grad=True)
    ax = hf.plot_images(weights, Figure().subplots(), signed=True)
    first, second = (shown(image)[0] for image in ax.images)
    for colours in (first, second):
        np.testing.assert_allclose(colours[1], 1, atol=0.02)
    assert (
        first[0] @ [-1, 0, 1] > 0.5 > 0 > first[2] @ [-1, 0, 1]
    )  # more blue than red, less blue than red
    assert second[0] @ [-1, 0, 1] < 0 < second[2] @ [-1, 0, 1]
    assert abs(second[2] @ [-1, 0, 1]) < abs(first[0] @ [-1, 0, 1]), "-0.5 is paler than -2"
    assert not np.allclose(ax.get_facecolor()[:3], 1), (
        "a white weight could not be told from the gap"
    )
    blank = hf.plot_images(np.zeros((1, 2, 2)), Figure().subplots(), signed=True)
    np.testing.assert_allclose(shown(blank.images[0]), 1, atol=0.02)


@pytest.mark.parametrize("images", [np.zeros((0, 4, 6)), np.zeros((2, 4, 6)), torch.ones(1, 1, 1)])
def test_no_image_and_blank_images_are_fine(images):
    fig = Figure()
    hf.plot_images(images, fig.subplots(), labels=["x"] * len(images))
    fig.canvas.draw()


def test_without_axes_the_empty_current_ones_are_taken_else_a_new_figure():
    _, (first, second) = plt.subplots(1, 2)
    plt.sca(first)
    assert hf.plot_images(IMAGES) is first
    assert hf.plot_images(IMAGES) not in (first, second)


@pytest.mark.parametrize(
    ("images", "options", "words"),
    [
        (IMAGES[0], {}, ["[4, 6]", "[N, H, W]"]),
        (IMAGES[:, :, :0], {}, ["[10, 4, 0]"]),
        (IMAGES * np.nan, {}, ["NaN"]),
        (IMAGES, {"labels": ["a"]}, ["1 label for 10 images"]),
        (IMAGES, {"columns": 0}, ["columns is 0"]),
        (IMAGES, {"columns": 2.5}, ["columns is 2.5"]),
        (IMAGES, {"ax": plt}, ["Axes"]),
    ],
)
def test_plot_images_refuses(images, options, words):
    with refuses(*words):
        hf.plot_images(images, **options)


def test_predict_logits_is_the_model_in_eval_mode_batch_by_batch():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(24, 3))
    sizes = []
    model.register_forward_hook(lambda _, inputs, __: sizes.append(len(inputs[0])))
    X = torch.from_numpy(IMAGES).float()
    logits = hf.predict_logits(model, X, batch_size=4)
    assert sizes == [4, 4, 2]
    assert not model.training
    assert not logits.requires_grad
    torch.testing.assert_close(logits, model[2](X.flatten(1)).detach())
    assert list(hf.predict_logits(model, X[:0]).shape) == [0, 3]
    assert torch.equal(
        hf.predict_logits(nn.Flatten(), X), X.flatten(1)
    )  # no parameter says where the model is
