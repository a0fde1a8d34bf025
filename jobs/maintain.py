"""Glue job `maintain`: see `jobs.maintenance.steps`."""

import sys

from jobs.maintenance.steps import main

if __name__ == "__main__":
    main(sys.argv)
