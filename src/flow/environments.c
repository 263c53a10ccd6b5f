#include "flow/environments.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "flow/variable.h"
#include <string.h>

enum {
	FILE_MAX = 1024 * 1024,
	URL_MAX = 64 * 1024,
	IDS_MAX = 1024
};

static const char *const permission_words[] = {
    [PERMISSION_UNNAMED] = "unnamed",
    [PERMISSION_TRUE] = "true",
    [PERMISSION_FALSE] = "false",
    [PERMISSION_REVIEW] = "review-required",
    [PERMISSION_CHANGE_REQUEST] = "change-request",
};

const char *permission_word(enum permission permission)
{
	return permission_words[permission];
}

/*
 * The member of an object, NULL when absent. Given twice it is an error: readers of JSON differ on
 * which one counts, and these decide what may be done to which database.
 */
static bool member(const struct json **ret, const struct json *object, const char *key,
    const char *place, struct err *err)
{
	const struct json *found = NULL;

	json_each (node, object) {
		if (!text_is(json_key(node), key))
			continue;
		if (found != NULL)
			return err_set(err, ERR_CONFIG, "%s has \"%s\" twice", place, key);
		found = node;
	}
	*ret = found;
	return true;
}

static bool read_permission(
    struct environment *e, const struct json *node, const char *place, struct err *err)
{
	const char *word = json_text(node);

	if (json_is_true(node))
		e->permission = PERMISSION_TRUE;
	else if (node == NULL || json_is_false(node))
		e->permission = PERMISSION_FALSE;
	else if (text_is(word, permission_word(PERMISSION_REVIEW)))
		e->permission = PERMISSION_REVIEW;
	else if (text_is(word, permission_word(PERMISSION_CHANGE_REQUEST)))
		e->permission = PERMISSION_CHANGE_REQUEST;
	else
		return err_set(err, ERR_CONFIG,
		    "%s must be true, false, \"review-required\" or \"change-request\"", place);
	return true;
}

static bool read_permissions(
    struct environment *e, const struct json *entry, struct arena *arena, struct err *err)
{
	const char *parent = arena_printf(arena, "%s.permissions", e->place);
	const char *place = arena_printf(arena, "%s.migrations", parent);
	const struct json *permissions = NULL, *migrations = NULL;

	if (!member(&permissions, entry, "permissions", e->place, err))
		return false;
	if (permissions != NULL && !json_is_object(permissions))
		return err_set(err, ERR_CONFIG, "%s must be an object", parent);
	if (permissions != NULL && !member(&migrations, permissions, "migrations", parent, err))
		return false;
	e->permission_origin =
	    arena_printf(arena, "%s: %s%s", e->file, place, migrations == NULL ? " (absent)" : "");
	return read_permission(e, migrations, place, err);
}

static bool read_connection(
    struct environment *e, const struct json *entry, struct arena *arena, struct err *err)
{
	const struct json *node = NULL;
	const char *text;

	if (!member(&node, entry, "connectionTemplate", e->place, err))
		return false;
	text = json_text(node);
	if (node != NULL && text == NULL)
		return err_set(err, ERR_CONFIG, "%s.connectionTemplate must be a string", e->place);
	e->connection = text == NULL || text[0] == '\0' ? NULL : arena_strdup(arena, text);
	return true;
}

static bool not_found(const struct json *list, const char *id, struct err *err)
{
	CLEANUP(buf_free) struct buf ids = buf_init(IDS_MAX);

	json_each (entry, list) {
		buf_printf(&ids, "%s%s", ids.len > 0 ? ", " : "", json_text(json_get(entry, "id")));
	}
	err_set(err, ERR_CONFIG, "there is no environment \"%s\"", id);
	if (ids.len == 0)
		err_why(err, "the file has none");
	else
		err_why(err, "the file has %s%s", ids.data, ids.overflow ? ", …" : "");
	return err_next(err, "correct DB_ENTRY_ENV, or add the environment to the file");
}

