import Foundation
import KafkaTesting
import SluicePostgres
import Testing

/// A message as a broker holds it.
struct BrokerMessage {
    var key: String
    var body: String

    private var line: [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any]
    }

    /// Where it comes in the stream; nil if it has no such place.
    var cursor: Cursor? {
        let metadata = line?["metadata"] as? [String: Any]
        guard let lsn = metadata?["commit_lsn"] as? UInt64, let index = metadata?["commit_idx"] as? UInt64 else {
            return nil
        }
        return Cursor(commitLSN: LSN(rawValue: lsn), index: index)
    }
}

extension BrokerMessage {
    /// A message of a broker that has no keys: its row's `id` is its key.
    init(body: String) {
        self.init(key: "", body: body)
        key = ((line?["record"] as? [String: Any])?["id"]).map { "\($0)" } ?? ""
    }
}

extension Bench {
    /// The messages of a topic, each partition's in its order; tombstones are left out.
    func messages(of topic: String, in cluster: ClusterProcess) throws -> [BrokerMessage] {
        try Kcat.readBlocking(topic, of: cluster.brokers).compactMap { record in
            record.payload.map { BrokerMessage(key: record.key ?? "", body: $0) }
        }
    }

    /// Loads what a broker holds into `oracle.delivered`, each message once and in the order of the stream.
    ///
    /// Expects that the first times that messages came are in order within each key, and that repetitions are no new
    /// messages.
    func loadAtLeastOnce(_ messages: [BrokerMessage], sourceLocation: SourceLocation = #_sourceLocation) throws {
        var bodies: [Cursor: String] = [:]
        var last: [String: Cursor] = [:]
        for message in messages {
            let cursor = try #require(message.cursor, "\(message.body)", sourceLocation: sourceLocation)
            if let body = bodies[cursor] {
                #expect(body == message.body, "a repetition is another message", sourceLocation: sourceLocation)
                continue
            }
            bodies[cursor] = message.body
            if let before = last[message.key] {
                try #require(before < cursor, "key \(message.key) is out of order", sourceLocation: sourceLocation)
            }
            last[message.key] = cursor
        }
        let lines = bodies.sorted { $0.key < $1.key }.map { $0.value + "\n" }
        let path = folder.path("broker.ndjson")
        try Data(lines.joined().utf8).write(to: URL(filePath: path))
        try loadDelivered(path)
    }
}
