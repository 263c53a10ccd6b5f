/* Small text questions that several rooms ask. */
#ifndef DB_ENTRY_BASE_TEXT_H
#define DB_ENTRY_BASE_TEXT_H

#include "base/err.h"
#include <stdint.h>

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_is(const char *a, const char *b);        /* equal; NULL equals only NULL */
bool text_is_nocase(const char *a, const char *b); /* the same, ASCII case ignored */

/*
 * A duration as people write it: "30s", "500ms", "5m", "1h", "2d", a bare number in seconds, "0".
 * Milliseconds in *ms. ERR_CONFIG otherwise.
 */
bool text_duration(const char *text, int64_t *ms, struct err *err);

/* A whole number between least and most; ERR_CONFIG otherwise. */
bool text_int(const char *text, int64_t least, int64_t most, int64_t *value, struct err *err);

/*
 * A size as people write it: "500MB", "2GiB", "10G", bare bytes. KB, MB, GB and TB are powers of
 * 1000; K, M, G, T and KiB, MiB, GiB, TiB are powers of 1024. ERR_CONFIG otherwise.
 */
bool text_size(const char *text, int64_t *bytes, struct err *err);

/* How many single edits lie between two names: for "did you mean". At most 64 bytes are looked at.
 */
size_t text_distance(const char *a, const char *b);

/*
 * The bytes of the character that `text`, which ends with a NUL, starts with; 0 when it is no valid
 * UTF-8.
 */
size_t text_character(const char *text);

/* The same; 0 also for a control character, which a terminal must never see. */
size_t text_printable(const char *text);

enum {
	TEXT_TIME_SIZE = 32
};

/* Now in UTC: "2026-01-31T12:00:00.123Z". */
void text_now(char time[TEXT_TIME_SIZE]);

/* A random number from 0 to `most`, from the kernel: for pauses that don't fall into step. */
int64_t text_random(int64_t most);

/* Bytes for people: "512 bytes", "3.4 MB", "12 GB", in powers of 1000. */
void text_bytes(int64_t bytes, char *out, size_t size);

/* Milliseconds for people: "18 ms", "1.2 s", "3 min 20 s". */
void text_elapsed(int64_t ms, char *out, size_t size);

#endif
