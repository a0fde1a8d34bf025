"""Glue job `erase`: removes the rows of some keys of a dataset from everywhere, in phases, and proves it.

Reads the request (`jobs.erasure.requests`), the RAW bucket, DynamoDB and all tables that hold rows of the
dataset. Writes tombstones, which stay; removes items, lines of RAW objects, rows, files and snapshots; leaves
a proof.

    seal    tombstones that outrank every change, then marks in DynamoDB in place of the items
    scrub   every version of every object in the RAW bucket
    purge   the dataset's table, its changes and quarantine: rows and the newest snapshot's files
    prove   older snapshots and files that no snapshot has; then everything is searched once more
    lift    (by itself) makes ordinary tombstones and deletes of the keys' tombstones and marks

Why nothing comes back, and why this ends while others go on writing the keys: since `seal`, the Data API
refuses every write of the keys (`jobs.erasure.marks`), `check` quarantines their rows without a payload
(`jobs.erasure.blocked_rows`), and `merge` refuses their changes. The stream's records of the marks land after
all earlier records of the keys, and before `scrub`. Since `scrub`, RAW has no row of theirs. Once the runs
that read before it have ended, neither changes nor quarantine get one. Only then comes `purge`. Only when the
jobs that ran and the batches that were open at `purge` are done comes `prove`, which takes away what those
may have needed. `glueline erase` waits for that in between: a job that waited would hold a cluster, and on
one machine the very Spark that has to merge.

Safe to repeat, and to stop anywhere: a phase looks for what is there, and does what is left to do. What it
finds, it writes down before it changes anything, so the proof counts all that was removed, once.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from awsglue.utils import GlueArgumentError, getResolvedOptions
from pyspark.sql import SparkSession

from expectations.odcs import load_contracts
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.phases import Work, lift_keys, prove, purge_tables, scrub, seal
from jobs.erasure.requests import Erasures
from jobs.lake.names import Lake
from jobs.lake.session import BUCKETED_JOINS, configure
from jobs.runtime.log import log
from jobs.runtime.options import Options

PHASES: Mapping[str, Callable[[Work], Any]] = {
    "seal": seal,
    "scrub": scrub,
    "purge": purge_tables,
    "prove": prove,
    "lift": lift_keys,
}


def main(argv: Sequence[str]) -> None:
    """Do one phase of one erasure."""
    options = Options.from_argv(argv)
    given = getResolvedOptions(list(argv), ["PHASE", "ERASURE", "TABLE_PREFIX"])
    if given["PHASE"] not in PHASES:
        raise GlueArgumentError(f"expected --PHASE to be one of {', '.join(PHASES)}, got {given['PHASE']}")
    s3 = boto3.client("s3")
    erasures = Erasures(s3, options.lake_bucket)
    request = erasures.request(given["ERASURE"])
    if request is None:
        log("erase: nothing is asked for by that name; it may be done", erasure=given["ERASURE"])
        return
    spark = SparkSession.builder.getOrCreate()
    configure(spark, BUCKETED_JOINS)
    contract = load_contracts()[request.dataset]
    work = Work(
        spark,
        Lake(options.database, options.ops_database),
        contract,
        ErasedKeys.of(contract, request.hashes),
        request,
        erasures,
        s3,
        boto3.client("dynamodb"),
        options.raw_bucket,
        given["TABLE_PREFIX"] + request.dataset,
    )
    PHASES[given["PHASE"]](work)


if __name__ == "__main__":
    main(sys.argv)
