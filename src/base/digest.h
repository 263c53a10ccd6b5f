/* SHA-256 (FIPS 180-4), by OpenSSL. */
#ifndef DB_ENTRY_BASE_DIGEST_H
#define DB_ENTRY_BASE_DIGEST_H

#include <stddef.h>

enum {
	DIGEST_BYTES = 32,
	DIGEST_HEX = 64
};

struct digest;

struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *data, size_t len);

/* Write the lower-case hex digest and its NUL, and make the digest ready for the next message. */
void digest_hex(struct digest *digest, char hex[DIGEST_HEX + 1]);

void digest_free(struct digest **digest);

/* Name and version of the library as linked now. */
const char *digest_library(void);

#endif
