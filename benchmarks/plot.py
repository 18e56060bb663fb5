"""Diagrams of docs/performance.md, from the JSON of `compare.py growth` and of `history.py`.

    python benchmarks/plot.py growth.json docs/cost-per-delivery.svg
    python benchmarks/plot.py 10000.json 100000.json 1000000.json docs/history.svg

It needs matplotlib (`pip install --group bench`).
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.fonttype"] = "none"  # text stays text
mpl.rcParams["svg.hashsalt"] = "trio-chat"  # the same figures give the same file

import matplotlib.pyplot as plt  # noqa: E402  # after the choice of the backend

Lines = dict[str, list[tuple[float, float]]]


def main() -> int:
    """Draw the diagram that the arguments name."""
    *files, target = map(Path, sys.argv[1:])
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    if "medians" in found[0]:
        draw(_growth(found[0]), target, "members of the channel", "µs of server CPU per delivery")
    else:
        draw(_history(found), target, "messages in the history", "ms until the answer (median)")
    return 0


def _growth(found: dict[str, Any]) -> Lines:
    lines: Lines = {}
    for server, figures in found["medians"]["growth"].items():
        for name, value in figures.items():
            kind, members, _ = name.split("_", 2)
            label = f"{server}, {'saturated' if kind == 'saturated' else 'gentle pace'}"
            lines.setdefault(label, []).append((int(members), value))
    return lines


def _history(found: list[dict[str, Any]]) -> Lines:
    lines: Lines = {}
    for report in found:
        for name, taken in report["milliseconds"].items():
            if name == "last 100 of the big channel" or (
                name.startswith("search") and name.endswith("in the big channel")
            ):
                lines.setdefault(name, []).append(
                    (int(report["options"]["messages"]), taken["p50"])
                )
    return lines


def draw(lines: Lines, target: Path, across: str, up: str) -> None:
    """Write a diagram of lines on two logarithmic scales."""
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for label, points in lines.items():
        axes.plot(
            *zip(*points, strict=True),
            marker="o",
            label=label,
            linestyle="--" if label.endswith("pace") else "-",
        )
    axes.set(xscale="log", yscale="log", xlabel=across, ylabel=up)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="x-small")
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main())
