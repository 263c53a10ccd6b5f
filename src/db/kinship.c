#include "db/kinship.h"

enum db_kinship kinship_judge(const struct kinship *found)
{
	if (!found->live.tables || !found->dump.tables || found->runs)
		return DB_KIN;
	if (!found->tables)
		return DB_KIN_NONE;
	return found->live.runs && found->dump.runs ? DB_KIN_ALIKE : DB_KIN;
}
