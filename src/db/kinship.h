/* What drivers find in a dump and in the database, and what it says of the two. */
#ifndef DB_ENTRY_DB_KINSHIP_H
#define DB_ENTRY_DB_KINSHIP_H

#include "db/db.h"

/* One side holds any of these. */
struct kinship_side {
	bool tables; /* other than ours */
	bool runs;   /* rows of db_entry_run */
};

struct kinship {
	struct kinship_side live, dump;
	bool tables; /* one of that name in both */
	bool runs;   /* one with that id in both */
};

enum db_kinship kinship_judge(const struct kinship *found);

#endif
