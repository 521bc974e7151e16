"""The start of a lesson: what every process needs once, before the first tensor."""

import torch

torch.set_num_threads(1)  # tensors this small gain nothing from more threads
