"""Look into a training run: record the weights, then scrub through them on one HTML page, or in a film."""

from course.player.page import save_player
from course.player.recorder import Recorder

__all__ = ["Recorder", "save_player"]
