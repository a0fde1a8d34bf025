"""`python -m tests.bench [PART …]`: run the parts that are named, or all, and write their results."""

import argparse
import importlib
from collections.abc import Sequence

PARTS = ("lambdas", "load", "freshness", "query", "merge", "small", "jobs", "costs")
SIZED = ("merge", "jobs")  # by millions of rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Run parts one after the other. Those that use Spark share a session; costs are computed last."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS], metavar="PART", help=", ".join(PARTS))
    parser.add_argument(
        "--millions", nargs="+", type=int, metavar="N", help="sizes of tables (merge) or batches (jobs)"
    )
    parser.add_argument("--rates", nargs="+", type=int, metavar="N", help="changes a second (freshness)")
    parser.add_argument("--seconds", type=int, metavar="N", help="how long each rate lasts (freshness)")
    chosen = parser.parse_args(arguments)
    for part in chosen.parts or PARTS:
        module = importlib.import_module(f"tests.bench.{part}")
        if part in SIZED:
            report = module.run(chosen.millions or module.MILLIONS)
        elif part == "freshness":
            report = module.run(chosen.rates or module.RATES, chosen.seconds or module.SECONDS)
        else:
            report = module.run()
        print(f"{part}: written to {report.path}")


if __name__ == "__main__":
    main()
