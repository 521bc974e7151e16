"""Solution of exercise 07: tanh by hand."""

import torch


def tanh(x):
    """Return the hyperbolic tangent of each value of x."""
    x = x.clamp(-20, 20)  # there tanh is +-1 to the last digit, and its gradient 0
    return (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))
