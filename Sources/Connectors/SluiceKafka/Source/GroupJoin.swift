import CLibRDKafka
import SluicePostgres
import Synchronization

/// Whether a member is joining its group, as it does in each rebalance.
///
/// A broker answers the requests of a connection one after another. A commit that is sent behind a request to join is
/// looked at when the rebalance is over, and is then of a generation that has passed; librdkafka takes that for the loss
/// of all partitions. So nothing is committed meanwhile. librdkafka tells of requests and of nothing else that would say it.
final class GroupJoin: Sendable {
    private static let joinGroup: Int16 = 11
    private static let syncGroup: Int16 = 14

    private let flag = Atomic(false)
    private let wakeUp: WakeUp

    init(wakeUp: WakeUp) {
        self.wakeUp = wakeUp
    }

    var isUnderWay: Bool { flag.load(ordering: .acquiring) }

    /// The member gives partitions back, and will ask to join again: from now on counts as joining.
    ///
    /// librdkafka tells of a request when it is sent, which is later than a commit may be put behind it.
    func expect() { set(true) }

    /// Has the client that is made with a configuration tell this object, which must live as long as the client.
    func observe(_ configuration: OpaquePointer?) {
        // Not retained: see above. Its only state is atomic, so that librdkafka's threads may call.
        let object = Unmanaged.passUnretained(self).toOpaque()
        _ = rd_kafka_conf_interceptor_add_on_new(
            configuration,
            "sluice",
            { client, _, object, _, _ in
                _ = rd_kafka_interceptor_add_on_request_sent(
                    client,
                    "sluice",
                    { _, _, _, _, request, _, _, _, object in
                        if request == GroupJoin.joinGroup { GroupJoin.at(object)?.set(true) }
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    },
                    object
                )
                return rd_kafka_interceptor_add_on_response_received(
                    client,
                    "sluice",
                    { _, _, _, _, request, _, _, _, _, _, object in
                        if request == GroupJoin.syncGroup { GroupJoin.at(object)?.set(false) }
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    },
                    object
                )
            },
            object
        )
    }

    private static func at(_ object: UnsafeMutableRawPointer?) -> GroupJoin? {
        object.map { Unmanaged<GroupJoin>.fromOpaque($0).takeUnretainedValue() }
    }

    private func set(_ isUnderWay: Bool) {
        flag.store(isUnderWay, ordering: .releasing)
        if !isUnderWay { wakeUp.signal() }
    }
}
