"""Arrivals: empty objects of the RAW bucket whose names order the objects of the stream by time of arrival.

`stream/<dataset>/<hour>/<stream>-<first>-<last>.jsonl.gz` has a name that depends on its records alone, so
that a retry overwrites it. `feed/<dataset>/<time>-<hour>-<stream>-<first>-<last>` says when it was written.
Names sort as their times do.

An arrival is written after its object, by a function that ends within 30 seconds. So once SETTLE_MICROS have
passed since a time, no arrival with an earlier time can appear any more: whoever reads up to there skips
nothing. A retry adds another arrival of the same object.
"""

import re
from datetime import UTC, datetime, timedelta

FOLDER = "feed"
SETTLE_MICROS = 40_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_STREAM_KEY = re.compile(
    r"stream/(?P<dataset>[^/]+)/(?P<hour>\d{4}/\d\d/\d\d/\d\d)/(?P<name>[^/]+)\.jsonl\.gz"
)
_NAME = re.compile(
    r"(?P<stamp>\d{8}T\d{6}\.\d{6}Z)-(?P<hour>\d{10})-(?P<name>[0-9a-f]{12}-\d{1,40}-\d{1,40})", re.ASCII
)


def arrival_key(raw_key: str, micros: int) -> str:
    """The key of the arrival of this object of the stream, at this time since the epoch."""
    found = _STREAM_KEY.fullmatch(raw_key)
    if found is None:
        raise ValueError(f"expected the key of an object of the stream, got {raw_key}")
    hour = found["hour"].replace("/", "")
    return f"{folder(found['dataset'])}{stamp(micros)}-{hour}-{found['name']}"


def folder(dataset: str) -> str:
    """Where the arrivals of a dataset are."""
    return f"{FOLDER}/{dataset}/"


def stamp(micros: int) -> str:
    """A time since the epoch, as names begin with it."""
    time = _EPOCH + timedelta(microseconds=micros)
    return f"{time.year:04}{time:%m%dT%H%M%S.%fZ}"  # strftime writes years before 1000 with fewer digits


def micros_of(name: str) -> int:
    """The time with which the name of an arrival begins. ValueError if it has none."""
    time = datetime.strptime(name.partition("-")[0], _STAMP).replace(tzinfo=UTC)
    return (time - _EPOCH) // timedelta(microseconds=1)


def raw_key_of(dataset: str, name: str) -> str:
    """The key of the object that arrived, by the name of its arrival. ValueError if it is no such name."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"expected the name of an arrival, got {name[:100]}")
    at = found["hour"]
    return f"stream/{dataset}/{at[:4]}/{at[4:6]}/{at[6:8]}/{at[8:]}/{found['name']}.jsonl.gz"
