#include "flow/config.h"

#include "base/proc.h"
#include "base/text.h"
#include "flow/environments.h"
#include "flow/variable.h"
#include "net/dependency.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "DB_ENTRY_";

enum {
	NAME_SIZE = 64,        /* of a setting's variable, _FILE twin included */
	SHOWN_MAX = 64 * 1024, /* of a redacted URL */
	QUOTE_MAX = 80,        /* of a value in a message */
	NEAR = 3,              /* single edits to the name that was probably meant */
	DURATION_MAX = INT_MAX /* ms; drivers keep their limits in an int */
};

/* Where values come from, the strongest first. */
struct sources {
	const struct config_option *options;
	size_t option_count;
	char **environ_;
};

/* ---- One setting ---- */

/*
 * A URL without anything to redact is no secret, and handy: --database-url=sqlite:shop.db. Neither
 * is what may be a URL with a secret anywhere in it, and is none: a hook that is a program.
 */
static bool is_public(const struct setting *setting, const char *text)
{
	CLEANUP(buf_wipe) struct buf shown = buf_init(SHOWN_MAX);

	if (!setting->secret)
		return true;
	if (setting->type == SETTING_IS_TEXT)
		return strstr(text, "://") == NULL;
	url_redact(text, &shown);
	return text_is(shown.data, text);
}

static bool check_public(
    const struct setting *setting, const char *option, const char *text, struct err *err)
{
	char variable[NAME_SIZE];

	if (is_public(setting, text))
		return true;
	setting_env_name(setting, variable, sizeof(variable));
	err_set(err, ERR_CONFIG, "%s has a secret in it, and command lines can be read by others",
	    option);
	return err_next(err, "set %s or %s_FILE instead", variable, variable);
}

static bool take_option(struct config_value *ret, const struct setting *setting, const char *text,
    struct arena *arena, struct err *err)
{
	char option[NAME_SIZE];
	const char *name;

	setting_option_name(setting, option, sizeof(option));
	name = arena_printf(arena, "--%s", option);
	if (!check_public(setting, name, text, err))
		return false;
	if (text[0] == '\0') {
		err_set(err, ERR_CONFIG, "%s is empty", name);
		return err_next(err, "give it a value or leave it out");
	}
	*ret = (struct config_value){.text = arena_strdup(arena, text), .origin = name};
	return true;
}

/*
 * What the options say: the last one, or all of them where they add up, since one that is silently
 * dropped would leave the application what it must not have.
 */
static bool gather_options(struct config_value *ret, const struct setting *setting,
    const struct sources *sources, struct arena *arena, struct err *err)
{
	for (size_t i = sources->option_count; i-- > 0;) {
		const struct config_option *option = &sources->options[i];
		const char *behind = ret->text;

		if (option->id != setting->id)
			continue;
		if (!take_option(ret, setting, option->value, arena, err))
			return false;
		if (setting->type != SETTING_IS_NAMES)
			return true;
		if (behind != NULL)
			ret->text = arena_printf(arena, "%s,%s", ret->text, behind);
	}
	return true;
}

/* The value a user gave; text NULL when none did. */
static bool gather(struct config_value *ret, const struct setting *setting,
    const struct sources *sources, struct arena *arena, struct err *err)
{
	struct config_value given = {0};
	char name[NAME_SIZE];

	if (!gather_options(&given, setting, sources, arena, err))
		return false;
	if (given.text != NULL) {
		*ret = given;
		return true;
	}
	setting_env_name(setting, name, sizeof(name));
	return variable_get(ret, sources->environ_, name, arena, err);
}

/* True when the text is one of the words of "allow|refuse". */
static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (const char *word = choices; *word != '\0';) {
		size_t word_len = strcspn(word, "|");

		if (word_len == len && memcmp(word, text, len) == 0)
			return true;
		word += word_len + (word[word_len] == '|');
	}
	return false;
}

static bool is_within(const char *range, const char *text)
{
	char *dots;
	int64_t least = strtoll(range, &dots, 10), most = strtoll(dots + strlen(".."), NULL, 10);
	int64_t value;
	struct err ignored;

	return text_int(text, least, most, &value, &ignored);
}

static bool is_duration(const char *text)
{
	int64_t ms;
	struct err ignored;

	return text_duration(text, &ms, &ignored) && ms <= DURATION_MAX;
}

static bool is_size(const char *text)
{
	int64_t bytes;
	struct err ignored;

	return text_size(text, &bytes, &ignored);
}

static bool is_line(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			return false;
	}
	return true;
}

