/* Names and values inside of our own SQL. */
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void my_literal(struct my_db *s, const char *text, struct buf *out)
{
	/* Where the connection is lost, nobody is asked any more. */
	if (text == NULL || s->conn == NULL) {
		buf_add_text(out, "NULL");
		return;
	}
	size_t len = strlen(text);
	char *escaped = malloc(2 * len + 1);
	if (escaped == NULL)
		err_die("out of memory");
	len = ma.escape(s->conn, escaped, text, len);
	buf_add_char(out, '\'');
	buf_add(out, escaped, len);
	buf_add_char(out, '\'');
	free(escaped);
}

void my_name(const char *name, struct buf *out)
{
	buf_add_char(out, '`');
	for (; *name != '\0'; name++) {
		if (*name == '`')
			buf_add_char(out, '`');
		buf_add_char(out, *name);
	}
	buf_add_char(out, '`');
}

void my_table_name(const char *schema, const char *table, struct buf *out)
{
	if (schema != NULL) {
		my_name(schema, out);
		buf_add_char(out, '.');
	}
	my_name(table, out);
}

/* Under EMPTY_STRING_IS_NULL, which is a migration's to keep, '' would be NULL. */
static void add_value(struct my_db *s, const struct db_value *value, struct buf *out)
{
	if (value->type == DB_INT)
		buf_printf(out, "%" PRId64, value->number);
	else if (value->type == DB_TEXT && text_is(value->text, ""))
		buf_add_text(out, MY_EMPTY);
	else
		my_literal(s, value->type == DB_TEXT ? value->text : NULL, out);
}

bool my_fill(struct my_db *s, const char *sql, const struct db_value *values, size_t count,
    struct buf *out, struct err *err)
{
	char quote = '\0';
	size_t places = 0;
	for (; *sql != '\0'; sql++) {
		if (quote == '\0' && text_starts(sql, "-- "))
			sql += strcspn(sql, "\n");
		if (*sql == '\0')
			break;
		if (quote != '\0')
			quote = *sql == quote ? '\0' : quote;
		else if (*sql == '\'' || *sql == '"' || *sql == '`')
			quote = *sql;
		if (*sql != '?' || quote != '\0')
			buf_add_char(out, *sql);
		else if (places++ < count)
			add_value(s, &values[places - 1], out);
	}
	if (places != count)
		return err_set(
		    err, ERR_UNEXPECTED, "%zu values for %zu placeholders", count, places);
	return !out->overflow || err_set(err, ERR_UNEXPECTED, "a statement of our own is too long");
}
