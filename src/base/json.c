#include "base/json.h"
#include "base/fs.h"
#include "base/text.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `struct json` is a cJSON node under another name, so that nobody else depends on cJSON. */
static cJSON *inside(struct json *node)
{
	return (cJSON *)node;
}

static const cJSON *inside_const(const struct json *node)
{
	return (const cJSON *)node;
}

static void *allocate(size_t size)
{
	void *memory = malloc(size);

	if (memory == NULL)
		err_die("out of memory");
	return memory;
}

/* cJSON reports a lack of memory like a syntax error, so it must not see one. */
static void use_own_memory(void)
{
	cJSON_Hooks hooks = {.malloc_fn = allocate, .free_fn = free};

	cJSON_InitHooks(&hooks);
}

/* cJSON skips a NUL as white space, and ends a string early at \u0000. */
static const char *find_nul(const char *text, size_t len)
{
	static const char escape[] = "\\u0000";
	const char *end = text + len, *at = memchr(text, '\0', len);

	if (at != NULL)
		return at;
	for (at = text; (at = memchr(at, '\\', (size_t)(end - at))) != NULL && end - at > 1;) {
		if ((size_t)(end - at) >= strlen(escape) && memcmp(at, escape, strlen(escape)) == 0)
			return at;
		at += 2;
	}
	return NULL;
}

static bool fail_at(
    const char *text, const char *where, const char *what, const char *file, struct err *err)
{
	const char *line_start = text;
	int line = 1;

	for (const char *at = text; at < where; at++) {
		if (*at == '\n') {
			line++;
			line_start = at + 1;
		}
	}
	err_set(err, ERR_MALFORMED, "not valid JSON: %s at line %d, column %td", what, line,
	    where - line_start + 1);
	return file == NULL ? false : err_at(err, file, line);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool json_parse(struct json **ret, const char *text, size_t len, const char *file, struct err *err)
{
	const char *end = text, *nul = find_nul(text, len);
	cJSON *root;

	if (nul != NULL)
		return fail_at(text, nul, "a NUL character", file, err);
	use_own_memory();
	root = cJSON_ParseWithLengthOpts(text, len, &end, false);
	if (root == NULL)
		return fail_at(text, end, "syntax error", file, err);
	while (end < text + len && is_space(*end))
		end++;
	if (end < text + len) {
		cJSON_Delete(root);
		return fail_at(text, end, "text after the end", file, err);
	}
	*ret = (struct json *)root;
	return true;
}

/* Behind the string that begins here. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		at += *at == '\\';
	return at < end ? at + 1 : end;
}

void json_key_places(
    const char *text, size_t len, const size_t *wanted, size_t count, struct json_place *places)
{
	const char *end = text + len, *line_start = text, *next;
	size_t key = 0, found = 0;
	int line = 1;

	for (const char *at = text; at < end && found < count; at = next) {
		next = at + 1;
		if (*at == '\n') {
			line++;
			line_start = next;
		}
		if (*at != '"')
			continue;
		next = skip_string(at, end);
		const char *behind = next;
		while (behind < end && is_space(*behind))
			behind++;
		/* Only a key is followed by a colon; a string has no line break in it. */
		if (behind == end || *behind != ':' || key++ != wanted[found])
			continue;
		places[found++] = (struct json_place){line, (int)(at - line_start) + 1};
	}
}

bool json_read(struct json **ret, const char *path, size_t max, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(max);

	return fs_read(path, &text, ERR_MALFORMED, err) &&
	       json_parse(ret, text.data, text.len, path, err);
}

void json_free(struct json **node)
{
	cJSON_Delete(inside(*node));
	*node = NULL;
}

struct json *json_new_object(void)
{
	use_own_memory();
	return (struct json *)cJSON_CreateObject();
}

struct json *json_new_array(void)
{
	use_own_memory();
	return (struct json *)cJSON_CreateArray();
}

static struct json *add(struct json *parent, const char *key, cJSON *item)
{
	bool added = key == NULL ? cJSON_AddItemToArray(inside(parent), item)
				 : cJSON_AddItemToObject(inside(parent), key, item);

	if (!added)
		err_die("a JSON value could not be added");
	return (struct json *)item;
}

struct json *json_add_object(struct json *parent, const char *key)
{
	return add(parent, key, cJSON_CreateObject());
}

struct json *json_add_array(struct json *parent, const char *key)
{
	return add(parent, key, cJSON_CreateArray());
}

struct json *json_add_text(struct json *parent, const char *key, const char *text)
{
	return add(parent, key, text == NULL ? cJSON_CreateNull() : cJSON_CreateString(text));
}

/* cJSON's numbers are doubles, exact to 2^53 only; raw text has no such limit. */
struct json *json_add_int(struct json *parent, const char *key, int64_t number)
{
	CLEANUP(buf_free) struct buf digits = buf_init(32);

	buf_printf(&digits, "%" PRId64, number);
	return add(parent, key, cJSON_CreateRaw(digits.data));
}

struct json *json_add_bool(struct json *parent, const char *key, bool value)
{
	return add(parent, key, cJSON_CreateBool(value));
}

struct json *json_member(struct json *object, const char *key)
{
	struct json *found = NULL;

	if (!json_is_object(object))
		return NULL;
	for (cJSON *item = inside(object)->child; item != NULL; item = item->next) {
		if (text_is(item->string, key))
			found = (struct json *)item;
	}
	return found;
}

struct json *json_item(struct json *array, size_t index)
{
	cJSON *item = json_is_array(array) ? inside(array)->child : NULL;

	for (; item != NULL && index > 0; index--)
		item = item->next;
	return (struct json *)item;
}

