"""Responses that many operations share."""

from expectations.openapi_responses import OF_EVERY_BODY, content, problems, ref


def test_every_operation_has_the_problems_of_token_and_gateway() -> None:
    assert list(problems(404)) == ["401", "403", "404", "405", "429"]
    assert list(problems(*OF_EVERY_BODY)) == ["400", "401", "403", "405", "413", "415", "429"]


def test_a_problem_of_the_api_and_one_of_the_gateway_have_their_own_contents() -> None:
    found = problems(404, 413)

    assert found["404"]["content"] == content(ref("problem"), "application/problem+json")
    assert found["429"]["content"] == content(ref("gateway"))
    assert found["413"]["content"] == found["404"]["content"] | found["429"]["content"]


def test_a_problem_describes_its_headers() -> None:
    assert list(problems(503)["503"]["headers"]) == ["Retry-After"]
    assert list(problems()["405"]["headers"]) == ["Allow"]
