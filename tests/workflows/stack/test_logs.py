"""Where errors say that the logs are."""

from workflows.stack.logs import where_logs_are
from workflows.stack.target import Target


def test_the_logs_of_a_stack_on_aws_are_in_its_log_groups() -> None:
    found = where_logs_are(Target("eu-west-1", {}, stack="prod", account="1"))

    assert "/aws/glue/prod/output" in found
    assert "glueline status" not in found


def test_a_command_names_the_logs_of_the_local_stack() -> None:
    assert where_logs_are(Target("us-east-1", {}, "http://127.0.0.1:1")) == "glueline status names them"
