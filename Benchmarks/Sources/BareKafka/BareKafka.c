#include "BareKafka.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>

struct bare_cluster {
    rd_kafka_t *owner;
    rd_kafka_mock_cluster_t *cluster;
};

bare_cluster *bare_cluster_start(const char *topic, int partitions) {
    static bare_cluster cluster;
    cluster.owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL, 0);
    if (!cluster.owner) return NULL;
    cluster.cluster = rd_kafka_mock_cluster_new(cluster.owner, 3);
    if (!cluster.cluster) return NULL;
    rd_kafka_mock_topic_create(cluster.cluster, topic, partitions, 1);
    return &cluster;
}

const char *bare_cluster_brokers(const bare_cluster *cluster) {
    return rd_kafka_mock_cluster_bootstraps(cluster->cluster);
}

static void count_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *acknowledged) {
    (void)client;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++*(size_t *)acknowledged;
}

static rd_kafka_headers_t *make_headers(void) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(5);
    rd_kafka_header_add(headers, "idempotency_key", -1, "MjQwMjMxMjg6MTIzNDU2", -1);
    rd_kafka_header_add(headers, "action", -1, "insert", -1);
    rd_kafka_header_add(headers, "table_schema", -1, "public", -1);
    rd_kafka_header_add(headers, "table_name", -1, "orders", -1);
    rd_kafka_header_add(headers, "commit_lsn", -1, "24023128", -1);
    return headers;
}

size_t bare_produce(
    const char *brokers, const char *topic, size_t count, size_t keys, const void *body, size_t size, int headers) {
    size_t acknowledged = 0;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    rd_kafka_conf_set(conf, "enable.idempotence", "true", NULL, 0);
    rd_kafka_conf_set(conf, "partitioner", "murmur2_random", NULL, 0);
    rd_kafka_conf_set_dr_msg_cb(conf, count_report);
    rd_kafka_conf_set_opaque(conf, &acknowledged);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    if (!client) return 0;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(client, topic, NULL);
    for (size_t i = 0; i < count;) {
        char key[24];
        int key_size = snprintf(key, sizeof key, "%zu", i % keys);
        rd_kafka_headers_t *list = headers ? make_headers() : NULL;
        rd_kafka_vu_t fields[5] = {
            {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = rkt},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
            {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {key, (size_t)key_size}},
            {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)body, size}},
            {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = list},
        };
        rd_kafka_error_t *error = rd_kafka_produceva(client, fields, headers ? 5 : 4);
        if (!error) {
            if (++i % 1000 == 0) rd_kafka_poll(client, 0);
            continue;
        }
        rd_kafka_resp_err_t code = rd_kafka_error_code(error);
        rd_kafka_error_destroy(error);
        if (list) rd_kafka_headers_destroy(list);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) break;
        rd_kafka_poll(client, 10);
    }
    rd_kafka_flush(client, 60000);
    rd_kafka_topic_destroy(rkt);
    rd_kafka_destroy(client);
    return acknowledged;
}
