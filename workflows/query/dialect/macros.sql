-- Functions of Athena's engine 3 (Trino) that DuckDB lacks or answers otherwise: athena_<name>. Those named
-- athena__<name> are no functions of Athena: rules and other macros call them.
-- Each heading names the page of Trino's documentation, trino.io/docs/current/functions/<page>.html.

-- An error that TRY catches: error() is volatile, and TRY takes no volatile function. The local engine takes the
-- message out of DuckDB's.
CREATE MACRO athena__fail(message) AS CAST('Athena: ' || message || '¶' AS BIGINT);

-- math -------------------------------------------------------------------------------------------------------
CREATE MACRO athena__divide_integers(a, b) AS CASE WHEN b = 0 THEN athena__fail('Division by zero') ELSE a // b END;
CREATE MACRO athena__modulo(a, b) AS CASE WHEN b = 0 THEN athena__fail('Division by zero') ELSE a % b END;
-- The quotient of two whole numbers, rounded half away from zero.
CREATE MACRO athena__quotient(a, b) AS
  CASE WHEN b = 0 THEN athena__fail('Division by zero')
  ELSE sign(a) * sign(b) * ((abs(a) * 2 + abs(b)) // (abs(b) * 2)) END;
CREATE MACRO athena_sqrt(x) AS CASE WHEN x < 0 THEN 'nan'::DOUBLE ELSE sqrt(x) END;
CREATE MACRO athena_ln(x) AS
  CASE WHEN x = 0 THEN '-infinity'::DOUBLE WHEN x < 0 THEN 'nan'::DOUBLE ELSE ln(x) END;
CREATE MACRO athena_log(b, x) AS athena_ln(x::DOUBLE) / athena_ln(b::DOUBLE);
CREATE MACRO athena_log2(x) AS CASE WHEN x > 0 THEN log2(x) ELSE athena_ln(x) END;
CREATE MACRO athena_log10(x) AS CASE WHEN x > 0 THEN log10(x) ELSE athena_ln(x) END;
CREATE MACRO athena_power(x, p) AS power(x::DOUBLE, p::DOUBLE);
CREATE MACRO athena_truncate(x) AS trunc(x);
CREATE MACRO athena_e() AS exp(1.0::DOUBLE);
CREATE MACRO athena_nan() AS 'nan'::DOUBLE;
CREATE MACRO athena_infinity() AS 'infinity'::DOUBLE;
CREATE MACRO athena_width_bucket(x, low, high, n) AS
  CASE WHEN low < high THEN
    CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1
    ELSE floor((x - low)::DOUBLE * n / (high - low)::DOUBLE)::BIGINT + 1 END
  ELSE
    CASE WHEN x > low THEN 0 WHEN x <= high THEN n + 1
    ELSE floor((low - x)::DOUBLE * n / (low - high)::DOUBLE)::BIGINT + 1 END
  END;
CREATE MACRO athena_from_base(text, radix) AS list_reduce(
  list_transform(string_split(lower(text), ''), lambda c: (strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1)::BIGINT),
  lambda total, digit: total * radix + digit);

CREATE MACRO athena_to_base(x, radix) AS lower(to_base(x, radix::INTEGER));

-- bitwise ----------------------------------------------------------------------------------------------------
CREATE MACRO athena_bitwise_and(a, b) AS a::BIGINT & b::BIGINT;
CREATE MACRO athena_bitwise_or(a, b) AS a::BIGINT | b::BIGINT;
CREATE MACRO athena_bitwise_xor(a, b) AS xor(a::BIGINT, b::BIGINT);
CREATE MACRO athena_bitwise_not(a) AS ~(a::BIGINT);

-- string -----------------------------------------------------------------------------------------------------
CREATE MACRO athena_substr(x, start) AS
    CASE WHEN start = 0 OR abs(start) > length(x) THEN '' ELSE substr(x, start) END,
  (x, start, n) AS CASE WHEN start = 0 OR abs(start) > length(x) OR n <= 0 THEN '' ELSE substr(x, start, n) END;
CREATE MACRO athena_trim(x) AS regexp_replace(x, '^\s+|\s+$', '', 'g');
CREATE MACRO athena_ltrim(x) AS regexp_replace(x, '^\s+', '');
CREATE MACRO athena_rtrim(x) AS regexp_replace(x, '\s+$', '');
CREATE MACRO athena_replace(x, search) AS replace(x, search, ''),
  (x, search, other) AS replace(x, search, other);
CREATE MACRO athena_strpos(x, y) AS strpos(x, y)::BIGINT,
  (x, y, n) AS CASE WHEN len(string_split(x, y)) <= n THEN 0
    ELSE length(array_to_string(string_split(x, y)[1:n], y)) + 1 END::BIGINT;
CREATE MACRO athena_split(x, y) AS string_split(x, y),
  (x, y, n) AS CASE WHEN len(string_split(x, y)) <= n THEN string_split(x, y)
    ELSE list_append(string_split(x, y)[1:n - 1], array_to_string(string_split(x, y)[n:], y)) END;
CREATE MACRO athena_split_part(x, y, n) AS list_extract(string_split(x, y), n);
CREATE MACRO athena_split_to_map(x, entries, pair) AS map_from_entries(
  list_transform(string_split(x, entries), lambda e: {'k': string_split(e, pair)[1], 'v': array_to_string(string_split(e, pair)[2:], pair)}));
CREATE MACRO athena_lpad(x, n, y) AS lpad(x, n::INTEGER, y);
CREATE MACRO athena_rpad(x, n, y) AS rpad(x, n::INTEGER, y);
CREATE MACRO athena_codepoint(x) AS unicode(x);
CREATE MACRO athena_chr(n) AS chr(n::INTEGER);
CREATE MACRO athena_levenshtein_distance(a, b) AS levenshtein(a, b);
CREATE MACRO athena_hamming_distance(a, b) AS hamming(a, b);
CREATE MACRO athena__soundex_code(x) AS translate(x, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '01230120022455012623010202');
-- Letters of one code beside each other count once, also with an H or W between them.
CREATE MACRO athena__soundex_digits(x) AS list_reduce([regexp_replace(x, '(.)[HW]+', '\1', 'g'), '1', '2', '3', '4', '5', '6'],
  lambda word, digit: regexp_replace(CASE WHEN digit = '1' THEN athena__soundex_code(word) ELSE word END, digit || '+', digit, 'g'));
CREATE MACRO athena_soundex(x) AS rpad(
  upper(x)[1] || replace(substr(athena__soundex_digits(upper(x)), 2), '0', ''), 4, '0');

-- regexp -----------------------------------------------------------------------------------------------------
CREATE MACRO athena_regexp_like(x, p) AS regexp_matches(x, p);
CREATE MACRO athena_regexp_extract(x, p) AS
    CASE WHEN regexp_matches(x, p) THEN regexp_extract(x, p) END;
CREATE MACRO athena_regexp_split(x, p) AS regexp_split_to_array(x, p);
CREATE MACRO athena_regexp_count(x, p) AS len(regexp_extract_all(x, p));
CREATE MACRO athena_regexp_position(x, p) AS
  CASE WHEN regexp_matches(x, p) THEN length(regexp_split_to_array(x, p)[1]) + 1 ELSE -1 END;

-- binary -----------------------------------------------------------------------------------------------------
CREATE MACRO athena_to_utf8(x) AS encode(x);
CREATE MACRO athena_from_utf8(x) AS decode(x);
CREATE MACRO athena_to_hex(x) AS hex(x);
CREATE MACRO athena_from_hex(x) AS unhex(x);
CREATE MACRO athena_to_base64(x) AS to_base64(x);
CREATE MACRO athena_from_base64(x) AS from_base64(x);
CREATE MACRO athena_md5(x) AS unhex(md5(x));
CREATE MACRO athena_sha1(x) AS unhex(sha1(x));
CREATE MACRO athena_sha256(x) AS unhex(sha256(x));

-- datetime ---------------------------------------------------------------------------------------------------
CREATE MACRO athena_day_of_week(x) AS isodow(x);
CREATE MACRO athena_dow(x) AS isodow(x);
CREATE MACRO athena_day_of_year(x) AS dayofyear(x);
CREATE MACRO athena_doy(x) AS dayofyear(x);
CREATE MACRO athena_day_of_month(x) AS day(x);
CREATE MACRO athena_week_of_year(x) AS week(x);
CREATE MACRO athena_year_of_week(x) AS isoyear(x);
CREATE MACRO athena_yow(x) AS isoyear(x);
CREATE MACRO athena_second(x) AS second(x::TIMESTAMP);
CREATE MACRO athena_millisecond(x) AS (date_part('millisecond', x)::BIGINT % 1000);
CREATE MACRO athena_last_day_of_month(x) AS last_day(x);
CREATE MACRO athena_date(x) AS x::DATE;
CREATE MACRO athena_from_iso8601_date(x) AS x::DATE;
CREATE MACRO athena_from_iso8601_timestamp(x) AS x::TIMESTAMPTZ;
CREATE MACRO athena_from_unixtime(x) AS to_timestamp(round(x::DOUBLE * 1000) / 1000);
CREATE MACRO athena_from_unixtime_nanos(x) AS make_timestamptz((x // 1000)::BIGINT);
CREATE MACRO athena_to_unixtime(x) AS epoch_us(x) / 1e6;
CREATE MACRO athena_to_milliseconds(x) AS (epoch(x) * 1000)::BIGINT;
CREATE MACRO athena_parse_duration(x) AS to_microseconds((CAST(regexp_extract(x, '^\s*([0-9.]+)', 1) AS DOUBLE) *
  CASE regexp_extract(x, '([a-z]+)\s*$', 1) WHEN 'ns' THEN 0.001 WHEN 'us' THEN 1 WHEN 'ms' THEN 1e3
    WHEN 's' THEN 1e6 WHEN 'm' THEN 6e7 WHEN 'h' THEN 3.6e9 WHEN 'd' THEN 8.64e10 END)::BIGINT);
CREATE MACRO athena_now() AS now();

-- array ------------------------------------------------------------------------------------------------------
CREATE MACRO athena__subscript(x, i) AS
  list_extract(x, CASE WHEN i < 1 OR i > len(x) THEN athena__fail('Array subscript out of bounds') ELSE i END);
CREATE MACRO athena_array_distinct(x) AS list_filter(x, lambda e, i: len(list_filter(x[1:i - 1], lambda o: o IS NOT DISTINCT FROM e)) = 0);
CREATE MACRO athena__has(x, e) AS len(list_filter(x, lambda o: o IS NOT DISTINCT FROM e)) > 0;
CREATE MACRO athena_array_union(a, b) AS athena_array_distinct(list_concat(a, b));
CREATE MACRO athena_array_intersect(a, b) AS athena_array_distinct(list_filter(a, lambda e: athena__has(b, e)));
CREATE MACRO athena_array_except(a, b) AS athena_array_distinct(list_filter(a, lambda e: NOT athena__has(b, e)));
CREATE MACRO athena_array_remove(x, e) AS list_filter(x, lambda o: o IS DISTINCT FROM e);
CREATE MACRO athena_array_join(x, separator) AS
    array_to_string(list_transform(list_filter(x, lambda e: e IS NOT NULL), lambda e: e::VARCHAR), separator),
  (x, separator, other) AS array_to_string(list_transform(x, lambda e: coalesce(e::VARCHAR, other)), separator);
CREATE MACRO athena_array_max(x) AS CASE WHEN NOT athena__has(x, NULL) THEN list_max(x) END;
CREATE MACRO athena_array_min(x) AS CASE WHEN NOT athena__has(x, NULL) THEN list_min(x) END;
CREATE MACRO athena_array_position(x, e) AS CASE WHEN x IS NOT NULL AND e IS NOT NULL THEN coalesce(list_position(x, e), 0) END::BIGINT;
CREATE MACRO athena_array_sort(x) AS list_sort(x, 'ASC', 'NULLS LAST');
CREATE MACRO athena_contains(x, e) AS
  CASE WHEN list_contains(x, e) THEN true WHEN e IS NULL OR x IS NULL OR athena__has(x, NULL) THEN NULL ELSE false END;
CREATE MACRO athena_arrays_overlap(a, b) AS
  CASE WHEN list_has_any(list_filter(a, lambda e: e IS NOT NULL), list_filter(b, lambda e: e IS NOT NULL)) THEN true
  WHEN a IS NULL OR b IS NULL OR athena__has(a, NULL) OR athena__has(b, NULL) THEN NULL ELSE false END;
CREATE MACRO athena_flatten(x) AS flatten(list_filter(x, lambda e: e IS NOT NULL));
CREATE MACRO athena_repeat(x, n) AS list_transform(range(n), lambda i: x);
CREATE MACRO athena_slice(x, start, n) AS
  CASE WHEN start > 0 THEN x[start:start + n - 1]
  WHEN start < 0 AND -start <= len(x) THEN x[len(x) + start + 1:least(len(x) + start + n, len(x))]
  WHEN start = 0 THEN x[1:athena__fail('SQL array indices start at 1')] ELSE x[1:0] END;
CREATE MACRO athena_trim_array(x, n) AS x[1:len(x) - n];
CREATE MACRO athena_ngrams(x, n) AS CASE WHEN len(x) < n THEN [x]
  ELSE list_transform(range(1, len(x) - n + 2), lambda i: x[i:i + n - 1]) END;
CREATE MACRO athena_element_at(x, i) AS list_extract(x, i);
CREATE MACRO athena_sequence(a, b) AS CASE WHEN a <= b THEN generate_series(a::BIGINT, b::BIGINT) ELSE generate_series(a::BIGINT, b::BIGINT, -1) END,
  (a, b, step) AS generate_series(a, b, step);

-- map --------------------------------------------------------------------------------------------------------
CREATE MACRO athena_map() AS map([], []), (k, v) AS map(k, v);
CREATE MACRO athena__map_of(entries) AS map(
  list_transform(athena_array_distinct(list_transform(entries, lambda e: e.k)), lambda k: k),
  list_transform(athena_array_distinct(list_transform(entries, lambda e: e.k)),
    lambda k: list_extract(list_filter(entries, lambda e: e.k = k), 1).v));
CREATE MACRO athena_map_agg(k, v) AS athena__map_of(list({'k': k, 'v': v}) FILTER (k IS NOT NULL));
CREATE MACRO athena_multimap_agg(k, v) AS map(
  athena_array_distinct(list(k) FILTER (k IS NOT NULL)),
  list_transform(athena_array_distinct(list(k) FILTER (k IS NOT NULL)),
    lambda one: list_transform(list_filter(list({'k': k, 'v': v}), lambda e: e.k = one), lambda e: e.v)));
CREATE MACRO athena_map_entries(m) AS list_transform(map_entries(m), lambda e: row(e.key, e.value));
CREATE MACRO athena_map_concat(a, b) AS map_concat(a, b), (a, b, c) AS map_concat(a, b, c);

-- json -------------------------------------------------------------------------------------------------------
CREATE MACRO athena_json_parse(x) AS json(x)::JSON;
CREATE MACRO athena_json_format(x) AS x::VARCHAR;
CREATE MACRO athena_json_extract(x, path) AS json_extract(json(x), path);
-- DuckDB writes 1.50 as 1.5: where the text has no such number, its own spelling is not known.
CREATE MACRO athena__json_scalar(x, path, shown) AS
  CASE WHEN json_type(x, path) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL
  WHEN json_type(x, path) = 'DOUBLE' AND NOT regexp_matches(x::VARCHAR, regexp_escape(shown) || '([^0-9.eE]|$)')
  THEN athena__fail('the spelling of a number in JSON is not known')::VARCHAR ELSE shown END;
CREATE MACRO athena_json_extract_scalar(x, path) AS athena__json_scalar(x, path, json_extract_string(x, path));
CREATE MACRO athena_json_array_length(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN json_array_length(x)::BIGINT END;
CREATE MACRO athena_json_array_get(x, i) AS json_extract_string(x, i::BIGINT);
CREATE MACRO athena_json_size(x, path) AS CASE json_type(json_extract(x, path))
  WHEN 'OBJECT' THEN len(json_keys(x, path)) WHEN 'ARRAY' THEN json_array_length(x, path)
  ELSE CASE WHEN json_extract(x, path) IS NOT NULL THEN 0 END END::BIGINT;
CREATE MACRO athena_is_json_scalar(x) AS json_type(x) NOT IN ('OBJECT', 'ARRAY');
CREATE MACRO athena_json_exists(x, path) AS json_exists(x, path);
CREATE MACRO athena_json_value(x, path) AS athena_json_extract_scalar(x, path);
CREATE MACRO athena_json_query(x, path) AS
  CASE WHEN json_type(json_extract(x, path)) IN ('OBJECT', 'ARRAY') THEN json_extract(x, path)::VARCHAR END;

-- url --------------------------------------------------------------------------------------------------------
CREATE MACRO athena__url_pattern() AS
  '^([^:/?#]+):(?://(?:[^/?#@]*@)?([^/?#:]*)(?::([0-9]+))?)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$';
CREATE MACRO athena_url_extract_protocol(x) AS
  CASE WHEN regexp_matches(x, athena__url_pattern()) THEN regexp_extract(x, athena__url_pattern(), 1) END;
CREATE MACRO athena_url_extract_host(x) AS
  CASE WHEN regexp_matches(x, athena__url_pattern()) THEN regexp_extract(x, athena__url_pattern(), 2) END;
CREATE MACRO athena_url_extract_path(x) AS
  CASE WHEN regexp_matches(x, athena__url_pattern()) THEN regexp_extract(x, athena__url_pattern(), 4) END;
CREATE MACRO athena_url_extract_query(x) AS
  CASE WHEN regexp_matches(x, athena__url_pattern()) THEN regexp_extract(x, athena__url_pattern(), 5) END;
CREATE MACRO athena_url_extract_fragment(x) AS
  CASE WHEN regexp_matches(x, athena__url_pattern()) THEN regexp_extract(x, athena__url_pattern(), 6) END;
CREATE MACRO athena_url_extract_port(x) AS nullif(regexp_extract(x, athena__url_pattern(), 3), '')::BIGINT;
CREATE MACRO athena_url_extract_parameter(x, name) AS url_decode(list_extract(list_transform(
  list_filter(string_split(athena_url_extract_query(x), '&'), lambda p: string_split(p, '=')[1] = name),
  lambda p: array_to_string(string_split(p, '=')[2:], '=')), 1));
CREATE MACRO athena_url_encode(x) AS replace(replace(url_encode(x), '%20', '+'), '%2A', '*');
CREATE MACRO athena_url_decode(x) AS url_decode(replace(x, '+', '%20'));

-- aggregate --------------------------------------------------------------------------------------------------
CREATE MACRO athena_histogram(x) AS histogram(x);

-- what rules call ---------------------------------------------------------------------------------------------
CREATE MACRO athena__checked(x, pattern) AS
  CASE WHEN x IS NULL OR regexp_full_match(x, pattern) THEN x ELSE 'Athena: Cannot cast ''' || x || '''¶' END;
CREATE MACRO athena__any_true(x) AS CASE WHEN list_contains(x, true) THEN true WHEN athena__has(x, NULL) THEN NULL ELSE x IS NOT NULL AND false END;
CREATE MACRO athena__all_true(x) AS CASE WHEN list_contains(x, false) THEN false WHEN athena__has(x, NULL) THEN NULL ELSE true END;
CREATE MACRO athena__none_true(x) AS NOT athena__any_true(x);
CREATE MACRO athena__pairs(x) AS flatten(list_transform(range(1, len(x)),
  lambda i: list_transform(range(i + 1, len(x) + 1), lambda j: [x[i], x[j]])));
