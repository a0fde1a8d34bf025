"""Arrays, maps, rows and lambdas."""

from __future__ import annotations

from typing import Any

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    (
        "select reduce(array[1,2,3],0,(s,x)->s+x,s->s*10) a, filter(array[1,2,3],x->x>1) b, transform(array[1,2],x->x*2) c, transform(array[7,8],x->x/2) d",
        [[60, [2, 3], [2, 4], [3, 4]]],
    ),
    (
        "select concat_ws('-', 'a', null, 'b') a, translate('abc','ab','xy') b, reverse('abc') c, reverse(array[1,2]) d, upper('é') e, length('héllo') f, trim('  a ') g, trim(both 'x' from 'xax') h, replace('aba','a') i",
        [["a-b", "xyc", "cba", [2, 1], "É", 5, "a", "a", "b"]],
    ),
    (
        "select split_to_map('a=1,b=2',',','=') a, map_agg(x,x*2) b from (values 1,2) t(x)",
        [[{"a": "1", "b": "2"}, {"1": 2, "2": 4}]],
    ),
    (
        "select zip(array[1,2],array['a','b']) a, flatten(array[array[1],array[2]]) b, array_sort(array[3,null,1]) c, array_max(array[1,2]) d, array_remove(array[1,2,1],1) e, repeat(1,2) f",
        [[[[1, "a"], [2, "b"]], [1, 2], [1, 3, None], 2, [2], [1, 1]]],
    ),
    (
        "select element_at(array[1,2,3],-1) a, cardinality(map(array['a'],array[1])) b, array[1,2]||3 c, 0||array[1] d",
        [[3, 1, [1, 2, 3], [0, 1]]],
    ),
    ("select u.name from (select cast(row(1,'x') as row(id integer, name varchar)) u)", [["x"]]),
    (
        "select transform_values(map(array['a'],array[4]),(k,v)->v/3) a, zip_with(array[1,2],array[3,4],(x,y)->x*y) b",
        [[{"a": 1}, [3, 8]]],
    ),
]
REFUSED = [
    ("select array[1,2][5]", "^Array subscript out of bounds$"),
    ("select map(array['a'],array[1])['b']", "^Key not present in map$"),
    ("select list_sum(array[1])", "Function list_sum is not supported here"),
    ("select athena__has(array[1], 1)", "Function athena__has is not supported here"),
]
