/*
 * JSON (RFC 8259) by cJSON: the only place that includes its header. A syntax error is an error
 * with line and column, never an empty document. A number read is a double; one written by
 * json_add_int() keeps all 64 bits.
 */
#ifndef DB_ENTRY_BASE_JSON_H
#define DB_ENTRY_BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include <stdint.h>

struct json; /* a node; an object or array owns what was added to it */

/*
 * Parse a whole text; trailing bytes other than white space are an error, and so are NUL bytes,
 * even as \u0000. The error is ERR_MALFORMED at `file` (NULL: no file) and its line.
 */
bool json_parse(struct json **ret, const char *text, size_t len, const char *file, struct err *err);

struct json_place {
	int line, column; /* 1-based */
};

/*
 * Where keys stand in a text that json_parse() took. `wanted` counts the keys of the whole text
 * from 0 on, in its order, which is that of json_each() with each member's own keys behind it; it
 * ascends.
 */
void json_key_places(
    const char *text, size_t len, const size_t *wanted, size_t count, struct json_place *places);

/* Read and parse a file of at most `max` bytes; a missing or unreadable file is ERR_MALFORMED too.
 */
bool json_read(struct json **ret, const char *path, size_t max, struct err *err);

void json_free(struct json **node); /* accepts NULL inside */

/* Building. Values are copied; each returns the node added, owned by its parent. */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_add_object(struct json *parent, const char *key); /* key NULL: to an array */
struct json *json_add_array(struct json *parent, const char *key);
struct json *json_add_text(struct json *parent, const char *key, const char *text); /* NULL: null */
struct json *json_add_int(struct json *parent, const char *key, int64_t number);
struct json *json_add_bool(struct json *parent, const char *key, bool value);

/* Editing a document that was read. The member of that name for changing; NULL when absent. */
struct json *json_member(struct json *object, const char *key);

/* The element of an array for changing; NULL behind its end. */
struct json *json_item(struct json *array, size_t index);

/* Take `child` out of its object or array and free it. */
void json_remove(struct json *parent, const struct json *child);
/* A copy of a node with all it has. */
struct json *json_add_copy(struct json *parent, const char *key, const struct json *node);

/*
 * Append the text of a node, in one line or indented by two spaces, without a final newline. It is
 * valid JSON and safe on a terminal: control characters are escaped, broken UTF-8 becomes U+FFFD.
 */
void json_print(const struct json *node, bool indented, struct buf *buf);

/* Reading. All accept a NULL node and answer as for an absent one. */

/* The member of that exact name, the last one when there are several; NULL when absent. */
const struct json *json_get(const struct json *object, const char *key);
const char *json_text(const struct json *node);          /* NULL: not a string */
bool json_int(const struct json *node, int64_t *number); /* false: no whole number below 2^53 */
bool json_is_true(const struct json *node);
bool json_is_false(const struct json *node);
bool json_is_number(const struct json *node);
bool json_is_null(const struct json *node);
bool json_is_object(const struct json *node);
bool json_is_array(const struct json *node);
const char *json_key(const struct json *node); /* its name in its object */
const struct json *json_first(const struct json *parent);
const struct json *json_next(const struct json *node);

/* Name and version of the library as linked now. */
const char *json_library(void);

#define json_each(node, parent)                                                                    \
	for (const struct json *node = json_first(parent); node != NULL; node = json_next(node))

#endif
