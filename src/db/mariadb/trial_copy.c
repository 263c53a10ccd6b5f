/*
 * The schema for a trial: the texts that the server shows of tables and views, of those alone that
 * the plan speaks of, with what they refer to and what refers to them. Triggers and routines are
 * left out: nothing is run there that would call them.
 */
#include "base/text.h"
#include "db/mariadb/trial.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	SQL_MOST = 16 << 20
};

/* --- Reading --- */

struct taking {
	struct my_copy *copy;
	struct arena *arena;
};

static bool take(void *context, const struct my_row *row, struct err *err)
{
	struct taking *t = context;
	(void)err;
	if (text_is(row->fields[0].name, "catalog_collation") &&
	    text_is(row->cells[0], "collation"))
		t->copy->collation = arena_strdup(t->arena, row->cells[2]);
	if (row->columns < 2 || row->cells[1] == NULL)
		return true;
	const char *what = row->fields[1].name;
	bool view = text_is(what, "Create View");
	if (!view && !text_is(what, "Create Table"))
		return true;
	t->copy->items = arena_grow(
	    t->arena, t->copy->items, t->copy->count, &t->copy->capacity, sizeof(*t->copy->items));
	t->copy->items[t->copy->count++] = (struct my_original){
	    .name = arena_strdup(t->arena, row->cells[0]),
	    .text = arena_strndup(t->arena, row->cells[1], row->lengths[1]),
	    .view = view,
	};
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcasecmp(
	    ((const struct my_original *)a)->name, ((const struct my_original *)b)->name);
}

bool my_copy_read(struct my_db *s, struct my_copy *copy, struct arena *arena, struct err *err)
{
	struct taking taking = {.copy = copy, .arena = arena};
	const struct my_taker taker = {.take = take, .context = &taking};
	*copy = (struct my_copy){.count = 0};
	if (!my_catalog(s, &taker, err))
		return false;
	if (copy->count > 0)
		qsort(copy->items, copy->count, sizeof(*copy->items), by_name);
	return true;
}

/* --- Choosing --- */

/* The first of that name in any case; those of it in other cases stand behind. */
static size_t find(const struct my_copy *copy, const char *name)
{
	size_t from = 0, to = copy->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (strcasecmp(copy->items[middle].name, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* True when one of them was not wanted before. */
static bool want(struct my_copy *copy, const char *name, bool named)
{
	bool more = false;
	for (size_t i = find(copy, name);
	     i < copy->count && strcasecmp(copy->items[i].name, name) == 0; i++) {
		more = more || !copy->items[i].wanted;
		copy->items[i].wanted = true;
		copy->items[i].named = copy->items[i].named || named;
	}
	return more;
}

/* All names in the text; or those alone that stand behind REFERENCES. */
static bool want_names(struct my_copy *copy, const struct dialect *dialect, const char *text,
    size_t len, bool references, bool named)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sql_lexer lexer;
	struct sql_token token;
	bool behind = false, more = false;
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		bool name = token.kind == SQL_TOKEN_WORD || token.kind == SQL_TOKEN_IDENTIFIER;
		if (name && (!references || behind))
			more = want(copy, sql_token_name(&token, &arena), named) || more;
		behind = sql_token_is(&token, "REFERENCES");
	}
	return more;
}

static bool refers_to_named(const struct my_copy *copy, const struct my_original *item)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sql_lexer lexer;
	struct sql_token token;
	bool behind = false;
	sql_lex_init(&lexer, &dialect_mariadb, item->text, strlen(item->text), 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		const char *name = behind ? sql_token_name(&token, &arena) : "";
		size_t at = behind ? find(copy, name) : copy->count;
		if (at < copy->count && copy->items[at].named &&
		    strcasecmp(copy->items[at].name, name) == 0)
			return true;
		behind = sql_token_is(&token, "REFERENCES");
	}
	return false;
}

