#include "migrate/judge.h"
#include <stdlib.h>
#include <string.h>

enum {
	TOKEN_HEX = 12
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The statements, and what is lost: an approval holds for both or not at all. */
static void name_token(struct judgement *judgement, struct arena *arena)
{
	char hex[DIGEST_HEX + 1];
	const struct migration_part *part = &judgement->part;
	struct digest *digest = digest_new();
	digest_add(digest, part->script->checksum, DIGEST_HEX);
	for (size_t i = 0; i < judgement->count; i++)
		digest_add(digest, judgement->objects[i], strlen(judgement->objects[i]) + 1);
	digest_hex(digest, hex);
	digest_free(&digest);
	judgement->token = arena_printf(arena, "%s@%s%.*s", part->migration->version,
	    part->down ? "down:" : "", TOKEN_HEX, hex);
}

static bool add(struct judgement *judgement, const char *object, struct arena *arena)
{
	const char **grown;
	for (size_t i = 0; i < judgement->count; i++)
		if (risk_covers(judgement->objects[i], object))
			return false;
	grown = arena_array(arena, judgement->count + 1, sizeof(*grown));
	if (judgement->count > 0)
		memcpy(grown, judgement->objects, judgement->count * sizeof(*grown));
	grown[judgement->count++] = object;
	judgement->objects = grown;
	qsort(grown, judgement->count, sizeof(*grown), by_name);
	return true;
}

void judge(struct judgement *ret, const struct migration_part *part, struct arena *arena)
{
	const struct sql_script *script = part->script;
	struct judgement judgement = {.part = *part,
	    .risks = arena_array(arena, script->count + 1, sizeof(*judgement.risks))};
	for (size_t i = 0; i < script->count; i++) {
		struct risk *risk = &judgement.risks[i];
		risk_of(risk, script->statements[i].dialect, &script->statements[i], arena);
		if (risk->level > judgement.worst)
			judgement.worst = risk->level;
		for (size_t j = 0; j < risk->loss_count; j++)
			add(&judgement, risk->losses[j].object, arena);
	}
	name_token(&judgement, arena);
	*ret = judgement;
}

bool judgement_add(struct judgement *judgement, const char *lost, struct arena *arena)
{
	if (!add(judgement, lost, arena))
		return false;
	name_token(judgement, arena);
	return true;
}

bool judgement_is_destructive(const struct judgement *judgement)
{
	return judgement->worst >= RISK_DESTRUCTIVE || judgement->part.destructive;
}

static bool is_plain(const struct dialect *dialect, const char *rule)
{
	for (const char *const *name = dialect->plain_risks; name != NULL && *name != NULL; name++)
		if (strcmp(*name, rule) == 0)
			return true;
	return false;
}

bool judgement_is_final(const struct judgement *judgement)
{
	const struct sql_script *script = judgement->part.script;
	for (size_t i = 0; i < script->count; i++)
		if (!is_plain(script->dialect, judgement->risks[i].rule))
			return false;
	return true;
}
