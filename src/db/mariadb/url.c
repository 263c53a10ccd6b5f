/*
 * MariaDB and MySQL URLs: every driver spells its parameters in its own way, so names are compared
 * without case, `-` and `_`. What means nothing here is left out.
 */
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include "net/authorities.h"
#include <stddef.h>
#include <string.h>

enum {
	KEY_MAX = 64,
	LIMIT_MOST_MS = 86400000
};

/* On the way through the parameters. */
struct reading {
	struct my_target *target;
	const char *key; /* as it is written */
	const char *value;
	bool mode_given; /* a TLS mode, not only what goes with one */
	bool checks_ca, checks_name;
};

/* "useSSL" and "use_ssl" become "usessl". */
static void fold(const char *key, char out[KEY_MAX])
{
	size_t len = 0;
	for (; *key != '\0' && len < KEY_MAX - 1; key++) {
		if (*key == '-' || *key == '_')
			continue;
		out[len++] = (char)(*key >= 'A' && *key <= 'Z' ? *key + 'a' - 'A' : *key);
	}
	out[len] = '\0';
}

static bool is_true(const char *value)
{
	return text_is(value, "") || text_is(value, "1") || text_is_nocase(value, "true") ||
	       text_is_nocase(value, "yes") || text_is_nocase(value, "on");
}

static bool is_false(const char *value)
{
	return text_is(value, "0") || text_is_nocase(value, "false") ||
	       text_is_nocase(value, "no") || text_is_nocase(value, "off");
}

static bool fail_value(const struct reading *r, const char *known, struct err *err)
{
	err_set(err, ERR_CONFIG, "the database URL: %s=%s is not understood", r->key, r->value);
	return err_next(err, "write one of %s", known);
}

/* --- TLS --- */

/* What the drivers call it, without `-` and `_`. */
static const struct {
	const char *word;
	enum my_tls mode;
} modes[] = {
    {"disabled", MY_TLS_DISABLED},
    {"disable", MY_TLS_DISABLED},
    {"false", MY_TLS_DISABLED},
    {"0", MY_TLS_DISABLED},
    {"no", MY_TLS_DISABLED},
    {"off", MY_TLS_DISABLED},
    {"preferred", MY_TLS_PREFERRED},
    {"prefer", MY_TLS_PREFERRED},
    {"allow", MY_TLS_PREFERRED},
    {"required", MY_TLS_REQUIRED},
    {"require", MY_TLS_REQUIRED},
    {"trust", MY_TLS_REQUIRED},      /* MariaDB's JDBC driver */
    {"skipverify", MY_TLS_REQUIRED}, /* Go */
    {"verifyca", MY_TLS_VERIFY_CA},
    {"verifyidentity", MY_TLS_VERIFY_IDENTITY},
    {"verifyfull", MY_TLS_VERIFY_IDENTITY},
};

/* `yes`: what a bare "true" stands for. */
static bool set_mode(struct reading *r, enum my_tls yes, struct err *err)
{
	char word[KEY_MAX];
	fold(r->value, word);
	r->mode_given = true;
	if (is_true(r->value)) {
		r->target->tls = yes;
		return true;
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (text_is(word, modes[i].word)) {
			r->target->tls = modes[i].mode;
			return true;
		}
	}
	return fail_value(r, "DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY", err);
}

static bool take_mode(struct reading *r, struct err *err)
{
	return set_mode(r, MY_TLS_REQUIRED, err);
}

/* Go's tls=true checks the certificate and its name. */
static bool take_go(struct reading *r, struct err *err)
{
	return set_mode(r, MY_TLS_VERIFY_IDENTITY, err);
}

/* Node's: true, or an object. */
static bool take_ssl(struct reading *r, struct err *err)
{
	if (r->value[0] != '{')
		return take_mode(r, err);
	bool blind = strstr(r->value, "\"rejectUnauthorized\":false") != NULL ||
		     strstr(r->value, "\"rejectUnauthorized\": false") != NULL;
	r->target->tls = blind ? MY_TLS_REQUIRED : MY_TLS_VERIFY_CA;
	return r->mode_given = true;
}

/* JDBC's two: encrypted if it can be, and no less. */
static bool take_use_ssl(struct reading *r, struct err *err)
{
	(void)err;
	if (!r->mode_given)
		r->target->tls = is_false(r->value) ? MY_TLS_DISABLED : MY_TLS_PREFERRED;
	return true;
}

static bool take_require_ssl(struct reading *r, struct err *err)
{
	(void)err;
	if (is_true(r->value) && r->target->tls < MY_TLS_REQUIRED) {
		r->target->tls = MY_TLS_REQUIRED;
		r->mode_given = true;
	}
	return true;
}

static bool take_check_ca(struct reading *r, struct err *err)
{
	(void)err;
	r->checks_ca = is_true(r->value);
	return true;
}

static bool take_check_name(struct reading *r, struct err *err)
{
	(void)err;
	r->checks_name = is_true(r->value);
	return true;
}

/* Prisma's. */
static bool take_accept(struct reading *r, struct err *err)
{
	(void)err;
	r->checks_ca = text_is_nocase(r->value, "strict");
	if (!r->checks_ca && !r->mode_given)
		r->target->tls = MY_TLS_PREFERRED;
	return true;
}

/* --- Others --- */

static bool take_limit(struct reading *r, int64_t unit, struct err *err)
{
	struct my_target *target = r->target;
	struct err ignored;
	int64_t number = 0;
	if (text_int(r->value, 0, LIMIT_MOST_MS / unit, &number, &ignored))
		target->limit = number == 0 ? -1 : number * unit;
	else if (!text_duration(r->value, &target->limit, &ignored)) /* Go: "5s" */
		return fail_value(r, "a number of seconds", err);
	return true;
}

