from lambdas.index_attribute_names import is_index_attribute


def test_columns_and_bookkeeping_are_no_index_attributes() -> None:
    names = ("_part_x", "_sort_x", "_key", "part_x", "_deleted")

    assert [is_index_attribute(name) for name in names] == [True, True, False, False, False]
