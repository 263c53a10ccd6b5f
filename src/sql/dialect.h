/*
 * A dialect: how one database family spells SQL, as data. Lexing, splitting and judging are the
 * same code for all; only these tables differ. A driver names its dialect (db/db.h).
 */
#ifndef DB_ENTRY_SQL_DIALECT_H
#define DB_ENTRY_SQL_DIALECT_H

#include <stdbool.h>
#include <stddef.h>

/* Modes that change how a text is read; none is what servers come with. */
enum {
	SQL_MODE_ANSI_QUOTES = 1,
	SQL_MODE_NO_BACKSLASHES = 2,
	SQL_MODES = 4 /* how many combinations there are */
};

/* How a statement may be run. */
enum sql_class {
	SQL_PLAIN,    /* inside the migration's transaction */
	SQL_EITHER,   /* in a transaction and without one, as what stands beside it: SET, COMMENT */
	SQL_LATE,     /* plain, but what it adds is usable behind the commit only: see adds_value */
	SQL_OUTSIDE,  /* only outside one: VACUUM */
	SQL_BEGIN,    /* opens a transaction; an outermost pair is absorbed */
	SQL_COMMIT,   /* closes the absorbed one */
	SQL_ABSORBED, /* dropped in a transaction, because the run does it itself: PRAGMA
			 foreign_keys */
	SQL_CONTROL,  /* any other transaction control: refused */
	SQL_COMMITS,  /* commits by itself what was open, and can't be rolled back: DDL */
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

/* Where the engines' lexing differs. What is not set is as SQLite has it. */
enum sql_lexing {
	SQL_LEX_NESTED_COMMENTS = 1 << 0, /* block comments nest, and have to be closed */
	SQL_LEX_CR_ENDS_COMMENT = 1 << 1, /* a lone CR ends a line comment, too */
	SQL_LEX_DOLLAR_STRINGS = 1 << 2,  /* $tag$ … $tag$ */
	SQL_LEX_LONG_OPERATORS = 1 << 3,  /* any run of operator bytes, by PostgreSQL's rules */
	SQL_LEX_BARE_NUMBERS = 1 << 4,    /* a letter ends a number and begins a word; 1_000 */
	SQL_LEX_MARK_AT_START = 1 << 5,   /* a byte order mark is white space at the start alone */
	SQL_LEX_NUMBERED = 1 << 6,        /* parameters are $1, and psql's :name :'name' :"name" */
	SQL_LEX_COPY_DATA = 1 << 7, /* COPY … FROM stdin; is followed by lines of data up to \. */
	SQL_LEX_DOUBLE_STRINGS = 1 << 8, /* "…" is a string */
	SQL_LEX_BACKSLASHES = 1 << 9,    /* in strings a backslash takes the next byte along */
	SQL_LEX_HASH_COMMENTS = 1 << 10, /* # begins a line comment */
	SQL_LEX_DASHES_SPACED = 1 << 11, /* -- begins one before a blank, a control character or the
					    end; at a statement's beginning always */
	SQL_LEX_CLOSED_COMMENTS = 1 << 12, /* block comments have to be closed, and don't nest */
	SQL_LEX_EXECUTABLE = 1 << 13,      /* comments with ! or M! behind their star are code */
	SQL_LEX_VARIABLES = 1 << 14,       /* @name and @@name are no parameters, `?` is the only */
	SQL_LEX_BACKSLASH_N = 1 << 15,     /* \N is NULL */
	SQL_LEX_DELIMITER = 1 << 16, /* the client's DELIMITER changes what ends a statement */
};

/* What decides which executable comments are code. */
struct sql_server {
	bool mariadb;     /* or else MySQL */
	unsigned version; /* 101104, 80036 */
};

/*
 * Letters in front of a quote that make it a token of another kind: x'01'. The prefix is in lower
 * case; its quote is part of it.
 */
struct sql_quote {
	const char *prefix; /* "x'"; NULL ends the table */
	bool doubling;      /* a doubled quote stands for itself */
	bool escapes;       /* a backslash takes the next byte along */
};

/* A command of the engine's own client (psql's \connect) that stands in files. */
struct sql_client_command {
	const char *name;   /* how it begins, "\\connect"; NULL: all others, and the table's end */
	const char *advice; /* for the refusal; NULL: dropped, because it changes nothing here */
};

/* Statements that contain statements, and so semicolons. */
enum sql_body {
	SQL_BODY_TRIGGER, /* ends at the `;` of `; END ;`: exact where END also names columns and
			     ends CASE, neither of which can follow a `;` */
	SQL_BODY_ATOMIC,  /* from BEGIN ATOMIC to its END, as many as there are CASE and BEGIN */
	SQL_BODY_COMPOUND /* blocks of SQL/PSM, in routines and elsewhere: sql/compound.h */
};

/* In lower case, sorted by bytes. */
struct sql_words {
	const char *const *items;
	size_t count;
};

struct dialect {
	const char *name; /* "sqlite" */
	const char *
	    identifier_quotes; /* opening characters; `[` closes with `]`, others with themselves */
	unsigned lexing;       /* of enum sql_lexing */
	const struct sql_quote *quotes;                   /* ends with prefix NULL */
	const struct sql_client_command *client_commands; /* NULL: a backslash begins none */
	/*
	 * Commands without a backslash: words that no statement begins with, in lower case. Ends
	 * with name NULL, which stands for nothing here. NULL: none.
	 */
	const struct sql_client_command *client_words;
	/*
	 * The dialect in each of its modes, by SQL_MODE_… flags; NULL: it has one. What the
	 * server's setting makes of them sql/modes.h knows.
	 */
	const struct dialect *const *modes;
	unsigned always_code; /* executable comments of versions below are code on every server */

