/*
 * Replays a fuzz target's corpus without a fuzzer: every file of tests/fuzz/corpus/NAME for the
 * program fuzz_NAME, or those given, is one test (TAP). A target that crashes ends the program,
 * which the runner sees.
 */
#include "base/arena.h"
#include "base/fs.h"
#include "base/text.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	INPUT_MAX = 16 * 1024 * 1024
};

static bool replay(const char *path, struct err *err)
{
	CLEANUP(buf_free) struct buf input = buf_init(INPUT_MAX);

	if (!fs_read(path, &input, ERR_UNEXPECTED, err))
		return false;
	LLVMFuzzerTestOneInput((const uint8_t *)input.data, input.len);
	return true;
}

static int replay_all(const char *folder, char **names, size_t count)
{
	CLEANUP(arena_free) struct arena arena = {0};
	int failed = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		const char *path = arena_printf(&arena, "%s%s", folder, names[i]);
		struct err err = {0};

		if (!replay(path, &err)) {
			failed = 1;
			printf("not ok %zu - %s: %s\n", i + 1, path, err.message);
		} else {
			printf("ok %zu - %s\n", i + 1, path);
		}
		fflush(stdout);
	}
	return failed;
}

int main(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *target = fs_name_of(argv[0]);
	const char *name = text_starts(target, "fuzz_") ? target + strlen("fuzz_") : target;
	char *folder = arena_printf(&arena, "tests/fuzz/corpus/%s/", name);
	char **names = NULL;
	size_t count = 0;
	struct err err = {0};

	if (argc > 1)
		return replay_all("", argv + 1, (size_t)argc - 1);
	if (!fs_list(folder, &arena, &names, &count, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	return replay_all(folder, names, count);
}
