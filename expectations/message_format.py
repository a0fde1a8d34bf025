"""How the messages of a dataset are written, where they are not Glueline's own CloudEvents.

Standard library only.
"""

from dataclasses import dataclass

CLOUDEVENTS, RAW, DEBEZIUM, DMS = "cloudevents", "raw", "debezium", "dms"
ENVELOPES = (CLOUDEVENTS, RAW, DEBEZIUM, DMS)


@dataclass(frozen=True, slots=True)
class MessageFormat:
    """The envelope of a dataset's messages, which of them are of the dataset, and where its values stand.

    A message is of the dataset if it keeps every condition that is set. Paths are JMESPath expressions: those
    of columns read the row, the others the whole message.
    """

    envelope: str
    paths: tuple[tuple[str, str], ...] = ()  # column -> path
    queue: str | None = None  # name of the SQS queue
    attributes: tuple[tuple[str, str], ...] = ()  # message attribute -> its value
    when: str | None = None  # a path whose value is true
    database: str | None = None  # of the source table; of Debezium and DMS alone
    schema: str | None = None
    table: str = ""
    operation: str | None = None  # the path of the word that says what happened
    time: str | None = None  # the path of when it happened
    id: str | None = None  # the path of the event's id

    @property
    def has_row_of_its_own(self) -> bool:
        """Whether the row is a part of the message, in a place that the envelope defines."""
        return self.envelope != RAW
