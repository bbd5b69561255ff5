#pragma once

#include <stddef.h>

/// Makes a stream in memory, and publishes messages to the subject of its name.
///
/// Returns how many the stream has then; 0 if anything fails.
size_t bare_nats_fill(int port, const char *stream, size_t count, const void *body, int size);

/// Makes a durable pull consumer that begins with the first message, and may have ten thousand unacknowledged; 0 if that
/// fails.
int bare_nats_consumer(int port, const char *stream, const char *durable);

/// How many messages a consumer has not delivered, or knows no acknowledgement of; or -1.
long long bare_nats_left(int port, const char *stream, const char *durable);

/// Fetches messages in batches and acknowledges each of a batch, until so many have come: what libnats' own calls reach on
/// one thread.
///
/// Returns how many were acknowledged.
size_t bare_nats_read(int port, const char *stream, const char *durable, size_t count, int at_once);
