"""The columns of received rows, apart from the readers that make them, which import every file format."""

RECEIVED = "source_file string, event_time timestamp, row_number long, payload string, problem string"
