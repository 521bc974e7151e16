"""Says how many tests were skipped, and why; fails if one was skipped for want of Chromium.

    python -m pytest --junit-xml=tests.xml
    python tools/skipped_tests.py tests.xml

Firefox may be missing: few machines have its driver. Chromium may not, or a green run would not
have looked at a single page.
"""

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

NEEDED = "chromium cannot be started"  # how tests/real_browser.py says it


def skipped_tests(path: Path) -> Counter[str]:
    """Return how many tests were skipped for each reason, from a report in JUnit's XML."""
    reasons: Counter[str] = Counter()
    for skipped in ElementTree.parse(path).getroot().iter("skipped"):
        reasons[skipped.get("message", "no reason given")] += 1
    return reasons


def main(path: Path) -> int:
    """Print the reasons; return the exit code."""
    reasons = skipped_tests(path)
    print(f"Skipped tests: {reasons.total()}")
    for reason, count in reasons.most_common():
        print(f"  {count:3} {reason}")
    if any(NEEDED in reason for reason in reasons):
        print("Tests were skipped for want of Chromium; install chromium and chromedriver.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
