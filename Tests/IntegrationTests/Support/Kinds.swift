/// Every kind of column, with values that are easy to get wrong.
enum Kinds {
    static let types = [
        "create type mood as enum ('sad', 'so so', 'it''s \"fine\"')",
        "create domain positive as int check (value > 0)",
        "create domain label as text",
        "create type pair as (a text, b int)",
        "create extension hstore",
    ]

    /// Types, and values as SQL writes them.
    static let values: [(type: String, values: [String])] = [
        ("bool", ["true", "false"]),
        ("int2", ["-32768", "32767"]),
        ("int4", ["-2147483648", "0"]),
        ("int8", ["-9223372036854775808", "9223372036854775807"]),
        ("float4", ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "1e+20", "0.1", "-1.1754944e-38"]),
        ("float8", ["'NaN'", "'-Infinity'", "'-0'", "1e+20", "1e-300", "0.1", "123456789.123456789"]),
        ("numeric", ["'NaN'", "'Infinity'", "1.50", "-0.000", "1e100", "repeat('9', 2000)::numeric", "1e-60"]),
        ("numeric(20,4)", ["12345678901234.5678"]),
        ("text", texts),
        ("varchar(20)", ["'ab'", "''"]),
        ("char(5)", ["'ab'"]),
        ("\"char\"", ["'x'"]),
        ("name", ["'a name'"]),
        ("bytea", ["'\\x'", "'\\x00ff5c22'"]),
        ("uuid", ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"]),
        ("json", jsons),
        ("jsonb", jsons),
        ("date", ["'2024-02-29'", "'infinity'", "'-infinity'", "'0044-03-15 BC'", "'12024-01-01'"]),
        ("time", ["'00:00'", "'24:00:00'", "'12:34:56.789'"]),
        ("timetz", ["'12:34:56+05:30'", "'24:00:00-12'"]),
        ("timestamp", timestamps),
        ("timestamptz", timestamps + ["'2024-01-01 00:00:00+05:30'"]),
        ("interval", ["'1 year 2 mons -3 days 04:05:06.7'", "'0'", "'-1 hour'"]),
        ("inet", ["'192.168.0.1/24'", "'::1'"]),
        ("cidr", ["'10.0.0.0/8'"]),
        ("macaddr", ["'08:00:2b:01:02:03'"]),
        ("bit(5)", ["B'10101'"]),
        ("varbit", ["B''", "B'1'"]),
        ("money", ["12.34"]),
        ("oid", ["4294967295"]),
        ("regclass", ["'pg_class'"]),
        ("pg_lsn", ["'1/ABCDEF'"]),
        ("tsvector", ["'a:1 b''c:2'"]),
        ("xml", ["'<a b=\"c\">\n</a>'"]),
        ("point", ["'(1,2)'"]),
        ("box", ["'(1,2),(3,4)'"]),
        ("int4range", ["'[1,5)'", "'empty'"]),
        ("tstzrange", ["'[2024-01-01, infinity)'"]),
        ("int4multirange", ["'{[1,2),[5,)}'"]),
        ("mood", ["'so so'", "'it''s \"fine\"'"]),
        ("positive", ["5"]),
        ("label", ["'a \"b\"'"]),
        ("pair", ["row('a \"b\", c', null)", "row(null, 1)"]),
        ("hstore", ["''", #"'a=>1, "b c"=>NULL, "q"=>"x\"y\\"'"#]),
        ("bool[]", ["'{t,f,NULL}'"]),
        ("int4[]", ["'{}'", "'{1,-2,NULL}'", "'{{1,2},{3,4}}'", "'[0:1]={7,8}'", "'{{{1}}}'"]),
        ("int8[]", ["'{9223372036854775807}'"]),
        ("float8[]", ["'{NaN,Infinity,1e+20,-0}'"]),
        ("numeric[]", ["'{1.50,NaN,NULL}'", "'{{1},{2.00}}'", "'{}'"]),
        (
            "text[]",
            [#"'{a,"b c","","NULL",NULL,"q\"u","b\\s","{x}","a,b"}'"#, "array[E'\\n\\t', '⌘', '😀']", "'{{a,b},{c,d}}'"]
        ),
        ("varchar(9)[]", ["'{a,NULL}'"]),
        ("bytea[]", ["array['\\x00ff'::bytea]"]),
        ("uuid[]", ["'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'"]),
        ("json[]", [#"array['{"a": [1, "x"]}', 'null', '"s"']::json[]"#]),
        ("jsonb[]", [#"array['{"a": [1, "x\"y"]}', 'null', '[]']::jsonb[]"#]),
        ("date[]", ["'{2024-02-29,infinity}'"]),
        ("timestamp[]", ["'{2024-01-01 12:00:00.5,-infinity}'"]),
        ("timestamptz[]", ["'{2024-01-01 12:00:00+00}'"]),
        ("interval[]", ["'{1 day,00:00:01}'"]),
        ("inet[]", ["'{10.0.0.1}'"]),
        ("mood[]", ["'{sad,\"so so\"}'"]),
        ("pair[]", ["array[row('a', 1)::pair]"]),
        ("box[]", ["'{(1,1),(0,0);(2,2),(1,1)}'"]),
        ("int4range[]", ["array[int4range(1, 5)]"]),
    ]

    private static let texts = [
        "''", "'plain'", "E'\"quotes\" and \\\\ backslash'", "E'line\\nbreak\\r\\ttab'", "'null'", "'{}'",
        "'grüße ⌘ 😀 \u{2028}'", "(select string_agg(chr(c), '') from generate_series(1, 160) c)", "repeat('é', 1000)",
    ]

    private static let jsons = [
        "'null'", "'\"text\"'", "'12.50'",
        "E'{\\n  \"a\" :\\t[1, 2.0, {\"b\": null}],\\r\\n \"c\": \"\\\\u00e9 \\\\n \\\\\\\\\"}'",
        "'[]'", "'1e400'", "'\"😀\"'", "'{\"d\": 1, \"d\": 2}'",
    ]

    private static let timestamps = [
        "'2024-02-29 12:34:56'", "'2024-02-29 12:34:56.123456'", "'infinity'", "'-infinity'",
        "'0044-03-15 10:00:00 BC'",
        "'12024-01-01 00:00:00.1'", "'1800-01-01 00:00:00'",
    ]
}
