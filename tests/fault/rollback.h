/* Rolling back while the driver fails: the history is true, and what is left can be settled. */
#ifndef DB_ENTRY_TESTS_FAULT_ROLLBACK_H
#define DB_ENTRY_TESTS_FAULT_ROLLBACK_H

/* How many of its tests fail. */
int rollback_run_faults(void);

#endif
