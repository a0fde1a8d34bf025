"""Object keys and messages of the intake queue that no door takes, and what is wrong with each."""

REFUSED_KEYS = {  # object key -> what is wrong with it; all are rejected before they are read
    "drops/products/../../etc/passwd.csv": "a path that leads out of its folder",
    "drops/products/./a.csv": "a path that stays where it is",
    "drops/../products/a.csv": "a folder that does not exist",
    "drops/unknown/a.csv": "a dataset that has no contract",
    "drops/Products/a.csv": "a dataset in capitals",
    "drops/products/a.xls": "a format that is not read",
    "drops/products/csv": "no extension",
    "drops/products/a.csv.rar": "an archive",
    "drops/products/a.csv\n": "a line end behind the extension",
    "drops/a.csv": "no dataset",
    "a.csv": "no door",
    "/drops/products/a.csv": "a slash before the door",
}
_ANNOUNCED = '{"detail":{"bucket":{"name":"raw"},"object":{%s,"etag":"e"}},"time":"%s"}'
REFUSED_ANNOUNCEMENTS = {  # message of the intake queue -> what is wrong with it
    "not json": "no JSON",
    "[" * 100_000: "nested 100,000 deep",
    "{}": "another event",
    _ANNOUNCED % ('"key":7', "2026-11-24T12:00:00Z"): "a key that is a number",
    _ANNOUNCED % ('"key":"drops/products/a.csv","size":"x"', "2026-11-24T12:00:00Z"): "a size that is a text",
    _ANNOUNCED % ('"key":"drops/products/a.csv","size":1e400', "2026-11-24T12:00:00Z"): "a size without end",
    _ANNOUNCED % ('"key":"drops/products/a.csv"', "now"): "no time",
    _ANNOUNCED % ('"key":"drops/products/\\ud800.csv"', "2026-11-24T12:00:00Z"): "half of a surrogate pair",
}
