#include "migrate/directives.h"
#include "base/text.h"
#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

enum {
	WAS_LEAST = 12, /* digits */
	WAS_MOST = 100, /* of them */
	WORK_ITEM_MOST = 100,
	NEAR = 3 /* edits between a misspelt name and the one that was meant */
};

enum type {
	FLAG,      /* no value */
	DURATION,  /* int64_t, ms */
	WORK_ITEM, /* const char * */
	WAS        /* the list of them */
};

struct directive {
	const char *name;
	enum type type;
	size_t offset; /* in struct migration_directives */
};

#define AT(member) offsetof(struct migration_directives, member)

static const struct directive known[] = {
    {"destructive", FLAG, AT(destructive)},
    {"no-transaction", FLAG, AT(no_transaction)},
    {"breaks-older", FLAG, AT(breaks_older)},
    {"lock-timeout", DURATION, AT(lock_timeout)},
    {"statement-timeout", DURATION, AT(statement_timeout)},
    {"work-item", WORK_ITEM, AT(work_item)},
    {"was", WAS, AT(was)},
};

/* A down part is a migration of its own in nothing but how it is run. */
static const struct directive known_down[] = {
    {"no-transaction", FLAG, AT(down_no_transaction)},
    {"lock-timeout", DURATION, AT(down_lock_timeout)},
    {"statement-timeout", DURATION, AT(down_statement_timeout)},
};

enum {
	KNOWN = sizeof(known) / sizeof(known[0]),
	KNOWN_DOWN = sizeof(known_down) / sizeof(known_down[0])
};

#define KNOWN_NAMES                                                                                \
	"known are destructive, no-transaction, breaks-older, lock-timeout=, "                     \
	"statement-timeout=, work-item= and was="

static const char prefix[] = "db-entry:";

struct migration_directives directives_none(void)
{
	return (struct migration_directives){
	    .lock_timeout = -1,
	    .statement_timeout = -1,
	    .down_lock_timeout = -1,
	    .down_statement_timeout = -1,
	};
}

