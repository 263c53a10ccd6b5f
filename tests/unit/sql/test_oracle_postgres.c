/*
 * PostgreSQL's own parser (Debian's libpg-query-dev) finds the same statements in the case files as
 * sql_split(). With file names as arguments, in those. Skipped where the library is not installed.
 *
 * A file that the parser refuses as a whole is compared statement by statement: each is one to it,
 * or none.
 */
#include "base/fs.h"
#include "base/text.h"
#include "sql/lex.h"
#include "sql/script.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if __has_include(<pg_query.h>)
#include <pg_query.h>

enum {
	FILE_MAX = 64 << 20
};

static struct {
	PgQuerySplitResult (*split)(const char *input);
	void (*free_result)(PgQuerySplitResult result);
} oracle;

static char **files;
static size_t file_count;

static bool load(void)
{
	void *library = dlopen("libpg_query.so", RTLD_NOW);

	if (library == NULL)
		return false;
	*(void **)&oracle.split = dlsym(library, "pg_query_split_with_parser");
	*(void **)&oracle.free_result = dlsym(library, "pg_query_free_split_result");
	return oracle.split != NULL && oracle.free_result != NULL;
}

/* The server never sees data, client commands and a byte order mark: blanks in their place. */
static char *without_what_is_no_sql(const char *text, size_t len)
{
	char *copy = malloc(len + 1);
	struct sql_lexer lexer;
	struct sql_token token;

	assert_non_null(copy);
	memcpy(copy, text, len);
	copy[len] = '\0';
	sql_lex_init(&lexer, &dialect_postgres, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (token.kind == SQL_TOKEN_DATA || token.kind == SQL_TOKEN_CLIENT ||
		    (token.kind == SQL_TOKEN_SPACE && *token.text == '\xef'))
			memset(copy + (token.text - text), ' ', token.len);
	}
	return copy;
}

static int compare_each(const char *name, const struct sql_script *script)
{
	int differences = 0, refused = 0;

	for (size_t i = 0; i < script->count; i++) {
		const struct sql_statement *statement = &script->statements[i];
		PgQuerySplitResult result = oracle.split(statement->text);

		if (result.error != NULL) {
			printf("# %s:%d: refused by the parser: %s\n", name, statement->line,
			    result.error->message);
			refused++;
		} else if (result.n_stmts != 1) {
			printf("# %s:%d: %d statements, not 1\n", name, statement->line,
			    result.n_stmts);
			differences++;
		}
		oracle.free_result(result);
	}
	printf("# %s: not parsed as a whole; %d of %zu statements refused\n", name, refused,
	    script->count);
	return differences;
}

static int compare(const char *name, const char *text, const struct sql_script *script)
{
	PgQuerySplitResult result = oracle.split(text);
	int differences = 0;

	if (result.error != NULL) {
		oracle.free_result(result);
		return compare_each(name, script);
	}
	if ((size_t)result.n_stmts != script->count) {
		printf("# %s: %d statements, not %zu\n", name, result.n_stmts, script->count);
		differences++;
	}
	for (size_t i = 0; i < script->count && i < (size_t)result.n_stmts; i++) {
		const struct sql_statement *statement = &script->statements[i];
		const PgQuerySplitStmt *its = result.stmts[i];

		if (memmem(text + its->stmt_location, (size_t)its->stmt_len, statement->text,
			statement->len) != NULL)
			continue;
		printf("# %s:%d: not \"%.*s\"\n", name, statement->line, its->stmt_len,
		    text + its->stmt_location);
		differences++;
		break;
	}
	oracle.free_result(result);
	return differences;
}

/* What we refuse is compared by the cases' expected files. */
static int check_file(const char *name)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf input = buf_init(FILE_MAX);
	struct sql_script script = {0};
	struct err err = {0};
	int differences;

	if (!fs_read(name, &input, ERR_UNEXPECTED, &err))
		fail_msg("%s", err.message);
	if (!sql_split(&script, &dialect_postgres, input.data, input.len, name, 1, &arena, &err)) {
		printf("# %s:%d: refused: %s\n", name, err.line, err.message);
		return 0;
	}
	char *text = without_what_is_no_sql(input.data, input.len);

	differences = compare(name, text, &script);
	free(text);
	return differences;
}

static void statements_are_those_of_the_server(void **state)
{
	int differences = 0;

	(void)state;
	if (!load())
		skip();
	assert_true(file_count > 0);
	for (size_t i = 0; i < file_count; i++)
		differences += check_file(files[i]);
	assert_int_equal(differences, 0);
}

static void find_cases(struct arena *arena)
{
	const char *root = getenv("TEST_ROOT") != NULL ? getenv("TEST_ROOT") : "tests/cases";
	const char *folder = arena_printf(arena, "%s/split/postgres", root);
	struct err err = {0};

	if (!fs_list(folder, arena, &files, &file_count, &err))
		return;
	size_t kept = 0;
	for (size_t i = 0; i < file_count; i++)
		if (text_ends(files[i], ".sql"))
			files[kept++] = arena_printf(arena, "%s/%s", folder, files[i]);
	file_count = kept;
}

#else

static void statements_are_those_of_the_server(void **state)
{
	(void)state;
	skip();
}

#endif

int main(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const struct CMUnitTest tests[] = {cmocka_unit_test(statements_are_those_of_the_server)};

#if __has_include(<pg_query.h>)
	files = argv + 1;
	file_count = (size_t)argc - 1;
	if (argc == 1)
		find_cases(&arena);
#else
	(void)argc;
	(void)argv;
#endif
	return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
