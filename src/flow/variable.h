/*
 * Environment variables with the _FILE convention of the official images: NAME holds the value, or
 * NAME_FILE the path of a file that does. Both is an error; an empty variable counts as not set;
 * all newlines at the end of the file, CR LF too, are dropped, and a file with nothing else counts
 * as not set.
 */
#ifndef DB_ENTRY_FLOW_VARIABLE_H
#define DB_ENTRY_FLOW_VARIABLE_H

#include "flow/config.h"

/*
 * The value, in the arena, and its origin: "NAME" or "NAME_FILE=/path". `text` is NULL when not
 * set. ERR_CONFIG names the variable, and the file that can't be read; never a value.
 */
bool variable_get(struct config_value *ret, char **environ_, const char *name, struct arena *arena,
    struct err *err);

/* The value of one variable, without a twin; NULL when not set or empty. Points into environ_. */
const char *variable_plain(char **environ_, const char *name);

/* True when the bytes are a name a variable can have: letters, digits and _, no digit first. */
bool variable_is_name(const char *text, size_t len);

/* Overwrite a text that lies in an arena. Accepts NULL. */
void variable_wipe(const char *text);

#endif