void json_remove(struct json *parent, const struct json *child)
{
	for (cJSON *item = inside(parent)->child; item != NULL; item = item->next) {
		if (item == inside_const(child)) {
			cJSON_Delete(cJSON_DetachItemViaPointer(inside(parent), item));
			return;
		}
	}
}

struct json *json_add_copy(struct json *parent, const char *key, const struct json *node)
{
	cJSON *copy = cJSON_Duplicate(inside_const(node), true);

	if (copy == NULL)
		err_die("a JSON value could not be copied");
	/* Its own key would be freed by neither. */
	cJSON_free(copy->string);
	copy->string = NULL;
	return add(parent, key, copy);
}

/* Returns how many bytes of the text were used. */
static size_t print_unprintable(const char *text, struct buf *buf)
{
	unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];

	if (c < ' ' || c == 0x7F) {
		buf_printf(buf, "\\u%04x", c);
		return 1;
	}
	/* A C1 control, U+0080 to U+009F. */
	if (c == 0xC2 && next >= 0x80 && next <= 0x9F) {
		buf_printf(buf, "\\u%04x", next);
		return 2;
	}
	buf_add_text(buf, "\\ufffd");
	return 1;
}

/* How many bytes at the start of a text are printed as they are: ASCII without need of escape. */
static size_t plain_length(const char *text)
{
	size_t len = 0;

	/* Not by `>= ' '` alone: where char is signed and where it is not. */
	for (unsigned char c = (unsigned char)text[0];
	     c >= ' ' && c < 0x7F && c != '"' && c != '\\'; c = (unsigned char)text[len])
		len++;
	return len;
}

/* Returns how many bytes of the text were used. */
static size_t print_character(const char *text, struct buf *buf)
{
	static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = strchr(special, *text);
	size_t used = text_printable(text);

	if (found != NULL) {
		buf_add_char(buf, '\\');
		buf_add_char(buf, letters[found - special]);
		return 1;
	}
	if (used == 0)
		return print_unprintable(text, buf);
	buf_add(buf, text, used);
	return used;
}

static void print_text(const char *text, struct buf *buf)
{
	buf_add_char(buf, '"');
	for (size_t used = plain_length(text);; used = plain_length(text)) {
		buf_add(buf, text, used);
		text += used;
		if (*text == '\0')
			break;
		text += print_character(text, buf);
	}
	buf_add_char(buf, '"');
}

static void print_break(bool indented, int depth, struct buf *buf)
{
	static const char spaces[] = "\n                                ";
	size_t least = sizeof(spaces) - 2, need = 2 * (size_t)depth;

	if (!indented)
		return;
	buf_add(buf, spaces, 1 + (need < least ? need : least));
	for (; need > least; need--)
		buf_add_char(buf, ' ');
}

/* Not cJSON's own printing, which indents with tabs and passes on broken UTF-8. */
static void print_node(const cJSON *node, bool indented, int depth, struct buf *buf)
{
	bool object = cJSON_IsObject(node);

	if (cJSON_IsString(node)) {
		print_text(node->valuestring, buf);
		return;
	}
	if (!object && !cJSON_IsArray(node)) {
		char *text = cJSON_PrintUnformatted(node);

		buf_add_text(buf, text);
		cJSON_free(text);
		return;
	}
	buf_add_char(buf, object ? '{' : '[');
	for (const cJSON *item = node->child; item != NULL; item = item->next) {
		print_break(indented, depth + 1, buf);
		if (object) {
			print_text(item->string, buf);
			buf_add_text(buf, indented ? ": " : ":");
		}
		print_node(item, indented, depth + 1, buf);
		if (item->next != NULL)
			buf_add_char(buf, ',');
	}
	if (node->child != NULL)
		print_break(indented, depth, buf);
	buf_add_char(buf, object ? '}' : ']');
}

void json_print(const struct json *node, bool indented, struct buf *buf)
{
	print_node(inside_const(node), indented, 0, buf);
}

const struct json *json_get(const struct json *object, const char *key)
{
	const cJSON *found = NULL;

	if (!json_is_object(object))
		return NULL;
	for (const cJSON *item = inside_const(object)->child; item != NULL; item = item->next)
		if (strcmp(item->string, key) == 0)
			found = item;
	return (const struct json *)found;
}

const char *json_text(const struct json *node)
{
	return cJSON_GetStringValue(inside_const(node));
}

bool json_int(const struct json *node, int64_t *number)
{
	static const double most = 9007199254740992.0; /* 2^53 */
	double value;

	if (!cJSON_IsNumber(inside_const(node)))
		return false;
	value = inside_const(node)->valuedouble;
	if (!(value > -most && value < most) || value != (double)(int64_t)value)
		return false;
	*number = (int64_t)value;
	return true;
}

bool json_is_true(const struct json *node)
{
	return cJSON_IsTrue(inside_const(node));
}

bool json_is_false(const struct json *node)
{
	return cJSON_IsFalse(inside_const(node));
}

bool json_is_number(const struct json *node)
{
	return cJSON_IsNumber(inside_const(node));
}

bool json_is_null(const struct json *node)
{
	return cJSON_IsNull(inside_const(node));
}

bool json_is_object(const struct json *node)
{
	return cJSON_IsObject(inside_const(node));
}

bool json_is_array(const struct json *node)
{
	return cJSON_IsArray(inside_const(node));
}

const char *json_key(const struct json *node)
{
	return node == NULL ? NULL : inside_const(node)->string;
}

const struct json *json_first(const struct json *parent)
{
	return parent == NULL ? NULL : (const struct json *)inside_const(parent)->child;
}

const struct json *json_next(const struct json *node)
{
	return node == NULL ? NULL : (const struct json *)inside_const(node)->next;
}

const char *json_library(void)
{
	static char text[32];
	snprintf(text, sizeof(text), "cJSON %s", cJSON_Version());
	return text;
}
