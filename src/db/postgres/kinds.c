#include "db/postgres/kinds.h"

#define ATTRIBUTES (const struct schema_attribute[])
#define COMMENT                                                                                    \
	{                                                                                          \
		.name = "comment", .type = SCHEMA_TEXT                                             \
	}
#define END                                                                                        \
	{                                                                                          \
		0                                                                                  \
	}
#define A(attribute, kind)                                                                         \
	{                                                                                          \
		.name = attribute, .type = SCHEMA_##kind                                           \
	}

/* A partition is a table with `partitionOf`, a foreign table one with `server`. */
const struct schema_kind pg_kind_table = {
    .name = "table",
    .plural = "tables",
    .in_schema = true,
    .joins = "partitionOf",
    .attributes =
	ATTRIBUTES{
	    A("partitionBy", SQL),
	    A("partitionOf", SQL),
	    A("bound", SQL),
	    A("inherits", TERMS),
	    A("ofType", SQL),
	    A("unlogged", BOOL),
	    A("accessMethod", TEXT),
	    A("options", TERMS),
	    A("rowSecurity", BOOL),
	    A("forceRowSecurity", BOOL),
	    A("replicaIdentity", TEXT),
	    A("server", TEXT),
	    A("foreignOptions", NAMES),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_column = {
    .name = "column",
    .plural = "columns",
    .parent = &pg_kind_table,
    .ordered = true,
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    {.name = "type", .type = SCHEMA_SQL, .family = true},
	    A("notNull", BOOL),
	    A("default", SQL),
	    A("generated", SQL),
	    A("stored", BOOL),
	    A("identity", NAME),
	    A("sequence", SQL),
	    A("collation", SQL),
	    A("storage", NAME),
	    A("compression", NAME),
	    A("statistics", TEXT),
	    A("options", TERMS),
	    A("foreignOptions", NAMES),
	    A("notNullConstraint", SQL),
	    COMMENT,
	    END,
	},
};

/* Its name is an attribute: at most one a table, so that a new name is a change of it. */
const struct schema_kind pg_kind_primary_key = {
    .name = "primary key",
    .plural = "primaryKey",
    .parent = &pg_kind_table,
    .single = true,
    .in_schema = true,
    .named_by = "columns",
    .attributes =
	ATTRIBUTES{
	    A("name", TEXT),
	    A("columns", TERMS),
	    A("include", NAMES),
	    A("withoutOverlaps", BOOL),
	    A("options", TERMS),
	    A("deferrable", NAME),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_unique = {
    .name = "unique",
    .plural = "uniques",
    .parent = &pg_kind_table,
    .in_schema = true,
    .named_by = "columns",
    .stand_in = &pg_kind_index,
    .attributes =
	ATTRIBUTES{
	    A("columns", TERMS),
	    A("include", NAMES),
	    A("nullsNotDistinct", BOOL),
	    A("withoutOverlaps", BOOL),
	    A("options", TERMS),
	    A("deferrable", NAME),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_check = {
    .name = "check",
    .plural = "checks",
    .parent = &pg_kind_table,
    .in_schema = true,
    .named_by = "expression",
    .attributes =
	ATTRIBUTES{
	    A("expression", SQL),
	    A("noInherit", BOOL),
	    A("notValid", BOOL),
	    A("notEnforced", BOOL),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_foreign_key = {
    .name = "foreign key",
    .plural = "foreignKeys",
    .parent = &pg_kind_table,
    .in_schema = true,
    .named_by = "columns",
    .attributes =
	ATTRIBUTES{
	    A("columns", NAMES),
	    A("references", TEXT),
	    A("referencesSchema", TEXT),
	    A("referencedColumns", NAMES),
	    A("period", BOOL),
	    A("onUpdate", NAME),
	    A("onDelete", NAME),
	    A("onDeleteColumns", NAMES),
	    A("match", NAME),
	    A("deferrable", NAME),
	    A("notValid", BOOL),
	    A("notEnforced", BOOL),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_exclusion = {
    .name = "exclusion",
    .plural = "exclusions",
    .parent = &pg_kind_table,
    .in_schema = true,
    .named_by = "definition",
    .attributes =
	ATTRIBUTES{
	    A("definition", SQL),
	    COMMENT,
	    END,
	},
};

#define INDEX_ATTRIBUTES                                                                           \
	ATTRIBUTES                                                                                 \
	{                                                                                          \
		A("unique", BOOL), A("method", NAME), A("columns", TERMS), A("include", NAMES),    \
		    A("nullsNotDistinct", BOOL), A("where", SQL), A("options", TERMS),             \
		    A("invalid", BOOL), COMMENT, END,                                              \
	}

const struct schema_kind pg_kind_index = {
    .name = "index",
    .plural = "indexes",
    .parent = &pg_kind_table,
    .in_schema = true,
    .own_name = true,
    .named_by = "columns",
    .attributes = INDEX_ATTRIBUTES,
};

/* `definition` is what stands behind the name. */
#define TRIGGER_ATTRIBUTES                                                                         \
	ATTRIBUTES                                                                                 \
	{                                                                                          \
		A("constraint", BOOL), A("definition", SQL), A("enabled", NAME), COMMENT, END,     \
	}

const struct schema_kind pg_kind_trigger = {
    .name = "trigger",
    .plural = "triggers",
    .parent = &pg_kind_table,
    .in_schema = true,
    .own_name = true,
    .attributes = TRIGGER_ATTRIBUTES,
};

#define RULE_ATTRIBUTES                                                                            \
	ATTRIBUTES                                                                                 \
	{                                                                                          \
		A("definition", SQL), A("enabled", NAME), COMMENT, END,                            \
	}

const struct schema_kind pg_kind_rule = {
    .name = "rule",
    .plural = "rules",
    .parent = &pg_kind_table,
    .in_schema = true,
    .own_name = true,
    .attributes = RULE_ATTRIBUTES,
};

const struct schema_kind pg_kind_policy = {
    .name = "policy",
    .plural = "policies",
    .parent = &pg_kind_table,
    .in_schema = true,
    .own_name = true,
    .attributes =
	ATTRIBUTES{
	    A("for", NAME),
	    A("restrictive", BOOL),
	    A("roles", NAMES),
	    A("using", SQL),
	    A("check", SQL),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_view = {
    .name = "view",
    .plural = "views",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("query", SQL),
	    A("checkOption", NAME),
	    A("options", TERMS),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_view_trigger = {
    .name = "trigger",
    .plural = "viewTriggers",
    .parent = &pg_kind_view,
    .in_schema = true,
    .own_name = true,
    .attributes = TRIGGER_ATTRIBUTES,
};

const struct schema_kind pg_kind_view_rule = {
    .name = "rule",
    .plural = "viewRules",
    .parent = &pg_kind_view,
    .in_schema = true,
    .own_name = true,
    .attributes = RULE_ATTRIBUTES,
};

const struct schema_kind pg_kind_materialized_view = {
    .name = "materialized view",
    .plural = "materializedViews",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("query", SQL),
	    A("accessMethod", TEXT),
	    A("options", TERMS),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_view_index = {
    .name = "index",
    .plural = "viewIndexes",
    .parent = &pg_kind_materialized_view,
    .in_schema = true,
    .own_name = true,
    .named_by = "columns",
    .attributes = INDEX_ATTRIBUTES,
};

/* Those of serial and identity columns are part of the column, unless they are unusual. */
const struct schema_kind pg_kind_sequence = {
    .name = "sequence",
    .plural = "sequences",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("type", SQL),
	    A("start", TEXT),
	    A("increment", TEXT),
	    A("minimum", TEXT),
	    A("maximum", TEXT),
	    A("cache", TEXT),
	    A("cycle", BOOL),
	    A("unlogged", BOOL),
	    A("ownedBy", SQL),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_enum = {
    .name = "enum",
    .plural = "enums",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("values", NAMES),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_domain = {
    .name = "domain",
    .plural = "domains",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("type", SQL),
	    A("notNull", BOOL),
	    A("default", SQL),
	    A("collation", SQL),
	    A("checks", TERMS),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_composite = {
    .name = "composite type",
    .plural = "compositeTypes",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("attributes", TERMS),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_range = {
    .name = "range type",
    .plural = "rangeTypes",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("subtype", SQL),
	    A("operatorClass", SQL),
	    A("collation", SQL),
	    A("canonical", SQL),
	    A("difference", SQL),
	    A("multirange", SQL),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_collation = {
    .name = "collation",
    .plural = "collations",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("provider", NAME),
	    A("locale", TEXT),
	    A("ctype", TEXT),
	    A("nondeterministic", BOOL),
	    A("rules", TEXT),
	    COMMENT,
	    END,
	},
};

/* The name of each ends with the types of what goes in, by which overloaded ones are told apart. */
#define FUNCTION_ATTRIBUTES                                                                        \
	A("arguments", SQL), A("returns", SQL), A("language", NAME), A("body", TEXT),              \
	    A("library", TEXT), A("window", BOOL), A("volatility", NAME), A("strict", BOOL),       \
	    A("securityDefiner", BOOL), A("leakproof", BOOL), A("parallel", NAME),                 \
	    A("cost", TEXT), A("rows", TEXT), A("support", SQL), A("transforms", TERMS),           \
	    A("settings", NAMES), COMMENT

const struct schema_kind pg_kind_function = {
    .name = "function",
    .plural = "functions",
    .in_schema = true,
    .attributes = ATTRIBUTES{FUNCTION_ATTRIBUTES, END},
};

const struct schema_kind pg_kind_procedure = {
    .name = "procedure",
    .plural = "procedures",
    .in_schema = true,
    .attributes = ATTRIBUTES{FUNCTION_ATTRIBUTES, END},
};

const struct schema_kind pg_kind_aggregate = {
    .name = "aggregate",
    .plural = "aggregates",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("arguments", SQL),
	    A("kind", NAME),
	    A("stateFunction", SQL),
	    A("stateType", SQL),
	    A("stateSpace", TEXT),
	    A("initial", TEXT),
	    A("finalFunction", SQL),
	    A("finalExtra", BOOL),
	    A("finalModify", NAME),
	    A("combineFunction", SQL),
	    A("serialFunction", SQL),
	    A("deserialFunction", SQL),
	    A("movingStateFunction", SQL),
	    A("movingInverseFunction", SQL),
	    A("movingStateType", SQL),
	    A("movingStateSpace", TEXT),
	    A("movingInitial", TEXT),
	    A("movingFinalFunction", SQL),
	    A("movingFinalExtra", BOOL),
	    A("movingFinalModify", NAME),
	    A("sortOperator", SQL),
	    A("parallel", NAME),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_statistics = {
    .name = "statistics",
    .plural = "statistics",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("definition", SQL),
	    A("target", TEXT),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_text_search = {
    .name = "text search configuration",
    .plural = "textSearchConfigurations",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("parser", SQL),
	    A("mappings", TERMS),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_dictionary = {
    .name = "text search dictionary",
    .plural = "textSearchDictionaries",
    .in_schema = true,
    .attributes =
	ATTRIBUTES{
	    A("template", SQL),
	    A("options", SQL),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_schema = {
    .name = "schema",
    .plural = "schemas",
    .attributes = ATTRIBUTES{COMMENT, END},
};

const struct schema_kind pg_kind_extension = {
    .name = "extension",
    .plural = "extensions",
    .attributes =
	ATTRIBUTES{
	    {.name = "version", .type = SCHEMA_TEXT, .loose = true},
	    A("inSchema", TEXT),
	    END,
	},
};

const struct schema_kind pg_kind_event_trigger = {
    .name = "event trigger",
    .plural = "eventTriggers",
    .attributes =
	ATTRIBUTES{
	    A("on", NAME),
	    A("tags", TERMS),
	    A("function", SQL),
	    A("enabled", NAME),
	    COMMENT,
	    END,
	},
};

/* Not the user mappings: they hold passwords. */
const struct schema_kind pg_kind_foreign_server = {
    .name = "foreign server",
    .plural = "foreignServers",
    .attributes =
	ATTRIBUTES{
	    A("wrapper", TEXT),
	    A("type", TEXT),
	    A("version", TEXT),
	    A("options", NAMES),
	    COMMENT,
	    END,
	},
};

const struct schema_kind pg_kind_publication = {
    .name = "publication",
    .plural = "publications",
    .attributes =
	ATTRIBUTES{
	    A("allTables", BOOL),
	    A("tables", TERMS),
	    A("schemas", NAMES),
	    A("operations", NAMES),
	    A("viaRoot", BOOL),
	    COMMENT,
	    END,
	},
};

const struct schema_kind *const pg_kinds[] = {
    &pg_kind_table,
    &pg_kind_column,
    &pg_kind_primary_key,
    &pg_kind_unique,
    &pg_kind_check,
    &pg_kind_foreign_key,
    &pg_kind_exclusion,
    &pg_kind_index,
    &pg_kind_trigger,
    &pg_kind_rule,
    &pg_kind_policy,
    &pg_kind_view,
    &pg_kind_view_trigger,
    &pg_kind_view_rule,
    &pg_kind_materialized_view,
    &pg_kind_view_index,
    &pg_kind_sequence,
    &pg_kind_enum,
    &pg_kind_domain,
    &pg_kind_composite,
    &pg_kind_range,
    &pg_kind_collation,
    &pg_kind_function,
    &pg_kind_procedure,
    &pg_kind_aggregate,
    &pg_kind_statistics,
    &pg_kind_text_search,
    &pg_kind_dictionary,
    &pg_kind_schema,
    &pg_kind_extension,
    &pg_kind_event_trigger,
    &pg_kind_foreign_server,
    &pg_kind_publication,
    NULL,
};
