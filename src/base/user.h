/*
 * Users of the system, for becoming one. /etc/passwd and /etc/group are read here and not by the C
 * library, whose name services a static program can't load.
 */
#ifndef DB_ENTRY_BASE_USER_H
#define DB_ENTRY_BASE_USER_H

#include "base/arena.h"
#include "base/err.h"
#include <sys/types.h>

/* As whom a process is to run. */
struct user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* all of them, gid first */
	size_t group_count;
	const char *home;
	bool group_given; /* named beside the user */
};

/*
 * The user that "USER" or "USER:GROUP" means, each a name or a number, in the arena. What is both
 * is taken as a name. `folder` is /etc: it may lack both files, then numbers alone are known.
 *
 * USER has the group that passwd says and those that list it as a member; USER:GROUP that group
 * alone. A number that passwd does not know is its own group: 0, which containers give such users,
 * has files that are not theirs. `home` is what passwd says, or "/". ERR_CONFIG when there is no
 * such user or group, or what is there can't be read.
 */
bool user_find(
    struct user *user, const char *text, const char *folder, struct arena *arena, struct err *err);

/*
 * Is this process that user already? Its group counts only where it was given: with the same user,
 * groups are what the container's runtime made them (fsGroup).
 */
bool user_is_ours(const struct user *user);

/* Become that user for good; false with errno. Async-signal-safe in a process of one thread. */
bool user_become(const struct user *user);

/*
 * Make the pipes and terminals among the standard streams that user's, as a runtime does for a
 * container's own user: who may write to one may otherwise still not open /dev/stdout. What can't
 * be changed stays as it is.
 */
void user_give_streams(const struct user *user);

/* Say why user_become() failed with that errno. Always returns false. */
bool user_explain(const struct user *user, int error, struct err *err);

#endif
