"""The names of the keys of indexes, which `data_api` writes and whose changes `forwarder` leaves out."""

PARTITION, SORT = "_part_", "_sort_"  # before the name of a column


def is_index_attribute(name: str) -> bool:
    """Whether the attribute is the key of an index, of today's contract or an earlier one."""
    return name.startswith((PARTITION, SORT))
