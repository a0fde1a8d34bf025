"""Asks the evaluator of the embedded AWS, in whose environment it runs, which requests policies allow.

Standard input is a list of questions: `{"policy": [statement, …], "requests": [request, …]}`. Standard output
is a list of lists: for each question, whether each request is allowed.
"""

import json
import sys
from typing import Any


def main() -> None:
    """Answer all questions."""
    from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

    def is_allowed(statements: Any, request: dict[str, Any]) -> bool:
        context = EvalContext(
            principal_arn="arn:aws:sts::000000000000:assumed-role/any/any",
            principal_type="AssumedRole",
            principal_account="000000000000",
            action=request["action"],
            resource_arn=request["resource"],
            region="us-east-1",
            service_context=request["conditions"],
        )
        return bool(evaluate(context, [statements]).decision == "Allow")

    answers = []
    for question in json.load(sys.stdin):
        statements = parse_policy_document({"Statement": question["policy"]})
        answers.append([is_allowed(statements, request) for request in question["requests"]])
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
