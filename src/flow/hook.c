#include "flow/hook.h"
#include "base/proc.h"
#include "base/text.h"
#include "net/http.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	WORDS_MAX = 64,
	ID_MAX = 200,
	OUTPUT_MAX = 64 << 10,
	QUOTED_MAX = 300,           /* of an answer, in an error */
	ANSWER_MS = 10 * 60 * 1000, /* a service may answer when its snapshot is safe */
	BEAT_MS = 500               /* a lease may be as short as a second */
};

/* A hook at work. */
struct call {
	struct flow *flow;
	struct buf *output;
	int64_t began, beat;
};

/* Our session is idle meanwhile; others must see that its holder lives. */
static void beat(void *context)
{
	struct call *call = context;
	char note[64], elapsed[32];
	int64_t now = stop_now();
	if (now - call->beat < BEAT_MS)
		return;
	call->beat = now;
	text_elapsed(now - call->began, elapsed, sizeof(elapsed));
	snprintf(note, sizeof(note), "taking a snapshot, %s", elapsed);
	call->flow->driver->lock_note(call->flow->db, note);
}

static bool take(
    void *context, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	struct call *call = context;
	(void)stop;
	(void)err;
	buf_add(call->output, data, len); /* what is too much is no id */
	return true;
}

static bool not_a_hook(struct err *err)
{
	err_set(err, ERR_CONFIG,
	    "DB_ENTRY_DUMP_HOOK must be a program and its arguments as a JSON array of texts,"
	    " or a URL");
	err_next(err, "DB_ENTRY_DUMP_HOOK='[\"/usr/local/bin/snapshot\",\"--wait\"]'");
	return err_next(err, "DB_ENTRY_DUMP_HOOK=https://backup.example/snapshots");
}

static bool is_url(const struct config *config)
{
	const char *text = config_text(config, SETTING_DUMP_HOOK);
	return text != NULL && http_is_url(text);
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
	return is_url(config) || parse(config, &document, words, err);
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

/* A text, if it can be an id: it goes into the history and the log. */
static const char *as_id(struct flow *flow, const char *text, size_t len)
{
	if (len == 0 || len > ID_MAX)
		return NULL;
	for (size_t i = 0, used; i < len; i += used)
		if ((used = text_printable(text + i)) == 0)
			return NULL;
	return arena_strndup(&flow->arena, text, len);
}

static bool run_program(
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
	struct call call = {.flow = flow, .output = &output, .began = stop_now()};
	const struct proc_stream stream = {.argv = words,
	    .environment = environ,
	    .input = input.data,
	    .take = take,
	    .idle = beat,
	    .context = &call};
	if (!proc_stream(&stream, &errors, &result, &flow->stop, err)) {
		if (err->kind != ERR_STOPPED)
			err->kind = ERR_DUMP;
		return err_context(err, "the dump hook");
	}
	if (result.status != 0) {
		err_set(err, ERR_DUMP, "the dump hook %s ended with %d", words[0], result.status);
		return errors.len == 0 ? false : err_why(err, "%.1000s", errors.data);
	}
	const char *found =
	    output.len == 0 ? NULL : as_id(flow, output.data, strcspn(output.data, "\r\n"));
	if (found == NULL) {
		err_set(err, ERR_DUMP, "the dump hook %s printed no id", words[0]);
		return err_next(
		    err, "its first line of output must be the snapshot's id, and nothing else");
	}
	*id = found;
	return true;
}

/* What it says itself, if that can be shown: one line, without what looks like a secret. */
static bool refused(const char *origin, int status, const struct buf *answer, struct err *err)
{
	CLEANUP(buf_free) struct buf said = buf_init(OUTPUT_MAX);
	size_t len = 0;
	err_set(err, ERR_DUMP, "the dump hook at %s answered %d", origin, status);
	if (status >= 300 && status < 400)
		err_why(err, "redirects are not followed: name the address it leads to");
	url_redact(answer->data, &said);
	for (size_t used; len < said.len && len < QUOTED_MAX; len += used)
		if ((used = text_printable(said.data + len)) == 0)
			break;
	return len == 0 ? false : err_why(err, "%.*s", (int)len, said.data);
}

static bool read_answer(struct flow *flow, const char *origin, int status, const struct buf *answer,
    const char **id, struct err *err)
{
	CLEANUP(json_free) struct json *document = NULL;
	struct err syntax;
	const char *text = NULL;
	if (status < 200 || status > 299)
		return refused(origin, status, answer, err);
	if (json_parse(&document, answer->data, answer->len, NULL, &syntax))
		text = json_text(json_get(document, "id"));
	const char *found = text == NULL ? NULL : as_id(flow, text, strlen(text));
	if (found == NULL) {
		err_set(err, ERR_DUMP, "the dump hook at %s answered no id", origin);
		return err_next(err, "it must answer JSON with the snapshot's id: {\"id\": \"…\"}");
	}
	*id = found;
	return true;
}

static bool call_service(
    struct flow *flow, const struct flow_dump_wish *wish, const char **id, struct err *err)
{
	static const char *const headers[] = {
	    "Content-Type: application/json", "Accept: application/json", NULL};
	CLEANUP(buf_free) struct buf input = buf_init(OUTPUT_MAX);
	CLEANUP(buf_free) struct buf answer = buf_init(OUTPUT_MAX);
	CLEANUP(buf_free) struct buf origin = buf_init(OUTPUT_MAX);
	const char *url = config_text(flow->config, SETTING_DUMP_HOOK);
	int status = 0;
	describe(flow, wish, &input);
	struct call call = {.flow = flow, .began = stop_now()};
	const struct http_request request = {
	    .method = "POST",
	    .url = url,
	    .headers = headers,
	    .body = input.data,
	    .body_len = input.len,
	    .time = ANSWER_MS,
	    .idle = beat,
	    .context = &call,
	};
	if (!http_send(&request, &status, &answer, &flow->stop, err)) {
		if (err->kind != ERR_STOPPED && err->kind != ERR_CONFIG)
			err->kind = ERR_DUMP;
		return err_context(err, "the dump hook");
	}
	http_origin(url, &origin);
	return read_answer(flow, origin.data, status, &answer, id, err);
}

bool hook_run(
    struct flow *flow, const struct flow_dump_wish *wish, const char **id, struct err *err)
{
	return is_url(flow->config) ? call_service(flow, wish, id, err)
				    : run_program(flow, wish, id, err);
}
