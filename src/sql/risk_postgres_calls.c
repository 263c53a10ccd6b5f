/*
 * What may stand before a parenthesis in PostgreSQL and change nothing: keywords, types, and
 * functions of the server and of its usual extensions. Sorted by bytes.
 */
#include "sql/risk.h"

/* clang-format off */
static const char *const words[] = {
    "abs", "age", "all", "and", "any", "array", "array_agg", "array_append", "array_cat",
    "array_length", "array_position", "array_prepend", "array_remove", "array_replace",
    "array_to_json", "array_to_string", "array_upper", "as", "asc", "ascii", "avg", "between",
    "bigint", "bit", "bit_and", "bit_or", "bool_and", "bool_or", "bpchar", "btrim", "by",
    "cardinality", "case", "cast", "ceil", "ceiling", "char", "char_length", "character", "check",
    "chr", "clock_timestamp", "coalesce", "col_description", "concat", "concat_ws", "conflict",
    "convert_from", "convert_to", "copy", "count", "crc32", "cross", "cube", "cume_dist",
    "current_database", "current_schema", "current_schemas", "current_setting", "current_user",
    "currval", "date", "date_bin", "date_part", "date_trunc", "dec", "decimal", "decode",
    "default", "dense_rank", "desc", "distinct", "div", "double", "else", "encode", "end",
    "escape", "every", "except", "exists", "exp", "extract", "filter", "first_value", "float",
    "floor", "following", "format", "format_type", "from", "gen_random_bytes", "gen_random_uuid",
    "generate_series", "generate_subscripts", "greatest", "group", "grouping",
    "has_schema_privilege", "has_table_privilege", "hashtext", "hashtextextended", "having",
    "hstore", "if", "ilike", "in", "initcap", "inner", "int", "integer", "intersect", "interval",
    "into", "is", "isfinite", "join", "json_agg", "json_array_elements",
    "json_array_elements_text", "json_array_length", "json_build_array", "json_build_object",
    "json_each", "json_each_text", "json_object_agg", "json_object_keys", "json_populate_record",
    "json_typeof", "jsonb", "jsonb_agg", "jsonb_array_elements", "jsonb_array_elements_text",
    "jsonb_array_length", "jsonb_build_array", "jsonb_build_object", "jsonb_each",
    "jsonb_each_text", "jsonb_extract_path", "jsonb_extract_path_text", "jsonb_insert",
    "jsonb_object_agg", "jsonb_object_keys", "jsonb_path_query", "jsonb_pretty", "jsonb_set",
    "jsonb_strip_nulls", "jsonb_to_record", "jsonb_to_recordset", "jsonb_typeof", "justify_days",
    "justify_hours", "justify_interval", "key", "lag", "last_value", "lastval", "lateral", "lead",
    "least", "left", "length", "like", "limit", "ln", "localtime", "localtimestamp", "log",
    "lower", "lpad", "ltrim", "make_date", "make_interval", "make_timestamp", "make_timestamptz",
    "materialized", "max", "md5", "min", "mod", "mode", "name", "nextval", "not", "now", "ntile",
    "null", "nullif", "numeric", "obj_description", "octet_length", "offset", "on", "only", "or",
    "order", "outer", "over", "overlaps", "overlay", "partition", "percent_rank",
    "percentile_cont", "percentile_disc", "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared",
    "pg_backend_pid", "pg_get_constraintdef", "pg_get_expr", "pg_get_functiondef",
    "pg_get_indexdef", "pg_get_serial_sequence", "pg_get_viewdef", "pg_is_in_recovery",
    "pg_relation_size", "pg_size_pretty", "pg_sleep", "pg_table_is_visible",
    "pg_total_relation_size", "pg_try_advisory_xact_lock", "pg_typeof", "pi", "position", "power",
    "preceding", "precision", "quote_ident", "quote_literal", "quote_nullable", "random", "range",
    "rank", "real", "recursive", "references", "regexp_match", "regexp_matches", "regexp_replace",
    "regexp_split_to_array", "regexp_split_to_table", "repeat", "replace", "returning", "reverse",
    "right", "rollup", "round", "row", "row_number", "row_to_json", "rows", "rpad", "rtrim",
    "select", "set", "set_config", "sets", "setseed", "setweight", "sha256", "sign", "similar",
    "smallint", "some", "split_part", "sqrt", "statement_timestamp", "stddev", "string_agg",
    "string_to_array", "string_to_table", "strpos", "substr", "substring", "sum", "table", "text",
    "then", "time", "timeofday", "timestamp", "timestamptz", "timetz", "to_char", "to_date",
    "to_hex", "to_json", "to_jsonb", "to_number", "to_regclass", "to_regproc", "to_regtype",
    "to_timestamp", "to_tsquery", "to_tsvector", "translate", "treat", "trim", "trunc",
    "unaccent", "union", "unique", "unnest", "upper", "using", "uuid", "uuid_generate_v1",
    "uuid_generate_v1mc", "uuid_generate_v4", "uuid_generate_v5", "uuidv4", "uuidv7", "values",
    "varbit", "varchar", "variance", "varying", "vector", "version", "when", "where",
    "width_bucket", "window", "with", "within", "xmlparse",
};
/* clang-format on */

const struct sql_words risk_harmless_postgres = {words, sizeof(words) / sizeof(words[0])};
