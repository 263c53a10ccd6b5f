/* What is written into a dump is what is read from it, wherever a chunk ends. */
#include "base/fs.h"
#include "db/mariadb/dump.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After those it needs. */
#include <cmocka.h>

static char path[64];

static void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s", err->message);
}

static void begin(struct my_writer *w, const struct stop *stop)
{
	struct sink *sink;
	struct err err;
	snprintf(path, sizeof(path), "/tmp/test-mariadb-dump-%d", (int)getpid());
	unlink(path);
	must(sink_file(&sink, path, 0600, true, &err), &err);
	my_writer_open(w, sink, stop);
	my_write_text(w, MY_DUMP_HEAD);
}

static void end(struct my_writer *w)
{
	char hex[DIGEST_HEX + 1];
	struct err err;
	my_write_text(w, MY_DUMP_MARK "complete tables=0 rows=0 longest=0 sha256=");
	must(my_writer_flush(w, &err), &err);
	digest_hex(w->digest, hex);
	my_write_format(w, "%s\n", hex);
	must(my_writer_flush(w, &err), &err);
	must(sink_commit(w->sink, &err), &err);
	my_writer_free(w);
}

static void next(struct my_script *script, struct my_part *part)
{
	struct stop stop = stop_never();
	struct err err;
	must(my_script_next(script, part, &stop, &err), &err);
}

static void open_script(struct my_script *script)
{
	struct err err;
	must(my_script_open(script, path, &err), &err);
}

static void names_come_back_from_marks(void **state)
{
	(void)state;
	static const char *const names[] = {
	    "plain", "a b", "\\", "\\n", "line\nbreak\r", " ends ", "漢`\"'", "-- db-entry: end"};
	struct stop stop = stop_never();
	struct my_writer w;
	struct my_script script;
	struct my_part part;
	begin(&w, &stop);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		my_write_mark(&w, "table", names[i]);
	my_write_mark(&w, "end", "");
	end(&w);
	open_script(&script);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		next(&script, &part);
		assert_null(my_mark(&part, "tab"));
		assert_null(my_mark(&part, "rows"));
		assert_string_equal(my_mark(&part, "table"), names[i]);
	}
	next(&script, &part);
	assert_string_equal(my_mark(&part, "end"), "");
	next(&script, &part);
	assert_int_equal(part.kind, MY_PART_END);
	my_script_close(&script);
	unlink(path);
}

/* What the server makes of a literal. */
static size_t unescape(const char *literal, char *out)
{
	size_t len = 0;
	assert_int_equal(*literal++, '\'');
	for (; *literal != '\''; literal++) {
		char c = *literal;
		if (c == '\\') {
			c = *++literal;
			c = c == '0' ? '\0' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == 'Z' ? 26 : c;
		}
		out[len++] = c;
	}
	assert_int_equal(literal[1], '\0');
	return len;
}

static void every_byte_comes_back(void **state)
{
	(void)state;
	struct stop stop = stop_never();
	struct my_writer w;
	struct my_script script;
	struct my_part part;
	char value[600], back[600];
	begin(&w, &stop);
	for (size_t shift = 0; shift < 9; shift++) {
		memset(value, 'x', sizeof(value));
		for (int byte = 0; byte < 256; byte++)
			value[shift + 2 * (size_t)byte] = (char)byte;
		my_write_cell(&w, MY_CELL_TEXT, value, 520);
		my_write_text(&w, ";\n");
	}
	my_write_cell(&w, MY_CELL_TEXT, "", 0);
	my_write_text(&w, ";\n");
	end(&w);
	open_script(&script);
	for (size_t shift = 0; shift < 9; shift++) {
		memset(value, 'x', sizeof(value));
		for (int byte = 0; byte < 256; byte++)
			value[shift + 2 * (size_t)byte] = (char)byte;
		next(&script, &part);
		assert_int_equal(part.kind, MY_PART_STATEMENT);
		assert_null(strchr(part.text, '\n'));
		assert_int_equal(unescape(part.text, back), 520);
		assert_memory_equal(back, value, 520);
	}
	next(&script, &part);
	assert_string_equal(part.text, "''");
	my_script_close(&script);
	unlink(path);
}

static void check_cell(enum my_cell kind, const char *data, size_t len, const char *literal)
{
	struct stop stop = stop_never();
	struct my_writer w;
	struct my_script script;
	struct my_part part;
	begin(&w, &stop);
	my_write_cell(&w, kind, data, len);
	my_write_text(&w, ";\n");
	end(&w);
	open_script(&script);
	next(&script, &part);
	assert_string_equal(part.text, literal);
	my_script_close(&script);
	unlink(path);
}

