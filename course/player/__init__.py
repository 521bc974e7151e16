"""Look into a training run: record the weights, then scrub through them on one HTML page.

`contract.py` says what the page's script is given, `recorder.py` takes snapshots, `points.py` and
`curves.py` prepare what is drawn, and `page.py` puts it into `player.html`.
"""

from course.player.page import save_player
from course.player.recorder import Recorder, log_line

__all__ = ["Recorder", "log_line", "save_player"]
