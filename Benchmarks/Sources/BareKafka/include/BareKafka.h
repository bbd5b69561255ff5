#pragma once

#include <stddef.h>

/// A Kafka cluster in memory; ends with the process.
typedef struct bare_cluster bare_cluster;

/// Starts a cluster with three brokers and a topic; NULL if that fails.
bare_cluster *bare_cluster_start(const char *topic, int partitions);

/// Its brokers as HOST:PORT,…
const char *bare_cluster_brokers(const bare_cluster *cluster);

/// Writes messages with an idempotent producer and waits until all are acknowledged: rd_kafka_produceva and
/// rd_kafka_poll in a loop on one thread, with librdkafka's defaults.
///
/// Keys are the decimal numbers from 0 to keys - 1 by turns. With `headers`, each message has five as long as Sluice's.
///
/// Returns how many were acknowledged.
size_t bare_produce(
    const char *brokers, const char *topic, size_t count, size_t keys, const void *body, size_t size, int headers);
