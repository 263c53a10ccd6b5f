/*
 * URLs: parsing and redacting whatever comes, and no secret ever survives redaction.
 *
 * An input is taken as a URL as it is, and as user and rest (split at its first line break) of URLs
 * into which a known password is put.
 */
#include "base/url.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char secret[] = "hunter2secret";

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void must_not_hold_secret(const char *text)
{
	must(strstr(text, secret) == NULL);
}

static void redacted_must_not_hold_secret(const char *text)
{
	CLEANUP(buf_free) struct buf out = buf_init(SIZE_MAX);

	url_redact(text, &out);
	must_not_hold_secret(out.data);
}

static void parse(const char *text, bool holds_secret)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct err err = {0};
	struct url url = {0};

	if (!url_parse(&url, text, &arena, &err)) {
		must(err.kind == ERR_CONFIG && err.message[0] != '\0');
		if (holds_secret) {
			must_not_hold_secret(err.message);
			must_not_hold_secret(err.why);
			must_not_hold_secret(err.next);
		}
		return;
	}
	must(url.scheme[0] != '\0' && url.driver != NULL && url.path != NULL);
	must(url.password == NULL || url.user != NULL);
	for (size_t i = 0; i < url.host_count; i++)
		must(url.hosts[i].name != NULL && strlen(url.hosts[i].port) <= 5);
	for (size_t i = 0; i < url.param_count; i++)
		must(url_param(&url, url.params[i].key) != NULL);
}

/* What is encoded is decoded to the same text, in every part of a URL. */
static void round_trip(const char *text)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf part = buf_init(SIZE_MAX), whole = buf_init(SIZE_MAX);
	struct err err = {0};
	struct url url = {0};

	url_encode(text, &part);
	buf_printf(&whole, "mysql://%s:%s@%s/%s?%s=%s", part.data, part.data, part.data, part.data,
	    part.data, part.data);
	must(url_parse(&url, whole.data, &arena, &err));
	must(strcmp(url.user, text) == 0 && strcmp(url.password, text) == 0);
	must(strcmp(url.path + 1, text) == 0);
	must(text[0] == '\0' || strcmp(url.hosts[0].name, text) == 0);
	must(text[0] == '\0' || strcmp(url_param(&url, text), text) == 0);
}

static void hide(const char *user, const char *rest)
{
	CLEANUP(buf_free) struct buf text = buf_init(SIZE_MAX);

	/* A blank in the user ends what can be told to be a URL. */
	if (user[strcspn(user, " \t\v\f\r")] != '\0')
		return;
	buf_printf(&text, "mysql://%s:%s@%s", user, secret, rest);
	redacted_must_not_hold_secret(text.data);
	parse(text.data, true);
	buf_reset(&text);
	buf_printf(&text, "mysql://%s/%s?password=%s&%s", user, user, secret, rest);
	redacted_must_not_hold_secret(text.data);
	parse(text.data, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest;
	CLEANUP(buf_free) struct buf out = buf_init(SIZE_MAX);

	must(text != NULL);
	if (strstr(text, secret) == NULL) {
		parse(text, false);
		round_trip(text);
		url_redact(text, &out);
		rest = strchr(text, '\n');
		if (rest != NULL)
			*rest++ = '\0';
		hide(text, rest != NULL ? rest : "");
	}
	free(text);
	return 0;
}