/* What views speak of, down to tables. */
static void want_for_views(struct my_copy *copy)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < copy->count; i++) {
			const struct my_original *item = &copy->items[i];
			if (item->view && item->wanted)
				more = want_names(copy, &dialect_mariadb, item->text,
					   strlen(item->text), false, true) ||
				       more;
		}
	}
}

void my_copy_choose(
    struct my_copy *copy, const struct db_trial_part *parts, size_t count, struct arena *arena)
{
	bool *children = arena_array(arena, copy->count + 1, sizeof(*children));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < parts[i].script->count; j++) {
			const struct sql_statement *it = &parts[i].script->statements[j];
			want_names(copy, it->dialect, it->text, it->len, false, true);
		}
	want_for_views(copy);
	for (size_t i = 0; i < copy->count; i++)
		children[i] = !copy->items[i].view &&
			      strstr(copy->items[i].text, "REFERENCES") != NULL &&
			      refers_to_named(copy, &copy->items[i]);
	for (size_t i = 0; i < copy->count; i++) {
		struct my_original *item = &copy->items[i];
		if (!item->view && item->named)
			want_names(
			    copy, &dialect_mariadb, item->text, strlen(item->text), true, false);
		item->wanted = item->wanted || children[i];
	}
}

/* --- Making --- */

/* Whoever defined a view, here it is ours. */
static void add_view(struct buf *sql, const char *text)
{
	struct sql_lexer lexer;
	struct sql_token token;
	sql_lex_init(&lexer, &dialect_mariadb, text, strlen(text), 1);
	do
		token = sql_lex_next(&lexer);
	while (token.kind != SQL_TOKEN_END && !sql_token_is(&token, "VIEW"));
	buf_add_text(sql, "CREATE ");
	buf_add_text(sql, token.text == NULL ? "" : token.text);
}

static bool make(struct my_db *scratch, struct my_original *item, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	if (item->view)
		add_view(&sql, item->text);
	else
		buf_add_text(&sql, item->text);
	if (sql.overflow)
		return err_set(err, ERR_DATABASE, "its definition is too long");
	item->made = my_do(scratch, sql.data, err);
	return item->made;
}

static bool may_be_made(const struct my_original *item, const struct db_rows *databases,
    const char **why, struct arena *arena)
{
	size_t len = strlen(item->text);
	const char *other;
	if (!my_trial_stays(&dialect_mariadb, item->text, len, databases, &other, arena))
		*why = arena_printf(arena, "%s speaks of the database %s", item->name, other);
	else if (!my_trial_is_plain(&dialect_mariadb, item->text, len))
		*why = arena_printf(arena, "%s has a part outside of the database", item->name);
	return *why == NULL;
}

/* One try at each that is not made yet; *left is the last of those that can't be. */
static bool make_round(struct my_db *scratch, struct my_copy *copy, bool views, bool *progress,
    const struct my_original **left, struct err *refused)
{
	*progress = false;
	*left = NULL;
	for (size_t i = 0; i < copy->count; i++) {
		struct my_original *item = &copy->items[i];
		if (!item->wanted || item->made || item->view != views)
			continue;
		if (make(scratch, item, refused)) {
			*progress = true;
			continue;
		}
		if (refused->kind != ERR_DATABASE || scratch->conn == NULL)
			return false;
		*left = item;
	}
	return true;
}

bool my_copy_make(struct my_db *scratch, struct my_copy *copy, const struct db_rows *databases,
    const char **why, struct arena *arena, struct err *err)
{
	struct err refused;
	const struct my_original *left;
	*why = NULL;
	for (size_t i = 0; i < copy->count && *why == NULL; i++)
		if (copy->items[i].wanted)
			may_be_made(&copy->items[i], databases, why, arena);
	/* A default may name a sequence, and a view another one. */
	for (int views = 0; views < 2 && *why == NULL; views++) {
		bool progress = true;
		for (left = NULL; progress;)
			if (!make_round(scratch, copy, views, &progress, &left, &refused)) {
				*err = refused;
				return false;
			}
		if (left != NULL)
			*why = arena_printf(
			    arena, "%s can't be made there: %s", left->name, refused.message);
	}
	return true;
}
