#include "flow/approvals.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "migrate/migration.h"
#include <string.h>

enum {
	FILE_MOST = 1 << 20,
	HEX = 12
};

/* What stands before the digest when it is a rollback that is approved. */
static const char down_mark[] = "@down:";

/* Is it a token of a rollback? NULL, a bare version, is none. */
static bool is_down(const char *token)
{
	const char *at = token == NULL ? NULL : strchr(token, '@');
	return at != NULL && strncmp(at, down_mark, strlen(down_mark)) == 0;
}

static bool is_digest(const char *text)
{
	return strlen(text) == HEX && strspn(text, "0123456789abcdef") == HEX;
}

/* VERSION@DIGEST, VERSION@down:DIGEST, or with `bare` a VERSION alone. */
static bool parse(struct approval *ret, const char *word, bool bare, struct arena *arena)
{
	const char *at = strchr(word, '@');
	char *version = arena_strndup(arena, word, at == NULL ? strlen(word) : (size_t)(at - word));
	if (!migration_is_version(version) || (at == NULL && !bare))
		return false;
	if (at != NULL && !is_digest(is_down(at) ? at + strlen(down_mark) : at + 1))
		return false;
	*ret = (struct approval){version, at == NULL ? NULL : arena_strdup(arena, word)};
	return true;
}

static void add(struct approvals *approvals, struct approval approval, struct arena *arena)
{
	approvals->items = arena_grow(
	    arena, approvals->items, approvals->count, &approvals->capacity, sizeof(approval));
	approvals->items[approvals->count++] = approval;
}

static bool read_variable(
    struct approvals *approvals, const char *text, struct arena *arena, struct err *err)
{
	static const char gaps[] = ", \t";
	for (text += strspn(text, gaps); *text != '\0'; text += strspn(text, gaps)) {
		struct approval approval;
		size_t len = strcspn(text, gaps);
		const char *word = arena_strndup(arena, text, len);
		text += len;
		if (strcmp(word, "all") == 0) {
			approvals->all = true;
			continue;
		}
		if (!parse(&approval, word, true, arena)) {
			err_set(err, ERR_CONFIG, "DB_ENTRY_APPROVE: \"%s\" is no approval", word);
			return err_next(err, "write VERSION@DIGEST, as the refusal printed it");
		}
		add(approvals, approval, arena);
	}
	return true;
}

static bool read_line(struct approvals *approvals, char *line, struct arena *arena)
{
	static const char blanks[] = " \t\r";
	struct approval approval;
	line += strspn(line, blanks);
	if (*line == '\0' || *line == '#')
		return true;
	size_t len = strcspn(line, blanks);
	const char *reason = line + len + strspn(line + len, blanks);
	if (*reason == '\0' || !parse(&approval, arena_strndup(arena, line, len), false, arena))
		return false;
	add(approvals, approval, arena);
	return true;
}

static bool read_file(
    struct approvals *approvals, const char *path, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(FILE_MOST);
	int number = 1;
	if (!fs_read(path, &text, ERR_MALFORMED, err))
		return false;
	for (char *line = text.data; line != NULL; number++) {
		char *end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		if (!read_line(approvals, line, arena)) {
			err_set(err, ERR_MALFORMED, "not an approval: %.200s", line);
			err_next(err, "write VERSION@DIGEST and the reason, on one line");
			return err_at(err, path, number);
		}
		line = end;
	}
	return true;
}

bool approvals_read(
    struct approvals *ret, const struct config *config, struct arena *arena, struct err *err)
{
	struct approvals approvals = {0};
	const char *variable = config_text(config, SETTING_APPROVE);
	const char *path = config_text(config, SETTING_APPROVALS);
	if (variable != NULL && !read_variable(&approvals, variable, arena, err))
		return false;
	if (fs_is_file(path) && !read_file(&approvals, path, arena, err))
		return false;
	*ret = approvals;
	return true;
}

static bool same_token(const struct approval *approval, const char *token)
{
	return strcmp(strchr(approval->token, '@'), strchr(token, '@')) == 0;
}

enum approval_state approvals_find(const struct approvals *approvals, enum permission permission,
    const char *version, const char *token, const char **used)
{
	bool down = is_down(token);
	bool loose = !down && (permission == PERMISSION_TRUE || permission == PERMISSION_UNNAMED);
	enum approval_state state = APPROVAL_NONE;
	for (size_t i = 0; i < approvals->count; i++) {
		const struct approval *approval = &approvals->items[i];
		if (migration_compare(approval->version, version) != 0 ||
		    (approval->token != NULL && is_down(approval->token) != down))
			continue;
		bool fits = approval->token == NULL ? loose : same_token(approval, token);
		if (fits) {
			*used = approval->token == NULL ? approval->version : approval->token;
			return APPROVAL_GIVEN;
		}
		if (state != APPROVAL_STALE)
			state = approval->token == NULL ? APPROVAL_WEAK : APPROVAL_STALE;
		if (approval->token != NULL)
			*used = approval->token;
	}
	if (state == APPROVAL_STALE || !approvals->all)
		return state;
	*used = "all";
	return permission == PERMISSION_TRUE && !down ? APPROVAL_GIVEN : APPROVAL_WEAK;
}