static bool are_names(const char *text)
{
	const char *name;
	size_t len;

	while ((name = config_name(&text, &len)) != NULL)
		if (!variable_is_name(name, len))
			return false;
	return true;
}

/* NULL when the text is right for the setting, else what it must be. */
static const char *judge(const struct setting *setting, const char *text, struct arena *arena)
{
	switch (setting->type) {
	case SETTING_IS_CHOICE:
	case SETTING_IS_SWITCH:
		if (!is_choice(setting->choices, text))
			return arena_printf(arena, "one of %s", setting->choices);
		break;
	case SETTING_IS_INT:
		if (!is_within(setting->choices, text))
			return arena_printf(arena, "a whole number in %s", setting->choices);
		break;
	case SETTING_IS_DURATION:
		if (!is_duration(text))
			return "a duration of at most 24d, such as 500ms, 30s or 5m";
		break;
	case SETTING_IS_SIZE:
		if (!is_size(text))
			return "a size, such as 500MB or 20GB";
		break;
	case SETTING_IS_NAME:
		if (!variable_is_name(text, strlen(text)))
			return "the name of an environment variable";
		break;
	case SETTING_IS_NAMES:
		if (!are_names(text))
			return "names of environment variables, separated by commas or blanks";
		break;
	case SETTING_IS_TEXT:
		if (!is_line(text))
			return "one line of text without control characters";
		break;
	case SETTING_IS_PATH:
	case SETTING_IS_URL:
	case SETTING_IS_URLS:
		break;
	}
	return NULL;
}

/* They are parsed again where they are used; here all that is wrong with them is found. */
static bool check_urls(
    const struct setting *setting, const struct config_value *value, struct err *err)
{
	CLEANUP(arena_wipe) struct arena arena = {0};
	struct dependencies ignored;
	bool from_file = strchr(value->origin, '=') != NULL;

	return setting->type != SETTING_IS_URLS ||
	       dependencies_parse(&ignored, value->text, !from_file, &arena, err) ||
	       err_context(err, "%s", value->origin);
}

/*
 * What a file held is not quoted, since it may be another secret's file; nor what should be a name,
 * since people put the URL itself there.
 */
static bool may_quote(const struct setting *setting, const struct config_value *value)
{
	bool from_file = strchr(value->origin, '=') != NULL;

	return !setting->secret && setting->type != SETTING_IS_NAME &&
	       setting->type != SETTING_IS_NAMES && !from_file;
}

static bool set_value(struct config *config, const struct setting *setting,
    const struct sources *sources, struct err *err)
{
	struct config_value value = {0};
	const char *must_be;

	if (!gather(&value, setting, sources, &config->arena, err))
		return false;
	if (value.text == NULL)
		return true;
	if (!check_urls(setting, &value, err))
		return false;
	must_be = judge(setting, value.text, &config->arena);
	if (must_be == NULL) {
		config->values[setting->id] = value;
		return true;
	}
	if (may_quote(setting, &value))
		return err_set(err, ERR_CONFIG, "%s must be %s, not \"%.*s\"", value.origin,
		    must_be, QUOTE_MAX, value.text);
	return err_set(err, ERR_CONFIG, "%s must be %s", value.origin, must_be);
}

static void set_defaults(struct config *config, char **environ_)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		config->values[i] =
		    (struct config_value){.text = settings[i].fallback, .origin = "default"};
	}
	if (variable_plain(environ_, "KUBERNETES_SERVICE_HOST") != NULL)
		config->values[SETTING_LOG] = (struct config_value){
		    .text = "json", .origin = "default (KUBERNETES_SERVICE_HOST is set)"};
}

/* ---- Variables that are no settings ---- */

static bool is_setting(const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		size_t len = strlen(settings[i].name);

		if (strncmp(name, settings[i].name, len) == 0 &&
		    (name[len] == '\0' || text_is(name + len, "_FILE")))
			return true;
	}
	return false;
}

/* What Kubernetes sets for a Service called db-entry. */
static bool is_injected(const char *name)
{
	return text_starts(name, "SERVICE_") || text_is(name, "PORT") || text_starts(name, "PORT_");
}

/* The nearest setting or _FILE twin; NULL when no name is near for its length. */
static const char *nearest(struct arena *arena, const char *name)
{
	size_t len = strlen(name), least = len / 2 < NEAR ? len / 2 : NEAR;
	char found[NAME_SIZE] = "", candidate[NAME_SIZE];

	for (size_t i = 0; i < 2 * SETTINGS; i++) {
		size_t distance;

		snprintf(candidate, sizeof(candidate), "%s%s", settings[i / 2].name,
		    i % 2 == 0 ? "" : "_FILE");
		distance = text_distance(name, candidate);
		if (distance < least || (distance == least && found[0] == '\0')) {
			least = distance;
			memcpy(found, candidate, sizeof(found));
		}
	}
	return found[0] == '\0' ? NULL : arena_printf(arena, "%s%s", prefix, found);
}

