"""Coverage-guided fuzzing with atheris, which is not among the test dependencies: `pip install
atheris`, then for instance

    python tests/fuzz/fuzz.py talk -max_total_time=600

The first argument is a target of `targets.py`, the rest goes to libFuzzer. What it finds stays in
`tests/fuzz/corpus/` (not kept in the repository); a file it calls crash-… goes to
`tests/fuzz/seeds/` together with the mending, where a test runs it for ever.
"""

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "src"), str(HERE.parent), str(HERE)]

with atheris.instrument_imports(include=["trio_chat"]):
    import targets


def main() -> None:
    """Fuzz until something breaks, or libFuzzer is told to end."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in targets.TARGETS:
        sys.exit(f"usage: fuzz.py {' | '.join(targets.TARGETS)} [options of libFuzzer]")
    corpus = HERE / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    options = [
        f"-artifact_prefix={corpus.parent}/",
        f"-dict={HERE / 'irc.dict'}",
        "-max_len=2048",
        *sys.argv[2:],
    ]
    atheris.Setup(
        [sys.argv[0], *options, str(corpus), str(HERE / "seeds" / name)], targets.TARGETS[name]
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
