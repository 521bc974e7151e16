"""What the tests of helper_functions share: the check of an error's sentence, and models with known predictions."""

import math
import re
import warnings
from contextlib import contextmanager

import pytest
import torch
from matplotlib.collections import PathCollection
from torch import nn


def assert_one_sentence(message):
    """Check an error's message: one line, one or two full sentences, and what was expected or how to fix it."""
    assert "\n" not in message
    assert len(message) < 500
    assert message.endswith(".")
    assert not message.endswith("..")
    assert re.search(r"expected|must|needs|become|set it to|set OUTPUT_DIR", message), message


def assert_right_kind(error):
    """Check an error's class: TypeError where the sentence speaks of a type, else ValueError."""
    speaks_of_a_type = re.search(
        r" of the type | of another type | holds text| of the dtype | is the class ", str(error)
    )
    assert type(error) is (TypeError if speaks_of_a_type else ValueError), repr(error)


@contextmanager
def refuses(*words):
    """Expect an error of the right kind, and no warning: a full sentence with each of the words."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((TypeError, ValueError)) as caught:  # the words are checked below
            yield
    message = str(caught.value)
    assert_right_kind(caught.value)
    assert_one_sentence(message)
    for word in words:
        assert word in message, message


class Formula(nn.Module):
    """A model that computes what it is told and has no parameters."""

    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def forward(self, x):
        return self.formula(x)


def fan(n_outputs):
    """Return a linear model whose classes win in sectors around the origin, like the pieces of a cake."""
    model = nn.Linear(2, n_outputs)
    angles = 0.4 + 2 * math.pi * torch.arange(n_outputs) / max(n_outputs, 3)
    with torch.no_grad():
        model.weight.copy_(6 * torch.stack([angles.cos(), angles.sin()], dim=1))
        model.bias.fill_(0.5)
    return model


def scatters(ax):
    """Return the collections of points by legend label."""
    return {c.get_label(): c for c in ax.collections if isinstance(c, PathCollection)}
