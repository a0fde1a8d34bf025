"""Rules of security for every resource of the template, including future ones."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.workflows.expanded_template import TEXT, Resource, each, expanded, resources
from tests.workflows.permissions import resolved
from workflows.local.base.home import CHECKOUT


def statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document["Statement"]
    return found if isinstance(found, list) else [found]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted() -> list[tuple[str, dict[str, Any]]]:
    """Every statement of every role's policies and managed policy, with the logical id it is in."""
    return [
        (name, statement)
        for name, found in resources("AWS::IAM::Role", "AWS::IAM::ManagedPolicy").items()
        for policy in [*found["Properties"].get("Policies", ()), found["Properties"]]
        for statement in statements(policy.get("PolicyDocument", {"Statement": []}))
    ]


def refused_without_tls(policy_type: str) -> str:
    """What the policies of that type deny without TLS, as text."""
    return json.dumps(
        [
            statement["Resource"]
            for policy in resources(policy_type).values()
            for statement in statements(policy["Properties"]["PolicyDocument"])
            if statement["Effect"] == "Deny"
            and statement["Principal"] == "*"
            and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        ]
    )


# --- storage ------------------------------------------------------------------------------------------------


@each("AWS::S3::Bucket")
def test_a_bucket_is_private_encrypted_with_our_key_and_owned_by_us(name: str, resource: Resource) -> None:
    properties = resource["Properties"]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
    }
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["LifecycleConfiguration"]["Rules"]


@each("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic")
def test_nothing_is_sent_or_fetched_without_tls(name: str, resource: Resource) -> None:
    policy_types = {
        "AWS::S3::Bucket": "AWS::S3::BucketPolicy",
        "AWS::SQS::Queue": "AWS::SQS::QueuePolicy",
        "AWS::SNS::Topic": "AWS::SNS::TopicPolicy",
    }

    refused = refused_without_tls(policy_types[resource["Type"]])

    assert f'"{name}"' in refused
    assert f'"${{{name}.Arn}}/*"' in refused or resource["Type"] != "AWS::S3::Bucket"


