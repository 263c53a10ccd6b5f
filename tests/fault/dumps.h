/* Faults while a dump is made: group "dumps". Returns how many tests failed. */
#ifndef DB_ENTRY_TESTS_FAULT_DUMPS_H
#define DB_ENTRY_TESTS_FAULT_DUMPS_H

int run_dump_faults(void);

#endif
