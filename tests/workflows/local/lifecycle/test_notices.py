"""What `up` says about a running stack."""

from dataclasses import replace

from workflows.local.lifecycle.notices import deployed, nothing_changed
from workflows.local.lifecycle.parts import Changes, Difference
from workflows.local.lifecycle.running import Stack

STACK = Stack("http://127.0.0.1:4566", "us-east-1", {"RawBucket": "raw"}, 1, "2026-11-24T12:00:00")
SAME = Changes(
    datasets=Difference(unchanged=("products",)),
    functions=Difference(unchanged=("source",)),
    jobs=Difference(unchanged=("check",)),
)


def test_an_up_without_changes_says_so() -> None:
    assert nothing_changed(STACK, SAME) == (
        "Nothing has changed since the last deployment. The stack runs at http://127.0.0.1:4566."
    )


def test_a_changed_runtime_takes_effect_at_the_next_start() -> None:
    assert "glueline down --keep, then glueline up" in nothing_changed(STACK, replace(SAME, runtime=True))


def test_a_deployment_names_its_parts_the_columns_and_what_to_do_next() -> None:
    changes = replace(SAME, datasets=Difference(new=("payments",), changed=("products", "stores")))

    notice = deployed(STACK, changes, {"products": ["adds size string"], "stores": []}, 12.3)

    assert notice.splitlines() == [
        "Deployed in 12 s to the stack at http://127.0.0.1:4566. Its data is kept.",
        "  datasets   new payments; changed products, stores",
        "  functions  unchanged source",
        "  jobs       unchanged check",
        "  template   unchanged",
        "  products: adds size string",
        "Next: send messages of type payments.upsert (glueline send FILE), or put files under "
        "s3://raw/drops/payments/, and query the table payments.",
    ]


def test_what_becomes_of_a_removed_contract_is_said() -> None:
    notice = deployed(STACK, replace(SAME, datasets=Difference(removed=("notes",))), {}, 1)

    assert "Without a contract now: notes. Their items, files and tables are kept" in notice
