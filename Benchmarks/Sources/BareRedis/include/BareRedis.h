#pragma once

#include <stddef.h>

/// Adds entries of one field, in pipelines of a thousand.
///
/// Returns how many were added.
size_t bare_redis_fill(int port, const char *stream, size_t count, const void *value, size_t size);

/// Creates a group that begins with the first entry; 0 if that fails.
int bare_redis_group(int port, const char *stream, const char *group);

/// How many entries of a group are pending, or -1.
long long bare_redis_pending(int port, const char *stream, const char *group);

/// Reads entries with XREADGROUP COUNT and acknowledges all of a read with one XACK, on one connection, until there are no
/// more: what hiredis' own calls reach on one thread.
///
/// Returns how many were acknowledged.
size_t bare_redis_read(int port, const char *stream, const char *group, int at_once);
