/* What this process inherited, recorded before anything is changed, and put back before execve().
 */
#ifndef DB_ENTRY_BASE_BOOT_H
#define DB_ENTRY_BASE_BOOT_H

#include <stdbool.h>

/*
 * First call of main(): record every signal's disposition, the mask and the open descriptors. Those
 * of 0, 1 and 2 that are closed are opened on /dev/null and count as inherited from then on: the
 * application gets them too. SIGCHLD is no longer ignored, for waitpid().
 */
void proc_boot(void);

/* True when `signo` came ignored from our parent. */
bool proc_inherited_ignored(int signo);

/* For start.c alone: each undoes one thing that was changed since. */
void boot_restore_dispositions(void);
void boot_restore_mask(void);
void boot_keep_descriptors(void); /* all others close on exec */

#endif