@each("AWS::SQS::Queue")
def test_a_queue_is_encrypted_with_our_key_and_keeps_messages_as_long_as_sqs_can(
    name: str, resource: Resource
) -> None:
    assert resource["Properties"]["KmsMasterKeyId"] == {"Ref": "Key"}
    assert resource["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_the_table_of_idempotency_keys_is_encrypted_and_empties_itself() -> None:
    properties = resources()["Answers"]["Properties"]

    assert properties["TimeToLiveSpecification"] == {"AttributeName": "_expires_at", "Enabled": True}
    assert properties["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert "StreamSpecification" not in properties


@each("AWS::DynamoDB::Table")
def test_a_table_is_streamed_recoverable_encrypted_and_protected(name: str, resource: Resource) -> None:
    if name == "Answers":
        return
    properties = resource["Properties"]

    assert properties["KeySchema"] == [{"AttributeName": "_key", "KeyType": "HASH"}]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "_expires_at", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert properties["DeletionProtectionEnabled"] is True


@each(
    *("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Cognito::UserPool"),
    "AWS::Glue::Database",  # with it go the pointers to the metadata of its Iceberg tables
)
def test_what_holds_data_outlives_the_stack(name: str, resource: Resource) -> None:
    if name == "Answers":  # it holds hashes, for a day
        return
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


def of_service(statements_: list[dict[str, Any]], service: str) -> dict[str, Any]:
    [statement] = [one for one in statements_ if one["Principal"] == {"Service": service}]
    return statement


def test_alarms_publish_from_this_account_and_rules_without_a_condition() -> None:
    """EventBridge supports no condition in the policy of a topic or of its key: it would deliver nothing."""
    topic = statements(resources()["AlertsPolicy"]["Properties"]["PolicyDocument"])
    key = statements(resources()["Key"]["Properties"]["KeyPolicy"])
    of_the_account = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}

    assert resources()["Alerts"]["Properties"]["KmsMasterKeyId"] == {"Ref": "Key"}
    for policy, actions in ((topic, ["sns:Publish"]), (key, ["kms:Decrypt", "kms:GenerateDataKey*"])):
        alarms, rules = (of_service(policy, f"{name}.amazonaws.com") for name in ("cloudwatch", "events"))
        assert as_list(alarms["Action"]) == as_list(rules["Action"]) == actions
        assert alarms["Condition"] == of_the_account
        assert "Condition" not in rules


def test_a_function_may_read_its_own_environment() -> None:
    may_decrypt = {
        name
        for name, statement in granted()
        if "kms:Decrypt" in as_list(statement["Action"])
        and statement["Resource"] == {"Fn::GetAtt": ["Key", "Arn"]}
    }

    assert expanded()["Globals"]["Function"]["KmsKeyArn"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert may_decrypt >= {f"{name}Role" for name in resources("AWS::Serverless::Function")}


def test_the_key_rotates() -> None:
    assert resources("AWS::KMS::Key")["Key"]["Properties"]["EnableKeyRotation"] is True


# --- who may do what ----------------------------------------------------------------------------------------


@each("AWS::Serverless::Function")
def test_a_function_has_a_role_a_log_group_and_a_build_of_its_own(name: str, resource: Resource) -> None:
    others = [other for id_, other in resources("AWS::Serverless::Function").items() if id_ != name]
    properties = resource["Properties"]
    handler = CHECKOUT / properties["Handler"].removesuffix(".handler").replace(".", "/")

    assert properties["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    assert properties["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}
    assert all(properties["Role"] != other["Properties"]["Role"] for other in others)
    assert handler.with_suffix(".py").is_file()
    assert f"\nbuild-{name}: " in (CHECKOUT / "lambdas" / "Makefile").read_text()


@pytest.mark.parametrize(("where", "statement"), granted())
def test_a_policy_names_its_actions_and_resources(where: str, statement: dict[str, Any]) -> None:
    actions, targets = as_list(statement["Action"]), as_list(statement["Resource"])

    assert not [action for action in actions if "*" in action]
    assert statement["Effect"] == "Allow" or where == "NoTablesOfOthers"
    if actions == ["cloudwatch:PutMetricData"]:  # takes no resource: a namespace is what can be named
        assert statement["Condition"]["StringEquals"]["cloudwatch:namespace"]
    elif actions == ["cloudwatch:GetMetricStatistics"]:  # it has neither, and returns numbers only
        assert targets == ["*"]
    else:
        assert "*" not in targets


def test_only_the_stack_and_its_account_are_trusted() -> None:
    services = {
        "lambda.amazonaws.com",
        "glue.amazonaws.com",
        "events.amazonaws.com",
        "scheduler.amazonaws.com",
    }
    for name, role in resources("AWS::IAM::Role").items():
        ours = [{"Ref": "JobsPolicy"}, {"Ref": "NoTablesOfOthers"}]
        assert [arn for arn in role["Properties"].get("ManagedPolicyArns", ()) if arn not in ours] == []
        (statement,) = statements(role["Properties"]["AssumeRolePolicyDocument"])
        if name in ("ReaderRole", "OperatorRole"):
            assert resolved(statement["Principal"]) == {"AWS": "arn:aws:iam::000000000000:root"}
            continue
        assert set(statement["Principal"]) == {"Service"}
        assert statement["Principal"]["Service"] in services


# Principals that are the same in each partition (https://docs.aws.amazon.com/general/latest/gr/rande.html).
GLOBAL = re.compile(r"\b(?:apigateway|cloudwatch|events|glue|lambda|scheduler)\.amazonaws\.com\b")


# Stand for no existing table, queue and stream, and are referred to by nothing that is made.
NOTHING = re.compile(
    r"arn:aws:(?:dynamodb|kinesis|kms|sqs):us-east-1:000000000000:(?:(?:table/|stream/)?none|key/0{8}-)"
)


def test_arns_and_hosts_are_those_of_the_stacks_partition() -> None:
    """Else a stack in China or GovCloud trusts nobody, or refers to what is not there."""
    rest = NOTHING.sub("", GLOBAL.sub("", TEXT))

    assert re.findall(r"arn:aws[\w-]*:", rest) == []
    assert re.findall(r"\S*amazonaws\.com\S*", rest) == []


def test_no_route_but_the_description_is_open() -> None:
    routes = {
        route["Properties"]["RouteKey"]: route for route in resources("AWS::ApiGatewayV2::Route").values()
    }
    is_open = {key for key, route in routes.items() if route["Properties"]["AuthorizationType"] == "NONE"}

    # With CorsOrigins, API Gateway answers preflight requests, which have no token.
    assert is_open == {"GET /openapi.json", "OPTIONS /{proxy+}"}
    assert routes["OPTIONS /{proxy+}"]["Condition"] == "HasCorsOrigins"
    assert routes["$default"]["Properties"]["AuthorizerId"] == {"Ref": "ApiAuthorizer"}


def test_no_secret_is_in_an_environment() -> None:
    names = {
        name
        for function in resources("AWS::Serverless::Function").values()
        for name in function["Properties"]["Environment"]["Variables"]
    }

    assert not [name for name in names if re.search("SECRET|PASSWORD|KEY", name)]


# --- logs ---------------------------------------------------------------------------------------------------


@each("AWS::Logs::LogGroup")
def test_logs_end_some_day_and_are_encrypted(name: str, resource: Resource) -> None:
    assert int(resource["Properties"]["RetentionInDays"]) == 90
    assert resource["Properties"]["KmsKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}


# --- exemptions from what checkov asks for ------------------------------------------------------------------


def test_an_exemption_names_its_check_and_its_reason() -> None:
    exempted = {
        (name, skip["id"]): skip["comment"]
        for name, resource in resources().items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", ())
    }

    assert {check for _, check in exempted} == {
        "CKV_AWS_7",  # rotation, of a key for hashes
        "CKV_AWS_18",  # access logs of buckets
        "CKV_AWS_21",  # versions of objects, where tables have snapshots
        "CKV_AWS_28",  # point-in-time recovery, of records that count for a day
        "CKV_AWS_99",  # encryption of logs, which have the key themselves
        "CKV_AWS_115",  # reserved concurrency …
        "CKV_AWS_116",  # … dead letters of asynchronous calls …
        "CKV_AWS_117",  # … and a VPC, of functions
    }
    assert all(len(reason.split()) >= 8 for reason in exempted.values())


def test_the_gateways_log_names_the_route_and_not_the_path_which_has_the_key_of_a_row() -> None:
    [stage] = resources("AWS::ApiGatewayV2::Stage").values()
    access_log = json.loads(stage["Properties"]["AccessLogSettings"]["Format"])

    assert access_log["route"] == "$context.routeKey"
    assert not any("path" in value.lower() for value in access_log.values())