static bool take_limit_s(struct reading *r, struct err *err)
{
	return take_limit(r, 1000, err);
}

/* The drivers for Java and Node count in milliseconds where they write connectTimeout. */
static bool take_connect_timeout(struct reading *r, struct err *err)
{
	return take_limit(
	    r, strpbrk(r->key, "_-") == NULL && strchr(r->key, 'T') != NULL ? 1 : 1000, err);
}

static bool take_clear(struct reading *r, struct err *err)
{
	(void)err;
	r->target->clear_password = is_true(r->value);
	return true;
}

static const struct {
	const char *key; /* folded */
	bool (*take)(struct reading *r, struct err *err);
	size_t text; /* or: the member it becomes */
} keys[] = {
#define TEXT(member) NULL, offsetof(struct my_target, member)
    {"socket", TEXT(socket)},
    {"unixsocket", TEXT(socket)},
    {"socketpath", TEXT(socket)},
    {"localsocket", TEXT(socket)},
    {"user", TEXT(user)},
    {"username", TEXT(user)},
    {"password", TEXT(password)},
    {"sslca", TEXT(ca)},
    {"sslcafile", TEXT(ca)},
    {"sslrootcert", TEXT(ca)},
    {"serversslcert", TEXT(ca)},
    {"sslcapath", TEXT(ca_path)},
    {"sslcert", TEXT(cert)},
    {"sslkey", TEXT(key)},
    {"sslkeypassword", TEXT(key_password)},
    {"sslpassword", TEXT(key_password)},
    {"sslcrl", TEXT(crl)},
    {"sslcipher", TEXT(cipher)},
    {"serverpublickeypath", TEXT(server_key)},
    {"serverrsapublickeyfile", TEXT(server_key)},
    {"plugindir", TEXT(plugin_dir)},
#undef TEXT
    {"sslmode", take_mode, 0},
    {"tls", take_go, 0},
    {"ssl", take_ssl, 0},
    {"usessl", take_use_ssl, 0},
    {"requiressl", take_require_ssl, 0},
    {"verifyservercertificate", take_check_ca, 0},
    {"sslverifycert", take_check_ca, 0},
    {"sslverifyservercert", take_check_name, 0},
    {"sslverifyidentity", take_check_name, 0},
    {"sslcheckhostname", take_check_name, 0},
    {"sslaccept", take_accept, 0},
    {"connecttimeout", take_connect_timeout, 0},
    {"timeout", take_limit_s, 0},
    {"allowcleartextpasswords", take_clear, 0},
    {"enablecleartextplugin", take_clear, 0},
};

static bool take_param(struct reading *r, bool *known, struct err *err)
{
	char key[KEY_MAX];
	fold(r->key, key);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!text_is(key, keys[i].key))
			continue;
		*known = true;
		if (keys[i].take != NULL)
			return keys[i].take(r, err);
		*(const char **)(void *)((char *)r->target + keys[i].text) = r->value;
		return true;
	}
	*known = false;
	return true;
}

/* The library has none of its own; a file that is not there it names. */
static const char *known_authorities(void)
{
	const char *file = authorities_file();
	return file == NULL ? "/etc/ssl/certs/ca-certificates.crt" : file;
}

/* What checking needs, and a CA that is named without a mode. */
static void settle_tls(const struct reading *r)
{
	struct my_target *target = r->target;
	/* Prisma calls the CA so; a certificate of ours has a key. */
	if (target->cert != NULL && target->key == NULL) {
		if (target->ca == NULL)
			target->ca = target->cert;
		target->cert = NULL;
	}
	if (target->tls == MY_TLS_DISABLED && r->mode_given)
		return;
	bool ca =
	    r->checks_ca || (!r->mode_given && (target->ca != NULL || target->ca_path != NULL));
	if (r->checks_name)
		target->tls = MY_TLS_VERIFY_IDENTITY;
	else if (ca && target->tls < MY_TLS_VERIFY_CA)
		target->tls = MY_TLS_VERIFY_CA;
	if (target->tls >= MY_TLS_VERIFY_CA && target->ca == NULL && target->ca_path == NULL)
		target->ca = known_authorities();
}

static bool read_params(
    struct my_target *target, const struct url *url, struct arena *arena, struct err *err)
{
	struct reading r = {.target = target};
	for (size_t i = 0; i < url->param_count; i++) {
		bool known = false;
		r.key = url->params[i].key;
		r.value = url->params[i].value;
		if (!take_param(&r, &known, err))
			return false;
		if (!known)
			target->dropped = target->dropped == NULL ? arena_strdup(arena, r.key)
								  : arena_printf(arena, "%s, %s",
									target->dropped, r.key);
	}
	settle_tls(&r);
	return true;
}

bool my_target(struct my_target *ret, const struct url *url, struct arena *arena, struct err *err)
{
	struct my_target target = {
	    .tls = MY_TLS_PREFERRED,
	    .limit = -1,
	    .hosts = url->hosts,
	    .host_count = url->host_count,
	    .user = url->user,
	    .password = url->password,
	    .database = url->path[0] == '/' ? url->path + 1 : url->path,
	};
	if (!ma_open(err) || !read_params(&target, url, arena, err))
		return false;
	if (target.database[0] == '\0') {
		err_set(err, ERR_CONFIG, "the database URL names no database");
		return err_next(err, "put its name behind the host: mysql://user@host:3306/shop");
	}
	if (target.host_count == 0 || target.hosts[0].name[0] == '\0')
		target.socket = target.socket == NULL ? "" : target.socket;
	*ret = target;
	return true;
}
