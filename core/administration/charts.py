"""Bars drawn on the server: numbers in, places of rectangles out; the table stands behind."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 480
HEIGHT = 96
FOOT = 18
GAP = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with its label and number."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float
    labelled: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A row of bars; ``most`` is the tallest one's number."""

    title: str
    bars: Sequence[Bar]
    most: int
    width: int = WIDTH
    height: int = HEIGHT + FOOT


def bar_chart(*, title: str, values: Sequence[tuple[str, int]], label_every: int = 1) -> Chart:
    """Lay the values out side by side; every n-th gets its label under it."""
    most = max((value for _label, value in values), default=0)
    step = WIDTH / max(1, len(values))
    bars = [
        Bar(
            label=label,
            value=value,
            x=round(index * step + GAP / 2, 1),
            y=round(HEIGHT - HEIGHT * value / max(1, most), 1),
            width=round(step - GAP, 1),
            height=round(HEIGHT * value / max(1, most), 1),
            labelled=index % label_every == 0,
        )
        for index, (label, value) in enumerate(values)
    ]
    return Chart(title, bars, most)
