"""The resources of the template: jobs, workflows, tables of datasets, and names that others rely on."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

from expectations.odcs import load_contracts
from jobs.ingest.continuous import MOST_SECONDS
from tests.workflows.expanded_template import TEMPLATE, TEXT, Resource, each, expanded, resources
from tests.workflows.named_template import Stack, stack
from workflows.dataset_parameter import dataset_parameter
from workflows.deploy.template import WORKFLOWS, holds
from workflows.local.base.home import CHECKOUT
from workflows.packages.job_code import SUFFIX, job_names
from workflows.query.history import named_query

OUTPUTS_OTHERS_RELY_ON = (
    "DataApiUrl",
    "InboundQueueUrl",
    "DeadLetterQueueUrl",
    "IntakeQueueUrl",
    "AlertTopicArn",
    "RawBucket",
    "LakeBucket",
    "LakeDatabase",
    "IngestWorkflow",
    "CareWorkflow",
    "UserPoolId",
    "UserPoolClientId",
)


# --- jobs and datasets --------------------------------------------------------------------------------------


@each("AWS::Glue::Job")
def test_a_job_is_a_script_of_ours_on_glue_6_with_a_role_of_its_own(name: str, resource: Resource) -> None:
    properties = resource["Properties"]
    arguments = properties["DefaultArguments"]
    job = name.removeprefix("Job")

    assert properties["Name"] == f"${{AWS::StackName}}-{job}"
    assert properties["GlueVersion"] == "6.0"
    assert properties["Role"] == {"Fn::GetAtt": [f"JobRole{job}", "Arn"]}
    assert properties["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert properties["SecurityConfiguration"] == {"Ref": "JobSecurity"}
    assert properties["Command"]["ScriptLocation"].endswith(f"/{job}.py")
    assert (CHECKOUT / "jobs" / f"{job}.py").is_file()
    assert arguments["--datalake-formats"] == "iceberg"
    assert arguments["--custom-logGroup-prefix"] == "/aws/glue/${AWS::StackName}"
    assert "--enable-continuous-cloudwatch-log" not in arguments  # since Glue 5.0 it does nothing
    assert "spark.sql.catalog.glue_catalog.io-impl=org.apache.iceberg.aws.s3.S3FileIO" in arguments["--conf"]


@pytest.mark.parametrize("job", job_names(CHECKOUT))
def test_script_and_package_come_from_the_address_that_deploying_gives(job: str) -> None:
    given = "s3://artifacts/code/0123abcd"

    properties = resources("AWS::Glue::Job", JobsCode=given)[f"Job{job}"]["Properties"]
    arguments = properties["DefaultArguments"]

    assert properties["Command"]["ScriptLocation"] == f"{given}/{job}.py"
    assert arguments["--additional-python-modules"] == f"{given}/{job}{SUFFIX}"
    assert arguments["--python-modules-installer-option"] == "--no-index"


@each("AWS::Glue::Workflow")
def test_a_workflow_runs_once_at_a_time_and_has_one_start_trigger_at_most(
    name: str, resource: Resource
) -> None:
    starts = [
        trigger
        for trigger in resources("AWS::Glue::Trigger").values()
        if trigger["Properties"]["WorkflowName"] == {"Ref": name}
        and trigger["Properties"]["Type"] != "CONDITIONAL"
    ]

    assert resource["Properties"]["MaxConcurrentRuns"] == 1
    assert len(starts) <= 1


def test_a_backlog_is_announced_again_from_its_merge_to_the_next_check() -> None:
    again, once = (resources()[name]["Properties"] for name in ("BacklogAgain", "Backlog"))
    statements = {
        job: resources()[f"JobRole{job}"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        for job in ("check", "merge")
    }
    rule = {"Fn::GetAtt": ["BacklogAgain", "Arn"]}

    assert (again["State"], again["Targets"]) == ("DISABLED", once["Targets"])
    assert {"Effect": "Allow", "Action": "events:EnableRule", "Resource": rule} in statements["merge"]
    assert {"Effect": "Allow", "Action": "events:DisableRule", "Resource": rule} in statements["check"]
    assert resources()["Jobcheck"]["Properties"]["DefaultArguments"]["--BACKLOG_RULE"] == {
        "Ref": "BacklogAgain"
    }


def test_in_continuous_mode_nothing_starts_the_workflow_and_a_schedule_the_streaming_job() -> None:
    made = Stack("dev", IngestMode="continuous")
    ingest = made.arn("Ingest")
    decided = {name for name, one in made.resources.items() if one.get("Condition") != "IsWorkflow"}
    targets = [
        target["Arn"]
        for name in decided
        for target in made.resources[name]["Properties"].get("Targets") or ()
        if made.resources[name]["Type"] == "AWS::Events::Rule"
    ]
    triggers = [
        name
        for name in decided
        if made.resources[name]["Type"] == "AWS::Glue::Trigger"
        and made.resources[name]["Properties"]["WorkflowName"] == made.physical_name("Ingest")
    ]
    schedule = made.resources["FollowAlways"]["Properties"]

    assert ingest in stack("dev").resources["Sweep"]["Properties"]["Targets"][0]["Arn"]
    assert (ingest in targets, triggers) == (False, [])
    assert made.arn("Intake") in targets
    assert json.loads(schedule["Target"]["Input"]) == {"JobName": "dev-follow"}
    assert schedule["Target"]["Arn"].endswith(":aws-sdk:glue:startJobRun")
    assert schedule["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 0}  # a refused start is no failure


def test_in_workflow_mode_nothing_starts_the_streaming_job() -> None:
    conditions = {name: one.get("Condition") for name, one in resources().items()}

    assert {name for name, condition in conditions.items() if condition == "IsContinuous"} == {
        "FollowAlways", "FollowAlwaysRole", "IngestFailuresAlarm",
    }  # fmt: skip
    assert {name for name, condition in conditions.items() if condition == "IsWorkflow"} == {
        "IngestOnEvents", "MergeWhenChecked",
    }  # fmt: skip


def test_the_streaming_job_ends_itself_before_glue_does() -> None:
    """Glue restarts a streaming job in a maintenance window only if its timeout is seven days or more."""
    job = resources()["Jobfollow"]["Properties"]

    assert (job["Command"]["Name"], job["WorkerType"]) == ("gluestreaming", "G.025X")
    assert MOST_SECONDS + 600 < job["Timeout"] * 60 < 7 * 24 * 3600
    assert job["MaxRetries"] == 0  # the schedule starts it again


@each("AWS::Lambda::EventSourceMapping")
def test_records_of_a_stream_are_retried_for_twenty_hours(name: str, resource: Resource) -> None:
    properties = resource["Properties"]

    if name.startswith("Stream"):  # the number of retries is not limited: only the age of a record ends them
        assert (properties["MaximumRetryAttempts"], properties["MaximumRecordAgeInSeconds"]) == (
            -1,
            20 * 3600,
        )
        assert properties["DestinationConfig"]["OnFailure"]


def test_a_workgroup_with_a_history_of_queries_does_not_block_the_deletion_of_the_stack() -> None:
    assert resources()["Queries"]["Properties"]["RecursiveDeleteOption"] is True


def test_the_default_datasets_are_those_that_have_contracts() -> None:
    default = TEMPLATE["Parameters"]["Datasets"]["Default"].split(",")

    assert sorted(default) == dataset_parameter(load_contracts()).split(",")


def test_a_dataset_with_an_underscore_in_its_name_gets_its_table_and_stream() -> None:
    names = dataset_parameter(["order_lines", "products"])
    pattern = TEMPLATE["Parameters"]["Datasets"]["AllowedPattern"]

    made = resources(Datasets=names, OwnTables=names)

    assert all(re.fullmatch(pattern, name) for name in names.split(","))
    assert all(re.fullmatch("[A-Za-z0-9]+", name) for name in made)
    assert made["TableorderXlines"]["Properties"]["TableName"] == "${AWS::StackName}-order_lines"
    assert made["StreamorderXlines"]["Properties"]["EventSourceArn"] == {
        "Fn::GetAtt": ["TableorderXlines", "StreamArn"]
    }


def test_nothing_is_made_for_an_existing_table_but_what_reads_it() -> None:
    table = "arn:aws:dynamodb:us-east-1:000000000000:table/Shop"
    stream = f"{table}/stream/2026-11-30T12:00:00.000"
    own = resources(Datasets="products", OwnTables="products")
    both = resources(
        Datasets="orders,products", OwnTables="products", SourceTables=table, SourceStreams=stream
    )

    made = {name: one for name, one in both.items() if one.get("Condition") == "HasSources"}
    about = {name for name in both.keys() - own.keys() if name not in made}
    [mapping] = [one for one in made.values() if one["Type"] == "AWS::Lambda::EventSourceMapping"]
    assert {one["Type"] for one in made.values()} == {"AWS::Lambda::EventSourceMapping", "AWS::IAM::Policy"}
    assert not about
    assert mapping["Properties"]["EventSourceArn"] == stream
    of_own = both["Streamproducts"]["Properties"]
    assert mapping["Properties"] == of_own | {"EventSourceArn": stream}


FURTHER = {
    "InboundQueues": "arn:aws:sqs:us-east-1:123456789012:tills.fifo,arn:aws:sqs:us-east-1:123456789012:shops",
    "KinesisStreams": "arn:aws:kinesis:us-east-1:123456789012:stream/tills",
    "KafkaCluster": "arn:aws:kafka:us-east-1:123456789012:cluster/shop/11111111-1",
    "KafkaTopics": "db.shop.orders,items",
    "MessageKeys": "arn:aws:kms:us-east-1:123456789012:key/1",
}
OF_FURTHER = ("HasInboundQueues", "HasKinesisStreams", "HasKafka", "HasMessageKeys")


def test_further_queues_streams_and_topics_have_a_mapping_each_and_nothing_else() -> None:
    own, more = resources(), resources(**FURTHER)
    made = {name: one for name, one in more.items() if one.get("Condition") in OF_FURTHER}
    mappings = [
        one["Properties"] for one in made.values() if one["Type"] == "AWS::Lambda::EventSourceMapping"
    ]

    assert more.keys() - own.keys() <= made.keys()
    assert {one["Type"] for one in made.values()} == {
        "AWS::CloudWatch::Alarm",  # on records of Kinesis that are behind
        "AWS::IAM::Policy",
        "AWS::Lambda::EventSourceMapping",
    }
    assert {one["FunctionName"]["Ref"] for one in mappings} == {"Source"}
    assert [one["EventSourceArn"] for one in mappings] == [
        *FURTHER["InboundQueues"].split(","),
        FURTHER["KinesisStreams"],
        *[FURTHER["KafkaCluster"]] * 2,
    ]
    assert [one.get("Topics") for one in mappings] == [None] * 3 + [["db.shop.orders"], ["items"]]
    of_kafka = [one.get("FunctionResponseTypes") for one in mappings if "Topics" in one]
    assert of_kafka == [None, None]  # its batches come again as a whole
    assert all(one["FunctionResponseTypes"] for one in mappings if "Topics" not in one)
    endless = [one for one in mappings if "kinesis" in one["EventSourceArn"]]
    assert [(one["MaximumRetryAttempts"], one["MaximumRecordAgeInSeconds"]) for one in endless] == [(-1, -1)]
    assert all(one["BatchSize"] <= 10 for one in mappings if "sqs" in one["EventSourceArn"])  # as FIFO allows


def test_the_source_reads_its_further_sources_and_writes_to_none() -> None:
    made = [
        one["Properties"]
        for one in resources("AWS::IAM::Policy", **FURTHER).values()
        if one["Condition"] in OF_FURTHER
    ]
    statements = [statement for one in made for statement in one["PolicyDocument"]["Statement"]]
    elsewhere = [one for one in statements if one["Resource"] == "*"]

    assert all(one["Roles"] == [{"Ref": "SourceRole"}] for one in made)
    assert [{action.split(":")[0] for action in one["Action"]} for one in elsewhere] == [{"ec2"}]
    topics = [one["Resource"] for one in statements if "kafka-cluster:ReadData" in one["Action"]]
    assert topics == [
        "arn:aws:kafka:us-east-1:123456789012:topic/shop/11111111-1/db.shop.orders",
        "arn:aws:kafka:us-east-1:123456789012:topic/shop/11111111-1/items",
    ]
    written = ("sqs:Send", "kinesis:Put", "kafka-cluster:Write", "kms:Encrypt", "kms:Generate")
    assert not [one for one in statements if any(word in str(one["Action"]) for word in written)]


def test_a_stack_without_further_sources_makes_nothing_for_them() -> None:
    def held(**parameters: str) -> set[str]:
        conditions = expanded(**parameters)["Conditions"]
        return {name for name in OF_FURTHER if holds(conditions, {"Condition": name})}

    assert held() == set()
    assert held(**FURTHER) == set(OF_FURTHER)


def test_no_role_may_write_to_an_existing_table() -> None:
    every = resources("AWS::IAM::Policy").values()
    made = [one for one in every if one["Condition"] in ("HasSources", "HasSourceKeys")]
    actions = {
        action
        for policy in made
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }

    reads = ("Describe", "Get", "BatchGet", "List", "Scan", "ExportTable", "Decrypt")
    assert all(action.split(":")[1].startswith(reads) for action in actions)


def test_a_stack_without_existing_tables_and_one_without_tables_of_its_own_make_none() -> None:
    def existing(**parameters: str) -> set[str]:
        template = expanded(**parameters)
        conditions = template["Conditions"]
        return {name for name in ("HasOwnTables", "HasSources") if holds(conditions, {"Condition": name})}

    assert existing() == {"HasOwnTables"}
    assert existing(OwnTables="X", SourceTables="arn", SourceStreams="arn") == {"HasSources"}


def test_the_named_queries_of_history_are_the_texts_of_the_command_line() -> None:
    made = resources()

    def query(name: str) -> str:
        return str(made[name]["Properties"]["QueryString"])

    assert query("History") == named_query().replace("${Name}", "DATASET")
    assert query("AsOf") == named_query("current_timestamp - INTERVAL '1' DAY").replace("${Name}", "DATASET")


def test_a_local_endpoint_changes_urls_and_nothing_else() -> None:
    aws = leaves(expanded())
    local = leaves(expanded(LocalEndpoint="http://127.0.0.1:4566"))

    changed = {
        path.split("/")[-1]: local.get(path)
        for path in aws.keys() | local.keys()
        if aws.get(path) != local.get(path) and not path.startswith("/Conditions/")
    }

    assert changed.keys() == {"DATA_API_URL", "TOKEN_URL", "ISSUERS", "Value"}
    assert all("http://127.0.0.1:4566" in str(value) for value in changed.values())


def leaves(node: Any, path: str = "") -> dict[str, Any]:
    """Every value of a tree by its path; a reference counts as one value."""
    if isinstance(node, dict) and not any(key == "Ref" or key.startswith("Fn::") for key in node):
        found = [leaves(value, f"{path}/{key}") for key, value in node.items()]
    elif isinstance(node, list):
        found = [leaves(value, f"{path}/{index}") for index, value in enumerate(node)]
    else:
        return {path: node}
    return {key: value for part in found for key, value in part.items()}


# --- the text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", OUTPUTS_OTHERS_RELY_ON)
def test_an_output_that_others_rely_on_is_there(output: str) -> None:
    assert output in TEMPLATE["Outputs"]


def test_every_resource_says_what_breaks_without_it() -> None:
    lines = TEXT[TEXT.index("\nResources:\n") : TEXT.index("\nOutputs:\n")].splitlines()
    speaking: list[str] = []
    silent: list[str] = []
    for number, line in enumerate(lines):
        if re.fullmatch(r"( {2}| {4}- | {6})[A-Z][\w${}&]*:", line) and "Type: AWS::" in lines[number + 1]:
            comment = number - 1
            while lines[comment - 1].lstrip().startswith("#"):
                comment -= 1
            says = re.match(r" +# Without (it|\w+) ", lines[comment])
            (speaking if says else silent).append(line.strip())

    assert not silent
    assert len(speaking) > 60


def test_every_parameter_is_explained_and_has_a_default_for_a_first_deployment() -> None:
    for parameter in TEMPLATE["Parameters"].values():
        assert {"Description", "Default"} <= set(parameter)


def test_plain_sam_knows_the_stack_and_unrolls_the_loops() -> None:
    config = tomllib.loads((WORKFLOWS / "samconfig.toml").read_text())["default"]

    assert config["global"]["parameters"] == {"stack_name": "glueline", "language_extensions": True}
    assert config["build"]["parameters"]["build_in_source"] is True
