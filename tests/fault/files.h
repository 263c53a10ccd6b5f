/*
 * The system calls that change files, until one below a folder goes wrong. This program's own
 * definitions take the place of the C library's, for SQLite too.
 */
#ifndef DB_ENTRY_TESTS_FAULT_FILES_H
#define DB_ENTRY_TESTS_FAULT_FILES_H

#include "fault/world.h"

enum files_fault {
	FILES_ERROR,      /* one call fails: EIO */
	FILES_SHORT,      /* one write takes half of it, the next finds the disk full */
	FILES_FULL,       /* what needs room fails from here on: ENOSPC */
	FILES_KILL,       /* the process is killed before it */
	FILES_POWER_KEPT, /* the power goes off; all that was written is on the disk */
	FILES_POWER_LOST, /* … what was not synced is torn, names that were not are gone */
	FILES_FAULTS
};

extern const char *const files_fault_names[FILES_FAULTS];

/* In a child: from here on, at the `at`th call below `folder`. */
void files_arm(const char *folder, enum files_fault fault, int at, struct report *report);

#endif
