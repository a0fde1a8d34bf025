"""The names of datasets as the template's parameter `Datasets` has them."""

from collections.abc import Iterable


def dataset_parameter(names: Iterable[str]) -> str:
    """The value of the parameter for these datasets.

    A logical id has letters and digits only, and what a loop makes of `&{Dataset}` can't be referred to
    (https://github.com/aws-cloudformation/cfn-language-discussion/issues/162). So `_` is written as `X`,
    which no dataset's name contains, and the template converts it back where it names tables.

    >>> dataset_parameter(["products", "order_lines"])
    'orderXlines,products'
    """
    return ",".join(sorted(name.replace("_", "X") for name in names))