static void gather_unknown(struct config *config, char **environ_)
{
	const size_t skip = strlen(prefix);
	size_t capacity = 0;

	for (char **entry = environ_; *entry != NULL; entry++) {
		const char *equals = strchr(*entry, '='), *name;

		if (equals == NULL || !text_starts(*entry, prefix))
			continue;
		name = arena_strndup(&config->arena, *entry, (size_t)(equals - *entry));
		if (is_setting(name + skip) || is_injected(name + skip))
			continue;
		config->unknown = arena_grow(&config->arena, config->unknown, config->unknown_count,
		    &capacity, sizeof(*config->unknown));
		config->unknown[config->unknown_count++] = (struct config_unknown){
		    .name = name, .nearest = nearest(&config->arena, name + skip)};
	}
}

/* ---- The database URL ---- */

static bool url_from_named(struct config_value *ret, const struct config_value *from,
    char **environ_, struct arena *arena, struct err *err)
{
	struct config_value value = {0};

	if (!variable_get(&value, environ_, from->text, arena, err))
		return err_context(err, "%s", from->origin);
	if (value.text == NULL) {
		err_set(err, ERR_CONFIG, "%s names %s, which is not set", from->origin, from->text);
		return err_next(
		    err, "set %s or %s_FILE to the database URL", from->text, from->text);
	}
	ret->text = value.text;
	ret->origin = arena_printf(arena, "%s (%s)", value.origin, from->origin);
	return true;
}

static bool no_url(const struct environment *environment, struct err *err)
{
	err_set(err, ERR_CONFIG, "no database URL is set");
	if (environment->id != NULL)
		err_why(err, "%s: %s (\"%s\") has no connectionTemplate", environment->file,
		    environment->place, environment->id);
	err_next(err, "set DATABASE_URL, for example to sqlite:data/shop.db");
	return err_next(err,
	    "or DB_ENTRY_DATABASE_URL, or DB_ENTRY_DATABASE_URL_FILE=/run/secrets/…, "
	    "which the application doesn't get to see");
}

static bool find_url(struct config *config, const struct environment *environment,
    const struct sources *sources, struct err *err)
{
	const struct config_value *from = &config->values[SETTING_URL_FROM];
	struct arena *arena = &config->arena;
	struct config_value value = {0};

	if (!gather(&value, &settings[SETTING_DATABASE_URL], sources, arena, err))
		return false;
	if (value.text == NULL && from->text != NULL) {
		if (!url_from_named(&value, from, sources->environ_, arena, err))
			return false;
	} else if (value.text == NULL && environment->connection != NULL) {
		if (!environment_url(&value, environment, sources->environ_, arena, err))
			return false;
	} else if (value.text == NULL) {
		if (!variable_get(&value, sources->environ_, "DATABASE_URL", arena, err))
			return false;
	}
	if (value.text == NULL)
		return no_url(environment, err);
	config->values[SETTING_DATABASE_URL] = value;
	return true;
}

/* ---- The whole ---- */

static bool choose_environment(
    struct config *config, struct environment *environment, struct err *err)
{
	const char *id = config_text(config, SETTING_ENV);

	if (id == NULL)
		return true;
	if (!environment_read(
		environment, config_text(config, SETTING_ENVIRONMENTS), id, &config->arena, err))
		return false;
	config->permission = environment->permission;
	config->permission_origin = environment->permission_origin;
	return true;
}

bool config_load(struct config *config, char **environ_, const struct config_option *options,
    size_t option_count, struct err *err)
{
	struct sources sources = {options, option_count, environ_};
	struct environment environment = {0};
	bool ok = true;

	*config = (struct config){.permission_origin = "no environment chosen"};
	err_set(&config->url_problem, ERR_CONFIG, "the configuration is not complete");
	set_defaults(config, environ_);
	gather_unknown(config, environ_);
	for (size_t i = 0; i < SETTINGS; i++) {
		struct err problem = {0};

		if (i == SETTING_DATABASE_URL ||
		    set_value(config, &settings[i], &sources, &problem))
			continue;
		if (ok)
			*err = problem;
		ok = false;
	}
	if (!ok || !choose_environment(config, &environment, err))
		return false;
	if (find_url(config, &environment, &sources, &config->url_problem))
		config->url_problem = (struct err){0};
	return true;
}

