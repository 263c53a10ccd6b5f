#include "base/url.h"
#include "base/text.h"
#include <string.h>
#include <strings.h>

/* A part of the text being parsed. Only what is decoded goes into the arena: secrets once. */
struct span {
	const char *at;
	size_t len;
};

enum {
	PORT_MOST = 65535,
	PORT_DIGITS = 5
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

static const char *span_find(struct span span, char c)
{
	return memchr(span.at, c, span.len);
}

static const char *span_find_last(struct span span, char c)
{
	return memrchr(span.at, c, span.len);
}

static bool span_starts(struct span span, const char *prefix)
{
	return span.len >= strlen(prefix) && memcmp(span.at, prefix, strlen(prefix)) == 0;
}

/* Take what lies before `where`, which is in the span or at its end. */
static struct span take_to(struct span *rest, const char *where)
{
	struct span head = {rest->at, (size_t)(where - rest->at)};

	rest->at = where;
	rest->len -= head.len;
	return head;
}

static void skip(struct span *rest, size_t len)
{
	rest->at += len;
	rest->len -= len;
}

/* Take what lies before the first `c` and drop the `c`; all of it when there is none. */
static struct span take_piece(struct span *rest, char c)
{
	const char *where = span_find(*rest, c);
	struct span piece = take_to(rest, where != NULL ? where : rest->at + rest->len);

	if (where != NULL)
		skip(rest, 1);
	return piece;
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The span percent-decoded, in the arena; NULL with an error that names the part, not its text. */
static const char *decode(struct span span, const char *part, struct arena *arena, struct err *err)
{
	char *text = arena_alloc(arena, span.len + 1), *end = text;

	for (size_t i = 0; i < span.len; i++) {
		int high, low;

		if (span.at[i] != '%') {
			*end++ = span.at[i];
			continue;
		}
		high = span.len - i > 2 ? hex_value(span.at[i + 1]) : -1;
		low = high >= 0 ? hex_value(span.at[i + 2]) : -1;
		if (low < 0 || (high == 0 && low == 0)) {
			err_set(err, ERR_CONFIG, "the %s in the database URL has %s", part,
			    low < 0 ? "a % without two hexadecimal digits"
				    : "a NUL character (%00)");
			err_next(err, "write %% itself as %%25");
			return NULL;
		}
		*end++ = (char)(high * 16 + low);
		i += 2;
	}
	return text;
}

/* What is wrong with the text as a whole, before any of it is read. */
static bool check_shape(const char *text, struct err *err)
{
	size_t len = strlen(text);

	if (len == 0)
		return err_set(err, ERR_CONFIG, "the database URL is empty");
	if (strpbrk(text, "\r\n") != NULL) {
		err_set(err, ERR_CONFIG, "the database URL has a line break in it");
		return err_next(err, "write it in one line, without a line break at its end");
	}
	if (is_one_of(text[0], " \t") || is_one_of(text[len - 1], " \t")) {
		err_set(err, ERR_CONFIG, "the database URL has blanks around it");
		return err_next(err, "remove the blanks before and after it");
	}
	if (is_one_of(text[0], "\"'")) {
		err_set(err, ERR_CONFIG, "the database URL has quotes around it");
		return err_next(err, "remove the quotes: docker run --env-file and Kubernetes keep "
				     "them in the value");
	}
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7F)
			return err_set(
			    err, ERR_CONFIG, "the database URL has a control character in it");
	}
	return true;
}

/* The text is repeated only when it can be nothing but a file's name: it may be a password. */
static bool no_scheme(const char *text, struct err *err)
{
	static const char *const endings[] = {".db", ".db3", ".sqlite", ".sqlite3"};

	err_set(err, ERR_CONFIG, "the database URL has no scheme");
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		if (text_ends(text, endings[i]) && strpbrk(text, "=@: ") == NULL)
			return err_next(err, "write sqlite:%s", text);
	}
	return err_next(err, "write for example postgresql://user:password@host:5432/name, "
			     "mysql://user:password@host:3306/name or sqlite:path");
}

