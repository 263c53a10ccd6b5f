/* A SQLite VFS that passes everything on to the system's, until one operation goes wrong. */
#ifndef DB_ENTRY_TESTS_FAULT_VFS_H
#define DB_ENTRY_TESTS_FAULT_VFS_H

#include "fault/world.h"

enum vfs_fault {
	VFS_ERROR_ONCE,  /* one operation fails: SQLITE_IOERR_…, SQLITE_CANTOPEN */
	VFS_ERROR_ALL,   /* and so do all after it */
	VFS_FULL_ONCE,   /* one write finds the disk full */
	VFS_FULL_ALL,    /* and so do all after it */
	VFS_POWER_KEPT,  /* the power goes off; all that was written is on the disk */
	VFS_POWER_LOST,  /* … only what was synced is */
	VFS_POWER_MIXED, /* … and of the rest some is, torn, in no order */
	VFS_FAULTS
};

extern const char *const vfs_fault_names[VFS_FAULTS];

/* Make it SQLite's default; harmless until it is armed. */
void vfs_register(void);

/* Which fault the next vfs_arm() sets, at the world's `at`th operation that it can befall. */
void vfs_choose(enum vfs_fault fault);
void vfs_arm(const struct world *world);

#endif
