/*
 * The configuration from arbitrary bytes: lines "NAME=value" up to an empty one are the process's
 * environment, the rest is the environments file. The file also stands behind every _FILE twin, so
 * that no other one is read.
 */
#include "base/text.h"
#include "flow/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	ENTRIES_MAX = 32,
	PATH_SIZE = 64
};

struct input {
	struct arena arena;
	char *environ_[ENTRIES_MAX + 2]; /* and DB_ENTRY_ENVIRONMENTS, and NULL */
	size_t count;
	char path[PATH_SIZE]; /* of a file in memory */
	int fd;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "broken promise: %s\n", what);
	__builtin_trap();
}

/* Entries that name a file get the path of ours. */
static void add_entry(struct input *input, const char *line, size_t len)
{
	char *entry = arena_strndup(&input->arena, line, len), *equals = strchr(entry, '=');

	if (equals == NULL || text_starts(entry, "DB_ENTRY_ENVIRONMENTS="))
		return;
	*equals = '\0';
	if (text_ends(entry, "_FILE"))
		entry = arena_printf(&input->arena, "%s=%s", entry, input->path);
	else
		*equals = '=';
	input->environ_[input->count++] = entry;
}

/* Split the bytes; returns how many the lines took. */
static size_t read_entries(struct input *input, const char *text, size_t size)
{
	size_t at = 0;

	while (at < size && input->count < ENTRIES_MAX) {
		const char *line = text + at, *end = memchr(line, '\n', size - at);
		size_t len = end == NULL ? size - at : (size_t)(end - line);

		at += len + (end != NULL);
		if (len == 0)
			break;
		add_entry(input, line, len);
	}
	input->environ_[input->count++] =
	    arena_printf(&input->arena, "DB_ENTRY_ENVIRONMENTS=%s", input->path);
	return at;
}

static void check_values(struct config *config)
{
	require(config_ms(config, SETTING_WAIT_TIMEOUT) >= 0, "durations are not negative");
	require(config_int(config, SETTING_WAIT_SUCCESSES) >= 1 &&
		    config_int(config, SETTING_WAIT_SUCCESSES) <= 100,
	    "numbers are in their range");
	require(config_is(config, SETTING_LOG, "text") || config_is(config, SETTING_LOG, "json"),
	    "choices are what they may be");
	for (size_t i = 0; i < SETTINGS; i++) {
		enum setting_id id = (enum setting_id)i;

		require(config->values[i].origin != NULL, "every value has an origin");
		require((config_shown(config, id) == NULL) == (config_text(config, id) == NULL),
		    "what is set can be shown");
	}
	require((config_text(config, SETTING_ENV) == NULL) ==
		    (config->permission == PERMISSION_UNNAMED),
	    "an environment has a permission");
}

static void check(struct input *input)
{
	struct config config;
	struct err err = {0};
	struct url url;

	if (!config_load(&config, input->environ_, NULL, 0, &err)) {
		require(err.kind == ERR_CONFIG, "what is wrong with a setting is ERR_CONFIG");
		config_free(&config);
		return;
	}
	check_values(&config);
	if (config_url(&config, &url, &err))
		require(url.scheme != NULL, "a URL has a scheme");
	else
		require(err.kind == ERR_CONFIG, "what is wrong with the URL is ERR_CONFIG");
	config_free(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {.fd = memfd_create("environments", MFD_CLOEXEC)};
	const char *text = (const char *)data;
	size_t taken;

	require(input.fd >= 0, "a file in memory can be made");
	snprintf(input.path, sizeof(input.path), "/proc/self/fd/%d", input.fd);
	taken = read_entries(&input, text, size);
	require(write(input.fd, text + taken, size - taken) == (ssize_t)(size - taken),
	    "a file in memory can be written");
	check(&input);
	close(input.fd);
	arena_free(&input.arena);
	return 0;
}
