"""Hostile messages: each with what is wrong with it and whether it is accepted or why it is rejected.

Most are a good message with one member of its row, or of its envelope, replaced by the given JSON text.
"""

import json
from base64 import b64encode
from typing import NamedTuple

ROW = {
    "product_id": "25671",
    "manufacturer_id": "2",
    "department": '"GROCERY"',
    "brand": '"National"',
    "package_size": '"22 LB"',
}
ENVELOPE = {"specversion": '"1.0"', "id": '"event-1"', "source": '"till"', "type": '"products.upsert"'}
SOLD = {
    "basket_id": "1",
    "product_id": "2",
    "household_id": "3",
    "store_id": "4",
    "quantity": "1",
    "sales_value": "0.50",
    "retail_disc": "0",
    "coupon_disc": "0",
    "coupon_match_disc": "0",
    "week": "1",
    "transaction_timestamp": '"2017-01-01T11:53:26Z"',
    "updated_at": '"2017-01-01T11:53:26Z"',
}
ACCEPTED = "accepted"


class HostileMessage(NamedTuple):
    """A body, and its outcome: ACCEPTED or a reason, with the place and rule of the first violation."""

    wrong: str
    body: str
    end: str
    where: tuple[str, str] = ("", "")


def _object(members: dict[str, str], *more: str) -> str:
    return "{" + ",".join([*(f'"{name}":{value}' for name, value in members.items()), *more]) + "}"


def _message(data: str, **envelope: str) -> str:
    return _object({**ENVELOPE, **envelope, "data": data})


def _product(**members: str) -> str:
    return _message(_object({**ROW, **members}))


def _sold(**members: str) -> str:
    return _message(_object({**SOLD, **members}), type='"transactions.upsert"')


def _without(name: str) -> str:
    return _message(_object({key: value for key, value in ROW.items() if key != name}))


def _refused(wrong: str, body: str, column: str, rule: str) -> HostileMessage:
    return HostileMessage(wrong, body, "contract-violation", (f"/data/{column}", rule))


def _broken(wrong: str, body: str) -> HostileMessage:
    return HostileMessage(wrong, body, "broken-json", ("", "json"))


def _envelope(wrong: str, body: str, path: str = "", rule: str = "envelope") -> HostileMessage:
    return HostileMessage(wrong, body, "wrong-envelope", (path, rule))


