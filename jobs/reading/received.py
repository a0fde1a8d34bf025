"""The columns of received rows, apart from the readers that make them, which import every file format."""

RECEIVED = "source_file string, event_time timestamp, row_number long, payload string, problem string"
SEQUENCER = "sequencer"  # of the event of the row's file; null if it had none
IS_UNTYPED = "is_untyped"  # whether all values of the row's file are text