	const char *body_start; /* pattern of the statements that contain statements */
	enum sql_body body;
	bool parentheses_hold; /* a `;` inside parentheses ends no statement; they must be closed */
	bool utf8_only;        /* the server takes nothing else */
	const char *const *own_parameters; /* patterns of statements that give their numbered
					      parameters a meaning; ends with NULL; may be NULL */
	/*
	 * What SQL_LATE statements match: the second `*` is the value they add to the type that is
	 * the first. `makes_type` matches what makes a type. NULL without SQL_LATE.
	 */
	const char *adds_value, *makes_type;
	const struct sql_class_rule *classes; /* ends with pattern NULL */

	/* How statements are judged: sql/risk.h. */
	const struct sql_risk_rule *risks; /* ends with pattern NULL */
	/* How ALTER TABLE and the like are carried out; ends with pattern NULL. NULL: not said. */
	const struct sql_alter_rule *alters;
	/*
	 * Patterns of what stands before a list whose items, each behind it, are judged one by one:
	 * "DROP TABLE". Ends with NULL; may be NULL.
	 */
	const char *const *lists;
	/*
	 * Statements that begin as a pattern of `nesting` carry out what matches one of `nested`
	 * behind an opening parenthesis: WITH x AS (DELETE …). NULL: none.
	 */
	const char *const *nesting, *const *nested;
	/* Functions, types and keywords before a parenthesis that change nothing. NULL: calls are
	 * not looked at. */
	const struct sql_words *harmless_calls;
	/*
	 * Names of the rules whose statements lose nothing but what reading names, whatever
	 * triggers and functions there are; ends with NULL. NULL: none.
	 */
	const char *const *plain_risks;
	const char *const *moves_names; /* patterns: names behind these may mean other tables */
	/*
	 * What a statement leaves in the session alone: a pattern of settings, which another
	 * session can be given by the same statement, and patterns of what it can't be given, as
	 * temporary tables. Ends with NULL.
	 */
	const char *settings;
	const char *const *session_bound;
	const char *dependents;  /* what is lost beside its object by a statement that ends with
				    CASCADE, as in a rule; NULL: the engine has no such word */
	const char *home_schema; /* left out of names of what is lost; "": none is, each is named;
				    NULL: names have no schemas */
	bool own_pairs;   /* a file's own BEGIN … COMMIT may stand anywhere, and are dropped */
	bool exact_names; /* quoted names keep their case, others are in lower case */
};

extern const struct dialect dialect_sqlite;
extern const struct dialect dialect_postgres;
extern const struct dialect dialect_mariadb; /* MySQL, too; as long as no mode says else */

/* True for what a folder of one engine's SQL is called, whether or not it has a dialect here. */
bool sql_names_engine(const char *name);

#endif
