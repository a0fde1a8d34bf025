"""Glue job `reconcile`: see `jobs.parity.reconciliation`."""

import sys

from jobs.parity.reconciliation import main

if __name__ == "__main__":
    main(sys.argv)
