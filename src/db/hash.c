#include "db/hash.h"

uint32_t hash_crc32(const char *bytes, size_t len)
{
	uint32_t crc = 0xFFFFFFFF;
	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
	}
	return ~crc;
}

int32_t hash_java(const char *text)
{
	uint32_t hash = 0;
	for (; *text != '\0'; text++)
		hash = hash * 31 + (unsigned char)*text;
	return (int32_t)hash;
}
