/*
 * Handles that close themselves when their scope ends (GCC's cleanup attribute).
 *
 *	CLEANUP(buf_free) struct buf text = buf_init(LIMIT);
 *
 * The function takes a pointer to the variable and must accept a zeroed or never-opened one.
 */
#ifndef DB_ENTRY_BASE_CLEANUP_H
#define DB_ENTRY_BASE_CLEANUP_H

#define CLEANUP(function) __attribute__((cleanup(function)))

#endif
