/*
 * What PostgreSQL writes a table anew for (postgresql.org/docs/current/sql-altertable.html), while
 * nobody else can use it. Of the rest nothing is said.
 */
#include "sql/risk.h"
#include <stddef.h>

#define TABLE  "ALTER TABLE ?IF ?EXISTS ?ONLY *. * "
#define COLUMN TABLE "ALTER ?COLUMN * "

const struct sql_alter_rule alter_rules_postgres[] = {
    /* A longer varchar is the same on disk. */
    {COLUMN "?SET ?DATA TYPE", SQL_HOW_UNSURE, 0},
    {COLUMN "SET EXPRESSION", SQL_HOW_COPY, 0},
    {TABLE "ADD ... "
	   "random|gen_random_uuid|uuid_generate_v1|uuid_generate_v1mc|uuid_generate_v4|uuidv4|"
	   "uuidv7|clock_timestamp|timeofday|nextval (",
	SQL_HOW_COPY, 0},
    {TABLE "ADD ... serial|bigserial|smallserial|serial2|serial4|serial8|STORED|IDENTITY",
	SQL_HOW_COPY, 0},
    {TABLE "SET LOGGED|UNLOGGED|TABLESPACE|ACCESS", SQL_HOW_COPY, 0},
    {"CLUSTER ?VERBOSE *. *", SQL_HOW_COPY, 0},
    {"VACUUM FULL ?FREEZE|VERBOSE|ANALYZE ?VERBOSE|ANALYZE ?ANALYZE *. *", SQL_HOW_COPY, 0},
    {"VACUUM ( FULL ) *. *", SQL_HOW_COPY, 0},
    {"REFRESH MATERIALIZED VIEW CONCURRENTLY", SQL_HOW_NOTHING, 0},
    {"REFRESH MATERIALIZED VIEW *. *", SQL_HOW_COPY, 0},
    {NULL, SQL_HOW_NOTHING, 0},
};
