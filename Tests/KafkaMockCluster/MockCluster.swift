import CLibRDKafka

/// librdkafka's Kafka cluster in memory, on ports of 127.0.0.1 that the system chooses.
///
/// It takes idempotent producers, but does not check their sequence numbers; it creates each topic that it is asked for.
/// It knows neither TLS nor SASL.
final class MockCluster: @unchecked Sendable {
    // Its functions lock the cluster themselves.
    private let cluster: OpaquePointer
    private let owner: OpaquePointer

    /// Which request an error is for.
    enum Request: Int16 {
        case produce = 0
        case fetch = 1
        case offsetCommit = 8
        case joinGroup = 11
        case heartbeat = 12
        case initProducerID = 22
        case addPartitionsToTransaction = 24
        case endTransaction = 26
    }

    init(brokers: Int32 = 3) throws {
        let configuration = rd_kafka_conf_new()
        rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
        guard let owner = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0),
            let cluster = rd_kafka_mock_cluster_new(owner, brokers)
        else { throw NoCluster() }
        (self.owner, self.cluster) = (owner, cluster)
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(owner)
    }

    /// `HOST:PORT,…`
    var brokers: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }

    func createTopic(_ name: String, partitions: Int32 = 4) {
        rd_kafka_mock_topic_create(cluster, name, partitions, 1)
    }

    /// Lets what is asked about a topic fail.
    func setError(_ code: rd_kafka_resp_err_t, topic: String) {
        rd_kafka_mock_topic_set_error(cluster, topic, code)
    }

    /// Lets the next requests of a kind fail, one for each code; `_TRANSPORT` closes the connection.
    func fail(_ request: Request, _ codes: [rd_kafka_resp_err_t]) {
        rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, codes.count, codes)
    }

    /// The same at one broker; no error lets a request pass.
    func fail(_ request: Request, at broker: Int32, _ codes: [rd_kafka_resp_err_t]) {
        for code in codes { sluice_mock_broker_fail(cluster, broker, request.rawValue, code) }
    }

    /// Ends what `fail` has begun.
    func clearFailures(_ request: Request) {
        rd_kafka_mock_clear_request_errors(cluster, request.rawValue)
    }

    /// Closes the connections of a broker, or of all, and refuses new ones.
    func stop(broker: Int32 = -1) {
        rd_kafka_mock_broker_set_down(cluster, broker)
    }

    /// Lets a broker that was stopped, or all, accept connections again.
    ///
    /// The library ends the process if anybody has taken a port in the meantime: nothing for a cluster in the tests' own
    /// process, which starts others.
    func start(broker: Int32 = -1) {
        rd_kafka_mock_broker_set_up(cluster, broker)
    }

    func setLeader(_ broker: Int32, topic: String, partition: Int32) {
        rd_kafka_mock_partition_set_leader(cluster, topic, partition, broker)
    }

    /// Which broker looks after a transactional id.
    func setCoordinator(_ broker: Int32, transactionalID: String) {
        rd_kafka_mock_coordinator_set(cluster, "transaction", transactionalID, broker)
    }

    /// How long all brokers take for an answer.
    func setDelay(milliseconds: Int32) {
        rd_kafka_mock_broker_set_rtt(cluster, -1, milliseconds)
    }
}

/// The library cannot start a cluster.
struct NoCluster: Error {}
