/*
 * Approvals: what somebody said may be lost. From DB_ENTRY_APPROVE, separated by commas or blanks,
 * and from the lines `VERSION@DIGEST reason` of the approvals file, where # begins a comment.
 *
 * A rollback has tokens of its own, `VERSION@down:DIGEST`. Those of the one direction don't exist
 * for the other: they neither approve it nor are they stale. Nothing less approves a rollback, for
 * a bare version or `all` was meant for migrations.
 */
#ifndef DB_ENTRY_FLOW_APPROVALS_H
#define DB_ENTRY_FLOW_APPROVALS_H

#include "flow/config.h"

struct approval {
	const char *version;
	const char *token; /* "0013@4be1c09a77d2", "0013@down:…"; NULL for a bare version */
};

struct approvals {
	struct approval *items; /* in the arena */
	size_t count, capacity;
	bool all;
};

/*
 * ERR_CONFIG for a word of the variable that is none; ERR_MALFORMED at file and line for a line. No
 * file is no approvals.
 */
bool approvals_read(
    struct approvals *approvals, const struct config *config, struct arena *arena, struct err *err);

enum approval_state {
	APPROVAL_NONE,
	APPROVAL_GIVEN,
	APPROVAL_STALE, /* of this version, but of another digest */
	APPROVAL_WEAK   /* a bare version or `all`, where that is not enough */
};

/*
 * Is the migration of `version` approved under `token`? *used is then the approval's text, for
 * APPROVAL_STALE the one that does not fit.
 */
enum approval_state approvals_find(const struct approvals *approvals, enum permission permission,
    const char *version, const char *token, const char **used);

#endif
