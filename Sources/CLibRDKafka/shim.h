#include <librdkafka/rdkafka.h>
// The cluster in memory: only the tests and the measurements start one.
#include <librdkafka/rdkafka_mock.h>

// Lets the next request of a kind to one of the brokers in memory fail. Swift calls no functions with as many arguments
// as one likes.
static inline rd_kafka_resp_err_t sluice_mock_broker_fail(rd_kafka_mock_cluster_t *cluster, int32_t broker,
                                                          int16_t api_key, rd_kafka_resp_err_t code) {
  return rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, api_key, 1, code, 0);
}
