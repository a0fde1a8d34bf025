"""A frame as Great Expectations takes it."""

from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

if TYPE_CHECKING:
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine


def batch_of(rows: DataFrame, name: str) -> "Batch":
    """The rows as a batch of GX, in a context of its own that nothing is written to; reads none of them."""
    # The first import takes some seconds.
    import great_expectations as gx

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    # With persist, GX would cache the rows a second time and never release them.
    source = context.data_sources.add_spark("batch", persist=False)
    asset = source.add_dataframe_asset(name)
    definition = asset.add_batch_definition_whole_dataframe("rows")
    batch: Batch = definition.get_batch(batch_parameters={"dataframe": rows})
    engine = engine_of(batch)
    engine.spark = (
        rows.sparkSession
    )  # in which GX names the rows as a view; it would ask in the first session
    engine.batch_manager.load_batch_list([batch])  # as `validate` does first
    return batch


def engine_of(batch: "Batch") -> "SparkDFExecutionEngine":
    """The engine that evaluates metrics on the batch."""
    engine: Any = batch.data.execution_engine
    return engine  # type: ignore[no-any-return]
