/*
 * A dialect: how one database family spells SQL, as data. Lexing, splitting and judging are the
 * same code for all; only these tables differ. A driver names its dialect (db/db.h).
 */
#ifndef DB_ENTRY_SQL_DIALECT_H
#define DB_ENTRY_SQL_DIALECT_H

#include <stdbool.h>

/* How a statement may be run. */
enum sql_class {
	SQL_PLAIN,    /* inside the migration's transaction */
	SQL_OUTSIDE,  /* only outside one: VACUUM */
	SQL_BEGIN,    /* opens a transaction; an outermost pair is absorbed */
	SQL_COMMIT,   /* closes the absorbed one */
	SQL_ABSORBED, /* dropped in a transaction, because the run does it itself: PRAGMA
			 foreign_keys */
	SQL_CONTROL,  /* any other transaction control: refused */
	SQL_FORBIDDEN /* never run: ATTACH, PRAGMA writable_schema */
};

/*
 * A rule for the first tokens of a statement, as a pattern of sql_head_matches() (sql/match.h). The
 * first rule that matches counts; none: SQL_PLAIN. What is absorbed must be matched up to its end
 * (`;`), or a forgotten semicolon would make the statement behind it vanish.
 */
struct sql_class_rule {
	const char *pattern;
	enum sql_class class;
	const char
	    *advice; /* for a refusal: what to do instead; NULL when the class never refuses */
};

struct dialect {
	const char *name; /* "sqlite" */
	const char *
	    identifier_quotes; /* opening characters; `[` closes with `]`, others with themselves */
	/*
	 * Pattern of the statements that contain statements (CREATE TRIGGER): such a one ends at
	 * the
	 * `;` of `; END ;`. That is exact where END also names columns and ends CASE, neither of
	 * which can follow a `;`.
	 */
	const char *body_start;
	const struct sql_class_rule *classes; /* ends with pattern NULL */
	const struct sql_risk_rule *risks;    /* sql/risk.h; ends with pattern NULL */
	/*
	 * Names of the rules whose statements lose nothing but what reading names, whatever
	 * triggers and functions there are; ends with NULL. NULL: none.
	 */
	const char *const *plain_risks;
};

extern const struct dialect dialect_sqlite;

/* True for what a folder of one engine's SQL is called, whether or not it has a dialect here. */
bool sql_names_engine(const char *name);

#endif
