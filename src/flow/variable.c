#include "flow/variable.h"

#include "base/buf.h"
#include "base/fs.h"
#include <string.h>

enum {
	FILE_MAX = 64 * 1024
};

const char *variable_plain(char **environ_, const char *name)
{
	size_t len = strlen(name);

	for (char **entry = environ_; *entry != NULL; entry++) {
		const char *text = *entry;

		if (strncmp(text, name, len) == 0 && text[len] == '=')
			return text[len + 1] == '\0' ? NULL : text + len + 1;
	}
	return NULL;
}

/* `twin` is the variable that named the file. */
static bool read_file(struct config_value *ret, const char *twin, const char *path,
    struct arena *arena, struct err *err)
{
	CLEANUP(buf_wipe) struct buf content = buf_init(FILE_MAX);

	if (!fs_read(path, &content, ERR_CONFIG, err))
		return err_context(err, "%s", twin);
	if (memchr(content.data, '\0', content.len) != NULL)
		return err_set(err, ERR_CONFIG, "%s: %s holds a NUL byte", twin, path);
	while (content.len > 0 && content.data[content.len - 1] == '\n') {
		content.len--;
		/* As editors on Windows end a line. */
		if (content.len > 0 && content.data[content.len - 1] == '\r')
			content.len--;
	}
	*ret = (struct config_value){0};
	if (content.len > 0) {
		ret->text = arena_strndup(arena, content.data, content.len);
		ret->origin = arena_printf(arena, "%s=%s", twin, path);
	}
	return true;
}

bool variable_get(struct config_value *ret, char **environ_, const char *name, struct arena *arena,
    struct err *err)
{
	const char *twin = arena_printf(arena, "%s_FILE", name);
	const char *text = variable_plain(environ_, name), *path = variable_plain(environ_, twin);

	if (text != NULL && path != NULL) {
		err_set(err, ERR_CONFIG, "%s and %s are both set", name, twin);
		return err_next(err, "set only one of them");
	}
	if (path != NULL)
		return read_file(ret, twin, path, arena, err);
	*ret = (struct config_value){0};
	if (text != NULL) {
		ret->text = arena_strdup(arena, text);
		ret->origin = arena_strdup(arena, name);
	}
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool variable_is_name(const char *text, size_t len)
{
	if (len == 0 || !is_letter(text[0]))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_letter(text[i]) && !(text[i] >= '0' && text[i] <= '9'))
			return false;
	}
	return true;
}

void variable_wipe(const char *text)
{
	/* Readers get const texts; the memory of an arena can be written all the same. */
	if (text != NULL)
		explicit_bzero((char *)(uintptr_t)text, strlen(text));
}
