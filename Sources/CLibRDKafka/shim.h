#include <librdkafka/rdkafka.h>
// The cluster in memory: only the tests and the measurements start one.
#include <librdkafka/rdkafka_mock.h>
