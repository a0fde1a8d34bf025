"""The lake's tables in the Glue Data Catalog, on AWS or on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.query.dialect.errors import NoSuchTable

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

    from workflows.stack.target import Target


def lake_catalog(target: Target) -> Catalog:
    """The Glue Data Catalog of the target, as a PyIceberg catalog."""
    from pyiceberg.catalog import load_catalog

    properties = {"type": "glue", "client.region": target.region}
    if target.endpoint_url is not None:
        credentials = target.credentials()
        properties |= {
            "glue.endpoint": target.endpoint_url,
            "s3.endpoint": target.endpoint_url,
            "client.access-key-id": credentials.access_key,
            "client.secret-access-key": credentials.secret_key,
        }
        if credentials.token:
            properties["client.session-token"] = credentials.token
    return load_catalog("lake", **properties)


def load_table(catalog: Catalog, database: str, name: str) -> Table:
    """A table of the catalog. Raises NoSuchTable with the names of the tables that exist."""
    from pyiceberg.exceptions import NoSuchTableError

    try:
        return catalog.load_table((database, name))
    except NoSuchTableError as error:
        existing = ", ".join(sorted(found[-1] for found in catalog.list_tables(database))) or "none yet"
        raise NoSuchTable(
            f"No table {database}.{name}. Tables in {database}: {existing}. "
            "A table is created when the first batch of its dataset is merged."
        ) from error