bool directives_are(const char *text, size_t len)
{
	return len >= strlen(prefix) && strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static const struct directive *find(const char *name, const struct directive *table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static bool bad(const struct directives_place *place, struct err *err)
{
	return err_at(err, place->file, place->line);
}

static bool unknown(const char *name, const struct directives_place *place, struct err *err)
{
	const struct directive *nearest = NULL;
	size_t least = NEAR + 1;
	if (place->down && find(name, known, KNOWN) != NULL) {
		err_set(
		    err, ERR_MALFORMED, "%s is about the whole migration, not its down part", name);
		err_next(err, "move it to the top of the up part");
		return bad(place, err);
	}
	for (size_t i = 0; i < KNOWN; i++) {
		size_t distance = text_distance(name, known[i].name);
		if (distance < least) {
			least = distance;
			nearest = &known[i];
		}
	}
	err_set(err, ERR_MALFORMED, "unknown directive \"%s\"", name);
	if (nearest != NULL)
		err_next(err, "write %s", nearest->name);
	else
		err_next(err, KNOWN_NAMES);
	return bad(place, err);
}

static bool twice(const char *name, const struct directives_place *place, struct err *err)
{
	err_set(err, ERR_MALFORMED, "%s is given twice", name);
	err_next(err, "keep one of them");
	return bad(place, err);
}

static bool take_duration(int64_t *ret, const char *name, const char *value,
    const struct directives_place *place, struct err *err)
{
	int64_t ms;
	struct err why;
	if (*ret >= 0)
		return twice(name, place, err);
	if (!text_duration(value, &ms, &why)) {
		err_set(err, ERR_MALFORMED, "%s: %s", name, why.message);
		err_next(err, "write 500ms, 5s, 2m, or 0 for no limit");
		return bad(place, err);
	}
	*ret = ms;
	return true;
}

static bool take_work_item(
    const char **ret, const char *value, const struct directives_place *place, struct err *err)
{
	if (*ret != NULL)
		return twice("work-item", place, err);
	if (strlen(value) > WORK_ITEM_MOST) {
		err_set(err, ERR_MALFORMED, "work-item is longer than %d bytes", WORK_ITEM_MOST);
		err_next(err, "name the work item alone");
		return bad(place, err);
	}
	*ret = value;
	return true;
}

static bool take_was(struct migration_directives *directives, char *value,
    const struct directives_place *place, struct arena *arena, struct err *err)
{
	size_t len = strlen(value);
	if (len < WAS_LEAST || len > DIGEST_HEX || strspn(value, "0123456789abcdefABCDEF") != len) {
		err_set(err, ERR_MALFORMED, "was=%s: a checksum is %d to %d hex digits", value,
		    WAS_LEAST, DIGEST_HEX);
		err_next(err,
		    "copy it from the refusal of the changed file, or from db-entry status --json");
		return bad(place, err);
	}
	if (directives->was_count == WAS_MOST) {
		err_set(err, ERR_MALFORMED, "more than %d was=", WAS_MOST);
		err_next(err, "keep those that databases still have");
		return bad(place, err);
	}
	for (size_t i = 0; i < len; i++)
		value[i] = (char)tolower((unsigned char)value[i]);
	const char **was = arena_array(arena, directives->was_count + 1, sizeof(*was));
	if (directives->was_count > 0)
		memcpy(was, directives->was, directives->was_count * sizeof(*was));
	was[directives->was_count++] = value;
	directives->was = was;
	return true;
}

/* `value` is NULL without a `=`. */
static bool take_value(struct migration_directives *directives, const struct directive *directive,
    char *value, const struct directives_place *place, struct arena *arena, struct err *err)
{
	char *member = (char *)directives + directive->offset;
	if (directive->type == FLAG && value != NULL) {
		err_set(err, ERR_MALFORMED, "%s takes no value", directive->name);
		err_next(err, "write %s, or leave it out", directive->name);
		return bad(place, err);
	}
	if (directive->type != FLAG && (value == NULL || value[0] == '\0')) {
		err_set(err, ERR_MALFORMED, "%s needs a value", directive->name);
		err_next(err, "write %s=…", directive->name);
		return bad(place, err);
	}
	switch (directive->type) {
	case FLAG:
		*(bool *)member = true;
		return true;
	case DURATION:
		return take_duration((int64_t *)(void *)member, directive->name, value, place, err);
	case WORK_ITEM:
		return take_work_item((const char **)(void *)member, value, place, err);
	case WAS:
		break;
	}
	return take_was(directives, value, place, arena, err);
}

/* Cut blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t len;
	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static bool take(struct migration_directives *directives, char *text,
    const struct directives_place *place, struct arena *arena, struct err *err)
{
	char *value = strchr(text, '=');
	if (value != NULL)
		*value++ = '\0';
	const char *name = trim(text);
	if (name[0] == '\0') {
		err_set(err, ERR_MALFORMED, "a directive without a name");
		err_next(err, KNOWN_NAMES);
		return bad(place, err);
	}
	const struct directive *directive =
	    place->down ? find(name, known_down, KNOWN_DOWN) : find(name, known, KNOWN);
	if (directive == NULL)
		return unknown(name, place, err);
	return take_value(
	    directives, directive, value == NULL ? NULL : trim(value), place, arena, err);
}

bool directives_parse(struct migration_directives *directives, const char *text, size_t len,
    const struct directives_place *place, struct arena *arena, struct err *err)
{
	char *rest = arena_strndup(arena, text + strlen(prefix), len - strlen(prefix));
	char *item;
	if (place->late) {
		err_set(err, ERR_MALFORMED, "a directive behind the first statement");
		err_why(err, "it would have no effect there");
		err_next(err, "move it to the top of the %s part", place->down ? "down" : "up");
		return bad(place, err);
	}
	while ((item = strsep(&rest, ",")) != NULL)
		if (!take(directives, item, place, arena, err))
			return false;
	return true;
}
