/*
 * Redaction reads text that may be anything, so it doesn't parse: it looks for the two shapes a
 * secret has, `//user:secret@` and `password=secret`, in one pass each.
 */
#include "base/text.h"
#include "base/url.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

static const char hidden[] = "***";

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static const char *word_end(const char *at)
{
	while (*at != '\0' && !is_blank(*at))
		at++;
	return at;
}

/* What closes a URL that stands in quotes or brackets; NUL when it stands free. */
static char closing_of(const char *text, const char *anchor)
{
	static const char opening[] = "\"'`<([{", closing[] = "\"'`>)]}";
	const char *found;

	while (anchor > text && (is_alnum(anchor[-1]) || is_one_of(anchor[-1], "+-.:")))
		anchor--;
	if (anchor == text)
		return '\0';
	found = strchr(opening, anchor[-1]);
	return found != NULL ? closing[found - opening] : '\0';
}

/*
 * Where a URL's text ends: at a blank, or at the character that closes it. A password may hold that
 * one too, so it counts only before something that may follow a URL in a message.
 */
static const char *url_end(const char *at, char closing)
{
	for (; *at != '\0' && !is_blank(*at); at++) {
		if (*at == closing &&
		    (at[1] == '\0' || is_blank(at[1]) || is_one_of(at[1], ",;:.)]}>\"'`")))
			break;
	}
	return at;
}

static bool is_port(const char *at)
{
	const char *digits = at;

	while (*at >= '0' && *at <= '9')
		at++;
	return *at == '\0' || is_blank(*at) || is_one_of(*at, "/?,\"'`<>()[]{}") ||
	       (at > digits && is_one_of(*at, "#.:;!"));
}

/* The colon of an authority before what can't be a port: a password whose @ is missing. */
static const char *odd_colon(const char *at, const char *end)
{
	if (*at == '[')
		at += strcspn(at, "]");
	for (; at < end && !is_one_of(*at, "/?"); at++) {
		if (*at == ':' && !is_port(at + 1))
			return at;
	}
	return NULL;
}

/* One secret to replace: from `start` to `end`. Nothing when start is NULL. */
struct secret {
	const char *start;
	const char *end;
};

/* The password of the URL whose authority begins at `at`. */
static struct secret find_password(const char *at, char closing)
{
	const char *end = url_end(at, closing), *last = memrchr(at, '@', (size_t)(end - at));
	const char *colon;

	if (last != NULL) {
		colon = memchr(at, ':', (size_t)(last - at));
		return (struct secret){colon != NULL ? colon + 1 : NULL, last};
	}
	colon = odd_colon(at, end);
	if (colon == NULL)
		return (struct secret){NULL, NULL};
	/* Perhaps a blank in the password ended the URL too early: look on in this line. */
	last = memrchr(at, '@', strcspn(at, "\r\n"));
	return (struct secret){colon + 1, last != NULL ? last : end};
}

/* The password of user:password@tcp(host), the form of Go's MySQL driver, in the word at `at`. */
static struct secret find_dsn_password(const char *at)
{
	const char *end = word_end(at), *colon = memchr(at, ':', (size_t)(end - at)), *sign;

	if (colon == NULL || colon[1] == '/')
		return (struct secret){NULL, NULL};
	for (sign = end; sign > colon; sign--) {
		if (text_starts(sign, "@tcp(") || text_starts(sign, "@unix("))
			return (struct secret){colon + 1, sign};
	}
	return (struct secret){NULL, NULL};
}

/* After "://", the ":/" of a typing mistake, and the "//" of a URL without its scheme. */
static size_t anchor_len(const char *at)
{
	if (at[0] == ':' && at[1] == '/')
		return at[2] == '/' ? 3 : 2;
	return at[0] == '/' && at[1] == '/' ? 2 : 0;
}

static void redact_passwords(const char *text, struct buf *out)
{
	const char *at = text;

	while (*at != '\0') {
		size_t len = anchor_len(at);
		struct secret secret = {NULL, NULL};

		if (len > 0)
			secret = find_password(at + len, closing_of(text, at));
		else if (at == text || is_blank(at[-1]))
			secret = find_dsn_password(at);
		if (secret.start != NULL) {
			buf_add(out, at, (size_t)(secret.start - at));
			buf_add_text(out, hidden);
			at = secret.end;
		} else {
			buf_add(out, at, len > 0 ? len : 1);
			at += len > 0 ? len : 1;
		}
	}
}

static bool is_key_char(char c)
{
	return is_alnum(c) || is_one_of(c, "_-.");
}

/* Whether a key ends like the name of a secret; MySQL numbers its passwords (password1). */
static bool is_secret_key(const char *key, size_t len)
{
	static const char *const endings[] = {"password", "passwd", "passphrase", "pass", "pwd",
	    "secret", "token", "api_key", "api-key", "apikey", "access_key", "accesskey",
	    "secret_key", "secretkey", "private_key", "signature"};

	while (len > 0 && key[len - 1] >= '0' && key[len - 1] <= '9')
		len--;
	/* SQLCipher's; as an ending it would hide sslkey, which is a path. */
	if (len == 3 && strncasecmp(key, "key", len) == 0)
		return true;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t size = strlen(endings[i]);

		if (len >= size && strncasecmp(key + len - size, endings[i], size) == 0)
			return true;
	}
	return false;
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* Where a quoted value ends, a backslash or a doubled quote keeping a quote inside. */
static const char *quoted_end(const char *at)
{
	char quote = *at++;

	for (; *at != '\0'; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		else if (*at == quote && at[1] == quote)
			at++;
		else if (*at == quote)
			return at + 1;
	}
	return at;
}

/* The value of the pair key=value whose key ends at `at`; quotes and blanks as libpq has them. */
static struct secret find_value(const char *at)
{
	const char *value, *end;

	at = skip_blanks(at);
	if (*at != '=')
		return (struct secret){NULL, NULL};
	value = skip_blanks(at + 1);
	if (*value == '\'' || *value == '"')
		return (struct secret){value, quoted_end(value)};
	for (end = value; *end != '\0' && *end != '&' && !is_blank(*end); end++)
		;
	return (struct secret){end > value ? value : NULL, end};
}

static void redact_values(const char *text, struct buf *out)
{
	const char *at = text;

	while (*at != '\0') {
		const char *end = at;
		struct secret secret = {NULL, NULL};

		while (is_key_char(*end))
			end++;
		if (end > at && is_secret_key(at, (size_t)(end - at)))
			secret = find_value(end);
		if (secret.start != NULL) {
			buf_add(out, at, (size_t)(secret.start - at));
			buf_add_text(out, hidden);
			at = secret.end;
		} else {
			end += end == at;
			buf_add(out, at, (size_t)(end - at));
			at = end;
		}
	}
}

void url_redact(const char *text, struct buf *out)
{
	CLEANUP(buf_wipe) struct buf passed = buf_init(SIZE_MAX);

	redact_passwords(text, &passed);
	redact_values(passed.data, out);
}