static const char *lower(struct span span, struct arena *arena)
{
	char *text = arena_strndup(arena, span.at, span.len);

	for (char *c = text; *c != '\0'; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	return text;
}

/* Take [jdbc:]scheme[+driver]: from the front. */
static bool take_scheme(struct url *url, struct span *rest, struct arena *arena, struct err *err)
{
	static const char jdbc[] = "jdbc:";
	const char *text = rest->at, *colon;
	struct span scheme;

	url->jdbc = strncasecmp(text, jdbc, strlen(jdbc)) == 0;
	if (url->jdbc)
		skip(rest, strlen(jdbc));
	colon = span_find(*rest, ':');
	if (colon == NULL || !is_letter(*rest->at))
		return no_scheme(text, err);
	for (const char *c = rest->at; c < colon; c++) {
		if (!is_letter(*c) && !is_digit(*c) && !is_one_of(*c, "+-."))
			return no_scheme(text, err);
	}
	scheme = take_piece(rest, ':');
	url->scheme = lower(take_piece(&scheme, '+'), arena);
	url->driver = lower(scheme, arena);
	return true;
}

static bool parse_params(struct url *url, struct span query, struct arena *arena, struct err *err)
{
	size_t capacity = 0;

	while (query.len > 0) {
		struct span value = take_piece(&query, '&');
		struct span key = take_piece(&value, '=');
		struct url_param *param;

		if (key.len == 0 && value.len == 0)
			continue;
		/* The rest of a password with a bare ? in it. */
		if (span_find(key, '@') != NULL) {
			err_set(err, ERR_CONFIG,
			    "the database URL has an @ in the name of a parameter");
			return err_next(err, "write ? as %%3F and @ as %%40 in user and password");
		}
		url->params = arena_grow(
		    arena, url->params, url->param_count, &capacity, sizeof(*url->params));
		param = &url->params[url->param_count];
		param->key = decode(key, "name of a parameter", arena, err);
		if (param->key == NULL)
			return false;
		param->value = decode(value, "value of a parameter", arena, err);
		if (param->value == NULL)
			return false;
		url->param_count++;
	}
	return true;
}

static bool is_port(struct span text)
{
	unsigned number = 0;

	if (text.len > PORT_DIGITS)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!is_digit(text.at[i]))
			return false;
		number = number * 10 + (unsigned)(text.at[i] - '0');
	}
	return number >= 1 && number <= PORT_MOST;
}

static bool bad_host(const char *what, struct err *err)
{
	err_set(err, ERR_CONFIG, "%s in the database URL", what);
	return err_next(err, "the form is scheme://user:password@host:port/name; "
			     "an IPv6 address is in brackets");
}

/* name, name:port, [address]:port, and the tcp(name:port) of Go's MySQL driver. */
static bool parse_host(
    struct url_host *host, struct span text, struct arena *arena, struct err *err)
{
	struct span name;

	if (span_starts(text, "tcp(") && text.at[text.len - 1] == ')') {
		skip(&text, strlen("tcp("));
		text.len--;
	}
	if (span_starts(text, "[")) {
		if (span_find(text, ']') == NULL)
			return bad_host("a [ without a ]", err);
		skip(&text, 1);
		name = take_piece(&text, ']');
		if (text.len > 0 && text.at[0] != ':')
			return bad_host("text between a ] and the port", err);
	} else {
		const char *colon = span_find(text, ':');

		name = take_to(&text, colon != NULL ? colon : text.at + text.len);
	}
	if (span_find(name, '(') != NULL)
		return bad_host("a ( in the host", err);
	if (text.len > 0)
		skip(&text, 1);
	if (span_find(text, ':') != NULL)
		return bad_host("a host with more than one colon", err);
	if (text.len > 0 && !is_port(text))
		return bad_host("a port that is not a number between 1 and 65535", err);
	host->name = decode(name, "host", arena, err);
	host->port = arena_strndup(arena, text.at, text.len);
	return host->name != NULL;
}

static bool parse_hosts(struct url *url, struct span text, struct arena *arena, struct err *err)
{
	struct url_host *hosts = NULL;
	size_t count = 0, capacity = 0;

	while (text.len > 0) {
		hosts = arena_grow(arena, hosts, count, &capacity, sizeof(*hosts));
		if (!parse_host(&hosts[count], take_piece(&text, ','), arena, err))
			return false;
		count++;
	}
	url->hosts = hosts;
	url->host_count = count;
	return true;
}

/* Where the authority ends: at the first / or ? from `from` on. */
static const char *authority_end(struct span rest, const char *from)
{
	while (from < rest.at + rest.len && !is_one_of(*from, "/?"))
		from++;
	return from;
}

