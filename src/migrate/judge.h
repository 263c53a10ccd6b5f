/* The judgement of a part of a migration by reading alone, and what its approval is called. */
#ifndef DB_ENTRY_MIGRATE_JUDGE_H
#define DB_ENTRY_MIGRATE_JUDGE_H

#include "migrate/part.h"
#include "sql/risk.h"

struct judgement {
	struct migration_part part;
	struct risk *risks;    /* of each statement */
	enum risk_level worst; /* RISK_SAFE without a statement */
	const char **objects;  /* what may be lost: sorted, each once */
	size_t count;
	/* "0013@4be1c09a77d2"; of a down part "0013@down:4be1c09a77d2", so that neither is ever
	 * taken for the other. */
	const char *token;
};

/* Lives in the arena. */
void judge(struct judgement *judgement, const struct migration_part *part, struct arena *arena);

/*
 * Name also what turned out to be lost; `token` changes when reading had not found it. False when
 * nothing was new.
 */
bool judgement_add(struct judgement *judgement, const char *lost, struct arena *arena);

/* Is all that it can lose named already? Otherwise a proof may find more. */
bool judgement_is_final(const struct judgement *judgement);

/* Does it need an approval, as far as reading can tell? */
bool judgement_is_destructive(const struct judgement *judgement);

#endif