static void values_become_literals(void **state)
{
	(void)state;
	check_cell(MY_CELL_TEXT, NULL, 0, "NULL");
	check_cell(MY_CELL_BYTES, NULL, 0, "NULL");
	check_cell(MY_CELL_PLAIN, "-1.5e300", 8, "-1.5e300");
	check_cell(MY_CELL_BYTES, "", 0, "''");
	check_cell(MY_CELL_BYTES, "\x00\xff'", 3, "0x00FF27");
}

/* As hex it would be twice as long as the packet it came in. */
static void long_bytes_are_no_hex(void **state)
{
	(void)state;
	enum {
		LONG = 3 << 20
	};
	struct stop stop = stop_never();
	struct my_writer w;
	struct my_script script;
	struct my_part part;
	char *value = malloc(LONG), *back = malloc(LONG);
	assert_non_null(value);
	assert_non_null(back);
	for (size_t i = 0; i < LONG; i++)
		value[i] = (char)(i * 31 % 251);
	begin(&w, &stop);
	my_write_cell(&w, MY_CELL_BYTES, value, LONG);
	my_write_text(&w, ";\n");
	end(&w);
	open_script(&script);
	next(&script, &part);
	assert_memory_equal(part.text, "_binary'", 8);
	assert_int_equal(unescape(part.text + 7, back), LONG);
	assert_memory_equal(back, value, LONG);
	my_script_close(&script);
	unlink(path);
	free(value);
	free(back);
}

/* Each around the end of a chunk once. */
static void statements_end_where_they_end(void **state)
{
	(void)state;
	static const char *const statements[] = {"SELECT ';', \";\", `;`",
	    "SELECT 'it''s; \\'; \\\\'", "SELECT `a``;\\`", "SELECT \"\\\";\"",
	    "/*!40101 SET a = ';' */"};
	enum {
		COUNT = sizeof(statements) / sizeof(statements[0]),
		ROUNDS = 9000
	};
	struct stop stop = stop_never();
	struct my_writer w;
	struct my_script script;
	struct my_part part;
	begin(&w, &stop);
	for (size_t i = 0; i < (size_t)ROUNDS * COUNT; i++) {
		my_write_text(&w, statements[i % COUNT]);
		my_write_text(&w, i % 3 == 0 ? ";\n\n-- a comment; with '\n" : ";\n");
	}
	end(&w);
	open_script(&script);
	for (size_t i = 0; i < (size_t)ROUNDS * COUNT; i++) {
		next(&script, &part);
		assert_string_equal(part.text, statements[i % COUNT]);
	}
	next(&script, &part);
	assert_int_equal(part.kind, MY_PART_END);
	my_script_close(&script);
	unlink(path);
}

static void delimited_text_is_as_it_was(void **state)
{
	(void)state;
	static const char *const texts[] = {"BEGIN SELECT 1; END", "SELECT 1 -- it's; a comment",
	    "x\n;;\ny", "x ;; $1$ $2$", "\n\n", "DELIMITER ;;\n", "'\\'"};
	struct stop stop = stop_never();
	struct my_writer w;
	struct my_script script;
	struct my_part part;
	begin(&w, &stop);
	for (int round = 0; round < 5000; round++)
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
			my_write_delimited(&w, texts[i], strlen(texts[i]));
	end(&w);
	open_script(&script);
	for (int round = 0; round < 5000; round++)
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			next(&script, &part);
			assert_string_equal(part.text, texts[i]);
		}
	my_script_close(&script);
	unlink(path);
}

/* Whatever is cut off, or changed, it is no dump any more. */
static void damage_is_found(void **state)
{
	(void)state;
	CLEANUP(buf_free) struct buf whole = buf_init(1 << 20);
	struct stop stop = stop_never();
	struct my_writer w;
	struct err err;
	begin(&w, &stop);
	my_write_mark(&w, "table", "t");
	my_write_text(&w, "SELECT 1;\n");
	my_write_delimited(&w, "BEGIN; END", 10);
	end(&w);
	must(fs_read(path, &whole, ERR_DUMP, &err), &err);
	for (size_t i = 0; i < 2 * whole.len; i++) {
		size_t len = i < whole.len ? i : whole.len;
		char saved = whole.data[i % whole.len];
		struct db_dump_check check;
		if (i >= whole.len)
			whole.data[i % whole.len] ^= 1;
		must(sink_put(path, whole.data, len, 0600, &err), &err);
		assert_false(my_dump_check(path, &check, &stop, &err));
		assert_int_equal(err.kind, ERR_DATABASE);
		whole.data[i % whole.len] = saved;
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_come_back_from_marks),
	    cmocka_unit_test(every_byte_comes_back),
	    cmocka_unit_test(values_become_literals),
	    cmocka_unit_test(long_bytes_are_no_hex),
	    cmocka_unit_test(statements_end_where_they_end),
	    cmocka_unit_test(delimited_text_is_as_it_was),
	    cmocka_unit_test(damage_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
