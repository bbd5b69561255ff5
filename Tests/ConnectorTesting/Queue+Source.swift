import Foundation
import Testing

extension Queue {
    /// Puts messages in, in order, as a producer does.
    ///
    /// - Parameters:
    ///   - bodies: The messages; none is taken for another.
    ///   - group: A message's group, in a FIFO queue.
    package func send(_ bodies: [String], group: (String) -> String? = { _ in nil }) async throws {
        for start in stride(from: 0, to: bodies.count, by: 10) {
            let entries = bodies[start..<min(start + 10, bodies.count)].enumerated().map { place, body in
                var entry = ["Id": "\(place)", "MessageBody": body]
                if let group = group(body) {
                    entry["MessageGroupId"] = group
                    entry["MessageDeduplicationId"] = UUID().uuidString
                }
                return entry
            }
            let text = String(decoding: try JSONSerialization.data(withJSONObject: entries), as: UTF8.self)
            try await server.run(["sqs", "send-message-batch", "--queue-url", url, "--entries", text], as: key)
        }
    }

    /// How many messages it has, hidden ones included.
    package func count() async throws -> Int {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        let answer = try await server.run(
            ["sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names"] + names,
            as: key
        )
        let attributes = try #require(answer["Attributes"] as? [String: String])
        return try names.reduce(0) { try $0 + #require(attributes[$1].flatMap { Int($0) }) }
    }
}
