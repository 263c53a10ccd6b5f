#include "base/text.h"
#include "base/stop.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
	DISTANCE_BYTES = 64
};

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR
};

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t len = strlen(text), tail = strlen(suffix);

	return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

bool text_is(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Not strcasecmp(), which follows the locale. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_is_nocase(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

/* The digits at the start of a text as a number; NULL when there are none or too many. */
static const char *read_digits(const char *text, int64_t *value)
{
	const char *at = text;
	int64_t sum = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, *at - '0', &sum))
			return NULL;
	}
	if (at == text)
		return NULL;
	*value = sum;
	return at;
}

bool text_duration(const char *text, int64_t *ms, struct err *err)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
	    {"", SECOND}, {"ms", 1}, {"s", SECOND}, {"m", MINUTE}, {"h", HOUR}, {"d", DAY}};
	int64_t number, value;
	const char *unit = read_digits(text, &number);

	for (size_t i = 0; unit != NULL && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text_is(unit, units[i].name) &&
		    !__builtin_mul_overflow(number, units[i].ms, &value)) {
			*ms = value;
			return true;
		}
	}
	err_set(err, ERR_CONFIG, "\"%s\" is not a duration", text);
	return err_next(err, "write a whole number with ms, s, m, h or d, for example 30s");
}

bool text_size(const char *text, int64_t *bytes, struct err *err)
{
	static const struct {
		const char *name;
		int64_t bytes;
	} units[] = {{"", 1}, {"B", 1}, {"K", 1LL << 10}, {"KiB", 1LL << 10}, {"KB", 1000},
	    {"M", 1LL << 20}, {"MiB", 1LL << 20}, {"MB", 1000000}, {"G", 1LL << 30},
	    {"GiB", 1LL << 30}, {"GB", 1000000000}, {"T", 1LL << 40}, {"TiB", 1LL << 40},
	    {"TB", 1000000000000}};
	int64_t number, value;
	const char *unit = read_digits(text, &number);

	for (size_t i = 0; unit != NULL && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text_is_nocase(unit, units[i].name) &&
		    !__builtin_mul_overflow(number, units[i].bytes, &value)) {
			*bytes = value;
			return true;
		}
	}
	err_set(err, ERR_CONFIG, "\"%s\" is not a size", text);
	return err_next(err, "write a whole number with KB, MB, GB or TB, for example 20GB");
}

void text_bytes(int64_t bytes, char *out, size_t size)
{
	static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB", "PB"};
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 999.5 && unit < sizeof(units) / sizeof(units[0]) - 1; unit++)
		value /= 1000;
	snprintf(out, size, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

bool text_int(const char *text, int64_t least, int64_t most, int64_t *value, struct err *err)
{
	bool minus = text[0] == '-';
	int64_t number = 0;
	const char *end = read_digits(text + minus, &number);

	if (minus)
		number = -number;
	if (end == NULL || *end != '\0' || number < least || number > most)
		return err_set(err, ERR_CONFIG,
		    "\"%s\" is not a whole number between %lld and %lld", text, (long long)least,
		    (long long)most);
	*value = number;
	return true;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau and Levenshtein's distance, each neighbouring pair swapped at most once. */
size_t text_distance(const char *a, const char *b)
{
	size_t a_len = strnlen(a, DISTANCE_BYTES), b_len = strnlen(b, DISTANCE_BYTES);
	size_t rows[3][DISTANCE_BYTES + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *oldest = before;

		before = last;
		last = row;
		row = oldest;
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = smaller(
			    smaller(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
	}
	return row[b_len];
}

static bool continues(const char *byte)
{
	return ((unsigned char)*byte & 0xC0) == 0x80;
}

/* The Unicode standard's table 3-7. */
size_t text_character(const char *text)
{
	unsigned char first = (unsigned char)text[0], second, least = 0x80, most = 0xBF;

	if (first < 0x80)
		return 1;
	if (first < 0xC2 || first > 0xF4)
		return 0;
	if (first == 0xE0)
		least = 0xA0;
	else if (first == 0xF0)
		least = 0x90;
	else if (first == 0xED)
		most = 0x9F;
	else if (first == 0xF4)
		most = 0x8F;
	second = (unsigned char)text[1];
	if (second < least || second > most)
		return 0;
	if (first < 0xE0)
		return 2;
	if (!continues(text + 2))
		return 0;
	if (first < 0xF0)
		return 3;
	return continues(text + 3) ? 4 : 0;
}

size_t text_printable(const char *text)
{
	unsigned char first = (unsigned char)text[0];

	if (first < ' ' || first == 0x7F)
		return 0;
	/* C1 */
	if (first == 0xC2 && (unsigned char)text[1] < 0xA0)
		return 0;
	return text_character(text);
}

void text_now(char time[TEXT_TIME_SIZE])
{
	struct timespec now = {0};
	struct tm utc;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(time, TEXT_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(
	    time + len, TEXT_TIME_SIZE - len, ".%03uZ", (unsigned)(now.tv_nsec / 1000000) % 1000);
}

static void two_units(int64_t ms, int64_t large, const char *large_name, int64_t small,
    const char *small_name, char *out, size_t size)
{
	long long whole = ms / large, rest = ms % large / small;

	if (rest == 0)
		snprintf(out, size, "%lld %s", whole, large_name);
	else
		snprintf(out, size, "%lld %s %lld %s", whole, large_name, rest, small_name);
}

void text_elapsed(int64_t ms, char *out, size_t size)
{
	if (ms < 0)
		ms = 0;
	if (ms < SECOND)
		snprintf(out, size, "%d ms", (int)ms);
	else if (ms < MINUTE)
		snprintf(out, size, "%d.%d s", (int)(ms / SECOND), (int)(ms % SECOND / 100));
	else if (ms < HOUR)
		two_units(ms, MINUTE, "min", SECOND, "s", out, size);
	else if (ms < DAY)
		two_units(ms, HOUR, "h", MINUTE, "min", out, size);
	else
		two_units(ms, DAY, "d", HOUR, "h", out, size);
}

int64_t text_random(int64_t most)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		number = (uint64_t)stop_now() ^ (uint64_t)getpid() << 32; /* early in a boot */
	return (int64_t)(number % ((uint64_t)most + 1));
}
