"""Look into a training run: record the weights, then scrub through them on one HTML page, or in a film."""

from player.page import save_player
from player.recorder import Recorder

__all__ = ["Recorder", "save_player"]
