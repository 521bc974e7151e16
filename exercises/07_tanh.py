"""Exercise 07: tanh by hand

Task: Write tanh(x) without torch.tanh: (e^x - e^-x) / (e^x + e^-x), for a float tensor of any shape. Values and
    gradients are right from -200 to 200, and never NaN.
Target: Values within 0.00001 and gradients within 0.0001 of the true ones, 0 and +-200 included.
Minutes: 15
Lesson: 07
Check: python exercises/07_tanh.py
"""

if __name__ == "__main__":
    import checker  # checks this file in a process of its own; nothing below runs in this one

import torch


def tanh(x):
    """Return the hyperbolic tangent of each value of x."""
    # TODO: the formula as it stands is NaN at 200: e^200 does not fit into float32
    raise NotImplementedError
