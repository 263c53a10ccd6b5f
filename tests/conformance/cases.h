/* The cases, a function a group: how many of them failed. */
#ifndef DB_ENTRY_TESTS_CONFORMANCE_CASES_H
#define DB_ENTRY_TESTS_CONFORMANCE_CASES_H

int cases_session(void);
int cases_query(void);
int cases_transaction(void);
int cases_proof(void);
int cases_cancel(void);
int cases_lock(void);
int cases_dump(void);
int cases_schema(void);

/* A case in a world of its own. */
#define CASE(function) cmocka_unit_test_setup_teardown(function, world_set_up, world_tear_down)

#endif
