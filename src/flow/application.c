#include "flow/application.h"
#include "base/fs.h"

static bool read_user(struct application *application, const struct config *config, struct err *err)
{
	const struct config_value *value = &config->values[SETTING_USER];

	if (value->text == NULL)
		return true;
	if (!user_find(&application->user, value->text, "/etc", &application->arena, err)) {
		err_context(err, "%s", value->origin);
		return err_why(err, "it is the system's user whom the application runs as, not the "
				    "database's");
	}
	if (!user_is_ours(&application->user))
		application->start.user = &application->user;
	return true;
}

/* Absolute, for it is entered late, and its errors are told from elsewhere. */
static bool read_folder(
    struct application *application, const struct config *config, struct err *err)
{
	const struct config_value *value = &config->values[SETTING_CHDIR];

	if (value->text == NULL)
		return true;
	application->start.folder = fs_resolve(&application->arena, value->text);
	return application->start.folder != NULL ||
	       err_errno(err, ERR_CONFIG, "%s: there is no folder %s", value->origin, value->text);
}

static void read_removed(struct application *application, const struct config *config)
{
	const char *at = config_text(config, SETTING_ENV_REMOVE);
	struct arena *arena = &application->arena;
	size_t capacity = 0;
	size_t count = 0;
	char **names = NULL;
	const char *name;
	size_t len;

	do {
		name = config_name(&at, &len);
		names = arena_grow(arena, names, count, &capacity, sizeof(*names));
		names[count++] = name == NULL ? NULL : arena_strndup(arena, name, len);
	} while (name != NULL);
	application->start.removed = names;
}

bool application_read(
    struct application *application, const struct config *config, char **argv, struct err *err)
{
	*application = (struct application){.start = {.argv = argv}};
	application->start.init = config_on(config, SETTING_INIT);
	read_removed(application, config);
	return read_user(application, config, err) && read_folder(application, config, err) &&
	       proc_check(&application->start, err);
}

void application_free(struct application *application)
{
	arena_free(&application->arena);
}