_BROKEN = [
    _broken("empty", ""),
    _broken("white space alone", " \r\n\t "),
    _broken("cut off in the middle", _product()[:-40]),
    _broken("two messages in one", _product() + _product()),
    _broken("a byte order mark before the JSON", "\ufeff" + _product()),
    _broken("UTF-16 read as Latin-1", _product().encode("utf-16").decode("latin-1")),
    _broken("a null byte before the JSON", "\0" + _product()),
    _broken("a raw control character in a text", _product(department='"GRO\x01CERY"')),
    _broken("single quotes", "{'specversion': '1.0'}"),
    _broken("a trailing comma", _message("{}").replace("}}", "},}")),
    _broken("a comment", _product() + "// a product"),
    _broken("XML", "<product><id>1</id></product>"),
    _broken("NaN, which JSON has not", _product(product_id="NaN")),
    _broken("Infinity, which JSON has not", _product(product_id="-Infinity")),
    _broken("half of a surrogate pair", _product(department='"GRO\\ud800CERY"')),
    _broken("half of a surrogate pair in a name", _message(_object(ROW, '"\\uDFFF":1'))),
    _broken("a name twice in the row", _message(_object(ROW, '"brand":"Private"'))),
    _broken("a name twice, once escaped", _message(_object(ROW, '"br\\u0061nd":"Private"'))),
    _broken("a name twice in the envelope", _object(ENVELOPE, '"id":"event-2"', f'"data":{_object(ROW)}')),
    _broken("nested 100,000 deep", "[" * 100_000),
    _broken("nested 100,000 deep within the row", _product(package_size="[" * 100_000 + "]" * 100_000)),
    _broken("a number of 5,000 digits", _product(product_id="9" * 5000)),
    _broken("an exponent of 20 digits", _product(product_id="1e99999999999999999999")),
    _broken("a number with a leading zero", _product(product_id="007")),
]
_ENVELOPES = [
    _envelope("a list of rows", f"[{_object(ROW)},{_object(ROW)}]", "", "type"),
    _envelope("a list of lists", f"[[{_product()}]]", "", "type"),
    _envelope("a text that holds a message", json.dumps(_product()), "", "type"),
    _envelope("null", "null", "", "type"),
    _envelope("a notification of nothing", '{"Type":"Notification","Message":"{}"}', "/Message/specversion"),
    _envelope("a notification of itself", '{"Type":"Notification","Message":null}', "/specversion"),
    _envelope("a test event of S3", '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}'),
    _envelope("records of another service", '{"Records":[{"eventSource":"aws:kinesis"}]}'),
    _envelope("records of nothing", '{"Records":[null]}', "/specversion"),
    _envelope(
        "an event of EventBridge", '{"detail-type":"Scheduled Event","source":"aws.events","detail":{}}'
    ),
    _envelope("CloudEvents 0.3", _message(_object(ROW), specversion='"0.3"'), "/specversion"),
    _envelope("the version as a number", _message(_object(ROW), specversion="1.0"), "/specversion"),
    _envelope("no id", _message(_object(ROW), id="null"), "/id"),
    _envelope("an op that is a typo", _message(_object(ROW), type='"products.upset"'), "/type"),
    _envelope("an op in capitals", _message(_object(ROW), type='"products.UPSERT"'), "/type"),
    _envelope("a dataset without op", _message(_object(ROW), type='"products"'), "/type"),
    _envelope("an op without dataset", _message(_object(ROW), type='".upsert"'), "/type"),
    _envelope("a list of rows for a row", _message(f"[{_object(ROW)}]"), "/data"),
    _envelope("the row as a text", _message(json.dumps(_object(ROW))), "/data"),
    _envelope("data twice", _message(_object(ROW), data_base64='"e30="'), "/data"),
    _envelope("data that is null", _message("null"), "/data"),
    _envelope("base64 that is none", _message("null", data_base64='"{}"'), "/data_base64"),
    _envelope("base64 of UTF-16", _message("null", data_base64='"//57AH0A"'), "/data_base64"),
    _envelope("base64 of a list", _message("null", data_base64='"W10="'), "/data_base64"),
    _envelope("base64 of no JSON", _message("null", data_base64='"PGEvPg=="'), "/data_base64", "json"),
    _envelope(
        "a type with json in it",
        _message(_object(ROW), datacontenttype='"application/jsonp"'),
        "/datacontenttype",
    ),
    _envelope("a time that is a number", _message(_object(ROW), time="1483271606"), "/time"),
    _envelope(
        "data of another type", _message(_object(ROW), datacontenttype='"text/csv"'), "/datacontenttype"
    ),
    HostileMessage(
        "a dataset that has no contract",
        _message(_object(ROW), type='"refunds.upsert"'),
        "unknown-dataset",
        ("/type", "dataset"),
    ),
    HostileMessage(
        "a dataset that is a path",
        _message(_object(ROW), type='"../products.upsert"'),
        "unknown-dataset",
        ("/type", "dataset"),
    ),
    HostileMessage(
        "a dataset in capitals",
        _message(_object(ROW), type='"Products.upsert"'),
        "unknown-dataset",
        ("/type", "dataset"),
    ),
]
_ROWS = [
    _refused("an empty row", _message("{}"), "product_id", "required"),
    _refused("no key", _without("product_id"), "product_id", "required"),
    _refused("a key that is null", _product(product_id="null"), "product_id", "type"),
    _refused(
        "a column that the contract lacks",
        _message(_object(ROW, '"colour":"red"')),
        "colour",
        "additionalProperties",
    ),
    _refused(
        "a column twice, by its name and in camelCase",
        _message(_object(ROW, '"productId":7')),
        "productId",
        "additionalProperties",
    ),
    _refused(
        "10,000 columns",
        _message(_object(ROW, *(f'"c{number}":1' for number in range(10_000)))),
        "c0",
        "additionalProperties",
    ),
    _refused("a text for a number", _product(manufacturer_id='"two"'), "manufacturer_id", "type"),
    _refused("true for a number", _product(manufacturer_id="true"), "manufacturer_id", "type"),
    _refused("a list for a number", _product(manufacturer_id="[2]"), "manufacturer_id", "type"),
    _refused("an object for a text", _product(department='{"name":"GROCERY"}'), "department", "type"),
    _refused("a number for a text", _product(department="7"), "department", "type"),
    _refused("a fraction for a whole number", _product(manufacturer_id="2.5"), "manufacturer_id", "type"),
    _refused(
        "one more than a long holds", _product(product_id="9223372036854775808"), "product_id", "maximum"
    ),
    _refused("a number beyond any double", _product(product_id="1e400"), "product_id", "maximum"),
    _refused("digits of another script", _product(product_id='"\u0661\u0662"'), "product_id", "type"),
    _refused("a text longer than its limit", _product(department=f'"{"X" * 41}"'), "department", "maxLength"),
    _refused("a decimal with one digit too many", _sold(sales_value="0.505"), "sales_value", "multipleOf"),
    _refused("an amount with a decimal comma", _sold(sales_value='"0,50"'), "sales_value", "type"),
    _refused("an amount with its currency", _sold(sales_value='"$0.50"'), "sales_value", "type"),
    _refused("a leap second", _sold(updated_at='"2016-12-31T23:59:60Z"'), "updated_at", "pattern"),
    _refused("24:00", _sold(updated_at='"2017-01-01T24:00:00Z"'), "updated_at", "format"),
    _refused("the year 0", _sold(updated_at='"0000-12-31T00:00:00Z"'), "updated_at", "pattern"),
    _refused("the year 10000", _sold(updated_at='"10000-01-01T00:00:00Z"'), "updated_at", "format"),
    _refused(
        "the year 10000 by its offset",
        _sold(updated_at='"9999-12-31T23:59:59-01:00"'),
        "updated_at",
        "pattern",
    ),
    _refused("the 30th of February", _sold(updated_at='"2017-02-30T00:00:00Z"'), "updated_at", "format"),
    _refused("seconds since the epoch", _sold(updated_at="1483271606"), "updated_at", "type"),
    _refused("seconds since the epoch as text", _sold(updated_at='"1483271606"'), "updated_at", "format"),
    _refused("day before month", _sold(updated_at='"31/12/2017"'), "updated_at", "format"),
    _refused(
        "a time before the first sale",
        _sold(transaction_timestamp='"1970-01-01T00:00:00Z"'),
        "transaction_timestamp",
        "formatMinimum",
    ),
]
_GOOD = [
    HostileMessage("a batch of one", f"[{_product()}]", ACCEPTED),
    HostileMessage(
        "nulls for all that is not set",
        _message(_object(ROW), time="null", datacontenttype="null", subject="null", data_base64="null"),
        ACCEPTED,
    ),
    HostileMessage(
        "JSON in capitals, with a parameter",
        _message(_object(ROW), datacontenttype='"APPLICATION/JSON; charset=UTF-8"'),
        ACCEPTED,
    ),
    HostileMessage(
        "JSON of a vendor",
        _message(_object(ROW), datacontenttype='"application/vnd.example.product+json"'),
        ACCEPTED,
    ),
    HostileMessage(
        "base64",
        _message("null", data_base64=json.dumps(b64encode(_object(ROW).encode()).decode())),
        ACCEPTED,
    ),
    HostileMessage(
        "a notification of SNS", f'{{"Type":"Notification","Message":{json.dumps(_product())}}}', ACCEPTED
    ),
    HostileMessage("an event in EventBridge", f'{{"detail-type":"sale","detail":{_product()}}}', ACCEPTED),
    HostileMessage("a formula", _product(package_size="\"=cmd|'/C calc'!A0\""), ACCEPTED),
    HostileMessage("SQL", _product(package_size='"\'; DROP TABLE x; --"'), ACCEPTED),
    HostileMessage("a null byte in a text", _product(package_size='"22\\u0000LB"'), ACCEPTED),
    HostileMessage("text written from right to left", _product(package_size='"\\u202e22 LB"'), ACCEPTED),
    HostileMessage("a whole surrogate pair", _product(package_size='"\\ud83c\\udf4e"'), ACCEPTED),
    HostileMessage("white space of Windows between members", _product().replace(",", ",\r\n\t"), ACCEPTED),
    HostileMessage("the largest long", _product(product_id="9223372036854775807"), ACCEPTED),
    HostileMessage("a whole number written as a fraction", _product(product_id="2.0"), ACCEPTED),
    HostileMessage("a whole number with an exponent", _product(product_id='"1e3"'), ACCEPTED),
    HostileMessage("a time without zone", _sold(updated_at='"2017-01-02T00:00:00"'), ACCEPTED),
    HostileMessage("a time with a small z", _sold(updated_at='"2017-01-02t00:00:00z"'), ACCEPTED),
    HostileMessage("a time with an offset", _sold(updated_at='"2017-01-02T00:00:00+14:00"'), ACCEPTED),
    HostileMessage("a time with nanoseconds", _sold(updated_at='"2017-01-02T00:00:00.123456789Z"'), ACCEPTED),
    HostileMessage("a time in basic form", _sold(updated_at='"20170102T000000Z"'), ACCEPTED),
    HostileMessage("a date for a time", _sold(updated_at='"2017-01-02"'), ACCEPTED),
]

MESSAGES = [*_BROKEN, *_ENVELOPES, *_ROWS, *_GOOD]