/* The entry with the id, and its place. Every entry needs an id, no two the same. */
static bool find_entry(const struct json **ret, const char **place, const struct json *list,
    const char *id, struct arena *arena, struct err *err)
{
	const struct json *found = NULL;
	size_t index = 0, found_index = 0;

	json_each (entry, list) {
		const char *name = json_text(json_get(entry, "id"));

		if (!json_is_object(entry))
			return err_set(
			    err, ERR_CONFIG, "environments[%zu] must be an object", index);
		if (name == NULL || name[0] == '\0')
			return err_set(err, ERR_CONFIG,
			    "environments[%zu].id must be a string that is not empty", index);
		if (text_is(name, id) && found != NULL)
			return err_set(err, ERR_CONFIG,
			    "environments[%zu] and environments[%zu] have the same id \"%s\"",
			    found_index, index, id);
		if (text_is(name, id)) {
			found = entry;
			found_index = index;
		}
		index++;
	}
	if (found == NULL)
		return not_found(list, id, err);
	*ret = found;
	*place = arena_printf(arena, "environments[%zu]", found_index);
	return true;
}

static bool read_document(struct environment *e, const struct json *document, const char *id,
    struct arena *arena, struct err *err)
{
	const struct json *list = NULL, *entry = NULL;

	if (!json_is_object(document))
		return err_set(err, ERR_CONFIG, "an object is expected");
	if (!member(&list, document, "environments", "the file", err))
		return false;
	if (!json_is_array(list))
		return err_set(err, ERR_CONFIG, "environments must be an array");
	e->id = arena_strdup(arena, id);
	return find_entry(&entry, &e->place, list, id, arena, err) &&
	       read_connection(e, entry, arena, err) && read_permissions(e, entry, arena, err);
}

bool environment_read(
    struct environment *ret, const char *file, const char *id, struct arena *arena, struct err *err)
{
	CLEANUP(json_free) struct json *document = NULL;
	struct environment e = {.file = arena_strdup(arena, file)};

	if (!json_read(&document, file, FILE_MAX, err)) {
		err->kind = ERR_CONFIG; /* it is a setting, whatever is wrong with it */
		err_context(err, "environment \"%s\"", id);
		err_next(err, "correct it, or set DB_ENTRY_ENVIRONMENTS to the environments file");
		return err_at(err, file, 0);
	}
	if (!read_document(&e, document, id, arena, err))
		return err_at(err, file, 0);
	*ret = e;
	return true;
}

/* The value for one ${NAME}; `from` is behind the brace, and moves behind the closing one. */
static bool expand(const struct environment *e, const char **from, struct buf *out, bool as_it_is,
    char **environ_, struct arena *arena, struct err *err)
{
	const char *close = strchr(*from, '}');
	struct config_value value = {0};
	const char *name;

	if (close == NULL || !variable_is_name(*from, (size_t)(close - *from))) {
		err_set(err, ERR_CONFIG,
		    "%s.connectionTemplate: ${ must be followed by a variable's name and }",
		    e->place);
		err_next(err, "a literal ${ is written %%24{");
		return err_at(err, e->file, 0);
	}
	name = arena_strndup(arena, *from, (size_t)(close - *from));
	if (!variable_get(&value, environ_, name, arena, err))
		return err_context(err, "%s: environment \"%s\"", e->file, e->id);
	if (value.text == NULL) {
		err_set(err, ERR_CONFIG,
		    "the connectionTemplate of environment \"%s\" needs %s, which is not set",
		    e->id, name);
		err_next(err, "set %s or %s_FILE", name, name);
		return err_at(err, e->file, 0);
	}
	if (as_it_is)
		buf_add_text(out, value.text);
	else
		url_encode(value.text, out);
	variable_wipe(value.text);
	*from = close + 1;
	return true;
}

bool environment_url(struct config_value *ret, const struct environment *environment,
    char **environ_, struct arena *arena, struct err *err)
{
	CLEANUP(buf_wipe) struct buf out = buf_init(URL_MAX);
	const char *from = environment->connection, *open;

	while ((open = strstr(from, "${")) != NULL) {
		bool as_it_is = open == environment->connection;

		buf_add(&out, from, (size_t)(open - from));
		from = open + 2;
		if (!expand(environment, &from, &out, as_it_is, environ_, arena, err))
			return false;
	}
	buf_add_text(&out, from);
	if (out.overflow) {
		err_set(err, ERR_CONFIG, "%s.connectionTemplate becomes longer than %d bytes",
		    environment->place, URL_MAX);
		return err_at(err, environment->file, 0);
	}
	ret->text = arena_strndup(arena, out.data, out.len);
	ret->origin =
	    arena_printf(arena, "%s: %s.connectionTemplate", environment->file, environment->place);
	return true;
}