const char *config_text(const struct config *config, enum setting_id id)
{
	return config->values[id].text;
}

int64_t config_ms(const struct config *config, enum setting_id id)
{
	int64_t ms = 0;
	struct err ignored; /* config_load() has checked it */

	text_duration(config_text(config, id), &ms, &ignored);
	return ms;
}

int64_t config_int(const struct config *config, enum setting_id id)
{
	int64_t value = 0;
	struct err ignored; /* config_load() has checked it */

	text_int(config_text(config, id), INT64_MIN, INT64_MAX, &value, &ignored);
	return value;
}

int64_t config_size(const struct config *config, enum setting_id id)
{
	int64_t bytes = 0;
	struct err ignored; /* config_load() has checked it */

	text_size(config_text(config, id), &bytes, &ignored);
	return bytes;
}

bool config_is(const struct config *config, enum setting_id id, const char *choice)
{
	return text_is(config_text(config, id), choice);
}

bool config_on(const struct config *config, enum setting_id id)
{
	return config_is(config, id, "true") || config_is(config, id, "1");
}

const char *config_name(const char **at, size_t *len)
{
	static const char gaps[] = ", \t\r\n";
	const char *name;

	if (*at == NULL)
		return NULL;
	name = *at + strspn(*at, gaps);
	*len = strcspn(name, gaps);
	*at = name + *len;
	return *len == 0 ? NULL : name;
}

/* Only what parses is shown in part: where a text is no URL, nobody knows where its secret is. */
static bool is_url(const char *text)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct url url;
	struct err ignored;

	return url_parse(&url, text, &arena, &ignored);
}

const char *config_shown(struct config *config, enum setting_id id)
{
	const char *text = config_text(config, id);
	CLEANUP(buf_free) struct buf shown = buf_init(SHOWN_MAX);

	if (text == NULL || !settings[id].secret ||
	    (settings[id].type == SETTING_IS_TEXT && is_public(&settings[id], text)))
		return text;
	if (settings[id].type == SETTING_IS_TEXT ||
	    (settings[id].type == SETTING_IS_URL && !is_url(text)))
		return "***";
	url_redact(text, &shown);
	return arena_strndup(&config->arena, shown.data, shown.len);
}

/* Parsed at the first call; wiped with all other secrets. */
static bool parse_once(struct config *config, struct url *parsed, const struct config_value *value,
    struct url *url, struct err *err)
{
	if (parsed->scheme == NULL && !url_parse(parsed, value->text, &config->arena, err))
		return err_context(err, "%s", value->origin);
	*url = *parsed;
	return true;
}

bool config_url(struct config *config, struct url *url, struct err *err)
{
	const struct config_value *value = &config->values[SETTING_DATABASE_URL];

	if (config->url_problem.kind != ERR_NONE) {
		*err = config->url_problem;
		return false;
	}
	return parse_once(config, &config->url, value, url, err);
}

bool config_direct_url(struct config *config, struct url *url, struct err *err)
{
	return parse_once(
	    config, &config->direct_url, &config->values[SETTING_DIRECT_URL], url, err);
}

static void wipe_url(struct url *url)
{
	variable_wipe(url->user);
	variable_wipe(url->password);
	variable_wipe(url->path);
	for (size_t i = 0; i < url->host_count; i++)
		variable_wipe(url->hosts[i].name);
	for (size_t i = 0; i < url->param_count; i++)
		variable_wipe(url->params[i].value);
	*url = (struct url){0};
}

static void wipe_values(struct config *config)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (!settings[i].secret)
			continue;
		variable_wipe(config->values[i].text);
		config->values[i] = (struct config_value){.origin = "default"};
	}
	wipe_url(&config->url);
	wipe_url(&config->direct_url);
	err_set(&config->url_problem, ERR_UNEXPECTED, "the database URL was wiped from memory");
}

void config_forget_secrets(struct config *config)
{
	char name[NAME_SIZE], twin[NAME_SIZE + sizeof("_FILE")];

	for (size_t i = 0; i < SETTINGS; i++) {
		if (!settings[i].secret)
			continue;
		setting_env_name(&settings[i], name, sizeof(name));
		snprintf(twin, sizeof(twin), "%s_FILE", name);
		proc_forget_env(name);
		proc_forget_env(twin);
	}
	wipe_values(config);
}

void config_free(struct config *config)
{
	wipe_values(config);
	arena_free(&config->arena);
	*config = (struct config){0};
}