/*
 * Take the authority from the front. One without an @ that can't be a list of hosts is the
 * beginning of a user and a password with a bare / or ? in it, which go on to the last @ before the
 * parameters.
 */
static struct span take_authority(struct span *rest, struct arena *arena)
{
	const char *end = authority_end(*rest, rest->at);
	struct span authority = {rest->at, (size_t)(end - rest->at)};
	struct url scratch = {0};
	struct err ignored = {0};

	if (span_find(authority, '@') == NULL &&
	    !parse_hosts(&scratch, authority, arena, &ignored)) {
		const char *question = span_find_last(*rest, '?'), *at = NULL;

		if (question != NULL)
			at = memrchr(rest->at, '@', (size_t)(question - rest->at));
		if (at == NULL)
			at = span_find_last(*rest, '@');
		if (at != NULL)
			end = authority_end(*rest, at);
	}
	return take_to(rest, end);
}

static bool parse_userinfo(
    struct url *url, struct span userinfo, struct arena *arena, struct err *err)
{
	bool has_password = span_find(userinfo, ':') != NULL;
	struct span user = take_piece(&userinfo, ':');

	url->user = decode(user, "user", arena, err);
	if (url->user == NULL)
		return false;
	if (has_password)
		url->password = decode(userinfo, "password", arena, err);
	return !has_password || url->password != NULL;
}

static bool parse_authority(
    struct url *url, struct span authority, struct arena *arena, struct err *err)
{
	const char *at = span_find_last(authority, '@');

	if (span_find(authority, ' ') != NULL) {
		err_set(
		    err, ERR_CONFIG, "the database URL has a blank in its user, password or host");
		return err_next(err, "write a blank as %%20");
	}
	if (at != NULL) {
		struct span userinfo = take_to(&authority, at);

		skip(&authority, 1);
		if (!parse_userinfo(url, userinfo, arena, err))
			return false;
	}
	return parse_hosts(url, authority, arena, err);
}

static bool parse_path(struct url *url, struct span path, struct arena *arena, struct err *err)
{
	url->path = decode(path, "path", arena, err);
	return url->path != NULL;
}

/* What a client of a server needs: user, password, hosts, path. */
static bool parse_server(struct url *url, struct span *rest, struct arena *arena, struct err *err)
{
	struct span path;

	if (url->authority && !parse_authority(url, take_authority(rest, arena), arena, err))
		return false;
	path = take_piece(rest, '?');
	/* Either the rest of a password with a bare @ and / in it, or one where there is no //. */
	if (span_find(path, '@') != NULL) {
		err_set(err, ERR_CONFIG, "the database URL has an @ where its path should be");
		return err_next(err,
		    "the form is scheme://user:password@host:port/name; write / as "
		    "%%2F and @ as %%40 in user, password and name");
	}
	return parse_path(url, path, arena, err);
}

/* Named with their colon, as one writes them. */
static bool is_file_scheme(const char *scheme)
{
	static const char *const names[] = {"file:", "sqlite:", "sqlite2:", "sqlite3:"};
	size_t len = strlen(scheme);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (text_starts(names[i], scheme) && names[i][len] == ':')
			return true;
	}
	return false;
}

bool url_parse(struct url *url, const char *text, struct arena *arena, struct err *err)
{
	struct url parsed = {.scheme = "", .driver = "", .path = ""};
	struct span rest = span_of(text);
	bool ok;

	if (!check_shape(text, err) || !take_scheme(&parsed, &rest, arena, err))
		return false;
	parsed.authority = span_starts(rest, "//");
	if (parsed.authority)
		skip(&rest, strlen("//"));
	if (is_file_scheme(parsed.scheme))
		ok = parse_path(&parsed, take_piece(&rest, '?'), arena, err);
	else
		ok = parse_server(&parsed, &rest, arena, err);
	if (!ok || !parse_params(&parsed, rest, arena, err))
		return false;
	*url = parsed;
	return true;
}

const char *url_param(const struct url *url, const char *key)
{
	for (size_t i = url->param_count; i > 0; i--) {
		if (text_is(url->params[i - 1].key, key))
			return url->params[i - 1].value;
	}
	return NULL;
}

void url_encode(const char *text, struct buf *out)
{
	for (; *text != '\0'; text++) {
		if (is_letter(*text) || is_digit(*text) || is_one_of(*text, "-._~"))
			buf_add_char(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}
