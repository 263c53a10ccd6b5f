/* The sums from which other migration tools make the names of their locks. */
#ifndef DB_ENTRY_DB_HASH_H
#define DB_ENTRY_DB_HASH_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 as in IEEE 802.3. */
uint32_t hash_crc32(const char *bytes, size_t len);

/* Java's String.hashCode(), of what has no character beyond ASCII. */
int32_t hash_java(const char *text);

#endif
