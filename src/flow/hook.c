#include "flow/hook.h"
#include "base/proc.h"
#include "base/text.h"
#include <string.h>

enum {
	WORDS_MAX = 64,
	ID_MAX = 200,
	OUTPUT_MAX = 64 << 10
};

static bool not_a_hook(struct err *err)
{
	err_set(err, ERR_CONFIG,
	    "DB_ENTRY_DUMP_HOOK must be a program and its arguments as a JSON array of texts");
	return err_next(err, "DB_ENTRY_DUMP_HOOK='[\"/usr/local/bin/snapshot\",\"--wait\"]'");
}

/* The words are the document's. */
static bool parse(const struct config *config, struct json **document, char *words[WORDS_MAX + 1],
    struct err *err)
{
	const char *text = config_text(config, SETTING_DUMP_HOOK);
	size_t count = 0;
	struct err syntax;
	if (text == NULL) {
		err_set(err, ERR_CONFIG, "DB_ENTRY_DUMP=hook needs DB_ENTRY_DUMP_HOOK");
		return err_next(err, "DB_ENTRY_DUMP_HOOK='[\"/usr/local/bin/snapshot\"]'");
	}
	if (text_starts(text, "https://") || text_starts(text, "http://")) {
		err_set(err, ERR_CONFIG,
		    "DB_ENTRY_DUMP_HOOK is a URL, and this version can run programs only");
		return err_next(err, "name a program that calls it: "
				     "DB_ENTRY_DUMP_HOOK='[\"curl\",\"-fsS\",\"https://…\"]'");
	}
	if (!json_parse(document, text, strlen(text), NULL, &syntax))
		return not_a_hook(err);
	json_each (word, *document) {
		if (!json_is_array(*document) || json_text(word) == NULL || count == WORDS_MAX)
			return not_a_hook(err);
		words[count++] = (char *)(uintptr_t)json_text(word);
	}
	words[count] = NULL;
	return (count > 0 && words[0][0] != '\0') || not_a_hook(err);
}

bool hook_check(const struct config *config, struct err *err)
{
	CLEANUP(json_free) struct json *document = NULL;
	char *words[WORDS_MAX + 1];
	return parse(config, &document, words, err);
}

static void describe(const struct flow *flow, const struct flow_dump_wish *wish, struct buf *input)
{
	CLEANUP(json_free) struct json *object = json_new_object();
	json_add_text(object, "database", flow->probe.label);
	json_add_text(object, "label", wish->label);
	json_add_text(object, "reason", wish->reason);
	json_add_text(object, "run", flow->run.id);
	json_print(object, false, input);
	buf_add_char(input, '\n');
}

/* The first line, if it can be an id: it goes into the history and the log. */
static const char *read_id(struct flow *flow, const struct buf *output)
{
	size_t len = strcspn(output->data, "\r\n");
	if (len == 0 || len > ID_MAX)
		return NULL;
	for (size_t i = 0, used; i < len; i += used)
		if ((used = text_printable(output->data + i)) == 0)
			return NULL;
	return arena_strndup(&flow->arena, output->data, len);
}

bool hook_run(
    struct flow *flow, const struct flow_dump_wish *wish, const char **id, struct err *err)
{
	CLEANUP(json_free) struct json *document = NULL;
	CLEANUP(buf_free) struct buf input = buf_init(OUTPUT_MAX);
	CLEANUP(buf_free) struct buf output = buf_init(OUTPUT_MAX);
	CLEANUP(buf_free) struct buf errors = buf_init(OUTPUT_MAX);
	char *words[WORDS_MAX + 1];
	struct proc_result result;
	if (!parse(flow->config, &document, words, err))
		return false;
	describe(flow, wish, &input);
	if (!proc_run(words, input.data, &output, &errors, &result, &flow->stop, err)) {
		if (err->kind != ERR_STOPPED)
			err->kind = ERR_DUMP;
		return err_context(err, "the dump hook");
	}
	if (result.status != 0) {
		err_set(err, ERR_DUMP, "the dump hook %s ended with %d", words[0], result.status);
		return errors.len == 0 ? false : err_why(err, "%.1000s", errors.data);
	}
	const char *found = read_id(flow, &output);
	if (found == NULL) {
		err_set(err, ERR_DUMP, "the dump hook %s printed no id", words[0]);
		return err_next(
		    err, "its first line of output must be the snapshot's id, and nothing else");
	}
	*id = found;
	return true;
}
